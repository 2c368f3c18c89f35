import numpy as np
from matplotlib.colors import to_hex

from helpers.course.figures import cross_model

NAMES = ["A", "B", "C"]
ORANGE = "#d55e00"


def test_readings_shows_each_version_beside_its_answers():
    versions = np.random.default_rng(0).random((3, 4, 5))
    answers = [[7, 3, 3], [3, 7, 3], [7, 3, 7]]  # a row a reader
    fig = cross_model.readings(versions, answers, names=NAMES, label=3)
    left, right = fig.axes[::2], fig.axes[1::2]
    for row in range(3):
        np.testing.assert_array_equal(left[row].images[0].get_array(), versions[row])
        assert left[row].get_ylabel() == NAMES[row]
        texts = right[row].texts
        assert [text.get_position() for text in texts] == [(column, 0.5) for column in range(3)]
        assert [text.get_text() for text in texts] == [str(read[row]) for read in answers]
        wrong = [to_hex(text.get_color()) == ORANGE for text in texts]
        assert wrong == [read[row] != 3 for read in answers]
        assert [text.get_bbox_patch() is not None for text in texts] == [
            row == column for column in range(3)
        ]
    assert [label.get_text() for label in right[0].get_xticklabels()] == NAMES
    assert [left[0].get_title(), right[0].get_title()] == ["made for", "read by"]


def test_possible_counts_marks_the_best():
    fig = cross_model.possible_counts([1, 5, 2], candidates=range(10, 13), best=11, entries=30)
    (ax,) = fig.axes
    curve, peak, luck = (np.transpose(line.get_data()).tolist() for line in ax.lines)
    assert curve == [[10, 1], [11, 5], [12, 2]]
    assert peak == [[11, 5]]
    assert luck == [[10, 0.3], [11, 0.33], [12, 0.36]]
    assert [text.get_text() for text in ax.texts] == ["N = 11"]
    assert ax.get_ylabel() == "possible, of 30"


def test_against_noise_shows_values_and_intervals():
    examples = np.array([[5, 6, 7], [4, 4, 5], [8, 9, 10]], dtype=float)
    noise = examples / 2
    fig = cross_model.against_noise(examples, noise, [3, 2, 1], names=NAMES)
    (ax,) = fig.axes
    bars = {bar.get_label(): bar for bar in ax.containers}
    assert set(bars) == {"examples", "noise"}
    for label, ends, shift in (("examples", examples, -0.12), ("noise", noise, 0.12)):
        points, _, (spans,) = bars[label]
        np.testing.assert_allclose(points.get_xdata(), ends[0])
        np.testing.assert_allclose(points.get_ydata(), np.arange(3) + shift)
        segments = np.array(spans.get_segments())  # (3, 2, 2)
        np.testing.assert_allclose(segments[:, :, 0].T, ends[1:])
    paper = next(line for line in ax.lines if line.get_label() == "examples, paper")
    assert paper.get_xdata().tolist() == [3, 2, 1]
    assert [label.get_text() for label in ax.get_yticklabels()] == NAMES


def test_by_scale_draws_the_own_network_thickest():
    names = list("ABCDEF")
    curves = {name: np.random.default_rng(i).random((4, 6)) for i, name in enumerate(names)}
    fig = cross_model.by_scale(curves, scales=[0, 1, 2, 3])
    assert [ax.get_title() for ax in fig.axes] == [f"made for {name}" for name in names]
    for i, (ax, values) in enumerate(zip(fig.axes, curves.values(), strict=True)):
        drawn = ax.lines[:6]
        assert [line.get_label() for line in drawn] == names
        for line, curve in zip(drawn, values.T, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), curve)
            assert list(line.get_xdata()) == [0, 1, 2, 3]
        assert int(np.argmax([line.get_linewidth() for line in drawn])) == i
        assert list(ax.lines[6].get_xdata()) == [1, 1], "where the examples end"
    assert [text.get_text() for text in fig.legends[0].get_texts()] == names


def test_across_activations_shows_every_way_to_go():
    panels = {}
    for number, size in enumerate(("small", "large")):
        low = np.random.default_rng(number).random((2, 3, 3))  # examples, then noise
        panels[size] = tuple(np.stack([one + 0.1, one, one + 0.3]) for one in low)
    fig = cross_model.across_activations(panels, kinds=NAMES)
    fig.canvas.draw()
    assert [ax.get_title() for ax in fig.axes] == ["small", "large"]
    names = [label.get_text() for label in fig.axes[0].get_yticklabels()]
    assert names == [f"{made} → {read}" for made in NAMES for read in NAMES]
    places = fig.axes[0].get_yticks()
    for ax, parts in zip(fig.axes, panels.values(), strict=True):
        bars = {bar.get_label(): bar for bar in ax.containers}
        assert list(bars) == ["examples", "noise of their size"]
        for bar, ends, shift in zip(bars.values(), parts, (-0.14, 0.14), strict=True):
            points, _, (spans,) = bar
            np.testing.assert_allclose(points.get_xdata(), ends[0].ravel())
            np.testing.assert_allclose(points.get_ydata(), places + shift)
            segments = np.array(spans.get_segments())  # (9, 2, 2)
            np.testing.assert_allclose(segments[:, :, 0].T, ends[1:].reshape(2, 9))
        corners = [ax.transData.inverted().transform(b.get_window_extent()) for b in ax.patches]
        middles = np.mean(corners, 1)[:, 1]
        same = [made == read for made in NAMES for read in NAMES]
        np.testing.assert_allclose(middles, places[same], atol=1e-9)
    assert [text.get_text() for text in fig.legends[0].get_texts()] == list(bars)


def test_across_activations_has_the_first_way_on_top():
    ends = np.zeros((3, 2, 2))
    fig = cross_model.across_activations(
        {"a": (ends, ends), "b": (ends, ends)}, kinds=["one", "two"]
    )
    for ax in fig.axes:
        assert ax.yaxis_inverted()
