"""What a pool holds, how it changes, and what it trains."""

import pytest
import torch
from torch import nn

from helpers import data, models, training
from helpers.attack import adversarial_outputs, split_index
from helpers.studies.layer_pools import Pool, PoolLoss, PoolSettings

LAYERS = (0, 1, 2)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def network(activation=nn.ReLU, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            *[nn.Flatten(), nn.Linear(16, 12), activation()],
            *[nn.Linear(12, 8), activation(), nn.Linear(8, 3)],
        )


def settings(layers=(0,), **others):
    count = len(layers)
    return PoolSettings(layers, (0.5,) * count, (0.5 / count,) * count, **others)


def digits(count=60, seed=1):
    inputs = torch.rand(count, 1, 4, 4, generator=generator(seed))
    labels = torch.randint(3, (count,), generator=generator(seed + 1))
    return data.Dataset(inputs, labels, "made up", "random numbers")


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("activation", [nn.ReLU, nn.Sigmoid])
@pytest.mark.parametrize("target", ["nearest", "random"])
def test_a_pool_holds_outputs_of_its_layer_inside_their_range(layer, activation, target):
    model, some = network(activation), digits()
    pool = Pool(layer, 0.7, settings(target=target))
    pool.take_in(model, some.inputs, some.labels, generator())
    assert pool.outputs.shape == (60, (16, 12, 8)[layer])
    lower, upper = (0, 1) if activation is nn.Sigmoid or layer == 0 else (0, torch.inf)
    assert pool.outputs.min() >= lower
    assert pool.outputs.max() <= upper
    assert torch.equal(pool.labels, some.labels)
    with torch.no_grad():
        assert not torch.equal(pool.outputs, model[: split_index(model, layer)](some.inputs))


def test_a_pool_fills_up_and_then_a_random_part_is_replaced():
    model = network()
    pool = Pool(2, 0.5, settings(size=100))
    for seed in (1, 2):
        some = digits(60, seed)
        pool.take_in(model, some.inputs, some.labels, generator(seed))
    assert len(pool.outputs) == len(pool.labels) == 100
    before = pool.outputs.clone()
    some = digits(30, 3)
    new = adversarial_outputs(
        model, some.inputs, some.labels, 2, strength=0.5, generator=generator()
    )
    pool.take_in(model, some.inputs, some.labels, generator(3))
    changed = (pool.outputs != before).any(1)
    assert changed.sum() == 30
    assert len(pool.outputs) == 100
    order = torch.cdist(pool.outputs[changed], new).argmin(1)
    assert len(order.unique()) == 30
    torch.testing.assert_close(pool.outputs[changed], new[order])
    assert torch.equal(pool.labels[changed], some.labels[order])


@pytest.mark.parametrize("layer", LAYERS)
def test_a_pool_trains_the_layers_above_it_and_no_others(layer):
    model, some = network(), digits()
    pool = Pool(layer, 0.5, settings())
    pool.take_in(model, some.inputs, some.labels, generator())
    assert all(parameter.grad is None for parameter in model.parameters())
    pool.loss(model, 40, generator()).backward()
    trained = [weights.weight.grad is not None for weights in models.weight_layers(model)]
    assert trained == [number >= layer for number in range(3)]


def test_all_pools_are_filled_and_then_renewed_in_turn(monkeypatch):
    model, some = network(), digits()
    taken = []
    take_in = Pool.take_in

    def spy(pool, *arguments):
        taken.append((loss.step, pool.layer))
        take_in(pool, *arguments)

    monkeypatch.setattr(Pool, "take_in", spy)
    loss = PoolLoss(settings((0, 2), every=3))
    for _ in range(10):
        loss(model, some.inputs, some.labels)
    assert taken == [(0, 0), (0, 2), (3, 2), (6, 0), (9, 2)]


def test_the_loss_is_the_weighted_sum_of_its_parts():
    model, some = network(), digits()
    loss = PoolLoss(PoolSettings((0, 1), (0.5, 0.7), (0.2, 0.3)), seed=5)
    whole = loss(model, some.inputs, some.labels)
    again = generator(5)
    pools = [Pool(0, 0.5, loss.settings), Pool(1, 0.7, loss.settings)]
    for pool in pools:
        pool.take_in(model, some.inputs, some.labels, again)
    first, second = (pool.loss(model, 60, again) for pool in pools)
    clean = training.batch_loss(model, some.inputs, some.labels)
    torch.testing.assert_close(whole, 0.5 * clean + 0.2 * first + 0.3 * second)


def test_training_learns_and_depends_on_nothing_but_its_seed():
    some = digits(300)
    labels = (some.inputs.flatten(1)[:, :3]).argmax(1)
    some = data.Dataset(some.inputs, labels, "made up", "largest of three pixels")

    def run(seed, epochs):
        return training.train(
            network(),
            some,
            weight_decay=(0.0,) * 3,
            recipe=training.Recipe(epochs=epochs, batch_size=30, averaging=0.8),
            loss=PoolLoss(settings(LAYERS, size=90), seed=seed),
            seed=seed,
        )

    model = run(0, epochs=30)
    assert not model.training
    assert (model(some.inputs).argmax(1) == labels).double().mean() > 0.6
    state = torch.random.get_rng_state()
    first, same, other = run(0, epochs=3), run(0, epochs=3), run(1, epochs=3)
    assert torch.equal(state, torch.random.get_rng_state())
    assert torch.equal(first[1].weight, same[1].weight)
    assert not torch.equal(first[1].weight, other[1].weight)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layers": ()}, "layers must be at least one number"),
        ({"layers": (-1,)}, "layers must be at least one number"),
        ({"strengths": (0.0,)}, r"strengths must be in \(0, 1\], got \(0.0,\)"),
        ({"strengths": (1.5,)}, "strengths must be in"),
        ({"strengths": (0.5, 0.5)}, "strengths must have one number for each of the layers"),
        ({"shares": (1.0,)}, r"shares must be > 0 and less than 1 in all, got \(1.0,\)"),
        ({"shares": ()}, "shares must have one number for each of the layers"),
        ({"length": "median"}, "length must be one of own, mean; got 'median'"),
        ({"target": "closest"}, "target must be one of random, nearest; got 'closest'"),
        ({"size": 0}, "size must be at least 1, got 0"),
        ({"every": 0}, "every must be at least 1"),
        ({"steps": 0}, "steps must be at least 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        PoolSettings(**{"layers": (0,), "strengths": (0.5,), "shares": (0.5,), **wrong})
