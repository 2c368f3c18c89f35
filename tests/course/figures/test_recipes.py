import numpy as np

from helpers.course.figures import recipes

PAIRS = ["A → B", "B → A"]
PAPER = np.array([[[5, 3, 8], [7, 4, 12]], [[40, 35, 46], [60, 52, 66]]], dtype=float)


def test_first_layers_shows_the_size_of_each_pixels_weights():
    weights = np.array([[3.0, 0, 1, 0], [4.0, 0, -1, 0]])
    fig = recipes.first_layers({"before": weights, "after": 2 * weights}, side=2)
    assert [ax.get_title() for ax in fig.axes] == ["before", "after"]
    for ax in fig.axes:
        shown = np.asarray(ax.images[0].get_array(), dtype=float)
        np.testing.assert_allclose(shown, [[1, 0], [1 / 12.5**0.5, 0]], atol=1e-6)


def test_recipes_stand_beside_the_papers_intervals():
    ours = {"one": np.array([[6.0, 8], [50, 70]]), "other": np.array([[9.0, 1], [20, 30]])}
    fig = recipes.recipes_beside_the_paper(PAPER, ours, pairs=PAIRS)
    for block, ax in enumerate(fig.axes):
        crosses = [ln.get_data() for ln in ax.lines if ln.get_marker() == "x"]
        assert [(x[0], y[0]) for x, y in crosses] == [(PAPER[block, i, 0], i) for i in (0, 1)]
        for marker, name in (("o", "one"), ("s", "other")):
            (line,) = [ln for ln in ax.lines if ln.get_marker() == marker]
            np.testing.assert_array_equal(line.get_xdata(), ours[name][block])
    spans = [tuple(ln.get_xdata()) for ln in fig.axes[1].lines if ln.get_marker() == "None"]
    assert spans == [(35, 46), (52, 66)]
    assert [t.get_text() for t in fig.legends[0].get_texts()] == [
        "paper, 256 images",
        "one",
        "other",
    ]
