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

from helpers.attack.losses import target_margin

RUNS = 3  # each with a noise of its own
RADIUS = 0.5  # of the first sphere around x, as a share of the ‖y − x‖ that is to be improved
RADIUS_GROWTH = 0.05  # of the radius after a failure; after a success it shrinks by as much
ALPHA = (0.6, 0.006)  # from the first to the last, as a share of the radius
NOISE_RADIUS = 0.5  # its norm at first, as a share of ‖y − x‖; it falls to 0


def smoothed_descent(
    model: nn.Module,
    inputs: Tensor,
    attempts: Tensor,
    targets: Tensor,
    steps: int,
    box: tuple[float, float],
) -> Tensor:
    """Look for closer images with their targets, in three runs at once, and keep the closest.

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
    x = inputs.flatten(1).repeat(RUNS, 1)  # (RUNS·N, n)
    best, wanted = attempts.flatten(1).repeat(RUNS, 1), targets.repeat(RUNS)
    distance = (best - x).norm(dim=1)  # (RUNS·N,), as all that has no pixels
    y, radius, noise = x, RADIUS * distance, NOISE_RADIUS * distance
    generator = torch.Generator().manual_seed(0)
    for k in range(steps):
        falling = (1 + math.cos(math.pi * k / steps)) / 2
        alpha = ALPHA[1] + (ALPHA[0] - ALPHA[1]) * falling
        e = torch.randn(RUNS, x.shape[1], generator=generator).to(x)
        e = functional.normalize(e, dim=1).repeat_interleave(len(inputs), dim=0)
        noisy = torch.addcmul(y, ((1 - k / steps) * noise)[:, None], e).clamp(*box)
        g = _direction(model, noisy.view(-1, *inputs.shape[1:]), wanted)
        r = y - x
        size = r.norm(dim=1)
        success = target_margin(model, y.view(-1, *inputs.shape[1:]), wanted) > 0
        better = success & (size < distance)
        best[better] = y[better]
        distance = torch.where(better, size, distance)
        radius = radius * torch.where(success, 1 - RADIUS_GROWTH, 1 + RADIUS_GROWTH)
        s = functional.normalize(torch.addcmul(r, alpha * radius[:, None], g), dim=1)
        y = torch.addcmul(x, radius[:, None], s).clamp(*box)
    run = distance.view(RUNS, -1).argmin(0)
    return best.view(RUNS, *inputs.shape)[run, torch.arange(len(inputs))]


def _direction(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Return g / ‖g‖ of log softmax(logits)_l, shape (N, n); 0 where the gradient is."""
    images = images.detach().requires_grad_()
    loss = functional.cross_entropy(model(images), targets, reduction="sum")
    (gradient,) = torch.autograd.grad(-loss, images)
    gradient = gradient.flatten(1)
    return torch.nan_to_num(gradient / gradient.norm(dim=1, keepdim=True))
