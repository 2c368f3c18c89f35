import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers import models, training
from helpers.models import L2Pool, Stage, quocnet
from helpers.training import rica

from ..examples import generator

SMALL = (Stage(3, 4, 2, 2, 1), Stage(4, 3, 1, 2, 1))
RECIPE = training.RicaRecipe(epochs=3, batch_size=20)


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
            pooled = (h[window].square().sum(0) + quocnet.POOLING_EPSILON).sqrt()
            expected += 0.7 * pooled.sum() / 6
    found = rica.reconstruction_cost(x, weight, (3, 3), L2Pool(2, 1), 0.7)
    torch.testing.assert_close(found, expected)


def test_gradient_of_the_reconstruction_cost():
    x, weight = (tensor.double() for tensor in seen(count=2))

    def cost(weight):
        return rica.reconstruction_cost(x, weight, (3, 3), L2Pool(2, 1), 0.5)

    assert torch.autograd.gradcheck(cost, weight.requires_grad_())


def test_rotations_reconstruct_what_they_see():
    x, _ = seen()
    rotations = torch.linalg.qr(torch.randn(9, 5, 5, generator=generator()))[0]
    cost = rica.reconstruction_cost(x, rotations, (3, 3), L2Pool(1, 1), 0.0)
    assert cost.item() == pytest.approx(0, abs=1e-8)


def test_hard_whitening_leaves_uncorrelated_components_of_equal_size():
    squares = torch.randn(3, 400, 5, generator=generator()) @ torch.randn(
        5, 5, generator=generator(1)
    )
    z = rica.whitening(squares, 4, 0.0)
    rows = squares.flatten(0, 1) @ z.T
    torch.testing.assert_close(rows.T @ rows / 1200, torch.eye(4), atol=1e-3, rtol=0)


def test_soft_whitening_keeps_the_order_of_the_components():
    scales = torch.tensor([4.0, 2.0, 1.0, 0.1])
    squares = scales * torch.randn(3, 400, 4, generator=generator())
    sizes = {}
    for softness in (0.0, 1.0, 100.0):
        rows = squares.flatten(0, 1) @ rica.whitening(squares, 4, softness).T
        sizes[softness] = rows.square().mean(0).sqrt()
    assert sizes[1.0].diff().max() < 0
    spread = {s: (size[0] / size[-1]).item() for s, size in sizes.items()}
    assert spread[0.0] == pytest.approx(1, abs=1e-2)
    assert 1.5 < spread[1.0] < spread[100.0] < 45


def smooth_noise(count, seed=0):
    """Images whose neighbouring pixels are alike, and whose channels are too."""
    noise = torch.rand(count, 1, 38, 38, generator=generator(seed))
    smooth = functional.avg_pool2d(noise, 7, 1)
    return smooth + 0.02 * torch.rand(count, 2, 32, 32, generator=generator(seed + 1))


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
    model = models.build_quocnet((2, 32, 32), SMALL)
    return model, training.pretrain_quocnet(model, x, recipe=RECIPE), x


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
    again = models.build_quocnet((2, 32, 32), SMALL)
    training.pretrain_quocnet(again, x, recipe=RECIPE)
    torch.testing.assert_close(again[1].weight, model[1].weight)


def test_random_filters_are_the_same_everywhere_and_of_their_seed():
    recipe = training.RicaRecipe(epochs=0)
    weights = []
    for seed in (0, 0, 1):
        model = models.build_quocnet((2, 32, 32), SMALL)
        training.pretrain_quocnet(model, smooth_noise(50), recipe=recipe, seed=seed)
        weights.append(model[1].weight)
        assert (model[1].weight == model[1].weight[:1]).all()
        assert model[3].c != 0.01
    assert (weights[0] == weights[1]).all()
    assert not torch.allclose(weights[0], weights[2])


def test_a_checkpoint_is_used_the_second_time(tmp_path, monkeypatch):
    recipe = training.RicaRecipe(epochs=1)
    options = {"recipe": recipe, "keep": tmp_path}
    first = training.trained_quocnet(
        lambda: smooth_noise(40), "noise", (2, 32, 32), SMALL, **options
    )

    def not_again():
        raise AssertionError("it was there")

    again = training.trained_quocnet(not_again, "noise", (2, 32, 32), SMALL, **options)
    for name, value in first.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value)
    assert isinstance(again, nn.Sequential)
    with pytest.raises(AssertionError, match="it was there"):
        training.trained_quocnet(not_again, "other noise", (2, 32, 32), SMALL, **options)
