"""The convex problem of the last layer against scikit-learn and the gradient of its objective."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from helpers import training

from .examples import FORMS, cross_entropy, made_up, network, same


def features(model, dataset):
    with torch.no_grad():
        return model[:-1](dataset.inputs)


@pytest.mark.parametrize("decay", [1e-1, 1e-3])
@pytest.mark.parametrize("form", FORMS)
def test_readout_is_scikit_learns(decay, form):
    dataset, model = made_up(1100), network()  # more than one block of 1,000
    training.fit_readout(model, dataset, weight_decay=decay, decay_form=form)
    penalty = decay if form == "half" else 2 * decay / 3
    oracle = LogisticRegression(C=1 / (len(dataset) * penalty), tol=1e-10, max_iter=10_000)
    oracle.fit(features(model, dataset).double().numpy(), dataset.labels.numpy())
    bias = model[-1].bias.detach().double().numpy()  # determined up to a constant
    scale = np.abs(oracle.coef_).max()
    np.testing.assert_allclose(model[-1].weight.detach(), oracle.coef_, atol=2e-3 * scale)
    centred = oracle.intercept_ - oracle.intercept_.mean()
    np.testing.assert_allclose(bias - bias.mean(), centred, atol=2e-3 * scale)


def true_gradient(model, dataset, decay):
    """Return the largest entry of the gradient of the objective in the readout itself."""
    exact = copy.deepcopy(model).double()
    exact_data = replace(dataset, inputs=dataset.inputs.double())
    readout = exact[-1]
    loss = cross_entropy(exact, exact_data) + decay * readout.weight.square().sum() / 2
    gradients = torch.autograd.grad(loss, list(readout.parameters()))
    return max(gradient.abs().max().item() for gradient in gradients)


@pytest.mark.parametrize("decay", [1.0, 1e-2, 1e-4])
def test_gradient_of_the_true_objective_is_zero_at_the_readout(decay):
    dataset, model = made_up(60), network()
    training.fit_readout(model, dataset, weight_decay=decay)
    assert not model.training
    assert true_gradient(model, dataset, decay) < 2e-5
    half_as_much = training.fit_readout(network(), dataset, weight_decay=decay / 2)
    assert true_gradient(half_as_much, dataset, decay) > 2e-5  # the bound can fail


def test_readout_on_constant_pixels_is_solved_too():
    dataset = made_up(60, side=6)
    dataset.inputs[..., 4:] = 0  # as the margin of the digits
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    training.fit_readout(model, dataset, weight_decay=1e-2)
    assert true_gradient(model, dataset, 1e-2) < 2e-5
    assert model[-1].weight.view(3, 6, 6)[..., 4:].abs().max() < 1e-4


def test_readout_leaves_the_layers_before_it_and_forgets_its_start():
    dataset, model = made_up(), network()
    before = copy.deepcopy(model[:-1])
    assert training.fit_readout(model, dataset, weight_decay=1e-2) is model
    assert same(model[:-1], before)
    again = network()
    with torch.no_grad():
        again[-1].weight.fill_(100)
    training.fit_readout(again, dataset, weight_decay=1e-2)
    assert same(again, model)
