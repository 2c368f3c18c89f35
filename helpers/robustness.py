"""Attacks with a budget, and training against them (what followed section 4).

The paper asks how small a change can be that gets a label. Its successors turned this round: how
much harm can a change of a given size do? Then the worst case is one step, or a few, uphill on
the loss, cheap enough to be taken at every step of training.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from helpers.data import Dataset
from helpers.descent import batches, check_data
from helpers.evaluation import distortion


def loss_gradient(model: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    """Return ∂loss/∂x of each image's cross-entropy, shape (N, ...)."""
    points = inputs.detach().clone().requires_grad_()
    loss = functional.cross_entropy(model(points), labels, reduction="sum")
    return torch.autograd.grad(loss, points)[0]


def gradient_sign(model: nn.Module, inputs: Tensor, labels: Tensor, epsilon: float) -> Tensor:
    """Take one step of ±ε in every pixel, uphill on the loss: clip(x + ε·sign ∂loss/∂x).

    Where the loss is linear in x, no change of at most ε a pixel does more harm.

    Parameters
    ----------
    model : nn.Module
        Maps images to logits.
    inputs : Tensor, shape (N, ...)
        Images with pixels in [0, 1].
    labels : Tensor, shape (N,)
        True labels.
    epsilon : float
        Size of the step, at least 0; also its distortion, but for the clipping.

    Returns
    -------
    Tensor, shape (N, ...)
        The changed images, in [0, 1].

    Raises
    ------
    ValueError
        If `epsilon` is negative.

    References
    ----------
    Goodfellow, Shlens and Szegedy, arXiv 1412.6572, section 4: the fast gradient sign method.
    """
    if not epsilon >= 0:
        raise ValueError(f"epsilon must be at least 0, got {epsilon}")
    return (inputs + epsilon * loss_gradient(model, inputs, labels).sign()).clamp(0, 1)


def into_ball(inputs: Tensor, points: Tensor, rms: float) -> Tensor:
    """Return the closest points to `points` at a distortion of at most `rms` from `inputs`."""
    factor = (rms / distortion(inputs, points).clamp_min(1e-30)).clamp_max(1)
    return inputs + factor.view(-1, *[1] * (inputs.ndim - 1)) * (points - inputs)


def projected_gradient(
    model: nn.Module, inputs: Tensor, labels: Tensor, rms: float, *, steps: int = 10
) -> Tensor:
    """Climb the loss by steps of the gradient, inside a ball around each image and the box.

    Parameters
    ----------
    model : nn.Module
        Maps images to logits.
    inputs : Tensor, shape (N, ...)
        Images with pixels in [0, 1].
    labels : Tensor, shape (N,)
        True labels.
    rms : float
        Radius of the ball, as a distortion; at least 0.
    steps : int
        How many, each 2.5 / steps of the radius long.

    Returns
    -------
    Tensor, shape (N, ...)
        The last points.

    Raises
    ------
    ValueError
        If `rms` is negative or `steps` less than 1.

    References
    ----------
    Madry, Makelov, Schmidt, Tsipras and Vladu, arXiv 1706.06083: projected gradient descent, there
    with random starts.
    """
    if not rms >= 0 or steps < 1:
        raise ValueError(f"rms must be at least 0 and steps at least 1, got {rms} and {steps}")
    points = inputs
    for _ in range(steps):
        uphill = loss_gradient(model, points, labels)
        size = uphill.flatten(1).square().mean(1).sqrt().clamp_min(1e-30)
        step = uphill / size.view(-1, *[1] * (inputs.ndim - 1))
        moved = points + 2.5 * rms / steps * step
        # towards x the box is convex: what is clipped first stays in it
        points = into_ball(inputs, moved.clamp(0, 1), rms)
    return points


def train_against(
    model: nn.Sequential,
    dataset: Dataset,
    *,
    rms: float,
    steps: int = 5,
    epochs: int,
    batch_size: int = 50,
    learning_rate: float = 0.05,
    seed: int = 0,
    progress: str = "",
) -> nn.Sequential:
    """Train a network on the worst images found in the ball around each: min E max loss(x + r, y).

    Parameters
    ----------
    model : nn.Sequential
        Trained in place, from the weights that it has.
    dataset : Dataset
        Training images, on the device of `model`.
    rms : float
        Radius of the balls, as a distortion; 0 trains on the images as they are.
    steps : int
        Of `projected_gradient`.
    epochs, batch_size : int
        Passes over the data, and images a step.
    learning_rate : float
        At the start; it falls to zero along a cosine. Nesterov momentum 0.9.
    seed : int
        Seed of the order of the images.
    progress : str
        Title of a progress bar; none by default.

    Returns
    -------
    nn.Sequential
        `model`, in eval mode.

    Raises
    ------
    ValueError
        If the network can not be trained on the data (see `descent.check_data`), or `rms` is
        negative, or `steps` less than 1.
    """
    check_data(model, dataset)
    model.eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=0.9, nesterov=True)
    total = epochs * math.ceil(len(dataset) / batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
    for rows in batches(dataset, epochs, batch_size, seed, progress):
        inputs, labels = dataset.inputs[rows], dataset.labels[rows]
        worst = projected_gradient(model, inputs, labels, rms, steps=steps) if rms else inputs
        optimizer.zero_grad()
        functional.cross_entropy(model(worst), labels).backward()
        optimizer.step()
        schedule.step()
    return model
