"""Training against attacks with a budget, on a network whose worst case is known."""

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from helpers.data import Dataset
from helpers.studies import robust_training


@pytest.fixture
def linear():
    layer = nn.Linear(16, 2)
    weight = torch.randn(2, 16, generator=torch.Generator().manual_seed(2))
    layer.load_state_dict({"weight": weight, "bias": torch.zeros(2)})
    return nn.Sequential(nn.Flatten(), layer).eval()


@pytest.fixture
def pixels():
    """Images whose label stands strongly in pixel 0, most of the time, and weakly elsewhere."""
    generator = torch.Generator().manual_seed(4)
    labels = torch.randint(0, 2, (400,), generator=generator)
    sign = (2.0 * labels - 1)[:, None]
    weak = 0.5 + 0.03 * sign.expand(-1, 15)
    strong = 0.5 + 0.3 * sign * (torch.rand(400, 1, generator=generator) < 0.8)
    return Dataset(torch.cat([strong, weak], 1).view(-1, 1, 4, 4), labels, "pixels", "made here")


def trained(linear, dataset, rms):
    model = copy.deepcopy(linear)
    return robust_training.train_against(
        model, dataset, rms=rms, steps=3, epochs=30, learning_rate=0.5
    )


def worst_loss(w, b, dataset, rms):
    """Return the mean loss at the worst points: a linear margin falls by ‖w‖₂ · 4 · rms."""
    margin = (2.0 * dataset.labels - 1) * (dataset.inputs.flatten(1) @ w + b)
    return nn.functional.softplus(4 * rms * w.norm() - margin).mean()


def test_training_against_attacks_minimises_the_loss_at_the_worst_points(linear, pixels):
    rms = 0.06
    w, b = torch.full((16,), 0.1, requires_grad=True), torch.zeros((), requires_grad=True)
    solver = torch.optim.LBFGS([w, b], max_iter=500, line_search_fn="strong_wolfe")

    def closure():
        solver.zero_grad()
        loss = worst_loss(w, b, pixels, rms)
        loss.backward()
        return loss

    solver.step(closure)
    best = worst_loss(w, b, pixels, rms).item()
    losses = {}
    for size in (0.0, rms):
        layer = trained(linear, pixels, size)[1]
        difference = layer.weight[1] - layer.weight[0], layer.bias[1] - layer.bias[0]
        losses[size] = worst_loss(*difference, pixels, rms).item()
    assert losses[rms] < 1.03 * best
    assert losses[0.0] > 1.2 * best


def test_training_is_repeatable_and_in_eval_mode(linear, pixels):
    first, second = (trained(linear, pixels[:60], 0.02) for _ in range(2))
    assert not first.training
    assert torch.equal(first[1].weight, second[1].weight)


def test_labels_that_the_network_has_not_are_refused(linear, pixels):
    wrong = replace(pixels, labels=pixels.labels + 1)
    with pytest.raises(ValueError, match="dataset must have labels from 0 to 1, as model has"):
        robust_training.train_against(linear, wrong, rms=0.0, epochs=1)


def test_negative_size_is_refused(linear, pixels):
    with pytest.raises(ValueError, match=r"^rms must be at least 0, got -1\.0$"):
        robust_training.train_against(linear, pixels, rms=-1.0, epochs=1)
