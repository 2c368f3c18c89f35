"""Detectors of one class on top of a representation φ, and how good they are.

A score is any number that should be high for the class (label 1) and low for the rest (label 0):
a unit of φ, or the difference of two logits.
"""

from collections.abc import Sequence
from dataclasses import replace

import scipy
import torch
from torch import Tensor, nn

from helpers.data import Dataset
from helpers.evaluation import logits
from helpers.training import fit_readout

WEIGHT_DECAYS = (1e-3, 1e-2, 1e-1)


def roc_auc(scores: Tensor, labels: Tensor) -> Tensor:
    """Return how often a member of the class outranks another image: the area under the ROC.

    Parameters
    ----------
    scores : Tensor, shape (N, ...)
        Scores of N images, from one or many detectors.
    labels : Tensor, shape (N,)
        1 for the class, 0 for the rest.

    Returns
    -------
    Tensor, shape (...)
        Share of the pairs of a 1 and a 0 in which the 1 has the higher score; ties count half.
        0.5 is what guessing gives.

    Raises
    ------
    ValueError
        If there is no 1 or no 0.
    """
    return _from_ranks(_ranks(scores), labels[None])[0].view(scores.shape[1:])


def _ranks(scores: Tensor) -> Tensor:
    """Return the rank of each score among the N of its detector, (N, D); ties share their mean."""
    ranks = scipy.stats.rankdata(scores.reshape(len(scores), -1).cpu().numpy(), axis=0)
    return torch.from_numpy(ranks).double()  # SciPy 1.18 gives float32 for float32 scores


def _from_ranks(ranks: Tensor, labels: Tensor) -> Tensor:
    """Return `roc_auc` for many labellings (S, N) of the same scores at once, shape (S, D)."""
    labels = labels.cpu().double()
    ones = int(labels[0].sum())
    zeros = len(ranks) - ones
    if 0 in (ones, zeros):
        raise ValueError(f"labels must hold ones and zeros, got {ones} ones of {len(ranks)}")
    # the ranks of the ones add up to their places among themselves, plus the zeros they beat
    return (labels @ ranks - ones * (ones + 1) / 2) / (ones * zeros)


