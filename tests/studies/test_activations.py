"""Networks that differ in their activation only, and whether examples cross between them."""

import math

import pytest
import torch
from torch import nn

from helpers import models
from helpers.data import Dataset
from helpers.evaluation import error_rate
from helpers.studies import activations
from helpers.training import Recipe, train

KINDS = ("sigmoid", "ReLU", "tanh")
pytestmark = pytest.mark.usefixtures("own_folder")


class Says(nn.Module):
    """Gives every image the same label."""

    def __init__(self, label: int):
        super().__init__()
        self.register_buffer("answer", nn.functional.one_hot(torch.tensor(label), 10).float())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.answer.expand(len(x), 10)


class Sum(nn.Module):
    """Reads the digit that is the sum of an image's pixels."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.one_hot(x.flatten(1).sum(1).long(), 10).float()


def parameters(model):
    return [parameter for layer in models.weight_layers(model) for parameter in layer.parameters()]


@pytest.mark.parametrize("kind", KINDS)
def test_shape_is_the_same_and_the_activation_is_not(kind):
    model = activations.build_with(kind, seed=3)
    between = {"sigmoid": nn.Sigmoid, "ReLU": nn.ReLU, "tanh": nn.Tanh}[kind]
    kinds = [nn.Flatten, nn.Linear, between, nn.Linear, between, nn.Linear]
    assert [type(layer) for layer in model] == kinds
    assert [layer.out_features for layer in models.weight_layers(model)] == [100, 100, 10]
    same, other = (parameters(activations.build_with(kind, seed=seed)) for seed in (3, 4))
    assert all(torch.equal(a, b) for a, b in zip(parameters(model), same, strict=True))
    assert not torch.equal(parameters(model)[0], other[0])


def test_each_activation_starts_as_is_usual_for_it():
    plain = parameters(models.build("FC100-100-10", seed=3))
    sigmoid = parameters(activations.build_with("sigmoid", seed=3))
    assert all(torch.equal(a, b) for a, b in zip(plain, sigmoid, strict=True))
    bounds = {  # of uniform weights: He's, and Glorot and Bengio's
        "ReLU": lambda inputs, outputs: math.sqrt(6 / inputs),
        "tanh": lambda inputs, outputs: math.sqrt(6 / (inputs + outputs)),
    }
    for kind, bound in bounds.items():
        for layer in models.weight_layers(activations.build_with(kind, seed=3)):
            largest = bound(layer.in_features, layer.out_features)
            assert 0.99 * largest < layer.weight.abs().max() <= largest
            assert not layer.bias.any()


def test_building_leaves_the_global_generator_alone():
    state = torch.random.get_rng_state()
    activations.build_with("tanh", seed=7)
    assert torch.equal(state, torch.random.get_rng_state())


def test_unknown_activations_are_refused():
    with pytest.raises(ValueError, match="activation must be one of sigmoid, ReLU, tanh; got 'se"):
        activations.build_with("selu")


@pytest.mark.parametrize("kind", KINDS)
def test_trains_each_seed_as_if_it_were_alone(kind, tiny):
    found = activations.networks_with(kind, tiny, seeds=(5, 6), epochs=40)
    for model, seed in zip(found, (5, 6), strict=True):
        assert not model.training
        assert error_rate(model, tiny.inputs, tiny.labels) == 0
        recipe = Recipe(40, 100, activations.RATES[kind], averaging=0.98)
        alone = train(
            activations.build_with(kind, seed=seed),
            tiny,
            weight_decay=(1e-5, 1e-5, 1e-6),
            recipe=recipe,
            seed=seed,
        )
        for one, other in zip(parameters(model), parameters(alone), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


def test_keeps_what_it_trained(tiny, monkeypatch):
    first = activations.networks_with("tanh", tiny, seeds=(0, 1), epochs=1)

    def refuse(*arguments, **settings):
        raise AssertionError("trained again")

    monkeypatch.setattr(activations, "train_dense", refuse)
    again = activations.networks_with("tanh", tiny, seeds=(0, 1), epochs=1)
    for model, same in zip(first, again, strict=True):
        assert all(
            torch.equal(a, b) for a, b in zip(parameters(model), parameters(same), strict=True)
        )
    for other in ({"epochs": 2}, {"seeds": (0, 2)}):
        with pytest.raises(AssertionError, match="trained again"):
            activations.networks_with("tanh", tiny, **{"seeds": (0, 1), "epochs": 1} | other)


def test_the_next_seed_reads_and_the_last_ones_are_read_by_the_first():
    labels = torch.tensor([0, 1, 2])
    images = Dataset(labels.view(3, 1, 1, 1).float(), labels, "sums", "made here")
    networks = {"a": [Says(0), Says(1)], "b": [Says(2), Sum()]}
    changed = {
        "a": [images.inputs, images.inputs + torch.tensor([1.0, 0, 0]).view(3, 1, 1, 1)],
        "b": [images.inputs + 1, images.inputs],
    }
    wrong = activations.misread_by_the_next(changed, networks, images)
    zero, one, two, nothing = [0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 0]
    expected = [
        [[one, zero], [nothing, two]],  # made for a: read by a, read by b
        [[one, zero], [[1, 1, 1], two]],
    ]
    assert wrong.int().tolist() == expected


def drawn(probabilities: torch.Tensor, count: int = 400) -> torch.Tensor:
    """Return who is wrong on each of so many images, with 4 seeds and given errors (A, A)."""
    generator = torch.Generator().manual_seed(0)
    luck = torch.rand(*probabilities.shape, 4, count, generator=generator)
    return luck < probabilities[..., None, None]


def test_what_a_source_or_a_reader_does_to_all_is_no_loss():
    sources, readers = torch.tensor([0.1, 0.3, 0.5]), torch.tensor([0.3, 0.0, 0.1])
    wrong = torch.zeros(3, 3, 4, 1000, dtype=torch.bool)
    for a in range(3):
        for b in range(3):
            wrong[a, b, :, : int(1000 * (sources[a] + readers[b]) + 0.5)] = True
    for pair in ((0, 1), (0, 2), (1, 2)):
        gap, _, _ = activations.lost_by_crossing(wrong, *pair)
        assert gap == pytest.approx(0, abs=1e-12)


def test_a_loss_between_one_pair_is_found_there_and_nowhere_else():
    probabilities = torch.full((3, 3), 0.6)
    probabilities[0, 2] = probabilities[2, 0] = 0.3
    found = activations.crossings(drawn(probabilities))
    assert list(found) == [(0, 1), (0, 2), (1, 2)]
    gap, p = found[0, 2]
    assert gap.low < 0.3 < gap.high
    assert gap.low > 0.2
    assert p < 0.05
    for pair in ((0, 1), (1, 2)):
        gap, p = found[pair]
        assert gap.low < 0 < gap.high
        assert p > 0.05


def test_three_comparisons_are_allowed_for():
    wrong = drawn(torch.tensor([[0.6, 0.58, 0.3], [0.58, 0.6, 0.55], [0.3, 0.55, 0.6]]))
    alone = {}
    for pair in ((0, 1), (0, 2), (1, 2)):
        low, high = 0.0, 1.0  # the confidence at which the interval begins to hold 0
        for _ in range(40):
            level = (low + high) / 2
            inside = activations.lost_by_crossing(wrong, *pair, confidence=level)
            holds_zero = inside.low <= 0 <= inside.high
            low, high = (low, level) if holds_zero else (level, high)
        alone[pair] = 1 - high
    ordered = sorted(alone, key=alone.get)
    expected, largest = {}, 0.0
    for rank, pair in enumerate(ordered):
        largest = max(largest, min(1.0, (3 - rank) * alone[pair]))
        expected[pair] = largest
    for pair, (_, p) in activations.crossings(wrong).items():
        assert p == pytest.approx(expected[pair], rel=1e-3, abs=1e-9)
