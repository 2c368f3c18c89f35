"""Straight lines and planes through the space of images (section 4).

A direction is a perturbation whose root mean square is 1, so that x + ρ·direction lies at the
distortion ρ from x.
"""

import math

import torch
from torch import Tensor, nn

from helpers.attack import negative_margin, target_margin
from helpers.evaluation import per_image, predict


def unit_rms(perturbations: Tensor) -> Tensor:
    """Scale each perturbation (N, ...) to a root mean square of 1."""
    size = perturbations.flatten(1).square().mean(1).sqrt()
    return perturbations / per_image(size, perturbations)


def random_rms_directions(count: int, like: Tensor, *, generator: torch.Generator) -> Tensor:
    """Return directions drawn uniformly from the sphere, shape (count, ...), for images `like`."""
    noise = torch.randn(count, *like.shape[1:], generator=generator, dtype=like.dtype)
    return unit_rms(noise.to(like.device))


def blend(first: Tensor, second: Tensor, degrees: float) -> Tensor:
    """Return the direction at an angle from `first`, turned towards `second`; both (1, ...).

    What `second` shares with `first` is taken away from it, so that 90° is orthogonal to `first`.
    """
    first = unit_rms(first)
    second = unit_rms(second - (first * second).mean() * first)
    return math.cos(math.radians(degrees)) * first + math.sin(math.radians(degrees)) * second


def margins_along(
    model: nn.Module, x: Tensor, directions: Tensor, radii: Tensor, label: int
) -> Tensor:
    """Return the margin of a label at x + ρ·direction: z_label − the largest other logit.

    Parameters
    ----------
    model : nn.Module
        Maps images to logits.
    x : Tensor, shape (1, ...)
        The image.
    directions : Tensor, shape (D, ...)
        Directions.
    radii : Tensor, shape (R,)
        Distortions ρ; negative ones go the other way.
    label : int
        The label whose margin is wanted.

    Returns
    -------
    Tensor, shape (D, R)
        Margins, negative where the model gives another label.
    """
    radii = per_image(radii, x).to(x)
    labels = torch.full((len(radii),), label, device=x.device)
    return torch.stack([target_margin(model, x + radii * d, labels) for d in directions])


def plane(model: nn.Module, x: Tensor, first: Tensor, second: Tensor, radii: Tensor) -> Tensor:
    """Return the labels that a model gives in the plane through x spanned by two directions.

    Parameters
    ----------
    model, x, radii
        As for `margins_along`.
    first, second : Tensor, shape (1, ...)
        The directions of the columns and of the rows.

    Returns
    -------
    Tensor, shape (R, R)
        Label at x + radii[column]·first + radii[row]·second.
    """
    steps = per_image(radii, x).to(x)
    return torch.stack([predict(model, x + steps * first + step * second) for step in steps])


def linearised_distance(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return how far the border to a target would be if the model were linear, as a distortion.

    |m(x)| / ‖∇m(x)‖₂ / √n with the margin m = z_l − max_{j≠l} z_j. The box is not considered.

    Parameters
    ----------
    model : nn.Module
        Maps images to logits.
    inputs : Tensor, shape (N, ...)
        Images.
    targets : Tensor, shape (N,)
        Labels l.

    Returns
    -------
    Tensor, shape (N,)
        Distortions.
    """
    points = inputs.detach().clone().requires_grad_()
    margins = -negative_margin(model(points), targets)
    (gradients,) = torch.autograd.grad(margins.sum(), points)
    return margins.detach().abs() / gradients.flatten(1).norm(dim=1) / inputs[0].numel() ** 0.5
