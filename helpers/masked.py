"""A closer image where gradients are masked: normalised steps along gradients seen through noise.

Where the units of a network are saturated its gradient is tiny, and what is left of it belongs to
a few units that happen not to be: a linear margin is of no use beyond their reach. Two remedies are
known. The length of a step must not depend on that of the gradient (DDN), and the gradient is
taken at an image with noise: on average over the steps, that of a smoother network.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from helpers.losses import target_margin

RUNS = 3  # each with a noise of its own
RADIUS = 0.5  # of the first sphere around x, as a share of the ‖y − x‖ that is to be improved
GROWTH = 0.05  # of the radius after a failure; after a success it shrinks by as much
STEP = (0.6, 0.006)  # from the first to the last, as a share of the radius
NOISE = 0.5  # its norm at first, as a share of ‖y − x‖; it falls to 0


def smoothed_descent(
    model: nn.Module,
    inputs: Tensor,
    attempts: Tensor,
    targets: Tensor,
    steps: int,
    box: tuple[float, float],
) -> Tensor:
    """Look for closer images with their targets, in three runs, and keep the closest.

    With g the gradient of log softmax(logits)_l at the image with noise, P the projection onto
    the box and ρ the radius, r_{k+1} = P(x + ρ s / ‖s‖) − x where s = r_k + α ρ g / ‖g‖.

    Parameters
    ----------
    model : nn.Module
        Maps images to logits (N, K).
    inputs, attempts : Tensor, shape (N, ...)
        Images x, and images y that have their targets.
    targets : Tensor, shape (N,)
        Labels, int64.
    steps : int
        Gradients for each image and run.
    box : (float, float)
        The range of the images, also of those with noise.

    Returns
    -------
    Tensor, shape (N, ...)
        The closest images that have their targets: y where none is closer.

    References
    ----------
    Rony et al., arXiv 1811.09600, for the steps and the radius (DDN). Athalye, Carlini and Wagner,
    arXiv 1802.00420, for masked gradients.
    """
    x, best = inputs.flatten(1), attempts.flatten(1).clone()  # (N, n)
    distance = (best - x).norm(dim=1)  # (N,), as all that has no pixels
    for run in range(RUNS):
        generator = torch.Generator().manual_seed(run)
        y, radius, noise = x, RADIUS * distance, NOISE * distance
        for k in range(steps):
            falling = (1 + math.cos(math.pi * k / steps)) / 2
            alpha = STEP[1] + (STEP[0] - STEP[1]) * falling
            e = torch.randn(x.shape[1], generator=generator).to(x)
            sigma = (1 - k / steps) * noise / e.norm()
            noisy = torch.addcmul(y, sigma[:, None], e).clamp(*box)
            g = _direction(model, noisy.view_as(inputs), targets)
            r = y - x
            success = target_margin(model, y.view_as(inputs), targets) > 0
            better = success & (r.norm(dim=1) < distance)
            best[better] = y[better]
            distance = torch.where(better, r.norm(dim=1), distance)
            radius = radius * torch.where(success, 1 - GROWTH, 1 + GROWTH)
            s = functional.normalize(torch.addcmul(r, alpha * radius[:, None], g), dim=1)
            y = torch.addcmul(x, radius[:, None], s).clamp(*box)
    return best.view_as(inputs)


def _direction(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Return g / ‖g‖ of log softmax(logits)_l, shape (N, n); 0 where the gradient is."""
    images = images.detach().requires_grad_()
    loss = functional.cross_entropy(model(images), targets, reduction="sum")
    (gradient,) = torch.autograd.grad(-loss, images)
    gradient = gradient.flatten(1)
    return torch.nan_to_num(gradient / gradient.norm(dim=1, keepdim=True))
