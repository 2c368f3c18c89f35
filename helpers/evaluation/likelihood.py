"""How likely our figures make the paper's, both samples' errors taken together.

`helpers.evaluation.comparisons` asks of one entry of a table whether the two can be of the same
thing. To compare explanations of a whole table, the entries' likelihoods are multiplied.
"""

import math
from collections.abc import Sequence

import numpy as np
import scipy


def predicted_share(
    ours: float, images: int, *, spread: float = 0.0, networks: int = 1
) -> tuple[float, float]:
    """Return the Beta distribution of the share that other networks of our kind misread.

    Its mean is that of Jeffreys' posterior of our share, and its variance m(1 − m)·(1/(N + 2) +
    ρ·(1 + 1/K)): what N images leave open, and how far one more network lies from the mean of K.

    Parameters
    ----------
    ours : float
        How many of our images are misread; a mean over `networks` where there are several.
    images : int
        N, how many images they are of, the same for each network.
    spread : float
        ρ: the variance between networks, as a share of m(1 − m).
    networks : int
        K, over how many `ours` is the mean.

    Returns
    -------
    a, b : float
        The parameters of the distribution.

    Raises
    ------
    ValueError
        If `ours` is no count of `images`, there are no images or networks, or `spread` is negative.
    """
    if images < 1 or networks < 1:
        raise ValueError(f"images and networks must be at least 1, got {images} and {networks}")
    if not 0 <= ours <= images:
        raise ValueError(f"ours must be from 0 to images = {images}, got {ours}")
    if spread < 0:
        raise ValueError(f"spread must not be negative, got {spread}")
    mean = (ours + 0.5) / (images + 1)
    variance = 1 / (images + 2) + spread * (1 + 1 / networks)  # as a share of m(1 − m)
    size = 1 / variance - 1
    return mean * size, (1 - mean) * size


def count_log_likelihood(theirs: int, images: int, share: tuple[float, float]) -> float:
    """Return the log-likelihood of a count under a `predicted_share`: the beta-binomial's.

    Parameters
    ----------
    theirs : int
        The paper's count.
    images : int
        Of how many images.
    share : (float, float)
        What `predicted_share` returned.
    """
    return float(scipy.stats.betabinom.logpmf(theirs, images, *share))


def mean_log_likelihood(theirs: float, ours: float, errors: Sequence[float]) -> float:
    """Return the log-likelihood of a mean: Gaussian, with all standard errors taken together.

    Parameters
    ----------
    theirs, ours : float
        The two means.
    errors : sequence of float
        Standard errors of either, and the spread between networks.
    """
    return float(scipy.stats.norm.logpdf(theirs, ours, math.hypot(*errors)))


def network_spread(counts: Sequence[Sequence[float]], images: int) -> float:
    """Return ρ of `predicted_share`, from the same entries of several sets of networks.

    Parameters
    ----------
    counts : array-like, shape (K, E)
        How many of the same images each of K ≥ 2 sets of networks misreads, in E entries.
    images : int
        How many images they are of.

    Returns
    -------
    float
        The mean over the entries of the variance of the shares, over m(1 − m).

    Raises
    ------
    ValueError
        If there are not two sets of networks.
    """
    if len(counts) < 2:
        raise ValueError(f"counts must be of at least two sets of networks, got {len(counts)}")
    shares = np.asarray(counts, dtype=float) / images
    mean = ((images * shares.mean(0)) + 0.5) / (images + 1)  # never 0 or 1
    return float((shares.var(0, ddof=1) / (mean * (1 - mean))).mean())
