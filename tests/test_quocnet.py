import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers import local_layers, quocnet
from helpers.local_layers import Centre, ContrastNormalisation, L2Pool, LocalFilters
from helpers.quocnet import Stage

SMALL = (Stage(3, 4, 2, 2, 1), Stage(4, 3, 1, 2, 1))
RECIPE = quocnet.RicaRecipe(epochs=3, batch_size=20)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images(count=6, shape=(2, 11, 9), seed=0):
    return torch.rand(count, *shape, generator=generator(seed))


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
            expected = (window.square().sum((2, 3)) + local_layers.EPSILON).sqrt()
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
        ContrastNormalisation(subtract=subtract, c=c)(a), normalised_by_a_loop(a, c, subtract)
    )


def test_contrast_normalisation_ignores_brightness_and_contrast():
    a = torch.rand(2, 3, 6, 6, generator=generator())
    normalisation = ContrastNormalisation(subtract=True, c=1e-3)
    torch.testing.assert_close(normalisation(5 * a + 2), normalisation(a), rtol=1e-3, atol=1e-4)


def test_contrast_normalisation_of_nothing_is_zero_with_a_finite_gradient():
    a = torch.ones(1, 3, 6, 6, requires_grad=True)
    y = ContrastNormalisation(subtract=True)(a)
    y.square().sum().backward()
    assert y.abs().max() < 1e-3
    assert a.grad.isfinite().all()


def test_c_is_the_mean_of_the_local_deviations():
    a = torch.rand(4, 3, 6, 6, generator=generator())
    normalisation = ContrastNormalisation(subtract=True)
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


def smooth_noise(count, seed=0):
    """Images whose neighbouring pixels are alike, and whose channels are too."""
    noise = torch.rand(count, 1, 38, 38, generator=generator(seed))
    smooth = functional.avg_pool2d(noise, 7, 1)
    return smooth + 0.02 * torch.rand(count, 2, 32, 32, generator=generator(seed + 1))


def seen(maps=4, places=9, count=6):
    """What nine places see, W_p, and the windows of 2 × 2 places that are pooled."""
    x = torch.randn(places, count, 5, generator=generator(3))
    weight = torch.randn(places, maps, 5, generator=generator(4))
    return x, weight


def test_reconstruction_cost_against_loops():
    x, weight = seen()
    expected = 0.0
    for n in range(6):
        h = torch.stack([weight[p] @ x[p, n] for p in range(9)])
        for p in range(9):
            expected += (weight[p].T @ h[p] - x[p, n]).square().sum() / 6
        for window in ([0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]):
            pooled = (h[window].square().sum(0) + local_layers.EPSILON).sqrt()
            expected += 0.7 * pooled.sum() / 6
    found = quocnet.reconstruction_cost(x, weight, (3, 3), L2Pool(2, 1), 0.7)
    torch.testing.assert_close(found, expected)


def test_gradient_of_the_reconstruction_cost():
    x, weight = (tensor.double() for tensor in seen(count=2))

    def cost(weight):
        return quocnet.reconstruction_cost(x, weight, (3, 3), L2Pool(2, 1), 0.5)

    assert torch.autograd.gradcheck(cost, weight.requires_grad_())


def test_rotations_reconstruct_what_they_see():
    x, _ = seen()
    rotations = torch.linalg.qr(torch.randn(9, 5, 5, generator=generator()))[0]
    cost = quocnet.reconstruction_cost(x, rotations, (3, 3), L2Pool(1, 1), 0.0)
    assert cost.item() == pytest.approx(0, abs=1e-8)


def test_hard_whitening_leaves_uncorrelated_components_of_equal_size():
    squares = torch.randn(3, 400, 5, generator=generator()) @ torch.randn(
        5, 5, generator=generator(1)
    )
    z = quocnet.whitening(squares, 4, 0.0)
    rows = squares.flatten(0, 1) @ z.T
    torch.testing.assert_close(rows.T @ rows / 1200, torch.eye(4), atol=1e-3, rtol=0)


