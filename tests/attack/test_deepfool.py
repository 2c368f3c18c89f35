"""The attack of the pools against exact answers."""

import pytest
import torch
from torch import nn

from helpers import bounds
from helpers.attack import deepfool, target_margin
from helpers.attack.deepfool import targeted_deepfool


@pytest.fixture
def linear():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(30, 2))


def images(count=20, seed=1):
    return torch.rand(count, 30, generator=torch.Generator().manual_seed(seed))


def test_for_two_classes_it_is_the_exact_projection_with_a_box(linear):
    x = images()
    with torch.no_grad():
        targets = 1 - linear(x).argmax(1)
    found = targeted_deepfool(linear, x, targets, steps=1)
    exact = bounds.exact_linear(linear, x, targets)
    distances = (found - x).square().mean(1).sqrt()
    torch.testing.assert_close(distances, exact.distortion.to(distances), rtol=1e-3, atol=1e-6)
    assert target_margin(linear, found, targets).abs().max() < 1e-4


def test_without_an_active_box_it_is_the_formula_of_a_hyperplane(linear):
    x = images() - 0.5
    with torch.no_grad():
        logits = linear(x)
    targets = 1 - logits.argmax(1)
    normal = (linear[0].weight[1] - linear[0].weight[0]).detach()
    gap = logits[:, 1] - logits[:, 0]
    expected = x - (gap / normal.dot(normal))[:, None] * normal
    found = targeted_deepfool(linear, x, targets, steps=1, box=(-100, 100))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_what_has_the_target_already_stays(linear):
    x = images()
    with torch.no_grad():
        targets = linear(x).argmax(1)
    torch.testing.assert_close(targeted_deepfool(linear, x, targets), x, rtol=0, atol=0)


@pytest.mark.parametrize("box", [(0.0, 1.0), (0.0, torch.inf)])
def test_more_steps_come_nearer_to_the_edge_and_stay_in_the_box(box):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(30, 40), nn.Tanh(), nn.Linear(40, 2))
    x = images(200)
    with torch.no_grad():
        targets = 1 - network(x).argmax(1)
    gaps = []
    for steps in (1, 3):
        found = targeted_deepfool(network, x, targets, steps=steps, box=box)
        assert found.min() >= box[0]
        assert found.max() <= box[1]
        gaps.append(target_margin(network, found, targets).abs().mean())
    assert gaps[1] < 0.5 * gaps[0]


def test_an_unreachable_target_gives_numbers_in_the_box(linear):
    with torch.no_grad():
        linear[0].bias[:] = torch.tensor([1000.0, -1000.0])
    found = targeted_deepfool(linear, images(), torch.ones(20, dtype=torch.long))
    assert found.isfinite().all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_no_gradient_gives_the_input_back():
    x = images()
    flat = nn.Linear(30, 2)
    nn.init.zeros_(flat.weight)
    with torch.no_grad():
        flat.bias[:] = torch.tensor([1.0, 0.0])
    found = targeted_deepfool(flat, x, torch.ones(20, dtype=torch.long))
    torch.testing.assert_close(found, x, rtol=0, atol=0)


def test_bad_arguments_are_named(linear):
    x, targets = images(), torch.zeros(20, dtype=torch.long)
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        targeted_deepfool(linear, x, targets, steps=0)
    with pytest.raises(ValueError, match="inputs must be in"):
        targeted_deepfool(linear, x + 1, targets)
    with pytest.raises(ValueError, match="targets must be labels"):
        targeted_deepfool(linear, x, targets + 2)


def test_two_steps_are_taken_unless_said():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(30, 40), nn.Tanh(), nn.Linear(40, 2))
    x = images()
    with torch.no_grad():
        targets = 1 - network(x).argmax(1)
    found, once, twice = (
        targeted_deepfool(network, x, targets, **steps)
        for steps in ({}, {"steps": 1}, {"steps": 2})
    )
    assert torch.equal(found, twice)
    assert not torch.equal(found, once)


def test_box_that_holds_most_pixels_is_met_by_four_newton_steps():
    x = torch.linspace(0.02, 0.98, 48)[None].double()
    g = torch.linspace(-3, 3, 48)[None].double().roll(17)
    for share in (0.1, 0.5, 0.8):
        wanted = share * (g * ((g > 0).double() - x)).sum(1)  # of what the box allows
        moved = deepfool._closest(x, g, wanted, (0.0, 1.0))
        assert (g * (moved - x)).sum().item() == pytest.approx(wanted.item(), rel=1e-9)
        mu = ((moved - x) / g)[(moved > 0) & (moved < 1)]
        torch.testing.assert_close(mu, mu[:1].expand_as(mu))
    assert torch.equal(deepfool._closest(x, g, -wanted, (0.0, 1.0)), x)


def test_images_are_between_0_and_1_unless_said(linear):
    x = images()
    with torch.no_grad():
        targets = 1 - linear(x).argmax(1)
    assert torch.equal(
        targeted_deepfool(linear, x, targets), targeted_deepfool(linear, x, targets, box=(0.0, 1.0))
    )
