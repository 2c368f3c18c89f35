"""The label that an attack should reach: drawn at random, or the nearest one."""

import math

import torch
from torch import Tensor, nn

from helpers.data import Dataset
from helpers.evaluation import logits, number_of_classes

TARGETS = ("random", "nearest")


def random_targets(labels: Tensor, *, classes: int = 10, generator: torch.Generator) -> Tensor:
    """Draw a wrong label for each image, uniformly: the targets that reproduce Table 2.

    Parameters
    ----------
    labels : Tensor, shape (N,)
        True labels.
    classes : int
        Number of labels.
    generator : torch.Generator
        Source of the randomness, on the CPU.

    Returns
    -------
    Tensor, shape (N,)
        Targets, none equal to its label.
    """
    steps = torch.randint(1, classes, labels.shape, generator=generator)
    return (labels + steps.to(labels.device)) % classes


def choose_targets(
    model: nn.Module, dataset: Dataset, target: str | Tensor, *, seed: int = 0
) -> Tensor:
    """Return the target label of each image, shape (N,); parameters as for `attack_dataset`.

    Raises
    ------
    ValueError
        If there is no such way to choose, there is not one target for each image, or the model has
        no such label as the data set has.
    """
    if isinstance(target, Tensor):
        if target.shape != dataset.labels.shape:
            raise ValueError(
                f"target must have shape ({len(dataset)},), one label for each image; "
                f"got {tuple(target.shape)}"
            )
        return target
    if target not in TARGETS:
        raise ValueError(f"target must be labels or one of {', '.join(TARGETS)}; got {target!r}")
    classes = number_of_classes(model, dataset.inputs)
    largest = int(dataset.labels.max()) if len(dataset) else 0
    if largest >= classes:
        raise ValueError(
            f"dataset must have labels from 0 to {classes - 1}, as model has; got {largest}"
        )
    if target == "random":
        generator = torch.Generator().manual_seed(seed)
        return random_targets(dataset.labels, classes=classes, generator=generator)
    return runner_up(logits(model, dataset.inputs), dataset.labels)


def runner_up(logits: Tensor, labels: Tensor) -> Tensor:
    """Return argmax_{j≠y} z_j of each image with label y, shape (N,), int64: the nearest target."""
    return logits.scatter(1, labels[:, None], -math.inf).argmax(1)
