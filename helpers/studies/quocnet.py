"""What chapter 12 detects: faces among photographs, which need no download, or CIFAR-10's cars."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from helpers import data
from helpers.data import CIFAR10_CLASSES, Dataset, cifar10
from helpers.models import Stage, build_quocnet
from helpers.training import RicaRecipe, pretrain_quocnet, trained_quocnet
from helpers.units import with_label

FACE_IMAGES = 3000  # without labels


@dataclass(frozen=True)
class Task:
    """One thing to detect, and the network to detect it with.

    Attributes
    ----------
    thing : str
        What is detected, in the singular.
    train, test : Dataset
        Images with label 1 for the thing and 0 for the rest.
    unlabelled : callable
        Returns the images to learn from without labels, shape (count, C, H, W).
    count : int
        How many these are.
    images : str
        Says which these are; part of the key of the checkpoint.
    stages : tuple of Stage
        The shape of the network.
    recipe : RicaRecipe
        How it is trained.
    """

    thing: str
    train: Dataset
    test: Dataset
    unlabelled: Callable[[], Tensor]
    count: int
    images: str
    stages: tuple[Stage, ...]
    recipe: RicaRecipe

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of the images."""
        return tuple(self.train.inputs.shape[1:])

    def network(self, keep: Path | None = None) -> nn.Sequential:
        """Return φ: the network from its checkpoint, or trained now."""
        return trained_quocnet(
            self.unlabelled, self.images, self.shape, self.stages, recipe=self.recipe, keep=keep
        )

    def untrained(self) -> nn.Sequential:
        """Return the same network with random filters; only whitening and contrast are set."""
        model = build_quocnet(self.shape, self.stages)
        pretrain_quocnet(model, self.train.inputs, recipe=RicaRecipe(epochs=0))
        return model


def detection_task(name: str = "") -> Task:
    """Return what to detect.

    Parameters
    ----------
    name : {"faces", "cars"}, optional
        ``"faces"`` needs no download, ``"cars"`` needs CIFAR-10 in the data folder. By default
        what the environment's ``COURSE_DETECT`` says, or else faces.

    Raises
    ------
    ValueError
        If there is no such task.
    FileNotFoundError
        If there is no CIFAR-10 for cars.
    """
    name = name or os.environ.get("COURSE_DETECT", "") or "faces"
    if name not in TASKS:
        raise ValueError(f"name must be one of {', '.join(TASKS)}; got {name!r}")
    return TASKS[name]()


def _faces() -> Task:
    return Task(
        thing="face",
        train=data.faces("train"),
        test=data.faces("test"),
        unlabelled=lambda: data.unlabelled(FACE_IMAGES),
        count=FACE_IMAGES,
        images=f"photographs and faces {FACE_IMAGES}",
        stages=(Stage(16, 6, 2, 3, 2), Stage(32, 2, 1, 2, 1), Stage(64, 2, 1, 2, 1)),
        recipe=RicaRecipe(),
    )


def _cars() -> Task:
    car = CIFAR10_CLASSES.index("automobile")
    train = cifar10("train")
    return Task(
        thing="car",
        train=with_label(train, car),
        test=with_label(cifar10("test"), car),
        unlabelled=lambda: train.inputs,
        count=len(train),
        images=f"{train.name} {train.digest[:12]}",
        stages=(Stage(48, 6, 2, 3, 2), Stage(192, 2, 1, 2, 1), Stage(256, 2, 1, 2, 1)),
        # chosen by a linear classifier's precision on held-out training images
        recipe=RicaRecipe(epochs=3, sparsity=(0.7, 0.03, 0.01), softness=10.0),
    )


TASKS = {"faces": _faces, "cars": _cars}
