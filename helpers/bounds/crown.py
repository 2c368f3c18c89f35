"""A local lower bound of D for dense networks: what can happen inside one ball (section 4.2).

The product of the layers' Lipschitz constants holds everywhere, so it reckons with every unit at
its steepest. Inside a ball around one image most units stay far from that. Here each sigmoid is
enclosed between two parallel lines on the interval that it can reach; then the whole network is,
inside the ball, a linear function of the image plus an error of known size.
"""

import copy
import math

import torch
from torch import Tensor, nn

from helpers.bounds.exact import exact_linear
from helpers.bounds.lipschitz import certified

ENCLOSED_LAYERS = (nn.Flatten, nn.Linear, nn.Sigmoid)
GLOBAL, EXACT, LOCAL = "Lipschitz constants", "exact D", "enclosure"


def lower_bounds(
    model: nn.Sequential, inputs: Tensor, targets: Tensor, found: Tensor
) -> dict[str, Tensor]:
    """Return what D(x, l) cannot be smaller than, by each way that fits the network.

    Parameters as for `certified_locally`. The keys are ``GLOBAL`` and then, for a softmax model,
    ``EXACT``, for a network with sigmoids, ``LOCAL``; the values distortions of shape (N,), inf
    where no image in the box has the target.
    """
    globally = certified(model, inputs, targets)
    if any(type(layer) is nn.Sigmoid for layer in model):
        return {GLOBAL: globally, LOCAL: certified_locally(model, inputs, targets, found)}
    exact = exact_linear(model, inputs, targets)
    proved = exact.distortion - exact.gap.clamp_min(0)
    return {GLOBAL: globally, EXACT: torch.where(exact.distortion.isinf(), torch.inf, proved)}


def certified_locally(
    model: nn.Sequential,
    inputs: Tensor,
    targets: Tensor,
    found: Tensor,
    *,
    steps: int = 12,
    batch_size: int = 50,
) -> Tensor:
    """Bound D(x, l) from below by enclosing the network in balls around each image.

    Label l cannot win inside a ball where some z_j − z_l stays positive. The largest radius with
    such a proof is looked for by halving, between `certified` and what an attack found.

    Parameters
    ----------
    model : nn.Sequential
        Of ``nn.Flatten``, ``nn.Linear`` and ``nn.Sigmoid``; in eval mode.
    inputs : Tensor, shape (N, ...)
        Images x with pixels in [0, 1].
    targets : Tensor, shape (N,)
        Labels l, int64.
    found : Tensor, shape (N,)
        A distortion at which the target has been found, such as `Adversarial.distortion`.
    steps : int
        Times that the interval is halved.
    batch_size : int
        Images at a time; bounds the memory, changes nothing else.

    Returns
    -------
    Tensor, shape (N,)
        No image with the target is closer, as a distortion; never less than `certified`.
        The box is not considered. In float64.

    Raises
    ------
    ValueError
        If the model has another kind of layer or a sigmoid before the first linear one, or an
        input or a target is not as described above.

    References
    ----------
    Zhang, Weng, Chen, Hsieh and Daniel, "Efficient neural network robustness certification with
    general activation functions" (CROWN), 2018. Singh, Gehr, Mirman, Püschel and Vechev, "Fast and
    effective robustness certification", 2018: the parallel lines, with another slope.
    """
    others = [type(layer).__name__ for layer in model if type(layer) not in ENCLOSED_LAYERS]
    if others:
        raise ValueError(f"model must be of Flatten, Linear and Sigmoid layers, got {others[0]}")
    if found.shape != targets.shape:
        raise ValueError(
            f"found must have the shape of targets, {tuple(targets.shape)}, "
            f"got {tuple(found.shape)}"
        )
    globally = certified(model, inputs, targets)
    if len(inputs) == 0:
        return globally
    exact, root = copy.deepcopy(model).double(), math.sqrt(inputs[0].numel())
    parts = [tensor.split(batch_size) for tensor in (inputs, targets, globally, found.double())]
    proved = []
    for x, goals, low, high in zip(*parts, strict=True):
        for _ in range(steps):
            middle = (low + high) / 2
            safe = excludes(exact, x.double(), goals, root * middle) & (middle > low)
            low, high = torch.where(safe, middle, low), torch.where(safe, high, middle)
        proved.append(low)
    return torch.cat(proved)


def excludes(model: nn.Sequential, inputs: Tensor, targets: Tensor, radii: Tensor) -> Tensor:
    """Return whether it is proved that no image in a ball has the target, shape (N,), bool.

    Parameters as for `enclosure`; `targets` are the labels, shape (N,).
    """
    with torch.no_grad():
        values = enclosure(model, inputs, radii)
        rows = torch.arange(len(inputs), device=inputs.device)
        centre, slope, spread = (value - value[rows, targets][:, None] for value in values)
        return (centre - _reach(slope, spread, radii)).amax(1) > 0


def enclosure(model: nn.Sequential, inputs: Tensor, radii: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Enclose the logits of all images within some distance of each input.

    z(x + r) = centre + slope·Qr + spread·η  with some |η_i| ≤ 1, for all ‖r‖₂ ≤ radius.

    Parameters
    ----------
    model : nn.Sequential
        Of ``nn.Flatten``, ``nn.Linear`` and ``nn.Sigmoid``, with a linear layer before the rest.
    inputs : Tensor, shape (N, ...)
        Images x.
    radii : Tensor, shape (N,)
        Radius of the ball around each, in the 2-norm.

    Returns
    -------
    tuple of Tensor
        centre, shape (N, K); slope, shape (N, K, m), where Q has m ≤ n orthonormal rows, which
        span what the first layer sees; spread, shape (N, K, units), an entry of η for each unit.

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
                first = torch.linalg.qr(layer.weight.T).R.T  # W = first·Q
                slope = first.expand(len(inputs), -1, -1)
                spread = first.new_zeros(len(inputs), len(first), 0)
            else:
                slope, spread = layer.weight @ slope, layer.weight @ spread
        elif isinstance(layer, nn.Sigmoid):
            if slope is None:
                raise ValueError("model must have a Linear layer before its first Sigmoid")
            reach = _reach(slope, spread, radii)
            tilt, lowest, highest = parallel_lines(centre - reach, centre + reach)
            centre = tilt * centre + (lowest + highest) / 2
            slope, spread = tilt[:, :, None] * slope, tilt[:, :, None] * spread
            spread = torch.cat([spread, torch.diag_embed((highest - lowest) / 2)], 2)
    return centre, slope, spread


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


def _reach(slope: Tensor, spread: Tensor, radii: Tensor) -> Tensor:
    """Return how far each value can get from its centre."""
    return radii[:, None] * slope.norm(dim=2) + spread.abs().sum(2)
