"""Randomised smoothing: a radius in which a vote over noisy copies of an image cannot change.

What section 4.2 found, that noise does little harm to a network, becomes a proof here: not for
the network f itself but for g(x) = the label that f gives most often to x + noise.
"""

import scipy
import torch
from torch import Tensor, nn

from helpers.evaluation import check_model, predict, upper_confidence_limit


def vote(
    model: nn.Module,
    x: Tensor,
    label: int,
    sigma: float,
    samples: int,
    *,
    generator: torch.Generator,
) -> int:
    """Return how many of `samples` noisy copies of one image x (1, ...) get the label.

    The noise is Gaussian with standard deviation `sigma`, and not clipped.
    """
    noise = torch.randn(samples, *x.shape[1:], generator=generator, dtype=x.dtype).to(x.device)
    return int((predict(model, x + sigma * noise) == label).sum())


def radius(count: int, samples: int, sigma: float, pixels: int, *, confidence: float) -> float:
    """Return the distortion within which the vote for a label cannot be lost.

    σ Φ⁻¹(p) / √n, where p is what the share of the votes is not below, with the `confidence`;
    0 where p is no majority.

    Parameters
    ----------
    count, samples : int
        Votes for the label, and votes in all.
    sigma : float
        Standard deviation of the noise.
    pixels : int
        n, to turn ‖·‖₂ into a distortion.
    confidence : float
        That the proof is right, in (0, 1): the votes are a sample.

    Returns
    -------
    float
        At least 0, in units of the pixel range [0, 1].

    References
    ----------
    Cohen, Rosenfeld and Kolter, arXiv 1902.02918, theorem 1.
    """
    p = 1 - upper_confidence_limit(samples - count, samples, confidence=confidence)
    return float(sigma * scipy.stats.norm.ppf(p) / pixels**0.5) if p > 0.5 else 0.0


def smoothed_radii(
    model: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    *,
    sigma: float,
    samples: int,
    confidence: float = 0.999,
    generator: torch.Generator,
) -> Tensor:
    """Certify each image's label for the smoothed network g.

    Parameters
    ----------
    model : nn.Module
        The network f, in eval mode.
    inputs : Tensor, shape (N, ...)
        Images x.
    labels : Tensor, shape (N,)
        The label to be proved for each: the true one, say.
    sigma : float
        Standard deviation of the noise; positive.
    samples : int
        Noisy copies of each image.
    confidence : float
        For each image.
    generator : torch.Generator
        Source of the randomness, on the CPU.

    Returns
    -------
    Tensor, shape (N,)
        Distortions within which g gives the label; 0 where nothing is proved. In float64.

    Raises
    ------
    ValueError
        If `sigma` is not positive, `confidence` not in (0, 1), or the model in training mode.
    """
    check_model(model)
    if not sigma > 0:
        raise ValueError(f"sigma must be positive, got {sigma}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), got {confidence}")
    pixels = inputs[0].numel()
    counts = [
        vote(model, x[None], label, sigma, samples, generator=generator)
        for x, label in zip(inputs, labels.tolist(), strict=True)
    ]
    radii = [radius(count, samples, sigma, pixels, confidence=confidence) for count in counts]
    return torch.tensor(radii, dtype=torch.float64)
