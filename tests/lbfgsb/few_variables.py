"""Moré, Garbow and Hillstrom's functions of two to four variables, as residuals.

Each takes points of shape (k, n) and returns residuals of shape (k, m), whose squares are summed.
The number in a docstring is that of the function in the source; two have extended versions.

References
----------
Moré, Garbow and Hillstrom, "Testing unconstrained optimization software", ACM Transactions on
Mathematical Software 7, 1981.
"""

import math

import torch
from torch import Tensor

from .residuals import columns, count


def rosenbrock(x: Tensor) -> Tensor:
    """1, and 21, extended Rosenbrock, where n is above 2."""
    odd, even = x[:, ::2], x[:, 1::2]
    return columns(10 * (even - odd**2), 1 - odd)


def freudenstein_roth(x: Tensor) -> Tensor:
    """2."""
    a, b = x.unbind(1)
    return columns(
        -13 + a + ((5 - b) * b - 2) * b,
        -29 + a + ((b + 1) * b - 14) * b,
    )


def powell_badly_scaled(x: Tensor) -> Tensor:
    """3."""
    a, b = x.unbind(1)
    return columns(1e4 * a * b - 1, (-a).exp() + (-b).exp() - 1.0001)


def brown_badly_scaled(x: Tensor) -> Tensor:
    """4."""
    a, b = x.unbind(1)
    return columns(a - 1e6, b - 2e-6, a * b - 2)


def beale(x: Tensor) -> Tensor:
    """5."""
    a, b = x[:, :1], x[:, 1:]
    return torch.tensor([1.5, 2.25, 2.625]).double() - a * (1 - b ** count(3))


def jennrich_sampson(x: Tensor) -> Tensor:
    """6."""
    i = count(10)
    return 2 + 2 * i - ((i * x[:, :1]).exp() + (i * x[:, 1:]).exp())


def helical_valley(x: Tensor) -> Tensor:
    """7."""
    a, b, c = x.unbind(1)
    turn = torch.atan(b / a) / (2 * math.pi) + 0.5 * (a < 0)
    return columns(10 * (c - 10 * turn), 10 * ((a**2 + b**2).sqrt() - 1), c)


def powell_singular(x: Tensor) -> Tensor:
    """13, and 22, extended Powell singular, where n is above 4."""
    a, b, c, d = (x[:, start::4] for start in range(4))
    return columns(
        a + 10 * b,
        math.sqrt(5) * (c - d),
        (b - 2 * c) ** 2,
        math.sqrt(10) * (a - d) ** 2,
    )


def wood(x: Tensor) -> Tensor:
    """14."""
    a, b, c, d = x.unbind(1)
    return columns(
        10 * (b - a**2),
        1 - a,
        math.sqrt(90) * (d - c**2),
        1 - c,
        math.sqrt(10) * (b + d - 2),
        (b - d) / math.sqrt(10),
    )


def brown_dennis(x: Tensor) -> Tensor:
    """16, with twenty residuals."""
    t = count(20) / 5
    a, b, c, d = x.T[:, :, None]
    return (a + t * b - t.exp()) ** 2 + (c + d * t.sin() - t.cos()) ** 2
