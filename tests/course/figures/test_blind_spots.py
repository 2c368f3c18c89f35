import numpy as np
import pytest
import torch

from helpers.course.figures import blind_spots as figures


def drawn(line):
    return np.stack(line.get_data()).astype(float)


def pictures(axes):
    return np.stack([ax.images[0].get_array().filled() for ax in axes])


def titles(fig):
    return [ax.get_title() for ax in fig.axes]


def test_fooled_has_the_originals_on_top_and_a_row_a_classifier():
    x, first, second = torch.rand(3, 2, 4, 4)
    fig = figures.fooled(
        x,
        {"a net": first, "a machine": second},
        labels=[3, 4],
        targets=[5, 6],
        sizes={"a machine": torch.tensor([0.03, 0.04]), "a net": torch.tensor([0.01, 0.02])},
    )
    np.testing.assert_array_equal(pictures(fig.axes), torch.cat([x, first, second]))
    assert titles(fig) == ["a 3", "a 4", "5, 0.010", "6, 0.020", "5, 0.030", "6, 0.040"]
    assert [fig.axes[i].get_ylabel() for i in (0, 2, 4)] == ["original", "a net", "a machine"]


def test_distortion_rows_have_dots_and_a_bar_at_the_mean():
    sizes = {"a": torch.tensor([0.1, 0.3]), "b": torch.tensor([0.5, 0.6])}
    (ax,) = figures.distortion_rows(sizes).axes
    dots, bar, others, other_bar = ax.lines
    np.testing.assert_allclose(drawn(dots), [[0.1, 0.3], [0, 0]])
    np.testing.assert_allclose(drawn(bar), [[0.2], [0]])
    np.testing.assert_allclose(drawn(others), [[0.5, 0.6], [1, 1]])
    np.testing.assert_allclose(drawn(other_bar), [[0.55], [1]])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a: 0.200", "b: 0.550"]
    assert ax.get_ylim() == (1.5, -0.5)
    assert ax.get_xlim()[0] == 0


def test_gradient_maps_have_their_norms_and_scales_of_their_own():
    images = torch.rand(2, 4, 4)
    small, middle, large = (size * torch.ones(2, 4, 4) for size in (1e-6, 0.5, 2.0))
    fig = figures.gradient_maps(images, small, middle, -large, labels=[7, 1])
    assert titles(fig)[4:] == [
        "a 1",
        "∂loss/∂x, norm 4e-06",
        "∂margin/∂x, norm 2.0",
        "x' − x, norm 8.0",
    ]
    np.testing.assert_array_equal(pictures(fig.axes[::4]), images)
    for position, (values, limit) in enumerate(((small, 1e-6), (middle, 0.5), (-large, 2)), 1):
        np.testing.assert_array_equal(pictures(fig.axes[position::4]), values)
        assert fig.axes[position].images[0].get_clim() == pytest.approx((-limit, limit))


def test_linear_estimates_are_across_and_what_was_found_is_up():
    linear = {name: torch.tensor([0.1, 0.2]) + i for i, name in enumerate("ab")}
    real = {name: torch.tensor([0.15, 0.18]) + i for i, name in enumerate("ab")}
    fig = figures.linear_estimates(linear, real, ranks={"a": 0.5, "b": -0.25})
    for ax, name in zip(fig.axes, "ab", strict=True):
        dots, diagonal = ax.lines
        np.testing.assert_allclose(drawn(dots), np.stack([linear[name], real[name]]))
        assert diagonal.get_slope() == 1
    assert titles(fig) == ["a\nrank correlation 0.50", "b\nrank correlation -0.25"]


def test_error_by_size_is_in_per_cent():
    sigmas = torch.tensor([0.0, 0.5])
    curves = {"a": ([0.0, 0.1], [0.2, 1.0]), "b": ([0.0, 0.3], [0.4, 0.9])}
    fig = figures.error_by_size(sigmas, curves)
    assert titles(fig) == ["a", "b"]
    for ax, (noise, optimised) in zip(fig.axes, curves.values(), strict=True):
        lines = {line.get_label(): drawn(line) for line in ax.lines}
        np.testing.assert_allclose(lines["noise"], [[0, 0.5], [100 * e for e in noise]])
        np.testing.assert_allclose(lines["optimised"], [[0, 0.5], [100 * e for e in optimised]])
        assert 90 in [line.get_ydata()[0] for line in ax.lines]
    assert fig.axes[1].get_legend() is not None


def test_margins_on_lines_put_the_line_to_the_adversarial_image_in_front():
    radii = torch.tensor([-0.1, 0.0, 0.1])
    margins = {name: torch.arange(9.0).view(3, 3) + i for i, name in enumerate("ab")}
    fig = figures.margins_on_lines(radii, margins, sizes={"a": 0.05, "b": 0.07}, label=3)
    for ax, name in zip(fig.axes, "ab", strict=True):
        *lines, zero, border = ax.lines
        for line, expected in zip(lines, margins[name][[1, 2, 0]], strict=True):
            np.testing.assert_allclose(drawn(line), np.stack([radii, expected]))
        assert lines[-1].get_color() == border.get_color() != lines[0].get_color()
        assert zero.get_ydata()[0] == 0
        assert border.get_xdata()[0] == {"a": 0.05, "b": 0.07}[name]
    assert fig.axes[0].get_ylabel() == "margin of label 3"


def test_planes_show_labels_with_the_image_in_the_middle():
    maps = {"a": torch.tensor([[3, 3], [5, 5]]), "b": torch.tensor([[5, 3], [5, 3]])}
    fig = figures.planes_through_an_image(maps, reach=0.3, sizes={"a": 0.05, "b": 0.07})
    assert titles(fig) == ["a", "b"]
    np.testing.assert_array_equal(pictures(fig.axes), [[[0, 0], [1, 1]], [[1, 0], [1, 0]]])
    for ax, size in zip(fig.axes, (0.05, 0.07), strict=True):
        assert tuple(ax.images[0].get_extent()) == (-0.3, 0.3, -0.3, 0.3)
        middle, cross = ax.lines
        assert drawn(middle).tolist() == [[0], [0]]
        assert drawn(cross).tolist() == [[size], [0]]
