import numpy as np
import pytest
import torch

from helpers.course import VERDICTS
from helpers.course.figures import discussion as figures


def texts(legend):
    return [text.get_text() for text in legend.get_texts()]


def test_verdicts_are_stacked_and_counted():
    kinds = VERDICTS[0], VERDICTS[1], VERDICTS[-1]
    counts = [
        dict.fromkeys(VERDICTS, 0) | dict(zip(kinds, row, strict=True))
        for row in ((3, 0, 2), (1, 4, 0))
    ]
    fig = figures.verdict_bars(counts, names=["first", "second"])
    ax = fig.axes[0]
    parts = np.array(
        [[(bar.get_x(), bar.get_width()) for bar in bars] for bars in ax.containers]
    )  # (verdicts, chapters, 2)
    np.testing.assert_array_equal(parts[..., 1].T, [[3, 0, 2], [1, 4, 0]])
    np.testing.assert_array_equal(parts[..., 0].T, [[0, 3, 3], [0, 1, 5]])
    assert [text.get_text() for text in ax.texts] == ["3", "1", "", "4", "2", ""]
    assert texts(fig.legends[0]) == list(kinds)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    assert ax.yaxis_inverted()


def test_margins_are_drawn_a_panel_a_network():
    epsilons = torch.linspace(0, 0.3, 4)
    curves = {
        name: {which: torch.randn(2, 4) for which in ("uphill", "random")} for name in ("A", "B")
    }
    fig = figures.margin_curves(curves, epsilons=epsilons)
    for ax, (name, both) in zip(fig.axes, curves.items(), strict=True):
        *lines, zero = ax.lines
        np.testing.assert_array_equal(lines[0].get_xdata(), epsilons)
        drawn = {colour: [] for colour in ("#999999", "#D55E00")}
        for line in lines:
            drawn[line.get_color()].append(line.get_ydata(orig=False))
        np.testing.assert_array_equal(drawn["#999999"], both["random"])
        np.testing.assert_array_equal(drawn["#D55E00"], both["uphill"])
        assert list(zero.get_ydata()) == [0, 0]
        assert ax.get_title() == name


def test_gradients_are_drawn_below_their_images_each_to_its_own_scale():
    images = torch.rand(3, 4, 4)
    gradients = {"a": torch.randn(3, 4, 4), "b": torch.randn(3, 4, 4)}
    fig = figures.gradient_rows(images, gradients)
    drawn = [ax.images[0] for ax in fig.axes]
    np.testing.assert_array_equal(np.stack([image.get_array() for image in drawn[:3]]), images)
    for row, gradient in enumerate(gradients.values(), start=1):
        for image, values in zip(drawn[3 * row : 3 * row + 3], gradient, strict=True):
            np.testing.assert_array_equal(image.get_array(), values)
            largest = values.abs().max().item()
            assert image.get_clim() == pytest.approx((-largest, largest))
    assert [ax.get_ylabel() for ax in fig.axes[::3]] == ["image", "a", "b"]


def test_shares_not_fooled_fall_from_all_to_none():
    radii = {f"proof {i}": torch.rand(5, generator=torch.manual_seed(i)) for i in range(5)}
    means = {name: values.mean().item() for name, values in radii.items()}
    ax = figures.shares_not_fooled(radii, means=means).axes[0]
    for line, values in zip(ax.lines, radii.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), sorted(values.tolist()))
        np.testing.assert_allclose(line.get_ydata(), [100, 75, 50, 25, 0])
    assert texts(ax.get_legend()) == [f"{name}: {means[name]:.4f}" for name in radii]


def at(line, epsilon):
    """Return the height of a line at the last ε that is not larger."""
    x, y = line.get_data()
    return y[np.searchsorted(x, epsilon, side="right") - 1]


def test_shares_within_count_both_ways():
    distances = torch.tensor([0.001, 0.01, 0.1, 0.5])
    near = {"test": distances, "between": distances / 2, "noise": distances / 5}
    empty = {kind: values / 10 for kind, values in near.items()}
    left, right = figures.shares_within(near, empty=empty, neighbours=2 * distances).axes
    lines = {line.get_label(): line for line in left.lines}
    for epsilon in (2e-5, 3e-4, 0.03, 0.35):
        for kind, values in near.items():
            share = 100 * (values <= epsilon).double().mean()
            assert at(lines[f"from {kind}"], epsilon) == pytest.approx(share)
        share = 100 * (2 * distances <= epsilon).double().mean()
        assert at(lines["a test image of another label"], epsilon) == pytest.approx(share)
    for one, other, values in zip(left.lines, right.lines, empty.values(), strict=False):
        assert one.get_color() == other.get_color()
        share = 100 * (values >= 0.004).double().mean()
        assert at(other, 0.004) == pytest.approx(share)


def test_each_kind_of_verdict_has_a_colour_of_its_own():
    counts = [dict.fromkeys(VERDICTS, 1)]
    ax = figures.verdict_bars(counts, names=["a chapter"]).axes[0]
    colours = {bars[0].get_facecolor() for bars in ax.containers}
    assert len(colours) == len(VERDICTS)
