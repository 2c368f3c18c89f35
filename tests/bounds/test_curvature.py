"""Parabolas around sigmoids: valid against dense sampling, exact where they can be."""

import pytest
import torch

from helpers.bounds import curvature
from helpers.bounds.crown import enclosures, reach_of
from helpers.bounds.curvature import _before, least_margin, parabolas, trust_region_bound

from ..examples import generator
from .examples import network


def ball(count, pixels, radius, seed=0):
    """Return random perturbations, half of them of the full radius."""
    random = generator(seed)
    r = torch.randn(count, pixels, generator=random, dtype=torch.double)
    r *= radius / r.norm(dim=1, keepdim=True)
    r[::2] *= torch.rand(len(r[::2]), 1, generator=random, dtype=torch.double)
    return r


def bounded(model, x, targets, radius):
    radii = torch.full((len(x),), radius, dtype=torch.double)
    intervals = []
    with torch.no_grad():
        *before, _ = enclosures(model, x, radii)
        for centre, *around in before:
            reach = reach_of(*around, radii)
            intervals.append((centre - reach, centre + reach))
        return least_margin(model, x, targets, radii, intervals)


def test_parabolas_enclose_the_sigmoid_and_touch_it():
    ends = torch.tensor([-9.0, -3.0, -1.0, -1e-6, 0.0, 0.5, 2.0, 8.0], dtype=torch.double)
    low, at, high = (end.flatten() for end in torch.meshgrid(ends, ends, ends, indexing="ij"))
    ordered = (low <= at) & (at <= high)
    low, at, high = low[ordered], at[ordered], high[ordered]
    slope, lowest, most = parabolas(at, low, high)
    shares = torch.linspace(0, 1, 3001, dtype=torch.double)[:, None]
    d = low - at + shares * (high - low)
    error = (at + d).sigmoid() - at.sigmoid() - slope * d
    assert (error - lowest * d**2).min() > -1e-12
    assert (most * d**2 - error).min() > -1e-12
    wide = high - low > 1
    room = torch.minimum((most - error / d**2).amin(0), (error / d**2 - lowest).amin(0))
    assert room[wide].nan_to_num(0).max() < 0.01  # of curvatures up to 0.05
    assert ((slope - at.sigmoid() * (1 - at.sigmoid())).abs() < 1e-15).all()


def test_slack_of_parabolas_is_what_the_third_derivative_allows_between_the_points():
    low, at, high = torch.tensor([[-9.0, -4.0, 1.0], [-3.0, 0.5, 1.0], [5.0, 4.0, 7.0]]).double()
    slope, lowest, most = parabolas(at, low, high)
    d = (low - at) + (high - low) * torch.linspace(0, 1, 33).double()[:, None]
    d = d.where(d.abs() > 1e-3, 1e-3)
    quotient = ((at + d).sigmoid() - at.sigmoid() - slope * d) / d**2
    slack = (high - low) / 32 / 2 / 48  # half a step; the quotient is as steep as 1/48 at the most
    assert (most >= quotient.amax(0) + slack).all()
    assert (lowest <= quotient.amin(0) - slack).all()


def test_parabolas_of_a_point_bend_as_the_sigmoid_does():
    at = torch.linspace(-9, 9, 500).double()
    value = at.sigmoid()
    bend = value * (1 - value) * (1 - 2 * value) / 2  # σ'' / 2
    _, lowest, most = parabolas(at, at, at)
    assert (lowest <= bend).all()
    assert (most >= bend).all()
    assert (most - lowest).max() < 1e-4


@pytest.mark.parametrize("seed", range(12))
def test_no_point_of_a_ball_has_a_smaller_margin(seed):
    random = generator(seed)
    depth = int(torch.randint(1, 4, (), generator=random))
    widths = [int(torch.randint(2, 9, (), generator=random)) for _ in range(depth + 2)]
    model = network(*widths, seed=seed, scale=1.0 + seed).double()
    x = torch.rand(1, widths[0], generator=random, dtype=torch.double)
    with torch.no_grad():
        logits = model(x)[0]
        best, target = logits.argmax(), (logits.argmax() + 1) % widths[-1]
        for radius in (0.0, 0.03, 0.3, 1.0, 4.0):
            proved = bounded(model, x, target[None], radius).item()
            found = model(x + ball(20_000, widths[0], radius, seed))
            margins = found[:, best] - found[:, target]
            assert proved <= margins.min() + 1e-9


