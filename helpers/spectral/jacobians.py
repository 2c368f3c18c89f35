"""What a network really does near a point: its Jacobian J(x), whose norm is below every bound L.

The Lipschitz constant of a network is the supremum of ‖J(x)‖, so every x gives a lower bound.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers.evaluation import check_model, per_image

SHARPNESS = 20.0  # of the smooth stand-in for ReLU: softplus(βz)/β


@dataclass(frozen=True)
class Steepest:
    """Where `ascend` found a network steep.

    Attributes
    ----------
    inputs : Tensor, shape (N, ...)
        The steepest image on the way from each start.
    norm : Tensor, shape (N,)
        ‖J‖ there: no Lipschitz constant of the network is below the largest of these.
    start : Tensor, shape (N,)
        ‖J‖ at the starts.
    """

    inputs: Tensor
    norm: Tensor
    start: Tensor


def jacobian(model: nn.Module, inputs: Tensor, *, differentiable: bool = False) -> Tensor:
    """Return ∂z_j/∂x_i for each input.

    Parameters
    ----------
    model : nn.Module
        Maps inputs (N, ...) to outputs (N, K), each from its own input alone; in eval mode.
    inputs : Tensor, shape (N, ...)
        Images.
    differentiable : bool
        Whether the result can be differentiated once more.

    Returns
    -------
    Tensor, shape (N, K, n)
        With n values an image.
    """
    points = inputs if inputs.requires_grad else inputs.detach().requires_grad_()
    outputs = model(points)
    rows = [
        torch.autograd.grad(one.sum(), points, retain_graph=True, create_graph=differentiable)[0]
        for one in outputs.unbind(1)
    ]
    return torch.stack([row.flatten(1) for row in rows], 1)


def jacobian_norm(model: nn.Module, inputs: Tensor) -> Tensor:
    """Return ‖J(x)‖, the largest singular value of the Jacobian at each input, shape (N,)."""
    return torch.linalg.matrix_norm(jacobian(model, inputs), 2)


def ascend(
    model: nn.Sequential, starts: Tensor, *, steps: int = 50, first_step: float = 0.05
) -> Steepest:
    """Walk from images to steeper ones, by gradient ascent on ‖J(x)‖ in the box [0, 1]^n.

    The Jacobian of a ReLU network is piecewise constant and gives no direction. There, the
    gradient is that of the same network with softplus for ReLU; what counts is always the network
    itself.

    Parameters
    ----------
    model : nn.Sequential
        Maps images to outputs (N, K); in eval mode.
    starts : Tensor, shape (N, ...)
        Images with pixels in [0, 1].
    steps : int
        Of the ascent.
    first_step : float
        Distortion of the first step; it shrinks linearly to zero.

    Returns
    -------
    Steepest
        The best on each way.

    Raises
    ------
    ValueError
        If the model is in training mode.
    """
    check_model(model)
    smooth = _smoothed(model)
    x = starts.detach().clone()
    start = jacobian_norm(model, x)
    best, best_norm = x.clone(), start.clone()
    for step in range(steps):
        points = x.requires_grad_()
        norms = torch.linalg.matrix_norm(jacobian(smooth, points, differentiable=True), 2)
        if not norms.requires_grad:  # J is the same everywhere
            break
        (uphill,) = torch.autograd.grad(norms.sum(), points, materialize_grads=True)
        with torch.no_grad():
            size = uphill.flatten(1).square().mean(1).sqrt().clamp_min(1e-30)
            size = per_image(size, x)
            x = (points + first_step * (1 - step / steps) * uphill / size).clamp(0, 1)
        found = jacobian_norm(model, x)
        better = found > best_norm
        best[better], best_norm[better] = x.detach()[better], found[better]
    return Steepest(best, best_norm, start)


def _smoothed(layer: nn.Module) -> nn.Module:
    """Return a layer with softplus for ReLU, in an ``nn.Sequential`` at any depth."""
    if isinstance(layer, nn.Sequential):
        return nn.Sequential(*[_smoothed(inner) for inner in layer])
    return nn.Softplus(beta=SHARPNESS) if isinstance(layer, nn.ReLU) else layer
