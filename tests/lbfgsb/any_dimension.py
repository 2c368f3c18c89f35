"""Moré, Garbow and Hillstrom's functions of any number of variables, as residuals.

Each takes points of shape (k, n) and returns residuals of shape (k, m), whose squares are summed.
The number in a docstring is that of the function in the source.

References
----------
Moré, Garbow and Hillstrom, "Testing unconstrained optimization software", ACM Transactions on
Mathematical Software 7, 1981.
"""

import math

import torch
from torch import Tensor

from .residuals import columns, count


def watson(x: Tensor) -> Tensor:
    """20."""
    n = x.shape[1]
    t = count(29)[:, None] / 29
    slope = x[:, 1:] @ (count(n - 1) * t ** count(n - 2, 0)).T
    height = x @ (t ** count(n - 1, 0)).T
    return columns(slope - height**2 - 1, x[:, 0], x[:, 1] - x[:, 0] ** 2 - 1)


def penalty_1(x: Tensor) -> Tensor:
    """23."""
    return columns(math.sqrt(1e-5) * (x - 1), x.square().sum(1) - 0.25)


def penalty_2(x: Tensor) -> Tensor:
    """24."""
    n = x.shape[1]
    i, small = count(n, 2), math.sqrt(1e-5)
    y = (i / 10).exp() + ((i - 1) / 10).exp()
    tenth = (x / 10).exp()
    return columns(
        x[:, 0] - 0.2,
        small * (tenth[:, 1:] + tenth[:, :-1] - y),
        small * (tenth[:, 1:] - math.exp(-0.1)),
        x.square() @ count(n).flip(0) - 1,
    )


def variably_dimensioned(x: Tensor) -> Tensor:
    """25."""
    weighted = (x - 1) @ count(x.shape[1])
    return columns(x - 1, weighted, weighted**2)


def trigonometric(x: Tensor) -> Tensor:
    """26."""
    n = x.shape[1]
    return n - x.cos().sum(1, keepdim=True) + count(n) * (1 - x.cos()) - x.sin()


def brown_almost_linear(x: Tensor) -> Tensor:
    """27."""
    return columns((x + x.sum(1, keepdim=True) - x.shape[1] - 1)[:, :-1], x.prod(1) - 1)


def discrete_boundary_value(x: Tensor) -> Tensor:
    """28."""
    n = x.shape[1]
    h = 1 / (n + 1)
    beside = torch.nn.functional.pad(x, (1, 1))
    return 2 * x - beside[:, :-2] - beside[:, 2:] + h**2 * (x + h * count(n) + 1) ** 3 / 2


def discrete_integral_equation(x: Tensor) -> Tensor:
    """29."""
    n = x.shape[1]
    h = 1 / (n + 1)
    t = h * count(n)
    kernel = torch.minimum(t, t[:, None]) * (1 - torch.maximum(t, t[:, None]))
    return x + h / 2 * (x + t + 1) ** 3 @ kernel


def broyden_tridiagonal(x: Tensor) -> Tensor:
    """30."""
    beside = torch.nn.functional.pad(x, (1, 1))
    return (3 - 2 * x) * x - beside[:, :-2] - 2 * beside[:, 2:] + 1


def broyden_banded(x: Tensor) -> Tensor:
    """31."""
    beside = torch.nn.functional.pad(x * (1 + x), (5, 1))
    near = beside.unfold(1, 7, 1).sum(2) - x * (1 + x)
    return x * (2 + 5 * x**2) + 1 - near


def linear_full_rank(x: Tensor) -> Tensor:
    """32, with twice as many residuals as variables."""
    n = x.shape[1]
    mean = x.sum(1, keepdim=True) / n
    return columns(x - mean - 1, (-mean - 1).expand(-1, n))


def linear_rank_1(x: Tensor) -> Tensor:
    """33, with twice as many residuals as variables."""
    n = x.shape[1]
    return count(2 * n) * (x @ count(n))[:, None] - 1


def linear_rank_1_zero(x: Tensor) -> Tensor:
    """34, with zero columns and rows, and twice as many residuals as variables."""
    n = x.shape[1]
    inner = count(2 * n - 2) * (x[:, 1:-1] @ count(n - 1, 2))[:, None] - 1
    one = torch.ones_like(x[:, 0])
    return columns(-one, inner, -one)


def chebyquad(x: Tensor) -> Tensor:
    """35, with as many residuals as variables."""
    n = x.shape[1]
    before, now, residuals = torch.ones_like(x), 2 * x - 1, []
    for i in range(1, n + 1):
        integral = -1 / (i**2 - 1) if i % 2 == 0 else 0.0
        residuals.append(now.mean(1) - integral)
        before, now = now, 2 * (2 * x - 1) * now - before
    return columns(*residuals)
