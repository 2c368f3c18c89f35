"""Chapter 11's network, EfficientNet-Lite0 or another one of ImageNet, and its images."""

import os
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from helpers import data, models
from helpers.data import Dataset

PAPERS = "alexnet"
ANOTHER = ("squeezenet1_0", PAPERS)  # to which examples may transfer
PATCH = 96  # pixels of the crops that units are shown


@dataclass(frozen=True, eq=False)
class System:
    """A network that classifies colour images.

    Attributes
    ----------
    name : str
        ``"efficientnet_lite0"``, or torchvision's.
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
    """Return the network that is asked for.

    Parameters
    ----------
    name : str
        ``"efficientnet_lite0"``, whose weights pip brings, or torchvision's name of a classifier,
        whose weights are taken from the data folder or fetched; by default what the environment's
        ``COURSE_NETWORK`` says, or else the first.

    Returns
    -------
    System
        With trained weights.

    Raises
    ------
    ValueError
        If there is no network of that name.
    OSError
        If its weights cannot be had; the message has the remedy.
    DamagedDataError
        If the file of its weights cannot be read, or holds those of something else.
    """
    name = name or os.environ.get("COURSE_NETWORK", "") or models.LITE0
    try:
        weights = models.weights_file(name)
    except FileNotFoundError:  # it names the command that brings them
        raise
    except OSError as error:
        raise OSError(f"the weights of {name} are not in the data folder: {error}") from error
    prepared = models.preparation(name)
    return System(
        name=name,
        network=models.classifier(name, weights=weights),
        classes=models.categories(),
        target=models.OSTRICH,
        side=prepared.side,
        shorter=prepared.shorter,
    )


def another_system(system: System) -> System | None:
    """Return another network with images of the same size, if the data folder has its weights.

    That is SqueezeNet 1.0 or AlexNet, in this order; nothing is fetched.
    """
    for name in ANOTHER:
        if name != system.name and models.kept_weights(name) is not None:
            found = imagenet_system(name)
            if (found.side, found.shorter) == (system.side, system.shorter):
                return found
    return imagenet_system(models.LITE0) if system.name in ANOTHER else None


def system_images(system: System, which: str = "", *, count: int = 64, seed: int = 0) -> Dataset:
    """Return images for a network.

    Parameters
    ----------
    system : System
        The network.
    which : str
        ``"photographs"``, those of `helpers.data.ALBUM`; ``"imagenette"``; ``"foolbox"``, the
        samples of ImageNet in that package; ``"imagenet_samples"``, a folder in the data folder;
        or the path of a folder of pictures. By default what the environment's ``COURSE_IMAGES``
        says, or else the photographs.
    count : int
        How many, at the most: the first photographs, or a random choice of the others.
    seed : int
        Seed of the choice.

    Returns
    -------
    Dataset
        Inputs of shape (N, 3, side, side). Labels are those of ImageNet, −1 where nobody has
        labelled the image.

    Raises
    ------
    OSError, ValueError
        If images were asked for that cannot be had.
    DamagedDataError
        If Imagenette's archive in the data folder is damaged.
    """
    which = which or os.environ.get("COURSE_IMAGES", "") or "photographs"
    sizes = {"side": system.side, "shorter": system.shorter}
    match which:
        case "photographs":
            return data.whole_photographs(**sizes, count=count)
        case "imagenette":
            return data.imagenette(**sizes, count=count, seed=seed)
        case "foolbox":
            return data.foolbox_samples(**sizes, count=count, seed=seed)
        case "imagenet_samples":
            path = data.find(which)
        case _:
            path = Path(which)
    return data.read_folder(path, **sizes, count=count, seed=seed)


def patches(system: System, *, each: int, seed: int = 0) -> Dataset:
    """Return square crops of all photographs, at the size at which a network sees them.

    Parameters
    ----------
    system : System
        The network; its `shorter` is that of the photographs before they are cut.
    each : int
        Crops of each photograph.
    seed : int
        Seed of the crops.

    Returns
    -------
    Dataset
        Inputs of shape (21·each, 3, 96, 96), labelled by the photograph that they are from.
    """
    return data.photos("whole", each=each, side=PATCH, shorter=system.shorter, seed=seed)


def labelled_images(system: System, *, each: int = 40, seed: int = 0) -> Dataset:
    """Return small labelled images on which units of a network can be measured (section 3).

    Parameters
    ----------
    system, each, seed
        As for `patches`.

    Returns
    -------
    Dataset
        CIFAR-10's test images where the data folder has them: they may be counted, but not shown
        in a stored output. Otherwise `patches`.
    """
    try:
        return data.cifar10("test")
    except FileNotFoundError:
        return patches(system, each=each, seed=seed)