def test_soft_whitening_keeps_the_order_of_the_components():
    scales = torch.tensor([4.0, 2.0, 1.0, 0.1])
    squares = scales * torch.randn(3, 400, 4, generator=generator())
    sizes = {}
    for softness in (0.0, 1.0, 100.0):
        rows = squares.flatten(0, 1) @ quocnet.whitening(squares, 4, softness).T
        sizes[softness] = rows.square().mean(0).sqrt()
    assert sizes[1.0].diff().max() < 0
    spread = {s: (size[0] / size[-1]).item() for s, size in sizes.items()}
    assert spread[0.0] == pytest.approx(1, abs=1e-2)
    assert 1.5 < spread[1.0] < spread[100.0] < 45


def test_build_is_a_sequence_of_stages():
    model = quocnet.build((2, 14, 14), SMALL)
    kinds = [type(layer) for layer in model]
    stage = [LocalFilters, L2Pool, ContrastNormalisation]
    assert kinds == [Centre, *stage, *stage]
    assert not model.training
    # 14 → (14 − 4) / 2 + 1 = 6 → 5 → 3 → 2
    assert model(images(3, (2, 14, 14))).shape == (3, 4, 2, 2)


def steps(count):
    """Images of one step each, at a random place and across or along: sparse, unlike noise."""
    random = generator(6)
    where = torch.randint(2, 30, (count, 1), generator=random)
    along = (torch.arange(32) < where).float()[:, None, :].expand(count, 32, 32)
    turned = torch.rand(count, generator=random) < 0.5
    x = torch.where(turned[:, None, None], along, along.mT)[:, None]
    return x + 0.05 * torch.rand(count, 2, 32, 32, generator=random)


@pytest.fixture(scope="module")
def pretrained():
    x = steps(200)
    model = quocnet.build((2, 32, 32), SMALL)
    return model, quocnet.pretrain(model, x, recipe=RECIPE), x


def test_pretraining_lowers_the_cost_of_each_stage(pretrained):
    _, costs, _ = pretrained
    assert [len(stage) for stage in costs] == [3, 3]
    for stage in costs:
        assert stage[-1] < 0.97 * stage[0]


def test_pretraining_unties_the_weights(pretrained):
    model, _, _ = pretrained
    for filters in (model[1], model[4]):
        apart = (filters.weight - filters.weight.mean(0)).norm() / filters.weight.norm()
        assert apart > 0.01  # 0 at the start


def test_pretraining_is_repeatable(pretrained):
    model, _, x = pretrained
    again = quocnet.build((2, 32, 32), SMALL)
    quocnet.pretrain(again, x, recipe=RECIPE)
    torch.testing.assert_close(again[1].weight, model[1].weight)


def test_random_filters_are_the_same_everywhere_and_of_their_seed():
    recipe = quocnet.RicaRecipe(epochs=0)
    weights = []
    for seed in (0, 0, 1):
        model = quocnet.build((2, 32, 32), SMALL)
        quocnet.pretrain(model, smooth_noise(50), recipe=recipe, seed=seed)
        weights.append(model[1].weight)
        assert (model[1].weight == model[1].weight[:1]).all()
        assert model[3].c != 0.01
    assert (weights[0] == weights[1]).all()
    assert not torch.allclose(weights[0], weights[2])


def test_through_is_the_module_in_parts():
    x = images(7, (2, 14, 14))
    model = quocnet.build((2, 14, 14), SMALL)
    quocnet.pretrain(model, x, recipe=quocnet.RicaRecipe(epochs=0))
    found = quocnet.through(model, x, batch_size=3)
    torch.testing.assert_close(found, model(x))
    assert not found.requires_grad


def test_a_checkpoint_is_used_the_second_time(tmp_path, monkeypatch):
    recipe = quocnet.RicaRecipe(epochs=1)
    options = {"recipe": recipe, "keep": tmp_path}
    first = quocnet.pretrained(lambda: smooth_noise(40), "noise", (2, 32, 32), SMALL, **options)

    def not_again():
        raise AssertionError("it was there")

    again = quocnet.pretrained(not_again, "noise", (2, 32, 32), SMALL, **options)
    for name, value in first.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value)
    assert isinstance(again, nn.Sequential)
    with pytest.raises(AssertionError, match="it was there"):
        quocnet.pretrained(not_again, "other noise", (2, 32, 32), SMALL, **options)
