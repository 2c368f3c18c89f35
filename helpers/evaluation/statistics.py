"""How far a figure of Tables 2 and 4 could be off, and how many images the paper's can be of.

Every figure of these tables is a function of means over images, so one bootstrap serves all of
them: draw the images anew with replacement, take the means again, and see how the figure moves.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import scipy
import torch
from torch import Tensor


class Estimate(NamedTuple):
    """A figure and the interval around it: numbers, or arrays of one shape."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


def bootstrap(
    values: Tensor,
    statistic: Callable[[np.ndarray], np.ndarray] = lambda means: means,
    *,
    resamples: int = 1000,
    confidence: float = 0.95,
    generator: torch.Generator,
) -> Estimate:
    """Return a figure that is a function of means over images, with its percentile interval.

    Parameters
    ----------
    values : Tensor, shape (..., N)
        Something measured on each of N images, such as ``Transfer.wrong``.
    statistic : callable
        Maps means of shape (B, ...), one for each resample, to figures of shape (B, ...). The
        means themselves by default. A ratio may be infinite.
    resamples : int
        How often N images are drawn with replacement.
    confidence : float
        Share of the resamples whose figure lies inside.
    generator : torch.Generator
        Source of the randomness, on the CPU.

    Returns
    -------
    Estimate
        The figure for the images as they are, and the lower and upper ends.

    Raises
    ------
    ValueError
        If there is no image.

    References
    ----------
    Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    images = values.shape[-1]
    if images == 0:
        raise ValueError("values must hold at least one image, got none")
    flat = values.cpu().float().reshape(-1, images)
    means = [flat.mean(1)]  # first, each image once
    for _ in range(resamples):
        drawn = torch.randint(images, (images,), generator=generator)
        means.append(flat @ drawn.bincount(minlength=images).float() / images)
    with np.errstate(divide="ignore", invalid="ignore"):
        figures = statistic(torch.stack(means).view(-1, *values.shape[:-1]).double().numpy())
    tail = 100 * (1 - confidence) / 2
    # there is no way between a figure and an infinite one: take the nearest that occurred
    low, high = np.percentile(figures[1:], [tail, 100 - tail], axis=0, method="nearest")
    return Estimate(figures[0], low, high)


def rank_correlation(first, second) -> np.ndarray:
    """Return Spearman's rank correlation along the last axis; ties get their mean rank.

    Parameters
    ----------
    first, second : array-like, shapes (..., C)
        Two rows of a table, or many; they broadcast.

    Returns
    -------
    ndarray, shape (...)
        Between −1 and 1; nan where all values of a row are equal.
    """
    ranks = [scipy.stats.rankdata(values, axis=-1) for values in (first, second)]
    a, b = (r - r.mean(-1, keepdims=True) for r in ranks)
    with np.errstate(invalid="ignore"):
        return (a * b).sum(-1) / np.sqrt((a**2).sum(-1) * (b**2).sum(-1))


def grim_consistent(printed: str, images: int) -> bool:
    """Return whether some count of `images` gives the percentage that was printed.

    Parameters
    ----------
    printed : str
        A percentage as it stands in a table, such as ``"6.25"``; a whole number is taken to
        one decimal, as ``"2"`` among ``"3.9"`` and ``"2.7"``.
    images : int
        How many images a share would be of.

    References
    ----------
    Brown and Heathers, "The GRIM test", Social Psychological and Personality Science 8 (2017).
    """
    percent, half = Fraction(printed), Fraction(1, 2 * 10 ** max(1, len(printed.partition(".")[2])))
    count = percent * images / 100
    counts = (math.floor(count), math.ceil(count))
    return any(abs(Fraction(100 * count, images) - percent) <= half for count in counts)


def binomial_interval(share: float, images: int, *, confidence: float = 0.95) -> Estimate:
    """Return a share of `images` with what it does not exclude (Clopper and Pearson, 1934)."""
    found = scipy.stats.binomtest(round(share * images), images).proportion_ci(confidence)
    return Estimate(share, found.low, found.high)


def paired_difference(first, second, *, confidence: float = 0.95) -> Estimate:
    """Return the mean of first − second over pairs, with Student's interval.

    Parameters
    ----------
    first, second : sequence of float
        At least two pairs, such as errors of two methods from the same seeds.
    confidence : float
        Of the interval.

    Raises
    ------
    ValueError
        If the two are not of one length, or there are fewer than two pairs.
    """
    if len(first) != len(second) or len(first) < 2:
        raise ValueError(
            f"first and second must be at least two pairs, got {len(first)} and {len(second)}"
        )
    gaps = np.subtract(first, second)
    half = scipy.stats.t.ppf((1 + confidence) / 2, len(gaps) - 1) * scipy.stats.sem(gaps)
    return Estimate(gaps.mean(), gaps.mean() - half, gaps.mean() + half)


def upper_confidence_limit(count: int, samples: int, *, confidence: float = 0.95) -> float:
    """Return the largest share that a count does not exclude (Clopper and Pearson, 1934).

    With a count of 0 it is 1 − (1 − confidence)^(1/samples), about 3/samples at 95 %: the rule
    of three.
    """
    return (
        float(scipy.stats.beta.ppf(confidence, count + 1, samples - count))
        if count < samples
        else 1.0
    )
