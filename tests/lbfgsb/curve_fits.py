"""Moré, Garbow and Hillstrom's functions that fit a curve to measurements, as residuals.

Each takes points of shape (k, n) and returns residuals of shape (k, m), whose squares are summed.
The number in a docstring is that of the function in the source.

References
----------
Moré, Garbow and Hillstrom, "Testing unconstrained optimization software", ACM Transactions on
Mathematical Software 7, 1981.
"""

import torch
from torch import Tensor

from .residuals import count

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


def kowalik_osborne(x: Tensor) -> Tensor:
    """15."""
    u = measured(KOWALIK_U, 1e-4)
    a, b, c, d = x.T[:, :, None]
    return measured(KOWALIK_Y, 1e-4) - a * (u**2 + u * b) / (u**2 + u * c + d)


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
