import numpy as np
import pytest
import torch

from helpers.course.figures import imagenet as figures


def pictures(axes):
    return np.stack([ax.images[0].get_array().filled() for ax in axes])


def test_gains_bring_changes_to_a_fifth_or_a_little_less():
    sizes = torch.tensor([0.2, 0.1, 0.05, 0.0021, 0.002, 0.0011, 0.9])
    gains = figures.visible_gains(sizes)
    assert gains == [1, 2, 2, 50, 100, 100, 1]


def test_figure_5_has_four_panels_an_image_two_images_a_row():
    x = torch.rand(4, 3, 4, 4, generator=torch.Generator().manual_seed(0)).clamp(0.1, 0.9)
    r = torch.tensor([-0.002, 0.001, 0.02, 0.03])[:, None, None, None]
    names = [f"a class with a very long name {i}" for i in range(4)]
    fig = figures.figure_5(x, x + r, sizes=r.flatten().abs(), before=names, after=["ostrich"] * 4)
    assert len(fig.axes) == 16
    assert fig.axes[0].get_gridspec().ncols == 8
    shown = pictures(fig.axes).reshape(4, 4, 4, 4, 3)
    np.testing.assert_array_equal(shown[:, 0], x.movedim(1, -1))
    np.testing.assert_allclose(shown[:, 1].mean((1, 2, 3)), 0.5 + 10 * r.flatten(), atol=1e-5)
    np.testing.assert_array_equal(shown[:, 2], (x + r).movedim(1, -1))
    gains = torch.tensor([100, 200, 10, 5])
    np.testing.assert_allclose(shown[:, 3].mean((1, 2, 3)), 0.5 + gains * r.flatten(), atol=1e-4)
    titles = [ax.get_title() for ax in fig.axes]
    assert titles[:4] == ["a class with a very ", "difference × 10", "ostrich", "difference × 100"]
    assert titles[-1] == "difference × 5"


def test_noise_stands_below_the_change_of_its_size():
    r = torch.tensor([0.002, -0.01])[:, None, None, None].expand(2, 3, 4, 4)
    noise = -r
    fig = figures.change_and_noise(
        r, noise, sizes=r[:, 0, 0, 0].abs(), after=["ostrich"] * 2, noisy=["palace", "coffee mug"]
    )
    values = pictures(fig.axes).mean((1, 2, 3))
    np.testing.assert_allclose(values, [0.7, 0.3, 0.3, 0.7], atol=1e-5)
    titles = [ax.get_title() for ax in fig.axes]
    assert titles == ["× 100: ostrich", "× 20: ostrich", "× 100: palace", "× 20: coffee mug"]
    labels = [fig.axes[i].get_ylabel() for i in (0, 2)]
    assert labels == ["adversarial\nchange", "noise of\nthe same size"]


def test_distortions_are_drawn_on_a_logarithmic_axis_without_the_zeros():
    sizes = torch.tensor([0.0, 0.001, 0.01, 0.029])
    (ax,) = figures.distortion_histogram(sizes, paper=0.1, network="a network").axes
    assert sum(bar.get_height() for bar in ax.patches) == 3
    paper, mean = (line.get_xdata()[0] for line in ax.lines)
    assert float(paper) == pytest.approx(-1)
    assert float(mean) == pytest.approx(-2)
    names = [text.get_text() for text in ax.figure.legends[0].get_texts()]
    assert names == ["the paper's mean, AlexNet", "this run's mean, a network"]
    ticks = {
        label.get_text(): x for x, label in zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    }
    assert ticks == pytest.approx(
        {t: np.log10(float(t)) for t in ("0.001", "0.003", "0.01", "0.03", "0.1")}
    )
    assert ax.get_xlabel() == "distortion (1 at 0 not shown)"


def test_units_are_on_the_left_and_directions_on_the_right():
    of_units, of_directions = torch.rand(2, 2, 5, 3, 4, 4)
    fig = figures.units_and_directions(of_units, of_directions, names=[7, 31])
    left, right = fig.subfigs
    for half, images in ((left, of_units), (right, of_directions)):
        np.testing.assert_array_equal(pictures(half.axes), images.flatten(0, 1).movedim(1, -1))
    labels = [half.axes[i].get_ylabel() for half in (left, right) for i in (0, 5)]
    assert labels == ["unit 7", "unit 31", "direction 0", "direction 1"]
