"""Attacks with a budget and training against them, on networks whose worst case is known."""

import copy

import pytest
import torch
from torch import nn

from helpers import evaluation, robustness
from helpers.data import Dataset


@pytest.fixture
def images():
    return 0.4 + 0.2 * torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def labels():
    return torch.tensor([0, 1, 0, 1, 1, 0])


@pytest.fixture
def linear():
    layer = nn.Linear(16, 2)
    weight = torch.randn(2, 16, generator=torch.Generator().manual_seed(2))
    layer.load_state_dict({"weight": weight, "bias": torch.zeros(2)})
    return nn.Sequential(nn.Flatten(), layer).eval()


def margins(model, x, labels):
    logits = model(x)
    return (
        logits[torch.arange(len(x)), labels] - logits[torch.arange(len(x)), 1 - labels]
    ).detach()


def towards(linear, labels):
    """Return w_other − w_label of each image: what the margin of a linear model falls along."""
    weight = linear[1].weight.detach()
    return (weight[1 - labels] - weight[labels]).view(-1, 1, 4, 4)


def test_loss_gradient_is_that_of_finite_differences(linear, images, labels):
    model, x = copy.deepcopy(linear).double(), images.double()
    gradient = robustness.loss_gradient(model, x, labels)
    loss = nn.CrossEntropyLoss(reduction="none")
    for pixel in (0, 7):
        step = torch.zeros(1, 1, 4, 4, dtype=torch.double)
        step.view(-1)[pixel] = 1e-5
        slope = (loss(model(x + step), labels) - loss(model(x - step), labels)) / 2e-5
        torch.testing.assert_close(gradient.flatten(1)[:, pixel], slope, rtol=1e-5, atol=1e-8)


def test_gradient_sign_is_the_worst_of_its_size_for_a_linear_model(linear, images, labels):
    changed = robustness.gradient_sign(linear, images, labels, 0.1)
    w = towards(linear, labels)
    torch.testing.assert_close(changed, images + 0.1 * w.sign())
    fall = margins(linear, images, labels) - margins(linear, changed, labels)
    torch.testing.assert_close(fall, 0.1 * w.flatten(1).norm(p=1, dim=1), rtol=1e-4, atol=1e-5)


def test_gradient_sign_stays_in_the_box(linear, images, labels):
    changed = robustness.gradient_sign(linear, images, labels, 0.8)
    assert changed.min() == 0
    assert changed.max() == 1


def test_ball_keeps_what_is_inside_and_scales_the_rest():
    x = torch.zeros(3, 1, 2, 2)
    points = torch.stack([torch.full((1, 2, 2), v) for v in (0.1, 0.4, 0.0)])
    found = robustness.into_ball(x, points, 0.2)
    torch.testing.assert_close(found[0], points[0])
    torch.testing.assert_close(found[1], torch.full((1, 2, 2), 0.2))
    assert not found[2].any()


@pytest.mark.parametrize("steps", [1, 4, 10])
def test_projected_gradient_reaches_the_worst_point_of_the_ball(linear, images, labels, steps):
    rms = 0.05
    found = robustness.projected_gradient(linear, images, labels, rms, steps=steps)
    w = towards(linear, labels)
    expected = images + rms * w / w.square().flatten(1).mean(1).sqrt().view(-1, 1, 1, 1)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_projected_gradient_stays_in_ball_and_box(linear, labels):
    x = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(3)).round()
    found = robustness.projected_gradient(linear, x, labels, 0.3, steps=7)
    assert found.min() >= 0
    assert found.max() <= 1
    assert evaluation.distortion(x, found).max() <= 0.3 + 1e-6
    before, after = (margins(linear, points, labels) for points in (x, found))
    assert (after < before).all()


def test_projected_gradient_of_no_size_changes_nothing(linear, images, labels):
    found = robustness.projected_gradient(linear, images, labels, 0.0)
    torch.testing.assert_close(found, images)


@pytest.mark.parametrize(("rms", "steps"), [(-0.1, 5), (float("nan"), 5), (0.1, 0)])
def test_wrong_budget_is_refused(linear, images, labels, rms, steps):
    with pytest.raises(ValueError, match="rms must be at least 0 and steps at least 1, got"):
        robustness.projected_gradient(linear, images, labels, rms, steps=steps)


def test_negative_epsilon_is_refused(linear, images, labels):
    with pytest.raises(ValueError, match=r"epsilon must be at least 0, got -0\.1"):
        robustness.gradient_sign(linear, images, labels, -0.1)


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
    return robustness.train_against(model, dataset, rms=rms, steps=3, epochs=30, learning_rate=0.5)


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


def test_labels_that_the_network_has_not_are_refused(linear, images, labels):
    dataset = Dataset(images, labels + 1, "images", "made here")
    with pytest.raises(ValueError, match="dataset must have labels from 0 to 1"):
        robustness.train_against(linear, dataset, rms=0.1, epochs=1)
