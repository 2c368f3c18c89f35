import math

import pytest
import torch
from torch import nn

from helpers.spectral import peak
from helpers.spectral.autocorrelation import GramPolynomial, polyphase
from helpers.spectral.peak import peak_frequency

from ..examples import generator


def kernels(kind, seed, side=3, channels=4):
    """Return kernels whose norms differ little or much between frequencies."""
    conv = nn.Conv2d(channels, channels, side, dtype=torch.double).requires_grad_(False)
    nn.init.normal_(conv.weight, generator=generator(seed))
    if kind == "smooth":
        conv.weight += (
            3 * torch.randn(channels, channels, generator=generator(seed))[..., None, None]
        )
    elif kind == "wave":
        turn = torch.linspace(0, seed, side).cos().double()
        conv.weight += 3 * torch.outer(turn, turn.flip(0))
    return polyphase(conv)


def every_eigenvalue(polynomial, grid):
    """Return the largest eigenvalue of each group at every frequency of a grid."""
    axes = [2 * math.pi * torch.arange(side).double() / side for side in grid]
    grams = polynomial.at(torch.cartesian_prod(*axes))
    return torch.linalg.eigvalsh(grams)[..., -1].view(*grid, -1)


@pytest.mark.parametrize("kind", ["random", "smooth", "wave"])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("grid", [(1, 1), (4, 7), (24, 31), (60, 44)])
def test_it_is_the_strongest_of_all_frequencies(kind, seed, grid):
    polynomial = GramPolynomial(*kernels(kind, seed))
    values = every_eigenvalue(polynomial, grid)
    (row, column), group = peak_frequency(polynomial, grid)
    assert values[row, column, group].item() == pytest.approx(values.max().item(), rel=1e-12)


@pytest.mark.parametrize("degree", [1, 2, 4])
def test_centre_next_to_the_steepest_peak_is_just_above_the_share(degree):
    # (1 + cos(n ξ)) / 2 falls off as fast as a polynomial between 0 and 1 can
    kernel = torch.zeros(1, 1, 1, 1, degree + 1, dtype=torch.double)
    kernel[..., 0] = kernel[..., -1] = 0.5
    polynomial, columns = GramPolynomial(kernel, (1, 1)), 64 * degree
    norms = every_eigenvalue(polynomial, (1, columns))[0, :, 0].sqrt()
    shares = dict(peak._levels(polynomial, (1, columns)))
    assert list(shares) == [13, 4, 1, 0]
    for half, share in shares.items():
        room = norms[half].item() - share
        assert -1e-12 <= room <= math.tan(math.pi / 128)  # half a step of the grid


def test_most_frequencies_of_a_fine_grid_are_not_looked_at(monkeypatch):
    looked_at = []
    at = GramPolynomial.at

    def counted(self, angles):
        looked_at.append(len(angles))
        return at(self, angles)

    polynomial = GramPolynomial(*kernels("smooth", 0))
    monkeypatch.setattr(GramPolynomial, "at", counted)
    place = peak_frequency(polynomial, (200, 200))
    assert sum(looked_at) < 200 * 101 / 20
    monkeypatch.setattr(peak, "HALF_WIDTHS", (0,))
    assert peak_frequency(polynomial, (200, 200)) == place
    assert sum(looked_at) > 200 * 100


def test_groups_are_told_apart_and_parts_change_nothing(monkeypatch):
    conv = nn.Conv2d(6, 6, 3, groups=3, dtype=torch.double).requires_grad_(False)
    nn.init.normal_(conv.weight, generator=generator(3))
    conv.weight[2:4] *= 3
    polynomial = GramPolynomial(*polyphase(conv))
    place, group = peak_frequency(polynomial, (9, 8))
    assert group == 1
    monkeypatch.setattr(peak, "GRAMS_AT_ONCE", 30)
    assert peak_frequency(polynomial, (9, 8)) == (place, group)


def test_no_more_than_four_million_numbers_are_made_at_once(monkeypatch):
    made, at = [], GramPolynomial.at

    def counted(self, angles):
        grams = at(self, angles)
        made.append(grams.numel())
        return grams

    monkeypatch.setattr(GramPolynomial, "at", counted)
    monkeypatch.setattr(peak, "largest_eigenvalue", lambda grams, square: (square, -1))
    monkeypatch.setattr(peak, "HALF_WIDTHS", (0,))
    polynomial = GramPolynomial(*kernels("smooth", 0, channels=64))
    peak_frequency(polynomial, (40, 60))
    assert len(made) == 2
    assert max(made) <= 2**22 < sum(made)


@pytest.mark.parametrize("columns", [256, 500])
def test_peak_is_found_wherever_it_lies(columns):
    for tap in torch.linspace(-3.9, 3.9, 60).tolist():  # the peak is where cos ξ = tap / 4
        kernel = torch.tensor([1, tap, -0.5], dtype=torch.double).view(1, 1, 1, 1, 3)
        polynomial = GramPolynomial(kernel, (1, 1))
        assert len(list(peak._levels(polynomial, (1, columns)))) == 4
        values = every_eigenvalue(polynomial, (1, columns))[0, :, 0]
        (_, column), _ = peak_frequency(polynomial, (1, columns))
        assert values[column].item() == pytest.approx(values.max().item(), rel=1e-12)
