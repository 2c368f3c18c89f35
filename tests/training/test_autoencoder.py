"""The sparse autoencoder: what it lowers, what it leaves alone, and its first step."""

import copy
from dataclasses import replace

import torch

from helpers.training import autoencoder

from .examples import SPARSE, made_up, network, same


def winners(model, dataset, share):
    """Return the hidden units, zero but for each unit's most activating images."""
    x = dataset.inputs.flatten(1)
    hidden = torch.sigmoid(x @ model[1].weight.T + model[1].bias)
    kept = torch.zeros_like(hidden)
    for unit in range(hidden.shape[1]):
        rows = sorted(range(len(x)), key=lambda row: -hidden[row, unit].item())
        rows = rows[: int(share * len(x))]
        kept[rows, unit] = hidden[rows, unit]
    return x, kept


def reconstruction_error(model, dataset):
    """Mean ‖x' − x‖² / 2 with the best offset a, which is the mean of what is left."""
    x, kept = winners(model, dataset, SPARSE.active_share)
    left = x - kept @ model[1].weight
    return ((left - left.mean(0)).square().sum() / (2 * len(x))).item()


def test_pretraining_lowers_the_reconstruction_error():
    dataset, model = made_up(), network()
    readout = copy.deepcopy(model[-1])
    start = autoencoder.pretrain_autoencoder(network(), dataset, recipe=replace(SPARSE, epochs=0))
    assert autoencoder.pretrain_autoencoder(model, dataset, recipe=SPARSE) is model
    with torch.no_grad():
        before, after = (reconstruction_error(m, dataset) for m in (start, model))
    x = dataset.inputs.flatten(1)
    without_units = ((x - x.mean(0)).square().sum() / (2 * len(x))).item()
    assert after < 0.9 * before
    assert after < 0.9 * without_units
    assert same(model[-1], readout)


def test_pretraining_does_not_look_at_the_labels():
    dataset = made_up()
    expected = autoencoder.pretrain_autoencoder(network(), dataset, recipe=SPARSE)
    wrong = replace(dataset, labels=torch.full_like(dataset.labels, -1))
    assert same(autoencoder.pretrain_autoencoder(network(), wrong, recipe=SPARSE), expected)


def test_pretraining_follows_the_seed_alone():
    dataset = made_up()
    first = autoencoder.pretrain_autoencoder(network(seed=1), dataset, recipe=SPARSE, seed=3)[1]
    again = autoencoder.pretrain_autoencoder(network(seed=2), dataset, recipe=SPARSE, seed=3)[1]
    other = autoencoder.pretrain_autoencoder(network(seed=1), dataset, recipe=SPARSE, seed=4)[1]
    assert same(first, again)
    assert not same(first, other)


def test_first_step_of_the_autoencoder_is_adams():
    dataset = made_up(20, dtype=torch.float64)
    recipe = replace(SPARSE, epochs=1)  # one batch
    model, start = network(dtype=torch.float64), network(dtype=torch.float64)
    autoencoder.pretrain_autoencoder(start, dataset, recipe=replace(recipe, epochs=0))
    x, kept = winners(start, dataset, recipe.active_share)
    error = (kept @ start[1].weight - x).square().sum() / (2 * len(x))
    gradients = torch.autograd.grad(error, list(start[1].parameters()))
    autoencoder.pretrain_autoencoder(model, dataset, recipe=recipe)
    pairs = zip(model[1].parameters(), start[1].parameters(), gradients, strict=True)
    for found, old, gradient in pairs:
        expected = old - recipe.learning_rate * gradient / (gradient.abs() + 1e-8)
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11)
