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
from helpers.evaluation import distortion

NOISES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of each run: its norm at first, in ‖y − x‖; it falls to 0
RADIUS = 0.6  # of the first sphere around x, as a share of the ‖y − x‖ that is to be improved
RADIUS_GROWTH = 0.05  # of the radius after a failure; after a success it shrinks by as much
ALPHA = (0.6, 0.006)  # from the first to the last, as a share of the radius
PASSES = (0.5, 1.5, 1.5, 1.5)  # how long each pass is; the first tells what is masked
LONGEST_PASS = 300  # steps of a pass
LEAST_GAIN = 0.01  # of ‖y − x‖: what a pass brings to an image that has another


def see_through(
    model: nn.Module,
    inputs: Tensor,
    attempts: Tensor,
    targets: Tensor,
    steps: int,
    box: tuple[float, float],
) -> tuple[Tensor, Tensor]:
    """Look for closer images with their targets in four passes, each from what is found so far.

    The first is short. An image that a pass does not bring closer by a hundredth has no other:
    so what only looked masked costs little.

    Parameters
    ----------
    model, inputs, attempts, targets, box
        As for `smoothed_descent`.
    steps : int
        Half of it is the first pass, the others are three times as long, but 300 at the most.

    Returns
    -------
    images : Tensor, shape (N, ...)
        The closest images that have their targets: y where none is closer.
    gradients : Tensor, shape (N,), int64
        Spent on each.
    """
    y, gradients = attempts.clone(), torch.zeros_like(targets)
    rows = torch.arange(len(inputs), device=inputs.device)
    for number, share in enumerate(PASSES):
        length = min(math.ceil(share * steps), LONGEST_PASS)
        x, before = inputs[rows], y[rows]
        y[rows] = after = smoothed_descent(
            model, x, before, targets[rows], length, box, seed=number
        )
        gradients[rows] += len(NOISES) * length
        rows = rows[distortion(x, after) < (1 - LEAST_GAIN) * distortion(x, before)]
        if len(rows) == 0:
            break
    return y, gradients


def smoothed_descent(
    model: nn.Module,
    inputs: Tensor,
    attempts: Tensor,
    targets: Tensor,
    steps: int,
    box: tuple[float, float],
    *,
    seed: int = 0,
) -> Tensor:
    """Look for closer images with their targets, in several runs at once, and keep the closest.

    With g the gradient of log softmax(logits)_l at the image with noise, P the projection onto
    the box and ρ the radius, r_{k+1} = P(x + ρ s / ‖s‖) − x where s = r_k + α ρ g / ‖g‖. The runs
    differ in their noise: one has none, and is DDN.

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
    seed : int
        Of the noise, which is the same for all images.

    Returns
    -------
    Tensor, shape (N, ...)
        The closest images that have their targets: y where none is closer.

    References
    ----------
    Rony et al., arXiv 1811.09600, for the steps and the radius (DDN). Athalye, Carlini and Wagner,
    arXiv 1802.00420, for masked gradients.
    """
    runs, shape = len(NOISES), (-1, *inputs.shape[1:])
    x = inputs.flatten(1).repeat(runs, 1)  # (runs·N, n)
    best, wanted = attempts.flatten(1).repeat(runs, 1), targets.repeat(runs)
    distance = (best - x).norm(dim=1)  # (runs·N,), as all that has no pixels
    y, radius = x, RADIUS * distance
    levels = torch.tensor(NOISES, dtype=x.dtype, device=x.device).repeat_interleave(len(inputs))
    noise = levels * distance / x.shape[1] ** 0.5
    generator = torch.Generator().manual_seed(seed)
    for k in range(steps):
        falling = (1 + math.cos(math.pi * k / steps)) / 2
        alpha = ALPHA[1] + (ALPHA[0] - ALPHA[1]) * falling
        e = torch.randn(runs, 1, x.shape[1], generator=generator).to(x)
        e = e.expand(-1, len(inputs), -1).reshape(x.shape)
        noisy = torch.addcmul(y, ((1 - k / steps) * noise)[:, None], e).clamp_(*box)
        g = _direction(model, noisy.view(shape), wanted)
        r = y - x
        size = r.norm(dim=1)
        success = target_margin(model, y.view(shape), wanted) > 0
        better = success & (size < distance)
        best[better] = y[better]
        distance = torch.where(better, size, distance)
        radius = radius * torch.where(success, 1 - RADIUS_GROWTH, 1 + RADIUS_GROWTH)
        s = functional.normalize(torch.addcmul(r, alpha * radius[:, None], g), dim=1)
        y = torch.addcmul(x, radius[:, None], s).clamp_(*box)
    run = distance.view(runs, -1).argmin(0)
    return best.view(runs, *inputs.shape)[run, torch.arange(len(inputs), device=run.device)]


def _direction(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Return g / ‖g‖ of log softmax(logits)_l, shape (N, n); 0 where the gradient is."""
    images = images.detach().requires_grad_()
    loss = functional.cross_entropy(model(images), targets, reduction="sum")
    (gradient,) = torch.autograd.grad(-loss, images)
    gradient = gradient.flatten(1)
    return torch.nan_to_num(gradient / gradient.norm(dim=1, keepdim=True))
