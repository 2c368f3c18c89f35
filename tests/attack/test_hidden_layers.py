"""The tails of small networks, attacked: shares of one way, its length, and where it may end."""

import pytest
import torch
from torch import nn

from helpers import bounds, data, models
from helpers.attack import adversarial_outputs, output_range, split_index

from ..examples import generator
from .examples import images


def network():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(
            *[nn.Flatten(), nn.Linear(16, 12), nn.ReLU()],
            *[nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3)],
        )


def digits(count=60):
    labels = torch.randint(3, (count,), generator=generator(2))
    return data.Dataset(images(count).float(), labels, "made up", "random numbers")


def test_under_a_linear_tail_the_distance_is_the_share_of_the_exact_one():
    model, some = nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), digits()
    labels = some.labels % 2
    found = adversarial_outputs(
        model, some.inputs, labels, 0, strength=0.25, steps=1, generator=generator()
    )
    exact = bounds.exact_linear(model, some.inputs, 1 - labels).distortion
    moved = (found - some.inputs.flatten(1)).square().mean(1).sqrt()
    torch.testing.assert_close(moved, 0.25 * exact.to(moved), rtol=1e-3, atol=1e-6)


def test_the_strength_is_a_share_of_one_way():
    model, some = network(), digits()
    with torch.no_grad():
        outputs = model[:3](some.inputs)
    half, whole = (
        adversarial_outputs(
            model, some.inputs, some.labels, 1, strength=strength, generator=generator()
        )
        for strength in (0.5, 1.0)
    )
    torch.testing.assert_close(half - outputs, 0.5 * (whole - outputs))


def test_the_mean_length_takes_those_near_the_border_beyond_it():
    model, some = nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), digits(300)
    x = 0.4 + 0.2 * some.inputs  # far from the ends of the range
    with torch.no_grad():
        labels = model(x).argmax(1)
    found = {
        length: adversarial_outputs(
            model, x, labels, 0, strength=0.5, length=length, generator=generator()
        )
        for length in ("own", "mean")
    }
    ways = {length: (moved - x.flatten(1)).norm(dim=1) for length, moved in found.items()}
    torch.testing.assert_close(ways["mean"], ways["own"].mean().expand(300))
    with torch.no_grad():
        seen = {length: model[1:](moved).argmax(1) for length, moved in found.items()}
    assert torch.equal(seen["own"], labels)
    assert torch.equal(seen["mean"] != labels, ways["own"] < ways["own"].mean() / 2)


def test_random_targets_are_other_labels_and_need_longer_ways():
    model, some = network(), digits(300)
    with torch.no_grad():
        outputs = model[:1](some.inputs)
    ways = [
        adversarial_outputs(
            model,
            some.inputs,
            some.labels,
            0,
            strength=1.0,
            target=target,
            steps=3,
            generator=generator(),
        )
        - outputs
        for target in ("nearest", "random")
    ]
    assert ways[0].norm(dim=1).mean() < ways[1].norm(dim=1).mean()


def test_places_and_ranges_of_a_convolutional_network():
    model = models.build("Conv")
    assert [split_index(model, layer) for layer in range(4)] == [0, 3, 7, 9]
    assert [output_range(model[:k]) for k in (0, 3, 7)] == [(0, 1), (0, torch.inf), (0, torch.inf)]
    assert output_range(nn.Sequential(nn.Linear(2, 2))) == (-torch.inf, torch.inf)
    assert output_range(nn.Sequential(nn.Linear(2, 2), nn.Tanh())) == (-1, 1)
    assert output_range(nn.Sequential(nn.Linear(2, 2), nn.Sigmoid(), nn.Flatten())) == (0, 1)
    with pytest.raises(ValueError, match="layer must be from 0 to 3, got 4"):
        split_index(model, 4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layer": 3}, "layer must be from 0 to 2, got 3"),
        ({"target": "closest"}, "target must be one of random, nearest; got 'closest'"),
        ({"length": "median"}, "length must be one of own, mean; got 'median'"),
    ],
)
def test_what_there_is_not_is_refused_by_name(changes, message):
    some = digits()
    arguments = {"layer": 1, "strength": 0.5, "generator": generator()} | changes
    with pytest.raises(ValueError, match=f"^{message}$"):
        adversarial_outputs(network(), some.inputs, some.labels, **arguments)


def test_two_gradients_are_spent_on_each_attack():
    model, some = network(), digits()
    own, two, three = (
        adversarial_outputs(
            model, some.inputs, some.labels, 1, strength=1, generator=generator(), **steps
        )
        for steps in ({}, {"steps": 2}, {"steps": 3})
    )
    assert torch.equal(own, two)
    assert not torch.equal(own, three)
