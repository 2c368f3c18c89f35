"""Robust optimisation: training against attacks with a budget (what followed section 4).

The paper asks how small a change can be that gets a label. Its successors turned this round: how
much harm can a change of a given size do? Then the worst case is one step, or a few, uphill on
the loss, cheap enough to be taken at every step of training.
"""

import math

import torch
from torch import nn

from helpers.attack import pgd
from helpers.data import Dataset
from helpers.training import batch_loss, batches, check_data


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
        Gradients of each attack; see `pgd`.
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
        If the data do not fit the model, `rms` is negative or `steps` less than 1.

    References
    ----------
    Madry, Makelov, Schmidt, Tsipras and Vladu, arXiv 1706.06083: projected gradient descent, there
    with random starts.
    """
    check_data(model, dataset)
    if not rms >= 0:
        raise ValueError(f"rms must be at least 0, got {rms}")
    model.eval()
    radius = rms * math.sqrt(dataset.inputs[0].numel())
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate, momentum=0.9, nesterov=True)
    total = epochs * math.ceil(len(dataset) / batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
    for rows in batches(dataset, epochs, batch_size, seed, progress):
        inputs, labels = dataset.inputs[rows], dataset.labels[rows]
        if rms:
            inputs = pgd(model, inputs, labels, epsilon=radius, norm="2", steps=steps)
        optimizer.zero_grad()
        batch_loss(model, inputs, labels).backward()
        optimizer.step()
        schedule.step()
    return model