def average_precision(scores: Tensor, labels: Tensor) -> float:
    """Return the mean precision over the recalls, as scikit-learn computes it, for (N,) scores."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(labels.cpu().numpy(), scores.cpu().numpy()))


def resampled_precision(
    scores: Sequence[Tensor], labels: Tensor, *, resamples: int, generator: torch.Generator
) -> Tensor:
    """Return average precisions on images drawn anew, the same ones for all detectors.

    Parameters
    ----------
    scores : sequence of Tensor, shape (N,)
        Scores of each detector.
    labels : Tensor, shape (N,)
        1 for the class, 0 for the rest.
    resamples : int
        How often the images are drawn with replacement, each class for itself.
    generator : torch.Generator
        Source of the randomness, on the CPU.

    Returns
    -------
    Tensor, shape (resamples, detectors)
        Quantiles of a column bound a precision, those of a difference of columns a difference.
    """
    labels = labels.cpu()
    groups = [(labels == value).nonzero().squeeze(1) for value in (0, 1)]
    found = []
    for _ in range(resamples):
        drawn = [g[torch.randint(len(g), (len(g),), generator=generator)] for g in groups]
        rows = torch.cat(drawn)
        found.append([average_precision(one.cpu()[rows], labels[rows]) for one in scores])
    return torch.tensor(found)


def best_by_chance(
    features: Tensor, labels: Tensor, *, shuffles: int, generator: torch.Generator
) -> Tensor:
    """Return the best unit's ranking when the labels are dealt out at random, (shuffles,).

    With many units, some unit ranks any labels well; this is how well. A unit that is low for
    the class counts like one that is high.
    """
    orders = [torch.randperm(len(labels), generator=generator) for _ in range(shuffles)]
    dealt = labels.cpu()[torch.stack(orders)]
    return 0.5 + (_from_ranks(_ranks(features), dealt) - 0.5).abs().amax(1)


def with_label(dataset: Dataset, label: int) -> Dataset:
    """Return the same images, labelled 1 if they have the given label and 0 if not."""
    return replace(dataset, labels=(dataset.labels == label).long())


def balanced(dataset: Dataset) -> Dataset:
    """Return the images, those of the rarer class repeated until there are about as many.

    Without it a linear classifier of one class in ten calls nearly everything the rest.
    """
    counts = dataset.labels.bincount(minlength=2).tolist()
    times = max(1, round(max(counts) / max(1, min(counts))))
    repeats = torch.ones_like(dataset.labels)
    repeats[dataset.labels == counts.index(min(counts))] = times
    return dataset[torch.arange(len(dataset), device=repeats.device).repeat_interleave(repeats)]


def detector(phi: nn.Sequential, dataset: Dataset, *, weight_decay: float) -> nn.Sequential:
    """Put a linear classifier on φ, whose weights stay as they are.

    Parameters
    ----------
    phi : nn.Sequential
        The representation; its modules are used, not copied.
    dataset : Dataset
        Images with labels 1 and 0; both classes get the same weight.
    weight_decay : float
        λ of the classifier's weights.

    Returns
    -------
    nn.Sequential
        Maps images to two logits, ``[rest, class]``; in eval mode.
    """
    with torch.no_grad():
        size = phi(dataset.inputs[:1]).numel()
    head = nn.Linear(size, 2).to(dataset.inputs.device)
    model = nn.Sequential(*phi, nn.Flatten(), head)
    return fit_readout(model, balanced(dataset), weight_decay=weight_decay)


def scores(model: nn.Module, inputs: Tensor, *, batch_size: int = 500) -> Tensor:
    """Return z_class − z_rest for each of (N, ...) images, shape (N,): above 0 is a detection."""
    found = logits(model, inputs, batch_size=batch_size)
    return found[:, 1] - found[:, 0]


def chosen_detector(
    phi: nn.Sequential,
    dataset: Dataset,
    *,
    weight_decays: Sequence[float] = WEIGHT_DECAYS,
    generator: torch.Generator,
) -> tuple[nn.Sequential, float]:
    """Choose λ on a quarter of the images that is held out, then fit a detector to all of them.

    Parameters
    ----------
    phi, dataset
        As for `detector`.
    weight_decays : sequence of float
        The λ to choose from, by the average precision on the images held out.
    generator : torch.Generator
        Chooses which these are; on the CPU.

    Returns
    -------
    tuple of nn.Sequential and float
        The detector and its λ.
    """
    order = torch.randperm(len(dataset), generator=generator).to(dataset.labels.device)
    held_out, rest = dataset[order[: len(order) // 4]], dataset[order[len(order) // 4 :]]
    found = {}
    for decay in weight_decays:
        model = detector(phi, rest, weight_decay=decay)
        found[decay] = average_precision(scores(model, held_out.inputs), held_out.labels)
    best = max(found, key=found.get)
    return detector(phi, dataset, weight_decay=best), best


def principal_components(images: Tensor, count: int) -> nn.Sequential:
    """Return φ that maps images to their `count` first principal components, the control.

    Parameters
    ----------
    images : Tensor, shape (N, C, H, W)
        Images that set the components.
    count : int
        How many; at most min(N, C·H·W).

    Returns
    -------
    nn.Sequential
        In eval mode; the first component has variance 1 and the others keep their share.
    """
    flat = images.flatten(1)
    linear = nn.Linear(flat.shape[1], count).to(images.device)
    mean = flat.mean(0)
    _, basis = torch.linalg.eigh((flat - mean).T.double().cov(correction=0))
    rows = basis.flip(1)[:, :count].T.to(flat)
    rows = rows / ((flat - mean) @ rows[0]).std()
    with torch.no_grad():
        linear.weight.copy_(rows)
        linear.bias.copy_(-rows @ mean)
    return nn.Sequential(nn.Flatten(), linear.requires_grad_(False)).eval()


def orientation_selectivity(filters: Tensor, *, size: int = 32) -> Tensor:
    """Return how much a filter prefers one orientation: 1 for a grating, 0 for a round spot.

    |Σ P(ξ) e^{2iθ(ξ)}| / Σ P(ξ) over the frequencies ξ of the filter's power spectrum P, where
    θ is the direction of ξ and frequency 0 is left out.

    Parameters
    ----------
    filters : Tensor, shape (N, C, h, w)
        Filters; the power of their channels is added up.
    size : int
        The filters are put into as many pixels squared, which sets how fine ξ is.

    Returns
    -------
    Tensor, shape (N,)
        Between 0 and 1.
    """
    power = torch.fft.fft2(filters.double(), s=(size, size)).abs().square().sum(1)  # (N, s, s)
    xi = torch.fft.fftfreq(size, dtype=torch.double, device=filters.device)
    angle = torch.atan2(xi[:, None], xi[None])
    inside = (xi[:, None].square() + xi[None].square()).sqrt() <= 0.5  # a disc has no corners
    power = power * inside
    power[:, 0, 0] = 0
    return (power * torch.exp(2j * angle)).sum((1, 2)).abs() / power.sum((1, 2))
