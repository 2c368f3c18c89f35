"""The problems of the attack's benchmark: a network, images that it has not seen, and targets."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from helpers import data, models
from helpers.attack import random_targets
from helpers.bounds import exact_linear
from helpers.evaluation import predict

from .networks import NETWORKS, SEED, SQUEEZENET

CANDIDATES = 2000  # training images that an attack may start from


@dataclass(frozen=True)
class Problem:
    """A network with the images that are attacked: all of them are classified rightly.

    Attributes
    ----------
    model : nn.Module
        In eval mode.
    inputs, labels, targets : Tensor
        The images (N, ...), their labels (N,) and random wrong ones (N,).
    starts : Tensor, shape (N, ...), or None
        Other images that have the targets, the nearest of some; None where there are no others.
    exact : Tensor, shape (N,), or None
        D(x, l), where it can be computed.
    """

    model: nn.Module
    inputs: Tensor
    labels: Tensor
    targets: Tensor
    starts: Tensor | None = None
    exact: Tensor | None = None

    def digest(self) -> str:
        """Return a hash of all that an attack's result depends on but the attack."""
        given = {"inputs": self.inputs, "labels": self.labels, "targets": self.targets}
        return data.digest(given | {f"model.{k}": v for k, v in self.model.state_dict().items()})


def problem(name: str, count: int, folder: Path) -> Problem:
    """Return a network with images that it has not seen.

    Raises
    ------
    OSError
        If the weights or the images of SqueezeNet cannot be had.
    """
    model = NETWORKS[name].make(folder)
    if name == "SqueezeNet":
        return colour_problem(model, count)
    inputs, labels = right(model, data.digits("test"), count)
    generator = torch.Generator().manual_seed(SEED)
    targets = random_targets(labels, generator=generator)
    exact = exact_linear(model, inputs, targets).distortion if name == "softmax" else None
    return Problem(model, inputs, labels, targets, starts(model, inputs, targets), exact)


def right(model: nn.Module, dataset: data.Dataset, count: int) -> tuple[Tensor, Tensor]:
    """Return so many random images that are classified rightly, and their labels."""
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(SEED))
    some = dataset[order[: 4 * count]]
    rows = (predict(model, some.inputs, batch_size=50) == some.labels).nonzero().squeeze(1)[:count]
    return some.inputs[rows], some.labels[rows]


def starts(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return for each image the nearest of some training images that have its target."""
    others = data.digits("train").inputs[:CANDIDATES]
    far = torch.cdist(inputs.flatten(1), others.flatten(1))
    far[predict(model, others) != targets[:, None]] = math.inf
    return others[far.argmin(1)]


def colour_problem(model: nn.Module, count: int) -> Problem:
    """Return SqueezeNet with photographs of ImageNet's classes, and random targets."""
    prepared = models.preparation(SQUEEZENET)
    sizes = {"side": prepared.side, "shorter": prepared.shorter}
    place = data.find("imagenet_samples")
    pictures = data.read_folder(place, **sizes) if place.is_dir() else data.imagenette(**sizes)
    inputs, labels = right(model, pictures, count)
    generator = torch.Generator().manual_seed(SEED)
    return Problem(model, inputs, labels, random_targets(labels, classes=1000, generator=generator))
