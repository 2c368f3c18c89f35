"""Do images belong together? Section 3 judges that by eye; here are three numbers for it.

Purity and entropy ask the labels. The similarity asks the pixels, through orientation histograms:
no label and no network takes part in it.
"""

import math

import numpy as np
import scipy
import torch
from torch import Tensor
from torch.nn import functional


def label_counts(labels: Tensor) -> Tensor:
    """Return how often each label occurs in each row of `labels` (M, k), shape (M, classes).

    Raises
    ------
    ValueError
        If `labels` has another shape.
    """
    if labels.ndim != 2:
        raise ValueError(f"labels must have shape (M, k), got {tuple(labels.shape)}")
    counts = labels.new_zeros(len(labels), int(labels.max()) + 1)
    return counts.scatter_add_(1, labels, torch.ones_like(labels))


def label_purity(labels: Tensor) -> Tensor:
    """Return the share of the most frequent label in each row of `labels` (M, k), shape (M,)."""
    return label_counts(labels).amax(1).double() / labels.shape[1]


def label_entropy(labels: Tensor) -> Tensor:
    """Return the entropy of the labels in each row, in bits: 0 if they are all the same.

    H = −Σ_l p_l log₂ p_l with p_l the share of label l.

    Parameters
    ----------
    labels : Tensor, shape (M, k)
        Labels of k images in each of M rows.

    Returns
    -------
    Tensor, shape (M,)
        Bits, at most log₂ min(k, classes).

    Raises
    ------
    ValueError
        If `labels` has another shape.
    """
    shares = label_counts(labels).double() / labels.shape[1]
    return torch.special.entr(shares).sum(1) / math.log(2)


def orientation_histograms(inputs: Tensor, *, cells: int = 4, bins: int = 9) -> Tensor:
    """Describe images by the directions of their strokes, cell by cell.

    The image is cut into cells × cells squares, and in each the slopes of the brightness are
    counted by their orientation (0 to 180°), a steep slope for more than a gentle one. A shift by
    a pixel or two changes little.

    Parameters
    ----------
    inputs : Tensor, shape (N, 1, H, W)
        Images; `cells` divides H and W.
    cells : int
        Cells in a column and in a row.
    bins : int
        Orientations told apart.

    Returns
    -------
    Tensor, shape (N, bins · cells²)
        Descriptors of length 1, or 0 for a blank image.

    Raises
    ------
    ValueError
        If the images have not one channel, or cannot be cut into such cells.

    References
    ----------
    Dalal and Triggs, "Histograms of oriented gradients for human detection", 2005; here with one
    block, which is the image, and without interpolation between bins.
    """
    if (
        inputs.ndim != 4
        or inputs.shape[1] != 1
        or inputs.shape[2] % cells
        or inputs.shape[3] % cells
    ):
        raise ValueError(
            f"inputs must have shape (N, 1, H, W) with H and W multiples of {cells}, "
            f"got {tuple(inputs.shape)}"
        )
    return torch.cat([_histograms(batch[:, 0], cells, bins) for batch in inputs.split(1000)])


def _histograms(pixels: Tensor, cells: int, bins: int) -> Tensor:
    """Return what `orientation_histograms` says of images (N, H, W)."""
    down, right = torch.zeros_like(pixels), torch.zeros_like(pixels)
    down[:, 1:-1] = pixels[:, 2:] - pixels[:, :-2]
    right[:, :, 1:-1] = pixels[:, :, 2:] - pixels[:, :, :-2]
    degrees = torch.rad2deg(torch.atan2(down, right)) % 180
    bin_of = (degrees * bins / 180).long().clamp_max(bins - 1)
    votes = pixels.new_zeros(len(pixels), bins, *pixels.shape[1:])
    votes.scatter_(1, bin_of[:, None], torch.hypot(down, right)[:, None])
    histograms = functional.adaptive_avg_pool2d(votes, cells)  # (N, bins, cells, cells)
    return functional.normalize(histograms.flatten(1), dim=1)


def mean_similarity(descriptors: Tensor, rows: Tensor) -> Tensor:
    """Return the mean cosine over the k(k − 1)/2 pairs of images in each row.

    Parameters
    ----------
    descriptors : Tensor, shape (N, P)
        A vector of length 1 for each image, or 0 for a blank one.
    rows : Tensor, shape (M, k)
        Images, by their row in `descriptors`; k is at least 2.

    Returns
    -------
    Tensor, shape (M,)
        From ‖Σ_i d_i‖² = Σ_i ‖d_i‖² + 2 Σ_{i<j} ⟨d_i, d_j⟩; the cosine to a blank image is 0.

    Raises
    ------
    ValueError
        If there is no pair.
    """
    k = rows.shape[-1]
    if rows.ndim != 2 or k < 2:
        raise ValueError(f"rows must have shape (M, k) with k ≥ 2, got {tuple(rows.shape)}")
    squares = torch.stack([descriptors[row].double().sum(0).square().sum() for row in rows])
    own = descriptors.double().square().sum(1)[rows].sum(1)
    return (squares - own) / (k * (k - 1))


def coherence(rows: Tensor, labels: Tensor, descriptors: Tensor) -> dict[str, Tensor]:
    """Return the three measures of the images in each row: purity, entropy and similarity.

    Parameters
    ----------
    rows : Tensor, shape (M, k)
        k images for each of M directions, by their number in the held-out set.
    labels : Tensor, shape (N,)
        Labels of the held-out set.
    descriptors : Tensor, shape (N, P)
        What `orientation_histograms` gives for the held-out set.

    Returns
    -------
    dict of str to Tensor of shape (M,)
        ``"purity"``, ``"entropy"`` in bits, and ``"similarity"``.
    """
    return {
        "purity": label_purity(labels[rows]),
        "entropy": label_entropy(labels[rows]),
        "similarity": mean_similarity(descriptors, rows),
    }


def permutation_p(first: Tensor, second: Tensor, *, resamples: int = 9999, seed: int = 0) -> float:
    """Return how often a random split of all values has means as far apart as these two groups.

    Parameters
    ----------
    first, second : Tensor, shapes (M,) and (L,)
        A measure for the units and for the random directions.
    resamples : int
        Random splits.
    seed : int
        Seed of the splits.

    Returns
    -------
    float
        Two-sided p-value of `scipy.stats.permutation_test`, at least 2 / (resamples + 1).
    """

    def difference(x, y, axis):
        return np.mean(x, axis=axis) - np.mean(y, axis=axis)

    test = scipy.stats.permutation_test(
        (first.cpu().numpy(), second.cpu().numpy()),
        difference,
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, 10**6 // (len(first) + len(second))),
        random_state=np.random.default_rng(seed),
    )
    return float(test.pvalue)


def probability_of_superiority(first: Tensor, second: Tensor) -> float:
    """Return the chance that a random value of `first` exceeds one of `second`; a tie is a half.

    1/2 where the two groups cannot be told apart by their ranks.
    """
    statistic = scipy.stats.mannwhitneyu(first.cpu().numpy(), second.cpu().numpy()).statistic
    return float(statistic) / (len(first) * len(second))
