import numpy as np
import pytest
import torch

from helpers.course.figures import quocnet as figures


def pictures(axes):
    return np.stack([ax.images[0].get_array().filled() for ax in axes])


def test_filters_and_selectivity_show_a_map_a_row_with_zero_as_grey():
    filters = torch.randn(17, 9, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    values = torch.tensor([0.11, 0.13, 0.12, 0.92])
    fig = figures.filters_and_selectivity(filters, {"random": values[:2], "trained": values})
    *grid, chart = fig.axes
    shown = pictures(grid).reshape(8, 8, 3, 3)
    one = filters[4, 3, 0]  # map 3 at the third of the places 0, 2, 4 …
    np.testing.assert_allclose(shown[3, 2], one / one.abs().max() / 2 + 0.5, rtol=1e-6)
    assert [ax.get_ylabel() for ax in grid[::8]] == [f"map {i}" for i in range(8)]
    heights = np.array([bar.get_height() for bar in chart.patches]).reshape(2, 20)
    np.testing.assert_allclose(heights.sum(1), 100)
    assert heights[1, 2] == pytest.approx(75)  # between 0.10 and 0.15
    assert heights[1, 18] == pytest.approx(25)
    labels = [text.get_text() for text in chart.get_legend().get_texts()]
    assert set(labels) == {"random, mean 0.12", "trained, mean 0.32"}


@pytest.mark.parametrize("channels", [1, 3])
def test_extremes_have_the_highest_above_the_lowest(channels):
    highest, lowest = torch.rand(2, 4, channels, 5, 5)
    fig = figures.extremes(highest, lowest)
    expected = torch.cat([highest, lowest]).movedim(1, -1)
    expected = expected[..., 0] if channels == 1 else expected
    np.testing.assert_array_equal(pictures(fig.axes), expected)
    assert [fig.axes[i].get_ylabel() for i in (0, 4)] == ["highest", "lowest"]


def test_turned_off_shows_scores_sizes_and_the_magnified_difference():
    x = torch.full((2, 1, 3, 3), 0.5)
    r = torch.tensor([0.02, -0.2])[:, None, None, None].expand_as(x)
    before, after = torch.tensor([1.5, 2.0]), torch.tensor([-0.001, -0.002])
    sizes = torch.tensor([0.02, 0.2])
    fig = figures.turned_off(x, x + r, before=before, after=after, sizes=sizes, gain=10)
    values = pictures(fig.axes).mean((1, 2))
    np.testing.assert_allclose(values, [0.5, 0.5, 0.52, 0.3, 0.7, 0], atol=1e-6)
    titles = [ax.get_title() for ax in fig.axes]
    assert titles == ["+1.5", "+2.0", "-0.001", "-0.002", "0.0200", "0.2000"]
    labels = [fig.axes[i].get_ylabel() for i in (0, 2, 4)]
    assert labels == ["detected", "not detected", "difference × 10"]
