"""Where a convolution stretches most: the frequency with the largest norm, found and proved.

Most frequencies need no look. Let n be the degree of G(ξ) along an axis and M the largest norm
over all real frequencies. Where √(vᴴG(ξ)v) is M·sin(α), it is at most M·sin(α + n·|δ| / 2) at a
distance δ: a polynomial between 0 and M² cannot rise faster (Bernstein and Szegő [1]_). So a
frequency whose norm is well below the largest vouches for all frequencies near it.

References
----------
.. [1] P. Borwein and T. Erdélyi, *Polynomials and polynomial inequalities*, 1995, section 5.1.
"""

import math
from collections.abc import Iterator

import torch

from helpers.spectral.autocorrelation import GramPolynomial
from helpers.spectral.gram import any_above, largest_eigenvalue, likeliest

GRAMS_AT_ONCE = 2**22  # numbers of the G(ξ) that are made at once
HALF_WIDTHS = (13, 4, 1, 0)  # of cells of frequencies: each is 3 × 3 of the next
LOWEST_SHARE = 0.5  # of the largest norm: a test that hardly any cell would pass is left out


def peak_frequency(
    polynomial: GramPolynomial, grid: tuple[int, int]
) -> tuple[tuple[int, int], int]:
    """Return the frequency on a grid, and the group, with the largest eigenvalue of G.

    Parameters
    ----------
    polynomial : GramPolynomial
        The Gram matrices.
    grid : (int, int)
        Frequencies an axis. G(−ξ) is the complex conjugate of G(ξ), so half of them will do.

    Returns
    -------
    tuple of (int, int) and int
        Row and column on the grid, and the group. Up to rounding, no other eigenvalue is larger.
    """
    sides = torch.tensor([grid[0], grid[1] // 2 + 1])
    radians = 2 * torch.pi / torch.tensor(grid, dtype=torch.double)
    square, place = -1.0, None
    cells = None
    for half, share in _levels(polynomial, grid):
        if cells is None:
            axes = [torch.arange(half, side + half, 2 * half + 1) for side in sides.tolist()]
            cells = torch.cartesian_prod(*axes)
        else:
            near = torch.tensor([-1, 0, 1]) * (2 * half + 1)
            cells = (cells[:, None] + torch.cartesian_prod(near, near)).flatten(0, 1)
        cells = torch.minimum(cells, sides - 1).clamp_min(0).unique(dim=0)
        if half == 0:
            own_mirror = 2 * cells[:, 1] % grid[1] == 0
            cells = cells[~own_mirror | (2 * cells[:, 0] <= grid[0])]
        kept = []
        if not len(cells):
            break
        for part in cells.split(max(1, GRAMS_AT_ONCE // math.prod(polynomial.shape))):
            grams = polynomial.at(part * radians).flatten(0, 1)
            looked_at = likeliest(grams)[None] if half else torch.arange(len(grams))
            found, row = largest_eigenvalue(grams[looked_at], square)
            if found > square:
                frequency, group = divmod(looked_at[row].item(), polynomial.shape[0])
                square, place = found, (tuple(part[frequency].tolist()), group)
            if half:
                failed = any_above(grams, share**2 * square).view(len(part), -1).any(1)
                kept.append(part[failed.cpu()])
        cells = torch.cat(kept) if half else cells
    return place


def _levels(polynomial: GramPolynomial, grid: tuple[int, int]) -> Iterator[tuple[int, float]]:
    """Yield half-widths of cells, and what share of the largest norm on the grid is harmless.

    A cell whose centre is not above that share holds nothing above the largest norm X on the grid.
    X itself is at least Π cos(π n / 2N) times M on N frequencies an axis.
    """
    steps = [math.pi * n / side for n, side in zip(polynomial.degrees, grid, strict=True)]
    known = math.prod(math.cos(step / 2) for step in steps) if max(steps) < math.pi else 0.0
    for half in HALF_WIDTHS:
        angle = math.asin(known) - half * sum(steps)
        share = math.sin(angle) / known if known and angle > 0 else 0.0
        if half == 0 or share > LOWEST_SHARE:
            yield half, share
