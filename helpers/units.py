"""What a unit, or any other direction, of a representation φ responds to (section 3)."""

import torch
from torch import Tensor, nn


def activations(phi: nn.Module, inputs: Tensor, *, batch_size: int = 1000) -> Tensor:
    """Return φ(x) of each input.

    Parameters
    ----------
    phi : nn.Module
        The representation: a prefix ``model[:k]`` of a network.
    inputs : Tensor, shape (N, ...)
        Images.
    batch_size : int
        Images per forward pass.

    Returns
    -------
    Tensor, shape (N, D)
        Activations, flattened.
    """
    with torch.no_grad():
        return torch.cat([phi(batch).flatten(1) for batch in inputs.split(batch_size)])


def natural_basis(dimension: int, unit: int) -> Tensor:
    """Return e_i, the direction of one unit, as a vector of shape (dimension,)."""
    if not 0 <= unit < dimension:
        raise ValueError(f"unit must be from 0 to {dimension - 1}, got {unit}")
    return torch.eye(dimension)[unit]


def random_direction(dimension: int, *, generator: torch.Generator) -> Tensor:
    """Return a uniformly random unit vector v of shape (dimension,)."""
    v = torch.randn(dimension, generator=generator)
    return v / v.norm()


def top_images(features: Tensor, direction: Tensor, count: int) -> Tensor:
    """Return the images that respond most to a direction: argmax_x ⟨φ(x), v⟩ (section 3).

    Parameters
    ----------
    features : Tensor, shape (N, D)
        φ of the held-out images.
    direction : Tensor, shape (D,)
        A unit's e_i or a random v.
    count : int
        How many images.

    Returns
    -------
    Tensor, shape (count,)
        Rows of `features`, the strongest response first; among equals the first row first.
    """
    if not 0 < count <= len(features):
        raise ValueError(f"count must be from 1 to {len(features)}, got {count}")
    responses = features @ direction.to(features)
    return responses.sort(descending=True, stable=True).indices[:count]
