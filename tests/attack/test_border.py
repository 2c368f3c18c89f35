import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from torch import nn

from helpers.attack.border import fit_multiplier, project, pull_back
from helpers.attack.losses import target_margin


def network(seed):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 30), nn.Sigmoid(), nn.Linear(30, 3))
    model[1].weight.data *= 20
    for layer in model[1::2]:
        layer.bias.data = -layer.weight.data.sum(1) / 2  # no class has all the images
    return model.double().eval()


@pytest.mark.parametrize("seed", range(3))
def test_border_is_the_root_of_the_margin_on_the_line(seed):
    model, generator = network(seed), torch.Generator().manual_seed(seed)
    x, y = torch.rand(2, 200, 1, 4, 4, generator=generator).double()
    targets = (model(x).argmax(1) + 1) % 3
    found = pull_back(model, x, y, targets, (0, 1))
    success, errors = target_margin(model, y, targets) > 0, []
    assert (target_margin(model, found[success], targets[success]) > 0).all()
    for row in success.nonzero().flatten().tolist():

        def margin(share, row=row):
            image = x[row : row + 1] + share * (y - x)[row : row + 1]
            return target_margin(model, image, targets[row : row + 1]).item()

        share = ((found - x)[row].norm() / (y - x)[row].norm()).item()
        torch.testing.assert_close(found[row], x[row] + share * (y - x)[row])
        signs = np.sign([margin(k / 50) for k in range(51)])
        if np.count_nonzero(np.diff(signs)) == 1:
            errors.append(share - brentq(margin, 0, 1, xtol=1e-12))
    assert len(errors) > 20
    assert min(errors) > -1e-11
    assert np.median(errors) < 1e-6
    assert np.mean(errors) < 0.005


def on_the_line(border, attempt, upper=math.inf):
    """Return what comes of an attempt on the line from 0, where the label changes at a border."""
    model = nn.Sequential(nn.Linear(1, 2)).double().eval()
    model[0].weight.data = torch.tensor([[0.0], [0.7]], dtype=torch.float64)
    model[0].bias.data = torch.tensor([0.7 * border, 0.0], dtype=torch.float64)
    x, y = torch.zeros(1, 1).double(), torch.full((1, 1), attempt).double()
    return pull_back(model, x, y, torch.tensor([1]), (0, upper)).item()


def test_border_at_the_first_secant_is_not_missed():
    """There the margin is 0 but for rounding, so that the image may lie on either side."""
    for border in np.random.default_rng(0).uniform(size=50):
        assert border <= on_the_line(border, 1.0) < border + 1e-8


@pytest.mark.parametrize("border", [4.1, 5.0, 10.0])
def test_attempt_that_fails_is_extended(border):
    assert border <= on_the_line(border, 4.0) < border * (1 + 1e-8)


@pytest.mark.parametrize(("border", "upper"), [(10.4, math.inf), (5.0, 4.9)])
def test_attempt_stays_where_the_line_leaves_box_or_reach_before_the_border(border, upper):
    assert on_the_line(border, 4.0, upper) == 4.0


def projections(count=6, pixels=40, seed=0):
    """Return images x, directions g and P(x + 0.3 g), many of whose pixels are at the box."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(count, pixels, generator=generator).double()
    g = 2 * torch.randn(count, pixels, generator=generator).double()
    return x, g, (x + 0.3 * g).clamp(0, 1)


def test_multiplier_of_a_projection_is_found_and_nothing_is_left():
    x, g, y = projections()
    assert ((y == 0) | (y == 1)).sum(1).min() > 5
    mu, residual = fit_multiplier(x, y, g, (0.0, 1.0))
    torch.testing.assert_close(mu, torch.full((6,), 0.3).double())
    assert residual.max() < 1e-12


def test_multiplier_fits_what_is_inside_the_box_and_the_rest_is_said_as_a_share():
    x, g, y = projections()
    y = (y + 0.1 * torch.randn(y.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)
    mu, residual = fit_multiplier(x, y, g, (0.0, 1.0))
    y_hat = project(x, mu, g, (0.0, 1.0))
    torch.testing.assert_close(residual, (y_hat - y).norm(dim=1) / (y - x).norm(dim=1))
    inside = ((y_hat > 0) & (y_hat < 1)).double()
    fitted = (inside * g * (y - x)).sum(1) / (inside * g * g).sum(1)  # least squares, there
    torch.testing.assert_close(mu, fitted)


def test_pixels_that_did_not_move_are_not_fitted():
    x, g = torch.tensor([[0.5, 1.0]]).double(), torch.tensor([[1.0, 5.0]]).double()
    mu, residual = fit_multiplier(x, torch.tensor([[0.7, 1.0]]).double(), g, (0.0, 1.0))
    assert mu.item() == pytest.approx(0.2)
    assert residual.item() == pytest.approx(0, abs=1e-12)


def test_border_of_a_curved_margin_is_found_in_eight_evaluations():
    """A cube root is the worst case of secants: halving the ends' weights bounds what is left."""

    class Root(nn.Module):
        asked = 0

        def forward(self, x):
            self.asked += 1
            height = (x - 0.3).sign() * (x - 0.3).abs() ** (1 / 3)
            return torch.cat([0 * height, height], 1)

    model, x = Root(), torch.zeros(1, 1).double()
    found = pull_back(model, x, x + 1, torch.tensor([1]), (0, 1)).item()
    assert model.asked == 1 + 1 + 8
    assert 0.3 < found < 0.32


def test_line_is_lengthened_ten_times_by_a_tenth():
    class Never(nn.Module):
        seen = ()

        def forward(self, x):
            self.seen = (*self.seen, x.item())
            return torch.tensor([[1.0, 0.0]]).double()

    model, x = Never(), torch.zeros(1, 1).double()
    pull_back(model, x, x + 1, torch.tensor([1]), (-math.inf, math.inf))
    assert model.seen[:12] == pytest.approx((0, *(1.1**k for k in range(11))))


def test_image_is_inside_by_what_rounding_may_take_of_the_largest_logit():
    model = nn.Sequential(nn.Linear(1, 3)).double().eval()
    model[0].weight.data = torch.tensor([[0.0], [0.7], [0.0]]).double()
    model[0].bias.data = torch.tensor([1e6 + 0.35, 1e6, 0.0], dtype=torch.float64)
    x = torch.zeros(1, 1).double()
    found = pull_back(model, x, x + 1, torch.tensor([1]), (0, 1)).item()
    slack = 128 * 2.0**-52 * 1e6
    assert slack <= 0.7 * (found - 0.5) < 1.3 * slack
