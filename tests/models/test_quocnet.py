import math

import pytest
import torch
from torch.nn import functional

from helpers.models import L2Pool, Stage, build_quocnet, quocnet
from helpers.models.quocnet import Centre, LocalContrastNormalisation, LocalFilters

from ..examples import generator, uniform


def images():
    return uniform(6, 2, 11, 9)


def random_filters(shape=(2, 11, 9), maps=3, size=4, stride=2):
    filters = LocalFilters(shape, maps, size, stride)
    with torch.no_grad():
        filters.weight.copy_(torch.randn(filters.weight.shape, generator=generator(1)))
    return filters


def dense(filters):
    """The matrix of local filters, written out: rows are (map, row, column)."""
    channels, height, width = filters.shape
    rows, columns = filters.grid
    size = filters.size
    maps = filters.weight.shape[1]
    matrix = torch.zeros(maps, rows, columns, channels, height, width)
    for row in range(rows):
        for column in range(columns):
            top, left = row * filters.stride, column * filters.stride
            own = filters.weight[row * columns + column].detach()
            matrix[:, row, column, :, top : top + size, left : left + size] = own.view(
                maps, channels, size, size
            )
    return matrix.view(maps * rows * columns, -1)


def test_local_filters_are_a_sparse_matrix():
    filters, x = random_filters(), images()
    expected = x.flatten(1) @ dense(filters).T
    torch.testing.assert_close(filters(x).flatten(1), expected)


def test_with_the_same_weights_everywhere_they_are_a_convolution():
    filters, x = random_filters(), images()
    with torch.no_grad():
        filters.weight.copy_(filters.weight[:1].expand_as(filters.weight))
    kernel = filters.weight[0].view(3, 2, 4, 4)
    torch.testing.assert_close(filters(x), functional.conv2d(x, kernel, stride=2))


def test_weights_of_one_place_matter_only_there():
    filters, x = random_filters(), images()
    before = filters(x)
    with torch.no_grad():
        filters.weight[4] += 1
    changed = (filters(x) != before).any(1).any(0)
    assert changed.flatten().nonzero().flatten().tolist() == [4]


def test_field_larger_than_its_input():
    with pytest.raises(ValueError, match="size must be at most 9, the input's; got 10"):
        LocalFilters((2, 11, 9), 3, 10, 1)


@pytest.mark.parametrize(("size", "stride"), [(3, 2), (2, 1), (3, 3)])
def test_l2_pooling_against_a_loop(size, stride):
    h = torch.randn(2, 3, 7, 8, generator=generator())
    found = L2Pool(size, stride)(h)
    for row in range(found.shape[2]):
        for column in range(found.shape[3]):
            window = h[
                :,
                :,
                row * stride : row * stride + size,
                column * stride : column * stride + size,
            ]
            expected = (window.square().sum((2, 3)) + quocnet.POOLING_EPSILON).sqrt()
            torch.testing.assert_close(found[:, :, row, column], expected)


def test_l2_pooling_is_smooth_at_zero():
    h = torch.zeros(1, 1, 2, 2, requires_grad=True)
    L2Pool(2, 1)(h).sum().backward()
    assert h.grad.tolist() == [[[[0, 0], [0, 0]]]]


def normalised_by_a_loop(a, c, subtract):
    """y of ContrastNormalisation, from its definition."""

    def average(values):
        _, maps, height, width = values.shape
        out = torch.zeros(len(values), 1, height, width)
        for i in range(height):
            for j in range(width):
                total = 0.0
                for u in range(max(0, i - 2), min(height, i + 3)):
                    for v in range(max(0, j - 2), min(width, j + 3)):
                        weight = math.exp(-((u - i) ** 2 + (v - j) ** 2) / (2 * 1.25**2)) / maps
                        out[:, 0, i, j] += weight * values[:, :, u, v].sum(1)
                        total += weight * maps
                out[:, 0, i, j] /= total
        return out

    v = a - average(a) if subtract else a
    return v / average(v.square()).sqrt().clamp_min(c)


@pytest.mark.parametrize("c", [0.01, 0.3])
@pytest.mark.parametrize("subtract", [True, False])
def test_contrast_normalisation_against_a_loop(subtract, c):
    a = torch.rand(2, 3, 6, 4, generator=generator())
    a[0, :, :3] *= 0.2  # a part of low contrast, where c matters
    torch.testing.assert_close(
        LocalContrastNormalisation(subtract=subtract, c=c)(a), normalised_by_a_loop(a, c, subtract)
    )


def test_contrast_normalisation_ignores_brightness_and_contrast():
    a = torch.rand(2, 3, 6, 6, generator=generator())
    normalisation = LocalContrastNormalisation(subtract=True, c=1e-3)
    torch.testing.assert_close(normalisation(5 * a + 2), normalisation(a), rtol=1e-3, atol=1e-4)


def test_contrast_normalisation_of_nothing_is_zero_with_a_finite_gradient():
    a = torch.ones(1, 3, 6, 6, requires_grad=True)
    y = LocalContrastNormalisation(subtract=True)(a)
    y.square().sum().backward()
    assert y.abs().max() < 1e-3
    assert a.grad.isfinite().all()


def test_c_is_the_mean_of_the_local_deviations():
    a = torch.rand(4, 3, 6, 6, generator=generator())
    normalisation = LocalContrastNormalisation(subtract=True)
    normalisation.fit(a)
    v = a - normalisation.average(a)
    expected = normalisation.average(v * v).sqrt().mean()
    assert normalisation.c.item() == pytest.approx(expected.item(), rel=1e-5)


def test_more_maps_than_values_in_a_square():
    with pytest.raises(ValueError, match="maps must be at most 32, the values in a square; got 33"):
        LocalFilters((2, 11, 9), 33, 4, 2)


def test_centre_takes_the_mean_colour_out():
    x = images()
    centre = Centre(2)
    centre.fit(x)
    torch.testing.assert_close(centre(x).mean((0, 2, 3)), torch.zeros(2), atol=1e-6, rtol=0)
    torch.testing.assert_close(centre(x).std((0, 2, 3)), x.std((0, 2, 3)))


def test_build_is_a_sequence_of_stages():
    stages = Stage(3, 4, 2, 2, 1), Stage(4, 3, 1, 2, 1)
    model = build_quocnet((2, 14, 14), stages)
    kinds = [type(layer) for layer in model]
    stage = [LocalFilters, L2Pool, LocalContrastNormalisation]
    assert kinds == [Centre, *stage, *stage]
    assert not model.training
    # 14 → (14 − 4) / 2 + 1 = 6 → 5 → 3 → 2
    assert model(uniform(3, 2, 14, 14)).shape == (3, 4, 2, 2)
