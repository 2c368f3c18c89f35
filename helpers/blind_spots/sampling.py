"""The conjecture of section 5, made measurable: adversarial images are rare, and yet dense.

*Near* is how far the attack has to go from a point; *rare* is how often noise of that size gets
there; *empty* is the ball in which there is provably none; *thick* is how much of the
surroundings of an adversarial image is wrong as well.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers.attack import Adversarial, closest_adversarial, runner_up
from helpers.blind_spots.slices import random_rms_directions
from helpers.bounds import certified
from helpers.evaluation import logits, predict


def count_changes(
    model: nn.Module,
    x: Tensor,
    rms: float,
    samples: int,
    *,
    generator: torch.Generator,
    batch_size: int = 10_000,
    progress: str = "",
) -> int:
    """Count the samples at a given distortion from x that get another label than x.

    Parameters
    ----------
    model : nn.Module
        Maps images to logits.
    x : Tensor, shape (1, ...)
        The image.
    rms : float
        The distortion of every sample: Gaussian noise scaled to exactly this size, not clipped.
    samples : int
        How many.
    generator : torch.Generator
        Source of the randomness, on the CPU.
    batch_size : int
        Samples at a time; bounds the memory.
    progress : str
        Title of a progress bar; none by default.

    Returns
    -------
    int
        How many changed the label.
    """
    own, changed = predict(model, x), 0
    sizes = [min(batch_size, samples - done) for done in range(0, samples, batch_size)]
    with tqdm(total=samples, desc=progress, unit="sample", disable=not progress) as bar:
        for size in sizes:
            noise = random_rms_directions(size, x, generator=generator).mul_(rms)
            changed += (predict(model, noise.add_(x)) != own).sum().item()
            bar.update(size)
    return changed


def nearest_change(model: nn.Module, points: Tensor, *, steps: int = 60) -> Adversarial:
    """Attack each point (N, ...) towards the label of its second-largest logit.

    A point needs no true label for this: any other than the network's own counts.
    """
    values = logits(model, points)
    return closest_adversarial(model, points, runner_up(values, values.argmax(1)), steps=steps)


def empty_radius(model: nn.Sequential, points: Tensor) -> Tensor:
    """Return a distortion within which no point has another label, proved, shape (N,), float64.

    The least of `helpers.bounds.certified` over all labels but the network's own.
    """
    own = predict(model, points)
    radii = [
        certified(model, points, torch.full_like(own, label)).masked_fill(own == label, math.inf)
        for label in range(logits(model, points[:1]).shape[1])
    ]
    return torch.stack(radii).amin(0)


def noise_hits(
    model: nn.Module,
    points: Tensor,
    sizes: Tensor,
    samples: int,
    *,
    generator: torch.Generator,
) -> int:
    """Count the noisy copies, each at a distortion of exactly its point's size, that change label.

    Parameters
    ----------
    model : nn.Module
        Maps images to logits.
    points : Tensor, shape (N, ...)
        Where to start.
    sizes : Tensor, shape (N,)
        The distortion of the noise, for each.
    samples : int
        Copies of each point.
    generator : torch.Generator
        Source of the randomness, on the CPU.

    Returns
    -------
    int
        Of N · samples copies.

    Raises
    ------
    ValueError
        If there is not one size for each point.
    """
    return sum(
        count_changes(model, points[i : i + 1], size, samples, generator=generator)
        for i, size in _each(points, sizes)
    )


def thickness(
    model: nn.Module,
    points: Tensor,
    adversarial: Tensor,
    sizes: Tensor,
    samples: int,
    *,
    beyond: float = 1.5,
    generator: torch.Generator,
) -> float:
    """Return how often noise around an adversarial image leaves its label a changed one.

    Parameters
    ----------
    model, points, sizes, samples, generator
        As for `noise_hits`.
    adversarial : Tensor, shape (N, ...)
        A point of another label for each; the way there is stretched by `beyond`, so that it
        does not lie on the border itself.
    beyond : float
        Larger than 1.

    Returns
    -------
    float
        Share of the N · samples noisy copies that have another label than `points`, in [0, 1].

    Raises
    ------
    ValueError
        If there is not one size for each point.
    """
    own, changed = predict(model, points), 0
    centres = points + beyond * (adversarial - points)
    for i, size in _each(points, sizes):
        noise = size * random_rms_directions(samples, points, generator=generator)
        changed += int((predict(model, centres[i : i + 1] + noise) != own[i]).sum())
    return changed / (len(points) * samples)


def _each(points: Tensor, sizes: Tensor) -> Iterator[tuple[int, float]]:
    """Return the row and the size of each point."""
    if sizes.shape != points.shape[:1]:
        raise ValueError(
            f"sizes must have shape ({len(points)},), one for each point; got {tuple(sizes.shape)}"
        )
    return enumerate(sizes.tolist())
