"""The 35 test functions of Moré, Garbow and Hillstrom, as residuals whose squares are summed.

Each takes points of shape (k, n) and returns residuals of shape (k, m). The number in a docstring
is that of the function in the source.

References
----------
Moré, Garbow and Hillstrom, "Testing unconstrained optimization software", ACM Transactions on
Mathematical Software 7, 1981.
"""

import math

import torch
from torch import Tensor

BARD = "14 18 22 25 29 32 35 39 37 58 73 96 134 210 439"  # hundredths
GAUSSIAN = "9 44 175 540 1295 2420 3521 3989"  # ten-thousandths, up to the peak
MEYER = "34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820 3307 2872"
KOWALIK_Y = "1957 1947 1735 1600 844 627 456 342 323 235 246"  # ten-thousandths
KOWALIK_U = "40000 20000 10000 5000 2500 1670 1250 1000 833 714 625"  # ten-thousandths
OSBORNE_1 = (  # thousandths, as OSBORNE_2
    "844 908 932 936 925 908 881 850 818 784 751 718 685 658 628 603 580 558 538 522 506 490 478 "
    "467 457 448 438 431 424 420 414 411 406"
)
OSBORNE_2 = (
    "1366 1191 1112 1013 991 885 831 847 786 725 746 679 608 655 616 606 602 626 651 724 649 649 "
    "694 644 624 661 612 558 533 495 500 423 395 375 372 391 396 405 428 429 523 562 607 653 672 "
    "708 633 668 645 632 591 559 597 625 739 710 729 720 636 581 428 292 162 98 54"
)


def measured(digits: str, unit: float) -> Tensor:
    """Return measurements that are written as whole numbers of a unit."""
    return torch.tensor([float(one) for one in digits.split()]).double() * unit


def count(last: int, first: int = 1) -> Tensor:
    """Return first, …, last."""
    return torch.arange(first, last + 1).double()


def columns(*residuals: Tensor) -> Tensor:
    """Put residuals of shape (k,) or (k, m) side by side."""
    return torch.cat([one[:, None] if one.ndim == 1 else one for one in residuals], 1)


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


def bard(x: Tensor) -> Tensor:
    """8."""
    u = count(15)
    v = 16 - u
    w = torch.minimum(u, v)
    return measured(BARD, 1e-2) - (x[:, :1] + u / (v * x[:, 1:2] + w * x[:, 2:]))


def gaussian(x: Tensor) -> Tensor:
    """9."""
    rise = measured(GAUSSIAN, 1e-4)
    t = (8 - count(15)) / 2
    a, b, c = x.T[:, :, None]
    return a * (-b * (t - c) ** 2 / 2).exp() - torch.cat([rise, rise[:-1].flip(0)])


def meyer(x: Tensor) -> Tensor:
    """10."""
    a, b, c = x.T[:, :, None]
    return a * (b / (45 + 5 * count(16) + c)).exp() - measured(MEYER, 1.0)


def gulf(x: Tensor) -> Tensor:
    """11, gulf research and development, with 99 residuals."""
    t = count(99) / 100
    y = 25 + (-50 * t.log()) ** (2 / 3)
    a, b, c = x.T[:, :, None]
    return (-((y - b).abs() ** c) / a).exp() - t


def box_three_dimensional(x: Tensor) -> Tensor:
    """12, with ten residuals."""
    t = count(10) / 10
    a, b, c = x.T[:, :, None]
    return (-t * a).exp() - (-t * b).exp() - c * ((-t).exp() - (-10 * t).exp())


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


def kowalik_osborne(x: Tensor) -> Tensor:
    """15."""
    u = measured(KOWALIK_U, 1e-4)
    a, b, c, d = x.T[:, :, None]
    return measured(KOWALIK_Y, 1e-4) - a * (u**2 + u * b) / (u**2 + u * c + d)


def brown_dennis(x: Tensor) -> Tensor:
    """16, with twenty residuals."""
    t = count(20) / 5
    a, b, c, d = x.T[:, :, None]
    return (a + t * b - t.exp()) ** 2 + (c + d * t.sin() - t.cos()) ** 2


def osborne_1(x: Tensor) -> Tensor:
    """17."""
    t = 10 * count(32, 0)
    a, b, c, d, e = x.T[:, :, None]
    return measured(OSBORNE_1, 1e-3) - (a + b * (-t * d).exp() + c * (-t * e).exp())


def biggs_exp6(x: Tensor) -> Tensor:
    """18, with 13 residuals."""
    t = count(13) / 10
    y = (-t).exp() - 5 * (-10 * t).exp() + 3 * (-4 * t).exp()
    a, b, c, d, e, f = x.T[:, :, None]
    return c * (-t * a).exp() - d * (-t * b).exp() + f * (-t * e).exp() - y


def osborne_2(x: Tensor) -> Tensor:
    """19."""
    t = count(64, 0) / 10
    heights, rates, places = x[:, :4, None], x[:, 4:8, None], x[:, 8:, None]
    decay = heights[:, 0] * (-t * rates[:, 0]).exp()
    peaks = heights[:, 1:] * (-((t - places) ** 2) * rates[:, 1:]).exp()
    return measured(OSBORNE_2, 1e-3) - decay - peaks.sum(1)


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
