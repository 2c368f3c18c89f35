"""Test functions that were published with bounds, each with its source.

Each takes points of shape (k, n) and returns values of shape (k,).

References
----------
[HS] Hock and Schittkowski, "Test Examples for Nonlinear Programming Codes", 1981: hs….
[S] Schittkowski, "More Test Examples for Nonlinear Programming Codes", 1987: s…, hilbert.
[C] CUTEst, whose names are used; Gould, Orban and Toint, Computational Optimization and
Applications 60, 2015.
[MT] Moré and Toraldo, "On the solution of large quadratic programming problems with bound
constraints", SIAM Journal on Optimization 1, 1991: torsion, obstacle, bearing.
[Z] Zhu, Byrd, Lu and Nocedal, "Algorithm 778: L-BFGS-B", ACM Transactions on Mathematical Software
23, 1997: chain.
"""

import math

import torch

from .residuals import count


def hs3(x):
    return x[:, 1] + 1e-5 * (x[:, 1] - x[:, 0]) ** 2


def hs4(x):
    return (x[:, 0] + 1) ** 3 / 3 + x[:, 1]


def hs5(x):
    a, b = x.unbind(1)
    return (a + b).sin() + (a - b) ** 2 - 1.5 * a + 2.5 * b + 1


def hs45(x):
    return 2 - x.prod(1) / 120


def hs110(x):
    return ((x - 2).log() ** 2 + (10 - x).log() ** 2).sum(1) - x.prod(1) ** 0.2


def s201(x):
    return 4 * (x[:, 0] - 5) ** 2 + (x[:, 1] - 6) ** 2


def s206(x):
    return (x[:, 1] - x[:, 0] ** 2) ** 2 + 100 * (1 - x[:, 0]) ** 2


def s209(x):
    return 1e4 * (x[:, 1] - x[:, 0] ** 2) ** 2 + (1 - x[:, 0]) ** 2


def hilbert(x):
    """S274 to S276: xᵀHx with Hilbert's matrix H."""
    i = count(x.shape[1])
    return ((x @ (1 / (i + i[:, None] - 1))) * x).sum(1)


def s282(x):
    chain = 10 * (count(9).flip(0) * (x[:, :-1] ** 2 - x[:, 1:]) ** 2).sum(1)
    return (x[:, 0] - 1) ** 2 + (x[:, -1] - 1) ** 2 + chain


def s289(x):
    return 1 - (-x.square().sum(1) / 60).exp()


def s290(x):
    """S290 to S293."""
    return (x**2 @ count(x.shape[1])) ** 2


def s300(x):
    """S300 to S302."""
    return (x[:, 0] - 2) * x[:, 0] + (2 * x[:, 1:] ** 2 - 2 * x[:, :-1] * x[:, 1:]).sum(1)


def s303(x):
    """S303 to S305."""
    slant = x @ count(x.shape[1]) / 2
    return x.square().sum(1) + slant**2 + slant**4


def biggsb1(x):
    return (x[:, 0] - 1) ** 2 + (x[:, 1:] - x[:, :-1]).square().sum(1) + (1 - x[:, -1]) ** 2


def chain(x):
    """The sample problem of L-BFGS-B."""
    return (x[:, 0] - 1) ** 2 + 4 * (x[:, 1:] - x[:, :-1] ** 2).square().sum(1)


def hatflda(x):
    return (x[:, 0] - 1) ** 2 + (x[:, :-1] - x[:, 1:].sqrt()).square().sum(1)


def hatfldc(x):
    steps = (x[:, 2:] - x[:, 1:-1] ** 2).square().sum(1)
    return (x[:, 0] - 1) ** 2 + steps + (x[:, -1] - 1) ** 2


def cvxbqp1(x):
    i = torch.arange(x.shape[1])
    near = x + x[:, (2 * i + 1) % len(i)] + x[:, (3 * i + 2) % len(i)]
    return near**2 @ count(x.shape[1]) / 2


def camel(x):
    a, b = x.unbind(1)
    return (4 - 2.1 * a**2 + a**4 / 3) * a**2 + a * b + (4 * b**2 - 4) * b**2


def explin(x):
    pairs = (0.1 * x[:, :-1] * x[:, 1:]).exp().sum(1)
    return pairs - 10 * x @ count(x.shape[1])


SIDE = 8  # inner points of a grid along a side
CENTRE = count(SIDE) / (SIDE + 1)  # where they are in (0, 1)


def dirichlet(x, weight=1.0):
    """Return ½∫|∇v|² by differences between neighbours on a square with v = 0 at its rim."""
    grid = torch.nn.functional.pad(x.view(-1, SIDE, SIDE), (1, 1, 1, 1))
    across, down = grid.diff(dim=2).square(), grid.diff(dim=1).square()
    return ((weight * across[:, :-1]).sum((1, 2)) + (weight * down[:, :, :-1]).sum((1, 2))) / 2


def torsion(x):
    """Elastic-plastic torsion of a bar: [MT], force 5."""
    return dirichlet(x) - 5 / (SIDE + 1) ** 2 * x.sum(1)


TO_RIM = torch.minimum(CENTRE, 1 - CENTRE)
TO_RIM = torch.minimum(TO_RIM, TO_RIM[:, None]).flatten().tolist()


def obstacle(x):
    """A membrane over an obstacle: [MT], force 1."""
    return dirichlet(x) - 1 / (SIDE + 1) ** 2 * x.sum(1)


BUMPS = (((3.2 * math.pi * CENTRE).sin() * (3.2 * math.pi * CENTRE[:, None]).sin()) ** 3).flatten()


def bearing(x):
    """Pressure in a journal bearing of eccentricity 0.1: [MT]."""
    angle = 2 * math.pi * torch.arange(SIDE + 1) / (SIDE + 1)
    film = (1 + 0.1 * angle.cos().double()) ** 3
    sources = 0.1 * (2 * math.pi * CENTRE).sin().repeat(SIDE, 1).flatten()
    return dirichlet(x, film) - 4 / (SIDE + 1) ** 2 * (x @ sources)


def ramp(x):
    return -x.sum(1)


def slow_ramp(x):
    return -1e-3 * x.sum(1)


def late_step(x):
    return -torch.sigmoid(20 * x - 12).sum(1)
