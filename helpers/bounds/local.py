"""A local lower bound of D for dense networks: what can happen inside one ball (section 4.2).

Inside a ball around an image, sigmoids are enclosed between two lines (`crown`) or between two
parabolas (`curvature`). If a label cannot win in one of these pictures, it is excluded there.
"""

import copy
import math

import torch
from torch import Tensor, nn

from helpers.bounds.crown import enclosures, reach_of
from helpers.bounds.curvature import least_margin
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
    parabolas: bool = True,
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
    parabolas : bool
        Whether parabolas are tried where lines prove nothing.

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
    effective robustness certification", 2018: the parallel lines, with another slope. Singla and
    Feizi, "Second-order provable defenses against adversarial attacks", 2020: curvature, there
    with one bound for the whole space.
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
            safe = excludes(exact, x.double(), goals, root * middle, parabolas=parabolas)
            safe &= middle > low
            low, high = torch.where(safe, middle, low), torch.where(safe, high, middle)
        proved.append(low)
    return torch.cat(proved)


def excludes(
    model: nn.Sequential,
    inputs: Tensor,
    targets: Tensor,
    radii: Tensor,
    *,
    parabolas: bool = True,
) -> Tensor:
    """Return whether it is proved that no image in a ball has the target, shape (N,), bool.

    Parameters as for `enclosures` and `certified_locally`.
    """
    with torch.no_grad():
        *before, logits = enclosures(model, inputs, radii)
        rows = torch.arange(len(inputs), device=inputs.device)
        centre, slope, spread = (value - value[rows, targets][:, None] for value in logits)
        safe = (centre - reach_of(slope, spread, radii)).amax(1) > 0
        left = ~safe
        if parabolas and before and left.any():
            intervals = []
            for middle, *around in before:
                reach = reach_of(*around, radii)
                intervals.append(((middle - reach)[left], (middle + reach)[left]))
            margins = least_margin(model, inputs[left], targets[left], radii[left], intervals)
            safe[left] = margins > 0
    return safe
