"""Bound-constrained problems to compare minimisers on, in float64.

`PROBLEMS` has the functions of Moré, Garbow and Hillstrom twice, in a wide box that holds the
published minimiser and in one that cuts it off (the boxes are ours), the problems of Hock and
Schittkowski that have bounds and no other constraints, and others, each with its source.

References
----------
[HS] Hock and Schittkowski, "Test Examples for Nonlinear Programming Codes", 1981.
[S] Schittkowski, "More Test Examples for Nonlinear Programming Codes", 1987.
[C] CUTEst, whose names are used; Gould, Orban and Toint, Computational Optimization and
Applications 60, 2015.
[MT] Moré and Toraldo, "On the solution of large quadratic programming problems with bound
constraints", SIAM Journal on Optimization 1, 1991.
[Z] Zhu, Byrd, Lu and Nocedal, "Algorithm 778: L-BFGS-B", ACM Transactions on Mathematical Software
23, 1997.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from . import more_garbow_hillstrom as mgh
from .more_garbow_hillstrom import count

INF = math.inf


@dataclass
class Problem:
    """A function in a box, with a start and, where one is published, a minimum.

    The function takes points (k, n) and returns values (k,). Bounds are numbers or lists.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    start: list[float]
    lower: float | list[float]
    upper: float | list[float]
    minimum: float | None = field(default=None, kw_only=True)

    def objective(self, x: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return values (k,) and gradients (k, n)."""
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            values = self.function(x)
            (gradient,) = torch.autograd.grad(values.sum(), x)
        return values.detach(), gradient

    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return start, lower and upper, each of shape (1, n)."""
        start = torch.tensor([self.start]).double()
        bounds = (torch.tensor(bound).double() for bound in (self.lower, self.upper))
        return start, *(bound.broadcast_to(start.shape) for bound in bounds)


def squares(residuals: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return the function that is the sum of squares of these residuals."""
    return lambda x: residuals(x).square().sum(1)


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


PARABOLA = [i / 11 * (i / 11 - 1) for i in range(1, 11)]
RATES = [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5]

# name, start, published minimum, wide box (HS38 is that of wood), box that cuts the minimiser off
MGH = [
    ("rosenbrock", [-1.2, 1], 0, (-10, 10), (-1.5, [0.5, 2])),
    ("freudenstein_roth", [0.5, -2], 48.98425, (-20, 20), (-5, [8, 5])),
    ("powell_badly_scaled", [0, 1], 0, (-10, 10), ([0, 1], [1, 9])),
    ("brown_badly_scaled", [1, 1], 0, (-1e7, 1e7), ([0, 3e-5], [1e6, 100])),
    ("beale", [1, 1], 0, (-4.5, 4.5), (0.6, [2.5, 10])),
    ("jennrich_sampson", [0.3, 0.4], None, (-1, 1), ([0.26, 0], 1)),
    ("helical_valley", [-1, 0, 0], 0, (-10, 10), (-1, [0.8, 1, 1])),
    ("bard", [1, 1, 1], 8.21487e-3, (0, 10), ([0.1, 0, 0], [50, 100, 50])),
    ("gaussian", [0.4, 1, 0], 1.12793e-8, (-1, 2), ([0.398, 1, -0.5], [4.2, 2, 0.1])),
    ("meyer", [0.02, 4000, 250], None, (0, 1e5), ([0.006, 0, 0], [2, 3e5, 340])),
    ("gulf", [5, 2.5, 0.15], 0, (0.01, 100), (0.1, [10, 20, 3])),
    ("box_three_dimensional", [0, 10, 20], 0, (-5, 25), (0, [2, 9.5, 20])),
    ("powell_singular", [3, -1, 0, 1], 0, (-5, 5), ([0.1, -20, -1, -1], [100, 20, 1, 50])),
    ("wood", [-3, -1, -3, -1], 0, None, (0, [0.8, 2, 2, 2])),
    ("kowalik_osborne", [0.25, 0.39, 0.415, 0.39], 3.07505e-4, (0, 10), (0.13, 12)),
    (
        "brown_dennis",
        [25, 5, -5, -1],
        85822.2,
        (-100, 100),
        ([-10, 0, -100, -20], [100, 15, 0, 0.2]),
    ),
    (
        "osborne_1",
        [0.5, 1.5, -1, 0.01, 0.02],
        5.46489e-5,
        (-5, 5),
        ([0, 0, -2, 0, 0], [50, 1.9, -0.1, 10, 10]),
    ),
    ("biggs_exp6", [1, 2, 1, 1, 1, 1], None, (0, 20), ([0, 0, 0, 1, 0, 0], [2, 8, 1, 7, 5, 5])),
    ("osborne_2", RATES, 4.01377e-2, (0, 10), (0.5, 5)),
    ("watson", [0.0] * 6, 2.28767e-3, (-2, 2), (-0.5, 1)),
    ("rosenbrock", [-1.2, 1] * 10, 0, (-10, 10), (-5, [0.5, 5] * 10)),
    ("powell_singular", [3, -1, 0, 1] * 5, 0, (-5, 5), ([0.1, -20, -1, -1] * 5, 100)),
    ("penalty_1", [1, 2, 3, 4], 2.24997e-5, (-10, 10), ([0, 0.3, 0, 0], 10)),
    ("penalty_2", [0.5] * 4, 9.37629e-6, (-1, 1), ([-10, 0.3, 0, -1], [50, 50, 0.4, 0.5])),
    ("variably_dimensioned", [1 - i / 10 for i in range(1, 11)], 0, (-5, 5), (0, [0.8, 1.5] * 5)),
    ("trigonometric", [0.1] * 10, None, (-1, 1), ([0.02, 0.06] * 5, 1)),
    ("brown_almost_linear", [0.5] * 10, 0, (-2, 2), (0, [0.9, 2] * 5)),
    ("discrete_boundary_value", PARABOLA, 0, (-1, 1), (-0.1, 1)),
    ("discrete_integral_equation", PARABOLA, 0, (-1, 1), (-0.1, 1)),
    ("broyden_tridiagonal", [-1] * 10, 0, (-3, 3), (-1, [-0.6, -0.75] * 5)),
    ("broyden_banded", [-1] * 10, 0, (-3, 3), (-1, [-0.6, 0] * 5)),
    ("linear_full_rank", [1] * 10, 10, (-5, 5), (-0.5, 2)),
    ("linear_rank_1", [1] * 10, 380 / 82, (-5, 5), (0.5, 2)),
    ("linear_rank_1_zero", [1] * 10, 454 / 74, (-5, 5), (0.5, 2)),
    ("chebyquad", [i / 9 for i in range(1, 9)], 3.51687e-3, (0, 1), (0.1, 0.9)),
]


def of_more_garbow_hillstrom() -> list[Problem]:
    found = []
    for name, start, minimum, wide, tight in MGH:
        function, start = squares(getattr(mgh, name)), [float(one) for one in start]
        if wide is not None:
            wide_name = f"{name} {len(start)}, wide"
            found.append(Problem(wide_name, function, start, *wide, minimum=minimum))
        found.append(Problem(f"{name} {len(start)}, tight", function, start, *tight))
    return found


PROBLEMS = [
    *of_more_garbow_hillstrom(),
    Problem("HS1", squares(mgh.rosenbrock), [-2.0, 1.0], [-INF, -1.5], INF, minimum=0),
    Problem("HS2", squares(mgh.rosenbrock), [-2.0, 1.0], [-INF, 1.5], INF),
    Problem("HS3", hs3, [10.0, 1.0], [-INF, 0.0], INF, minimum=0),
    Problem("HS4", hs4, [1.125, 0.125], [1.0, 0.0], INF, minimum=8 / 3),
    Problem("HS5", hs5, [0.0, 0.0], [-1.5, -3.0], [4.0, 3.0], minimum=-1.91322295),
    Problem("HS25", squares(mgh.gulf), [100.0, 12.5, 3.0], [0.1, 0.0, 0.0], [100.0, 25.6, 5.0]),
    Problem("HS38", squares(mgh.wood), [-3.0, -1.0, -3.0, -1.0], -10.0, 10.0, minimum=0),
    Problem("HS45", hs45, [2.0] * 5, 0.0, [1.0, 2.0, 3.0, 4.0, 5.0], minimum=1),
    Problem("HS110", hs110, [9.0] * 10, 2.001, 9.999, minimum=-45.77846971),
    Problem("S201 in a box", s201, [8.0, 9.0], [5.5, -INF], 10.0),
    Problem("S206 in a box", s206, [-1.2, 1.0], -2.0, [0.5, 2.0]),
    Problem("S209 in a box", s209, [-10.0, 10.0], -10.0, [INF, 0.5]),
    Problem("S275 in a box", hilbert, [-4.0, -2.0, -4 / 3, -1.0], -5.0, [-0.5, 5.0, 5.0, 5.0]),
    Problem("S282 in a box", s282, [-1.2] + [0.0] * 8 + [0.5], -2.0, [2.0, 0.8] * 5),
    Problem("S289", s289, [(-1) ** i * (1 + i / 30) for i in range(1, 31)], -3.0, 3.0, minimum=0),
    Problem("S291", s290, [1.0] * 10, -INF, INF, minimum=0),
    Problem("S300", s300, [0.0] * 20, -INF, INF, minimum=-20),
    Problem("S303", s303, [0.1] * 20, -INF, INF, minimum=0),
    Problem("BIGGSB1", biggsb1, [0.0] * 25, 0.0, [0.9] * 24 + [INF]),
    Problem("sample [Z]", chain, [3.0] * 25, [1.0, -100.0] * 12 + [1.0], 100.0, minimum=0),
    Problem("HATFLDA", hatflda, [0.1] * 4, 1e-7, INF, minimum=0),
    Problem("HATFLDB", hatflda, [0.1] * 4, 1e-7, [INF, 0.8, INF, INF], minimum=5.57280900e-3),
    Problem("HATFLDC", hatfldc, [0.9] * 25, 0.0, 10.0, minimum=0),
    Problem("CVXBQP1", cvxbqp1, [0.5] * 30, 0.1, 10.0, minimum=0.045 * 465),
    Problem("CAMEL6", camel, [1.1, 1.1], [-3.0, -1.5], [3.0, 1.5]),
    Problem("EXPLIN", explin, [0.0] * 12, 0.0, 10.0),
    Problem("torsion", torsion, [0.0] * SIDE**2, [-one for one in TO_RIM], TO_RIM),
    Problem("obstacle", obstacle, [1.0] * SIDE**2, BUMPS.tolist(), 2000.0),
    Problem("bearing", bearing, [0.1] * SIDE**2, 0.0, INF),
    Problem("ramp", ramp, [0.0], 0.0, 1000.0, minimum=-1000),
    Problem("slow ramp", slow_ramp, [0.0], 0.0, 1.0, minimum=-1e-3),
    Problem("late step", late_step, [0.0], 0.0, 1.0, minimum=-1 / (1 + math.exp(-8))),
]
