"""Enclose a dense network in a ball: between which values its logits lie (section 4.2).

The product of the layers' Lipschitz constants holds everywhere, so it reckons with every unit at
its steepest. Inside a ball around one image most units stay far from that. Here each sigmoid is
enclosed between two parallel lines on the interval that it can reach; then the whole network is,
inside the ball, a linear function of the image plus an error of known size.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn


def enclosures(
    model: nn.Sequential, inputs: Tensor, radii: Tensor
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Enclose what each sigmoid gets, and last the logits, of all images near each input.

    A value y is enclosed as y(x + r) = centre + slope·Qr + spread·η with some |η_i| ≤ 1, for all
    ‖r‖₂ ≤ radius.

    Parameters
    ----------
    model : nn.Sequential
        Of ``nn.Flatten``, ``nn.Linear`` and ``nn.Sigmoid``, with a linear layer before the rest.
    inputs : Tensor, shape (N, ...)
        Images x.
    radii : Tensor, shape (N,)
        Radius of the ball around each, in the 2-norm.

    Yields
    ------
    tuple of Tensor
        centre, shape (N, K); slope, shape (N, K, m), where Q has m ≤ n orthonormal rows, which
        span what the first layer sees; spread, shape (N, K, units), an entry of η for each unit
        before.

    Raises
    ------
    ValueError
        If a sigmoid comes before the first linear layer.
    """
    centre, slope, spread = inputs.flatten(1), None, None
    for layer in model:
        if isinstance(layer, nn.Linear):
            centre = layer(centre)
            if slope is None:
                first = reduced_weight(layer)
                slope = first.expand(len(inputs), -1, -1)
                spread = first.new_zeros(len(inputs), len(first), 0)
            else:
                slope, spread = layer.weight @ slope, layer.weight @ spread
        elif isinstance(layer, nn.Sigmoid):
            if slope is None:
                raise ValueError("model must have a Linear layer before its first Sigmoid")
            yield centre, slope, spread
            reach = reach_of(slope, spread, radii)
            tilt, lowest, highest = parallel_lines(centre - reach, centre + reach)
            centre = tilt * centre + (lowest + highest) / 2
            slope, spread = tilt[:, :, None] * slope, tilt[:, :, None] * spread
            spread = torch.cat([spread, torch.diag_embed((highest - lowest) / 2)], 2)
    yield centre, slope, spread


def reduced_weight(layer: nn.Linear) -> Tensor:
    """Return R of W = R·Q, shape (K, m): the first layer's weights in terms of what it sees, Qr."""
    return torch.linalg.qr(layer.weight.T).R.T


def parallel_lines(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Enclose the sigmoid between two lines: λy + lowest ≤ σ(y) ≤ λy + highest on [low, high].

    λ is the slope of the chord. σ(y) − λy has its extremes at the ends or where σ'(y) = λ, that
    is, where σ(y) = (1 ± √(1 − 4λ)) / 2.

    Parameters
    ----------
    low, high : Tensor
        The intervals, of one shape.

    Returns
    -------
    tuple of Tensor
        λ, lowest and highest, of that shape.
    """
    at_low = low.sigmoid()
    chord = (high.sigmoid() - at_low) / (high - low)
    tilt = torch.where(high > low, chord, at_low * (1 - at_low)).clamp(max=0.25)
    tangent = torch.logit((1 + (1 - 4 * tilt).sqrt()) / 2)
    points = torch.stack([low, high, tangent.clamp(low, high), (-tangent).clamp(low, high)])
    offsets = points.sigmoid() - tilt * points
    return tilt, offsets.amin(0), offsets.amax(0)


def reach_of(slope: Tensor, spread: Tensor, radii: Tensor) -> Tensor:
    """Return how far each value can get from its centre."""
    return radii[:, None] * slope.norm(dim=2) + spread.abs().sum(2)