def test_in_a_small_ball_the_margin_is_that_of_the_gradient():
    model = network(6, 7, 5, 3).double()
    x = torch.rand(4, 6, generator=generator(), dtype=torch.double).requires_grad_()
    logits = model(x)
    targets, rows = logits.topk(2).indices[:, 1], torch.arange(4)
    margins = logits.amax(1) - logits[rows, targets]
    (gradient,) = torch.autograd.grad(margins.sum(), x)
    losses = []
    for radius in (1e-2, 1e-3):
        expected = margins.detach() - radius * gradient.norm(dim=1)
        losses.append((expected - bounded(model, x.detach(), targets, radius)).max().item())
    assert 0 < losses[1] < losses[0] / 50  # it shrinks with the square of the radius


@pytest.mark.parametrize("shift", [-3.0, 0.0, 3.0])  # all eigenvalues negative, mixed, positive
def test_highest_is_the_maximum_in_the_ball(shift):
    random = generator(1)
    root = torch.randn(20, 3, 3, generator=random, dtype=torch.double)
    form = root + root.mT + 2 * shift * torch.eye(3)
    gradient = torch.randn(20, 3, generator=random, dtype=torch.double)
    for radius in (0.1, 1.0, 5.0):
        bound = trust_region_bound(gradient, form, torch.full((20,), radius, dtype=torch.double))
        r = ball(200_000, 3, radius)
        values = torch.einsum("ri,nij,rj->nr", r, form, r) - gradient @ r.T
        found = values.amax(1)
        assert (bound >= found).all()
        size = radius * gradient.norm(dim=1) + radius**2 * form.abs().amax((1, 2))
        assert ((bound - found) < 0.05 * size).all()


@pytest.mark.parametrize("half", [0.1, 1.0, 5.0])
def test_form_before_a_sigmoid_is_an_upper_bound(half):
    """For one unit: (s·α + e)² is at most the new H times α², and nearly that at an end."""
    at = torch.linspace(-3, 3, 25, dtype=torch.double)[:, None]
    one = torch.ones(25, 1, 1, dtype=torch.double)
    _, bent = _before(at, (at - half, at + half), 0 * at, one, inner=True)
    moved = torch.linspace(-half, half, 1001, dtype=torch.double)
    squares = ((at + moved).sigmoid() - at.sigmoid()).square()
    allowed = bent[:, 0] * moved.square()
    assert (squares <= allowed + 1e-15).all()
    if half == 0.1:
        assert (allowed <= 1.2 * squares + 1e-15).all()


def test_room_of_parabolas_is_no_larger_than_said():
    low, at, high = torch.tensor([[-9.0, -4.0], [-3.1, 0.6], [5.0, 4.0]]).double()
    slope, lowest, most = parabolas(at, low, high)
    d = (low - at) + (high - low) * torch.linspace(0, 1, 33).double()[:, None]
    quotient = ((at + d).sigmoid() - at.sigmoid() - slope * d) / d**2
    slack = ((high - low) / 64 + 2e-3) / 48  # half a step, and what lies next to the point itself
    torch.testing.assert_close(most, quotient.amax(0) + slack)
    torch.testing.assert_close(lowest, quotient.amin(0) - slack)


def test_multipliers_are_so_dense_that_a_bound_is_off_by_a_six_hundredth_at_most():
    bend = torch.linspace(0, 0.9, 46, dtype=torch.double)
    form = -bend[:, None, None] * torch.eye(3).double()  # the maximum is ρ‖g‖ − bend·ρ²
    gradient, radius = torch.tensor([[0.0, 2.0, 0.0]]).double().expand(46, 3), 1.0
    bound = trust_region_bound(gradient, form, torch.full((46,), radius).double())
    excess = (bound - (2.0 - bend)) / 2.0
    assert excess[0].abs() < 1e-6  # of a linear function it is exact
    assert excess.min() > -1e-9
    assert excess.max() < 1 / 600 + 1e-5


def test_a_ball_that_is_a_point_is_bounded_by_nothing():
    bound = trust_region_bound(
        torch.ones(1, 3).double(), torch.eye(3)[None].double(), torch.zeros(1).double()
    )
    assert 0 <= bound.item() < 1e-12


def test_form_has_no_negative_eigenvalue_behind_any_layer_but_the_first(monkeypatch):
    forms, before = [], curvature._before

    def kept(*arguments, inner):
        gradient, form = before(*arguments, inner=inner)
        forms.append(torch.linalg.eigvalsh(form).amin())
        return gradient, form

    monkeypatch.setattr(curvature, "_before", kept)
    for seed in range(3):
        model = network(6, 8, 8, 8, 3, seed=seed).double()
        x = torch.rand(4, 6, generator=generator(seed), dtype=torch.double)
        bounded(model, x, model(x).topk(2).indices[:, 1], 0.3)
    forms = torch.stack(forms).view(3, 3)
    assert (forms[:, :2] > -1e-12).all()
    assert (forms[:, 2] < -1e-3).all()  # there a negative one makes the bound better
