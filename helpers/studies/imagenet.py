"""Chapter 11's network, AlexNet or another of torchvision's or a small one, and its images."""

import functools
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from helpers import data, models, training
from helpers.data import Dataset

PAPERS = "alexnet"
SMALL = "small AlexNet"
COMMON_TARGET = "coffee"  # of the small network; the paper's is the ostrich


@dataclass(frozen=True, eq=False)
class System:
    """A network that classifies colour images.

    Attributes
    ----------
    name : str
        torchvision's, or ``"small AlexNet"``.
    network : nn.Sequential
        Maps images (N, 3, side, side) with pixels in [0, 1] to logits; in eval mode.
    classes : tuple of str
        Name of each label.
    target : int
        The common target of Figure 5.
    side, shorter : int
        Size of its images, and what a picture's shorter side is resized to before, in pixels.
    """

    name: str
    network: nn.Sequential
    classes: tuple[str, ...]
    target: int
    side: int
    shorter: int

    def read(self, source: Path | bytes) -> Tensor:
        """Read a picture as `helpers.data.read_picture` does, shape (1, 3, side, side)."""
        return data.read_picture(source, side=self.side, shorter=self.shorter)[None]


def imagenet_system(name: str = "") -> System:
    """Return the network that is asked for, or AlexNet where it can be had, or the small one.

    Parameters
    ----------
    name : str
        torchvision's name of a classifier, or ``"small AlexNet"``; by default what the
        environment's ``COURSE_NETWORK`` says, or else AlexNet.

    Returns
    -------
    System
        With trained weights.

    Raises
    ------
    ValueError
        If there is no network of that name.
    OSError
        If a network was asked for by name and its weights cannot be had.
    DamagedDataError
        If the file of its weights cannot be read, or holds those of something else.
    """
    asked = name or os.environ.get("COURSE_NETWORK", "")
    if asked == SMALL:
        return _small()
    try:
        weights = models.weights_file(asked or PAPERS)
    except OSError as error:
        if asked:
            raise OSError(f"the weights of {asked} are not in the data folder: {error}") from error
        _say(
            f"AlexNet's weights (233 MB) are not in the data folder and were not fetched ({error})."
            "\nUsing a small network of AlexNet's shape, trained on photographs that scikit-image "
            "ships: the phenomenon is the same, the numbers are not the paper's."
        )
        return _small()
    name = asked or PAPERS
    prepared = models.preparation(name)
    return System(
        name=name,
        network=models.classifier(name, weights=weights),
        classes=models.categories(),
        target=models.OSTRICH,
        side=prepared.side,
        shorter=prepared.shorter,
    )


def system_images(system: System, which: str = "", *, count: int = 64, seed: int = 0) -> Dataset:
    """Return random images for a network.

    Parameters
    ----------
    system : System
        The network.
    which : str
        ``"photographs"``, ``"imagenette"``, ``"imagenet_samples"`` (a folder in the data folder)
        or the path of a folder of pictures; by default what the environment's ``COURSE_IMAGES``
        says, or else Imagenette for a network of ImageNet where it can be had, and the
        photographs otherwise.
    count : int
        How many, at the most.
    seed : int
        Seed of the choice.

    Returns
    -------
    Dataset
        Inputs of shape (N, 3, side, side). Labels are those of the network, −1 where nobody has
        labelled the image. For the small network these are test crops of all photographs but
        that of the common target.

    Raises
    ------
    OSError, ValueError
        If images were asked for by name and cannot be had.
    DamagedDataError
        If Imagenette's archive in the data folder is damaged.
    """
    asked = which or os.environ.get("COURSE_IMAGES", "")
    sizes = {"side": system.side, "shorter": system.shorter}
    try:
        if asked == "imagenette" or (not asked and system.name != SMALL):
            found = data.imagenette(**sizes, count=count, seed=seed)
        elif asked in ("", "photographs"):
            return _photographs(system, count, seed)
        else:
            place = data.folder() / asked if asked == "imagenet_samples" else Path(asked)
            found = data.read_folder(place, **sizes, count=count, seed=seed)
    except OSError as error:
        if asked:
            raise
        _say(
            f"Imagenette (341 MB) is not in the data folder and was not fetched ({error}).\n"
            "Using crops of the photographs that scikit-image ships."
        )
        return _photographs(system, count, seed)
    return _unlabelled(found) if system.name == SMALL else found


def labelled_images(system: System, *, each: int = 40, seed: int = 0) -> Dataset:
    """Return small labelled images on which units of a network can be measured (section 3).

    Parameters
    ----------
    system : System
        The network; one of ImageNet's needs them enlarged.
    each : int
        Crops of each photograph.
    seed : int
        Seed of the crops.

    Returns
    -------
    Dataset
        CIFAR-10's test images for a network of ImageNet, where the data folder has them: they may
        be counted, but not shown in a stored output. Test crops of the photographs, 64 × 64
        pixels, otherwise.
    """
    if system.name != SMALL:
        try:
            return data.cifar10("test")
        except FileNotFoundError:
            pass
    return data.photos("test", each=each, seed=seed)


def _small() -> System:
    return System(
        name=SMALL,
        network=training.trained_small_alexnet().requires_grad_(False),
        classes=data.PHOTOGRAPH_CLASSES,
        target=data.PHOTOGRAPH_CLASSES.index(COMMON_TARGET),
        side=training.PHOTO_SIDE,
        shorter=2 * training.PHOTO_SIDE,
    )


def _photographs(system: System, count: int, seed: int) -> Dataset:
    """Return random crops of the shipped photographs."""
    kinds = len(data.PHOTOGRAPHS)
    each = -(-count // (kinds - 1))
    if system.name == SMALL:
        found = data.photos("test", each=each, seed=seed)
        rows = (found.labels != system.target).nonzero().squeeze(1)
    else:
        found = data.photos("whole", each=each, side=system.side, shorter=system.shorter, seed=seed)
        found = _unlabelled(found)
        rows = torch.arange(len(found))
    generator = torch.Generator().manual_seed(seed)
    chosen = rows[torch.randperm(len(rows), generator=generator)[:count]]
    source = f"{len(chosen)} random crops of scikit-image's and scikit-learn's photographs"
    return replace(found[chosen], source=source)


def _unlabelled(dataset: Dataset) -> Dataset:
    """Return images whose labels are not those of the network without any."""
    return replace(dataset, labels=torch.full_like(dataset.labels, data.UNKNOWN))


@functools.cache
def _say(notice: str) -> None:
    """Print a notice, but only once."""
    print(notice, file=sys.stderr)
