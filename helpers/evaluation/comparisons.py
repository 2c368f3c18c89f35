"""Whether two figures can be of one and the same thing, both samples' errors taken together.

An interval of a difference that holds 0 says that they can. `equivalence` asks for more: that two
means are close, which "no difference was found" does not say.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy

from helpers.evaluation.statistics import Estimate


def share_gap(
    first: float,
    second: float,
    *,
    images: tuple[int, int],
    runs: Sequence[float] = (),
    rounding: float = 0.0,
    confidence: float = 0.95,
) -> Estimate:
    """Return second − first of two shares of images, with the interval of their difference.

    Wilson's intervals of the two shares are combined as Newcombe does (1998, method 10). Where
    `second` is the mean of several networks, the first sample's network is taken to be one more
    of their kind: their spread s enters as Student's t · s · √(1 + 1/k).

    Parameters
    ----------
    first, second : float
        Two shares, from 0 to 1.
    images : tuple of two int
        How many images each is a share of.
    runs : sequence of float
        The shares of the k networks, of other seeds, that `second` is the mean of; none where
        their spread is not known.
    rounding : float
        How far `first` may lie from what is printed.
    confidence : float
        Of the interval.

    Raises
    ------
    ValueError
        If a share is not between 0 and 1, or there is no image.

    References
    ----------
    Newcombe, "Interval estimation for the difference between independent proportions", 1998.
    """
    if not (0 <= first <= 1 and 0 <= second <= 1) or min(images) < 1:
        raise ValueError(
            "first and second must be shares between 0 and 1 of at least one image, got "
            f"{first} and {second} of {images[0]} and {images[1]}"
        )
    (low, high), (second_low, second_high) = (
        _wilson(round(share * count), count, confidence)
        for share, count in zip((first, second), images, strict=True)
    )
    spread, gap = _spread(runs, confidence), second - first
    below = math.hypot(second - min(second_low, second), max(high, first) - first, spread)
    above = math.hypot(max(second_high, second) - second, first - min(low, first), spread)
    return Estimate(gap, gap - below - rounding, gap + above + rounding)


def _wilson(found: int, count: int, confidence: float) -> tuple[float, float]:
    """Return Wilson's interval of a share, without the test that SciPy makes before it."""
    z = scipy.special.ndtri((1 + confidence) / 2)
    middle, wide = found + z**2 / 2, z * math.sqrt(found * (count - found) / count + z**2 / 4)
    low = (middle - wide) / (count + z**2) if found > 0 else 0.0
    high = (middle + wide) / (count + z**2) if found < count else 1.0
    return low, high


def mean_gap(
    first: float,
    second: float,
    *,
    errors: tuple[float, float],
    runs: Sequence[float] = (),
    rounding: float = 0.0,
    confidence: float = 0.95,
) -> Estimate:
    """Return second − first of two means, with the interval of their difference.

    Parameters
    ----------
    first, second : float
        Two means over many images.
    errors : tuple of two float
        Their standard errors.
    runs, rounding, confidence
        As for `share_gap`.
    """
    z = scipy.stats.norm.ppf((1 + confidence) / 2)
    half = math.hypot(z * errors[0], z * errors[1], _spread(runs, confidence)) + rounding
    return Estimate(second - first, second - first - half, second - first + half)


def _spread(runs: Sequence[float], confidence: float) -> float:
    """Return how far one more network may lie from the mean of `runs`."""
    count = len(runs)
    if count < 2:
        return 0.0
    student = scipy.stats.t.ppf((1 + confidence) / 2, count - 1)
    return float(student * np.std(runs, ddof=1) * math.sqrt(1 + 1 / count))


def crossed_difference(first, second, *, confidence: float = 0.95) -> Estimate:
    """Return the mean of first − second over runs and images, with an interval for both.

    Other seeds would have given other networks, and another test set other images: the variance
    of the mean over the runs and that of the mean over the images are added. (What is left over
    for a single run and image is then counted twice, which makes the interval a little wide.)

    Parameters
    ----------
    first, second : array-like, shapes (K, N)
        Values of K ≥ 2 pairs of runs on the same N images, such as which of them are misread.
    confidence : float
        Of the interval.

    Raises
    ------
    ValueError
        If the two have not one shape (K, N) with K ≥ 2.
    """
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if first.shape != second.shape or first.ndim != 2 or len(first) < 2:
        raise ValueError(
            "first and second must have one shape (K, N) with K ≥ 2, got "
            f"{first.shape} and {second.shape}"
        )
    gaps = first - second
    runs, images = gaps.mean(1), gaps.mean(0)
    tail = (1 + confidence) / 2
    by_runs = scipy.stats.t.ppf(tail, len(runs) - 1) * scipy.stats.sem(runs)
    half = math.hypot(by_runs, scipy.stats.norm.ppf(tail) * scipy.stats.sem(images))
    return Estimate(gaps.mean(), gaps.mean() - half, gaps.mean() + half)


def p_of_gap(interval: Callable[[float], Estimate]) -> float:
    """Return the p of a difference: 1 less the highest confidence whose interval excludes 0.

    Parameters
    ----------
    interval : callable
        Maps a confidence to the interval of the difference at it.
    """
    low, high = -12.0, 0.0  # of log10 p
    for _ in range(30):
        middle = (low + high) / 2
        found = interval(1 - 10**middle)
        excluded = found.low > 0 or found.high < 0
        low, high = (low, middle) if excluded else (middle, high)
    return 10**high


class Equivalence(NamedTuple):
    """What two one-sided tests say of a difference of two means.

    Attributes
    ----------
    gap : float
        First minus second, in the unit of the values.
    p : float
        The larger p of the two tests: the means are closer than the margin where it is small.
    power : float
        How probable a p below the level is where the means are equal.
    """

    gap: float
    p: float
    power: float


def equivalence(first, second, *, margin: float, level: float = 0.05) -> Equivalence:
    """Test whether two means differ by less than a margin: two one-sided tests of Welch's kind.

    Parameters
    ----------
    first, second : array-like, shapes (A,) and (B,)
        Independent values, such as the purities of units and of directions.
    margin : float
        The largest difference that would not matter, chosen before the values are looked at.
    level : float
        Of the test whose power is given.

    Returns
    -------
    Equivalence
        First − second, the larger p of the two tests, and how often samples of this size and
        spread would show equivalence if the means were equal.

    References
    ----------
    Schuirmann, "A comparison of the two one-sided tests procedure and the power approach", Journal
    of Pharmacokinetics and Biopharmaceutics 15 (1987).
    """
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    above = scipy.stats.ttest_ind(a + margin, b, equal_var=False, alternative="greater")
    below = scipy.stats.ttest_ind(a - margin, b, equal_var=False, alternative="less")
    variances = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    error = math.sqrt(sum(variances))
    freedom = sum(variances) ** 2 / (
        variances[0] ** 2 / (len(a) - 1) + variances[1] ** 2 / (len(b) - 1)
    )
    room = margin / error - scipy.stats.t.ppf(1 - level, freedom)
    power = max(0.0, 2 * scipy.stats.t.cdf(room, freedom) - 1)
    return Equivalence(a.mean() - b.mean(), float(max(above.pvalue, below.pvalue)), float(power))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p values that allow for how many there are (Holm, 1979), in the order given."""
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(np.argsort(p_values)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = float(largest)
    return adjusted
