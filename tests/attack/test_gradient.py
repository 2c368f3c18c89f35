"""FGSM and PGD against what a linear model says."""

import pytest
import torch
from torch import nn

from helpers.attack import loss_gradient, pgd


@pytest.fixture
def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 2))


@pytest.fixture
def grey():
    return 0.5 + 0.1 * torch.rand(20, 1, 4, 4, generator=torch.Generator().manual_seed(1))


def direction(linear, labels):
    """Return the direction that favours the other of two classes, shape (N, 1, 4, 4)."""
    normal = (linear[1].weight[1] - linear[1].weight[0]).detach()
    return torch.where(labels[:, None] == 0, normal, -normal).view(-1, 1, 4, 4)


def test_loss_gradient_is_that_of_finite_differences(linear, grey):
    labels, model, x = torch.arange(20) % 2, linear.double(), grey.double()
    gradient = loss_gradient(model, x, labels)
    loss = nn.CrossEntropyLoss(reduction="none")
    for pixel in (0, 7):
        step = torch.zeros(1, 1, 4, 4, dtype=torch.double)
        step.view(-1)[pixel] = 1e-5
        slope = (loss(model(x + step), labels) - loss(model(x - step), labels)) / 2e-5
        torch.testing.assert_close(gradient.flatten(1)[:, pixel], slope, rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("norm", ["max", "2"])
def test_a_ball_of_no_size_changes_nothing(linear, grey, norm):
    labels = torch.arange(20) % 2
    found = pgd(linear, grey, labels, epsilon=0.0, norm=norm, steps=3)
    torch.testing.assert_close(found, grey)


@pytest.mark.parametrize("steps", [1, 5])
def test_in_the_maximum_norm_every_pixel_moves_by_epsilon(linear, grey, steps):
    labels = torch.arange(20) % 2
    found = pgd(linear, grey, labels, epsilon=0.1, steps=steps)
    expected = grey + 0.1 * direction(linear, labels).sign()
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("steps", [1, 5])
def test_in_the_euclidean_norm_the_image_moves_along_the_normal(linear, grey, steps):
    labels = torch.arange(20) % 2
    found = pgd(linear, grey, labels, epsilon=0.3, norm="2", steps=steps)
    normal = direction(linear, labels)
    expected = grey + 0.3 * normal / normal.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("norm", ["max", "2"])
def test_pixels_stay_in_range_and_images_in_the_ball(linear, norm):
    x = torch.rand(20, 1, 4, 4, generator=torch.Generator().manual_seed(2))
    found = pgd(linear, x, torch.zeros(20, dtype=torch.long), epsilon=0.4, norm=norm, steps=7)
    assert found.min() >= 0
    assert found.max() <= 1
    r = (found - x).flatten(1)
    sizes = r.abs().amax(1) if norm == "max" else r.norm(dim=1)
    assert (sizes <= 0.4 + 1e-6).all()
    assert (sizes > 0).all()


def test_no_gradient_moves_nothing(grey):
    flat = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    nn.init.zeros_(flat[1].weight)
    found = pgd(flat, grey, torch.zeros(20, dtype=torch.long), epsilon=0.4, norm="2")
    torch.testing.assert_close(found, grey)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"norm": "1"}, "norm must be one of max, 2; got '1'"),
        ({"epsilon": -0.1}, r"epsilon must be at least 0, got -0\.1"),
        ({"epsilon": float("nan")}, "epsilon must be at least 0, got nan"),
        ({"steps": 0}, "steps must be at least 1, got 0"),
    ],
)
def test_bad_arguments_are_named(linear, grey, wrong, message):
    with pytest.raises(ValueError, match=message):
        pgd(linear, grey, torch.zeros(20, dtype=torch.long), **{"epsilon": 0.1, **wrong})


class Hill(nn.Module):
    """Is most wrong about the label 0 at one image, which is near."""

    def __init__(self, top):
        super().__init__()
        self.top = top

    def forward(self, x):
        wrong = -10 * (x - self.top).flatten(1).square().sum(1)
        return torch.stack([torch.zeros_like(wrong), wrong], 1)


@pytest.mark.parametrize("norm", ["max", "2"])
def test_image_stays_inside_the_ball_where_the_loss_is_highest_there(grey, norm):
    hill = Hill(grey + 0.05)
    length = 0.05 if norm == "max" else 0.05 * 4  # of 16 pixels
    labels = torch.zeros(20, dtype=torch.long)
    found = pgd(hill, grey, labels, epsilon=3 * length, norm=norm, steps=15)
    torch.testing.assert_close(found, hill.top, rtol=0, atol=0.5 * 0.05 + 1e-6)  # a step's length


def test_each_of_two_steps_is_a_quarter_longer_than_the_radius(grey):
    hill = Hill(grey + 0.02)
    found = pgd(hill, grey, torch.zeros(20, dtype=torch.long), epsilon=0.1, steps=2)
    # up to the edge of the ball, which is beyond the top, and back
    torch.testing.assert_close(found, grey + 0.1 - 0.125)
