"""Two images between which a network is steep: a lower bound of L for networks of many outputs.

`helpers.spectral.ascend` needs the whole Jacobian, a row for each of the outputs. A pair needs two
gradients, for one output or for a thousand: ‖φ(x′) − φ(x)‖ / ‖x′ − x‖ ≤ L for all x and x′.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers.evaluation import check_model, per_image

SETTLING = 3  # a third of the steps is for the direction alone, before x moves


@dataclass(frozen=True)
class SteepPair:
    """Pairs of images found by `steepest_pair`.

    Attributes
    ----------
    inputs, others : Tensor, shape (N, ...)
        The steepest pair on the way from each start.
    slope : Tensor, shape (N,)
        ‖φ(x′) − φ(x)‖ / ‖x′ − x‖ of them: no Lipschitz constant is below the largest of these.
    """

    inputs: Tensor
    others: Tensor
    slope: Tensor


def steepest_pair(
    model: nn.Module,
    starts: Tensor,
    *,
    steps: int = 30,
    distance: float = 1e-3,
    first_step: float = 0.02,
) -> SteepPair:
    """Walk from images to pairs of images that are mapped far apart.

    With u the unit vector of φ(x + r) − φ(x) and J the Jacobian, a step takes for the next r the
    direction of J(x)ᵀu + J(x + r)ᵀu, which is power iteration for the largest singular value,
    and moves x along J(x + r)ᵀu − J(x)ᵀu, along which the slope grows.

    Parameters
    ----------
    model : nn.Module
        Maps images to outputs (N, K); in eval mode.
    starts : Tensor, shape (N, ...)
        Images with pixels in [0, 1]; x stays in this box, x + r need not.
    steps : int
        Of the walk; each needs the gradients of two images.
    distance : float
        Distortion of r.
    first_step : float
        Distortion of x's first move; it shrinks linearly to zero.

    Returns
    -------
    SteepPair
        The best pair on each way.

    Raises
    ------
    ValueError
        If the model is in training mode.
    """
    check_model(model)
    x = starts.detach().clone()
    generator = torch.Generator().manual_seed(0)
    r = _sized(torch.randn(x.shape, generator=generator).to(x), distance)
    best = SteepPair(x.clone(), x + r, torch.zeros(len(x)).to(x))
    for step in range(steps):
        slope, near, far = _slope(model, x, r)
        better = slope > best.slope
        best.inputs[better], best.others[better] = x[better], (x + r)[better]
        best.slope[better] = slope[better]
        settled = step >= steps // SETTLING
        move = _sized(far - near, settled * first_step * (1 - step / steps))
        x, r = (x + move).clamp(0, 1), _sized(near + far, distance)
    return best


def _slope(model: nn.Module, x: Tensor, r: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the slope from x to x + r, (N,), and J(x)ᵀu and J(x + r)ᵀu, both (N, ...)."""
    ends = torch.cat([x, x + r]).requires_grad_()
    outputs = model(ends).flatten(1)
    near, far = outputs.chunk(2)
    apart = (far - near).detach()
    length = apart.norm(dim=1)
    u = apart / length.clamp_min(torch.finfo(length.dtype).tiny)[:, None]
    (gradient,) = torch.autograd.grad((outputs * torch.cat([u, u])).sum(), ends)
    moved = (ends.detach()[len(x) :] - x).flatten(1).norm(dim=1)  # r as x + r has it, rounded
    return length / moved, *gradient.chunk(2)


def _sized(direction: Tensor, size: float) -> Tensor:
    """Return vectors of a given distortion along directions (N, ...); 0 where there is none."""
    found = direction.flatten(1).square().mean(1).sqrt()
    factor = torch.where(found > 0, size / found, torch.zeros_like(found))
    return per_image(factor, direction) * direction
