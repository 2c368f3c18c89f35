import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers import models, training
from helpers.models import L2Pool, Stage
from helpers.models.quocnet import Centre, LocalContrastNormalisation, LocalFilters

SMALL = (Stage(3, 4, 2, 2, 1), Stage(4, 3, 1, 2, 1))
RECIPE = training.RicaRecipe(epochs=3, batch_size=20)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images(count=6, shape=(2, 11, 9), seed=0):
    return torch.rand(count, *shape, generator=generator(seed))


def smooth_noise(count, seed=0):
    """Images whose neighbouring pixels are alike, and whose channels are too."""
    noise = torch.rand(count, 1, 38, 38, generator=generator(seed))
    smooth = functional.avg_pool2d(noise, 7, 1)
    return smooth + 0.02 * torch.rand(count, 2, 32, 32, generator=generator(seed + 1))


def test_build_is_a_sequence_of_stages():
    model = models.build_quocnet((2, 14, 14), SMALL)
    kinds = [type(layer) for layer in model]
    stage = [LocalFilters, L2Pool, LocalContrastNormalisation]
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


def test_through_is_the_module_in_parts():
    x = images(7, (2, 14, 14))
    model = models.build_quocnet((2, 14, 14), SMALL)
    training.pretrain_quocnet(model, x, recipe=training.RicaRecipe(epochs=0))
    found = training.through(model, x, batch_size=3)
    torch.testing.assert_close(found, model(x))
    assert not found.requires_grad


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
