import numpy as np
import torch

from helpers.course.figures import minimal_distortion


def outline(filled):
    """Return the corners of a filled area as a set of (x, y), rounded."""
    return {(round(x, 6), round(y, 6)) for x, y in filled.get_paths()[0].vertices}


def test_distortions_draws_each_network_in_one_colour():
    sizes = {"A": torch.tensor([0.3, 0.1, 0.2]), "B": torch.tensor([0.2, 0.0, 0.1])}
    towards = {"A": np.linspace(0.1, 0.2, 10), "B": np.linspace(0.3, 0.1, 10)}
    mean, paper = {"A": 0.2, "B": 0.1}, {"A": 0.15, "B": 0.05}
    fig = minimal_distortion.distortions(sizes, towards, mean=mean, paper=paper)
    left, right = fig.axes
    curves, triangles = left.lines[::2], left.lines[1::2]
    np.testing.assert_allclose(curves[0].get_xdata(), [0.1, 0.2, 0.3])
    np.testing.assert_allclose(curves[1].get_xdata(), [0.0, 0.1, 0.2])
    for i, name in enumerate(sizes):
        np.testing.assert_allclose(curves[i].get_ydata(), [0, 50, 100])
        assert triangles[i].get_marker() == "v"
        assert list(triangles[i].get_xdata()) == [paper[name]]
        assert curves[i].get_color() == triangles[i].get_color()
    np.testing.assert_allclose(right.images[0].get_array(), 1000 * np.stack([*towards.values()]))
    assert [label.get_text() for label in right.get_yticklabels()] == ["A", "B"]
    assert right.get_xlabel() == "target label"
    labels = [text.get_text() for text in left.get_legend().get_texts()]
    assert labels == ["A: 0.200", "B: 0.100"]


def test_sigmoid_bands_are_where_the_lines_are():
    fig = minimal_distortion.sigmoid_bands(
        [(0.0, 3.0), (-5.0, 3.0)], torch.tensor([0.1, 0.2]), [0.3, 0.4], [0.5, 0.7]
    )
    expected = ((0, 3, 0.1, 0.3, 0.5), (-5, 3, 0.2, 0.4, 0.7))
    for ax, (low, high, tilt, lowest, highest) in zip(fig.axes, expected, strict=True):
        (curve,) = ax.lines
        y, values = curve.get_data()
        np.testing.assert_allclose(values, torch.tensor(y).sigmoid())
        assert (y[0], y[-1]) == (-6, 6)
        corners = {
            (x, round(tilt * x + offset, 6)) for x in (low, high) for offset in (lowest, highest)
        }
        assert corners <= outline(ax.collections[0])
        assert ax.get_xlabel() == f"input of the unit, from {low} to {high}"


def test_sandwiches_sorts_images_by_what_was_found():
    values = (
        torch.tensor([0.1, 0.05, 0.02]),  # proved by Lipschitz constants
        torch.tensor([0.2, 0.10, 0.05]),  # proved by the better way
        torch.tensor([0.3, 0.20, 0.40]),  # found
    )
    panels = {f"network {i}": values for i in range(5)}
    panels["network 5"] = tuple(6 * value for value in values)
    fig = minimal_distortion.sandwiches(panels)
    assert [ax.get_title() for ax in fig.axes] == [f"network {i}" for i in range(6)]
    for ax in fig.axes[:5]:
        found, globally = ax.lines
        np.testing.assert_allclose(found.get_ydata(), [0.2, 0.3, 0.4])
        np.testing.assert_allclose(globally.get_ydata(), [0.05, 0.1, 0.02])
        proved, unknown = (outline(area) for area in ax.collections)
        assert {(0, 0.1), (1, 0.2), (2, 0.05), (0, 0), (2, 0)} <= proved
        assert {(0, 0.1), (1, 0.2), (2, 0.05), (0, 0.2), (1, 0.3), (2, 0.4)} <= unknown
    ((low, high),) = {ax.get_ylim() for ax in fig.axes}  # six networks on one scale
    assert low == 0
    assert high >= 0.4 * 6
    labels = [text.get_text() for text in fig.axes[0].get_legend().get_texts()]
    assert labels == ["proved", "not known", "found", "Lipschitz constants"]
    assert [ax.get_ylabel() for ax in fig.axes] == ["distortion", "", ""] * 2
    assert [ax.get_xlabel() for ax in fig.axes[3:]] == ["3 images, by what was found"] * 3


def test_proved_in_time_draws_a_curve_for_each_proof():
    progress = {"A": [(0.1, 0.2), (0.3, 0.25)], "B": [(0.2, 0.3), (0.9, 0.4), (2.0, 0.45)]}
    (ax,) = minimal_distortion.proved_in_time(progress, images=7).axes
    assert [line.get_label() for line in ax.lines] == ["A", "B"]
    for line, points in zip(ax.lines, progress.values(), strict=True):
        np.testing.assert_allclose(line.get_xydata(), points)
    assert ax.get_xscale() == "log"
    assert ax.get_ylim() == (0, 1)
    assert ax.get_xlabel() == "seconds of processor time for 7 images"
