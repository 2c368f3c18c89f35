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


def shown_to(model, x, start, targets, steps, **options):
    """Return what a descent without a box shows the model: with noise, and without, step by step.

    Each has the shape (steps, runs, images, pixels).
    """
    seen = []
    handle = model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    smoothed_descent(model, x, start, targets, steps, (-math.inf, math.inf), **options)
    handle.remove()
    seen = torch.stack(seen).view(steps, 2, -1, *x.shape)
    return seen[:, 0], seen[:, 1]


def test_sphere_is_three_fifths_at_first_and_shrinks_while_the_target_is_met():
    model, x, w, targets = halfspace()
    exact = -target_margin(model, x, targets)
    _, y = shown_to(model, x, x + 4 * exact[:, None] * w, targets, 40)
    r = (y - x)[:, 0]
    sizes, met = r.norm(dim=2), r @ w > exact
    assert torch.equal(y[0, 0], x)
    torch.testing.assert_close(sizes[1], 0.6 * 1.05 * 4 * exact)  # x itself has not the target
    factors = torch.where(met, 0.95, 1.05).double()
    torch.testing.assert_close(sizes[2:] / sizes[1:-1], factors[1:-1])
    assert met.any()
    assert not met.all()


class Hill(nn.Module):
    """Two logits: 0, and that of a hill which is steeper along some axes than along others."""

    def __init__(self, pixels):
        super().__init__()
        self.top, self.steepness = torch.rand(2, pixels).double()

    def forward(self, x):
        height = 1e-3 - ((x - self.top).square() @ self.steepness)
        return torch.stack([torch.zeros_like(height), height], 1)


def test_step_falls_along_a_cosine_to_a_hundredth():
    model, x = Hill(8).eval(), torch.zeros(1, 8).double()
    _, y = shown_to(model, x, model.top[None], torch.tensor([1]), 30)
    y = y[:, 0, 0]
    g = nn.functional.normalize((model.top - y) * model.steepness, dim=1)[1:-1]
    before, after = (y - x)[1:-1], (y - x)[2:]
    radius = after.norm(dim=1)
    # r_k + α ρ g has the direction of r_{k+1}: across it, the two parts cancel
    ahead = after / radius[:, None]
    r, g = (v - (v * ahead).sum(1, keepdim=True) * ahead for v in (before, g))
    alpha = -(r * g).sum(1) / (radius * (g * g).sum(1))
    shares = torch.linspace(0, math.pi / 2, 31).double().cos().square()[1:-2]
    torch.testing.assert_close(alpha, 0.006 + (0.6 - 0.006) * shares)


def test_noise_of_each_run_is_its_share_of_the_distance_and_falls_to_nothing():
    model, x, w, targets = halfspace(pixels=5000)
    start = x + (torch.arange(6) + 3.0)[:, None] * w
    noisy, y = shown_to(model, x, start, targets, 10, seed=3)
    noise = noisy - y
    shares = noise.norm(dim=3) / (torch.arange(6) + 3)
    expected = torch.linspace(1, 0.1, 10)[:, None, None] * torch.linspace(0, 1, 5)[:, None]
    torch.testing.assert_close(shares, expected.double().expand_as(shares), rtol=0.05, atol=1e-9)
    each = noise / shares[..., None].clamp_min(1e-9) / (torch.arange(6) + 3)[:, None]
    torch.testing.assert_close(each, each[:, :, :1].expand_as(each))  # for all images the same
    alike = (each[:, 1:, 0].flatten(0, 1) @ each[:, 1:, 0].flatten(0, 1).T).fill_diagonal_(0)
    assert alike.abs().max() < 0.1  # for no two runs or steps


def test_first_pass_is_half_as_long_and_the_others_three_times_that_but_at_most_300(monkeypatch):
    asked = []

    def descent(model, x, y, targets, steps, box, *, seed):
        asked.append((steps, seed, len(x)))
        return x + torch.tensor([0.985, 0.995])[: len(x), None] * (y - x)

    monkeypatch.setattr("helpers.attack.masked.smoothed_descent", descent)
    x, y, targets = torch.zeros(2, 3), torch.ones(2, 3), torch.zeros(2).long()
    for steps, lengths in ((5, (3, 8, 8, 8)), (1000, (300,) * 4), (201, (101, 300, 300, 300))):
        found, gradients = see_through(None, x, y, targets, steps, (0.0, 1.0))
        expected = torch.tensor([0.985**4, 0.995])[:, None].expand(2, 3)
        torch.testing.assert_close(found, expected)  # a gain below a hundredth is the last
        assert gradients.tolist() == [5 * sum(lengths), 5 * lengths[0]]
        assert asked == list(zip(lengths, range(4), (2, 1, 1, 1), strict=True))
        asked.clear()
    assert y.eq(1).all()  # they are not overwritten
