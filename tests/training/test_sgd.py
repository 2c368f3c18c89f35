"""Stochastic gradient descent against steps made by hand."""

import copy
import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from helpers import training
from helpers.models import weight_layers
from helpers.training import Recipe
from helpers.training.sgd import decay_coefficients

from .examples import FORMS, QUICK, cross_entropy, made_up, network, same

ONE_STEP = Recipe(epochs=1, batch_size=1000, learning_rate=0.3, momentum=0.8, averaging=0.7)


def test_half_takes_the_papers_numbers():
    assert decay_coefficients(network(), (0.3, 0.2), "half") == [0.3, 0.2]


def test_per_unit_divides_by_the_units_of_the_layer():
    model, decays = network(), (0.3, 0.2)
    coefficients = decay_coefficients(model, decays, "per unit")
    for layer, decay, found in zip(weight_layers(model), decays, coefficients, strict=True):
        square = layer.weight.square().sum().item()
        expected = decay * square / layer.out_features  # λ Σ w² / k
        assert found * square / 2 == pytest.approx(expected, rel=1e-6)


def test_per_unit_counts_the_maps_of_a_convolution():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 5))
    assert decay_coefficients(model, (0.2, 0.5), "per unit") == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize("form", ["", "Half", "none"])
def test_unknown_form_is_refused(form):
    expected = f"decay_form must be one of half, per unit; got '{form}'"
    with pytest.raises(ValueError, match=expected):
        decay_coefficients(network(), (0.3, 0.2), form)


@pytest.mark.parametrize("decays", [(), (0.1,), (0.1, 0.2, 0.3)])
@pytest.mark.parametrize("form", FORMS)
def test_one_decay_for_each_layer_is_demanded(decays, form):
    with pytest.raises(ValueError, match=r"one λ for each of 2 layers, got \("):
        decay_coefficients(network(), decays, form)


def trajectory(model, dataset, penalties, recipe):
    """Full-batch Nesterov by hand, with the penalty in the loss: the parameters of each step."""
    model = copy.deepcopy(model)
    parameters = list(model.parameters())
    velocities = [torch.zeros_like(p) for p in parameters]
    states = []
    for step in range(recipe.epochs):
        loss = cross_entropy(model, dataset)
        for layer, penalty in zip(weight_layers(model), penalties, strict=True):
            loss = loss + penalty * layer.weight.square().sum() / 2
        gradients = torch.autograd.grad(loss, parameters)
        rate = recipe.learning_rate * (1 + math.cos(math.pi * step / recipe.epochs)) / 2
        with torch.no_grad():
            for p, v, g in zip(parameters, velocities, gradients, strict=True):
                v.mul_(recipe.momentum).add_(g)
                p.sub_(rate * (g + recipe.momentum * v))
        states.append([p.detach().clone() for p in parameters])
    return states


@pytest.mark.parametrize(
    ("form", "penalties"), [("half", (0.3, 0.2)), ("per unit", (0.6 / 6, 0.4 / 3))]
)
def test_one_step_is_nesterovs_on_the_penalised_loss(form, penalties):
    dataset = made_up(dtype=torch.float64)
    model = network(dtype=torch.float64)
    ((*expected,),) = trajectory(model, dataset, penalties, ONE_STEP)
    training.train(model, dataset, weight_decay=(0.3, 0.2), decay_form=form, recipe=ONE_STEP)
    for found, wanted in zip(model.parameters(), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-14)


def test_network_is_the_running_average_of_the_steps():
    dataset = made_up(dtype=torch.float64)
    model = network(dtype=torch.float64)
    recipe = replace(ONE_STEP, epochs=4)
    first, *others = trajectory(model, dataset, (0.3, 0.2), recipe)
    expected = first
    for state in others:
        expected = [0.7 * a + 0.3 * p for a, p in zip(expected, state, strict=True)]
    training.train(model, dataset, weight_decay=(0.3, 0.2), recipe=recipe)
    for found, wanted, last in zip(model.parameters(), expected, others[-1], strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-13)
        assert not torch.allclose(found, last, rtol=1e-3)


def test_training_lowers_the_loss_and_the_error():
    dataset, model = made_up(), network()
    before = cross_entropy(model, dataset).item()
    recipe = replace(QUICK, epochs=60, learning_rate=0.5)
    found = training.train(model, dataset, weight_decay=(0.0, 0.0), recipe=recipe)
    assert found is model
    assert not model.training
    assert cross_entropy(model, dataset).item() < 0.5 * before
    assert (model(dataset.inputs).argmax(1) == dataset.labels).float().mean() > 0.9


def test_every_image_is_used_once_in_each_epoch():
    seen = []

    class Watched(nn.Flatten):
        def forward(self, x):
            seen.append(x[:, 0, 3, 3].detach().clone())
            return super().forward(x)

    dataset = made_up(10)
    model = nn.Sequential(Watched(), nn.Linear(16, 3))
    recipe = replace(QUICK, epochs=3, batch_size=4)
    training.train(model, dataset, weight_decay=(0.0,), recipe=recipe)
    assert [len(batch) for batch in seen] == [4, 4, 2] * 3
    epochs = [torch.cat(seen[i : i + 3]) for i in (0, 3, 6)]
    for epoch in epochs:
        assert torch.equal(epoch.sort().values, dataset.inputs[:, 0, 3, 3].sort().values)
    assert not torch.equal(epochs[0], epochs[1])


def test_training_follows_the_seed_alone():
    def run(seed, global_seed):
        torch.manual_seed(global_seed)
        return training.train(
            network(), made_up(), weight_decay=(1e-3, 1e-3), recipe=QUICK, seed=seed
        )

    with torch.random.fork_rng(devices=[]):
        first, again, other = run(1, 0), run(1, 99), run(2, 0)
    assert same(first, again)
    assert not same(first, other)


def test_weight_decay_shrinks_the_weights_of_its_layer():
    sizes = {}
    for decays in ((0.0, 0.0), (0.1, 0.0), (0.0, 0.1)):
        model = training.train(network(), made_up(), weight_decay=decays, recipe=QUICK)
        sizes[decays] = [layer.weight.norm().item() for layer in weight_layers(model)]
    free = sizes[0.0, 0.0]
    assert sizes[0.1, 0.0][0] < 0.8 * free[0]
    assert sizes[0.0, 0.1][1] < 0.8 * free[1]


@pytest.mark.parametrize(("title", "shown"), [("", ""), ("training tiny", "training tiny")])
def test_progress_is_shown_where_it_has_a_title(capsys, title, shown):
    recipe = replace(QUICK, epochs=1)
    training.train(network(), made_up(), weight_decay=(0, 0), recipe=recipe, progress=title)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert shown in printed.err
    assert bool(printed.err) == bool(title)
