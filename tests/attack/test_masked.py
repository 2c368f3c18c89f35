import math

import pytest
import torch
from torch import nn

from helpers.attack.losses import target_margin
from helpers.attack.masked import LEAST_GAIN, NOISES, see_through, smoothed_descent


def halfspace(pixels=20, seed=0):
    """Return a linear model of two classes, and images about 1 from the border between them."""
    generator = torch.Generator().manual_seed(seed)
    w = nn.functional.normalize(torch.randn(pixels, generator=generator).double(), dim=0)
    x = torch.rand(6, pixels, generator=generator).double()
    model = nn.Sequential(nn.Linear(pixels, 2)).double().eval()
    model[0].weight.data = torch.stack([0 * w, w])
    model[0].bias.data = torch.stack([(x @ w).max() + 1, torch.zeros(()).double()])
    return model, x, w, torch.ones(6, dtype=torch.long)


@pytest.mark.parametrize("scale", [1e-12, 1.0])
def test_without_a_box_it_comes_to_the_projection_at_any_scale_of_the_gradient(scale):
    model, x, w, targets = halfspace()
    exact = -target_margin(model, x, targets)
    for parameter in model.parameters():
        parameter.data *= scale
    detour = torch.randn(x.shape, generator=torch.Generator().manual_seed(1)).double()
    start = x + 2 * exact[:, None] * w + detour - (detour @ w)[:, None] * w
    found = smoothed_descent(model, x, start, targets, 120, (-math.inf, math.inf))
    assert (target_margin(model, found, targets) > 0).all()
    ratio = (found - x).norm(dim=1) / exact
    assert (ratio >= 1).all()
    assert (ratio < 1.02).all()


def test_attempt_that_is_closest_is_kept():
    model, x, w, targets = halfspace()
    closest = x - target_margin(model, x, targets)[:, None] * (1 + 1e-12) * w
    found = smoothed_descent(model, x, closest, targets, 20, (-math.inf, math.inf))
    assert torch.equal(found, closest)


def test_only_what_comes_closer_has_another_pass():
    model, x, w, targets = halfspace()
    exact = -target_margin(model, x, targets)
    closest = x + (exact * (1 + 1e-12))[:, None] * w
    far = torch.arange(6) % 2 == 1
    start = torch.where(far[:, None], x + 3 * exact[:, None] * w, closest)
    found, gradients = see_through(model, x, start, targets, 40, (-math.inf, math.inf))
    assert torch.equal(found[~far], closest[~far])
    ratio = (found - x)[far].norm(dim=1) / exact[far]
    assert ratio.min() >= 1
    assert ratio.max() < 1 + LEAST_GAIN
    runs = len(NOISES)
    assert (gradients[~far] == 20 * runs).all()
    assert (gradients[far] > (20 + 60) * runs).all()  # whose last pass could bring no more
    assert (gradients <= (20 + 3 * 60) * runs).all()


def test_model_is_shown_nothing_outside_the_box():
    model, x, w, targets = halfspace()
    seen = []
    model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    start = (w > 0).to(x).expand_as(x)
    found = smoothed_descent(model, x, start, targets, 20, (0.0, 1.0))
    assert torch.cat([*seen, found]).min() == 0
    assert torch.cat([*seen, found]).max() == 1


def test_run_without_noise_has_none(monkeypatch):
    monkeypatch.setattr("helpers.attack.masked.NOISES", (0.0,))
    model, x, w, targets = halfspace()
    start = x - 3 * target_margin(model, x, targets)[:, None] * w
    box = (-math.inf, math.inf)
    first, second = (
        smoothed_descent(model, x, start, targets, 20, box, seed=seed) for seed in (1, 2)
    )
    assert torch.equal(first, second)
    assert (first - x).norm(dim=1).max() < (start - x).norm(dim=1).min()
