"""What a unit, or any other direction, of a representation φ responds to (section 3)."""

import torch
from torch import Tensor, nn

from helpers.evaluation import forward


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
    return forward(phi, inputs, batch_size=batch_size).flatten(1)


def last_hidden(network: nn.Sequential) -> nn.Sequential:
    """Return φ: what comes before the last layer with weights.

    Where that layer is a convolution, as in SqueezeNet, a unit stands for a channel: φ is the mean
    over the places.

    Parameters
    ----------
    network : nn.Sequential
        Maps inputs to logits.

    Returns
    -------
    nn.Sequential
        Maps inputs (N, ...) to activations (N, D) or (N, D, 1, 1); in eval mode.

    Raises
    ------
    ValueError
        If none of its modules has weights.
    """
    places = [i for i, module in enumerate(network) if hasattr(module, "weight")]
    if not places:
        raise ValueError("network has no module with weights, so no last hidden layer")
    hidden = [*network[: places[-1]]]
    if isinstance(network[places[-1]], nn.Conv2d):
        hidden.append(nn.AdaptiveAvgPool2d(1))
    return nn.Sequential(*hidden).eval()


def random_directions(count: int, dimension: int, *, generator: torch.Generator) -> Tensor:
    """Return independent, uniformly random unit vectors as the rows of (count, dimension)."""
    v = torch.randn(count, dimension, generator=generator)
    return v / v.norm(dim=1, keepdim=True)


def random_rotation(dimension: int, *, generator: torch.Generator) -> Tensor:
    """Return a uniformly random orthogonal matrix Q, shape (dimension, dimension).

    References
    ----------
    Mezzadri, "How to generate random matrices from the classical compact groups", 2007: with the
    signs of R's diagonal taken out, the QR factors of a Gaussian matrix are unique and Q uniform.
    """
    gaussian = torch.randn(dimension, dimension, generator=generator, dtype=torch.double)
    q, r = torch.linalg.qr(gaussian)
    return (q * r.diagonal().sign()).float()


def top_images(responses: Tensor, count: int) -> Tensor:
    """Return the images that respond most to each direction: argmax_x ⟨φ(x), v⟩ (section 3).

    Parameters
    ----------
    responses : Tensor, shape (N, M)
        ⟨φ(x), v⟩ of N held-out images and M directions: ``features @ directions.T``. For the units
        it is φ itself, as ⟨φ(x), e_i⟩ is its column i.
    count : int
        How many images.

    Returns
    -------
    Tensor, shape (M, count)
        Rows of `responses`, the strongest response first; among equals the first row first.

    Raises
    ------
    ValueError
        If `count` is less than 1 or more than N.
    """
    if not 0 < count <= len(responses):
        raise ValueError(f"count must be from 1 to {len(responses)}, got {count}")
    tops = []
    columns = (column for part in responses.T.split(100) for column in part.contiguous())
    for column in columns:
        least = column.topk(count).values[-1]  # topk alone would order equals as it likes
        rows = (column >= least).nonzero().squeeze(1)
        order = column[rows].sort(descending=True, stable=True).indices[:count]
        tops.append(rows[order])
    return torch.stack(tops)


def dead_units(responses: Tensor, count: int) -> Tensor:
    """Tell which directions have no `count` top images, because fewer stand out at all.

    A ReLU unit that is 0 for all images but three has three top images, and the other 9,997 are
    equal: which of them come next says nothing about the unit.

    Parameters
    ----------
    responses, count
        As for `top_images`.

    Returns
    -------
    Tensor of bool, shape (M,)
        Whether fewer than `count` images respond more than the one that responds least.
    """
    parts = responses.split(250, dim=1)
    return torch.cat([(part > part.amin(0)).sum(0) < count for part in parts])
