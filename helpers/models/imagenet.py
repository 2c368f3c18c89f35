"""ImageNet's classifiers by name, as ``nn.Sequential`` from pixels to logits.

The names are torchvision's, and ``"efficientnet_lite0"``. The preprocessing is the first module, so
that an attack works on pixels in [0, 1], and a distortion means what it means in the paper.
"""

import pickle
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import torch
from torch import Tensor, nn

from helpers import data
from helpers.data import fetch
from helpers.models.efficientnet_lite import (
    DEVIATION,
    LITE0,
    MEAN,
    efficientnet_lite0,
    lite0_weights,
)
from helpers.models.layers import Standardise
from helpers.models.seeding import seeded

OSTRICH = 9  # the paper's target
WEIGHTS = (".pt", ".pth")  # endings of files
DIGEST = re.compile(r"-([0-9a-f]{8,})\.")  # torchvision names files by their SHA-256's beginning
JOINTS = (  # what a network's own code may do between its features and its classifier
    [],
    [nn.Flatten()],
    [nn.AdaptiveAvgPool2d(1), nn.Flatten()],
    [nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()],
)


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes what a network was trained on.

    Attributes
    ----------
    side : int
        Width and height of the square cut from the middle, in pixels.
    shorter : int
        To what the picture's shorter side is resized before.
    mean, deviation : tuple of float
        Of each channel, for `helpers.models.Standardise`.
    """

    side: int
    shorter: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]


def categories() -> tuple[str, ...]:
    """Return the names of ImageNet's 1,000 classes, which torchvision ships."""
    from torchvision import models  # takes a second to import

    return tuple(models.get_model_weights("alexnet").DEFAULT.meta["categories"])


def short_names() -> list[str]:
    """Return torchvision's names of classifiers of 1,000 classes, such as ``"alexnet"``."""
    from torchvision import models

    return models.list_models(module=models)


def preparation(name: str) -> Preparation:
    """Return how pictures are prepared for a classifier; ValueError if there is none so named."""
    if name == LITE0:
        return Preparation(side=224, shorter=256, mean=(MEAN,) * 3, deviation=(DEVIATION,) * 3)
    prepared = _published(name).transforms()
    return Preparation(
        side=prepared.crop_size[0],
        shorter=prepared.resize_size[0],
        mean=tuple(prepared.mean),
        deviation=tuple(prepared.std),
    )


def classifier(name: str, *, weights: Path | None = None, seed: int = 0) -> nn.Sequential:
    """Build a classifier, laid out as one sequence.

    Parameters
    ----------
    name : str
        ``"efficientnet_lite0"``, or torchvision's, such as ``"alexnet"`` or ``"squeezenet1_0"``.
    weights : Path, optional
        A file of its state, as it is published (see `weights_file`); random weights by default.
    seed : int
        Seed of the random weights; the global random state is left as it was.

    Returns
    -------
    nn.Sequential
        Maps images (N, 3, H, W) with pixels in [0, 1] to logits (N, 1000); in eval mode, its
        parameters not to be trained. The first module is the preprocessing; a composite such as
        a Fire module is one block, and so is a network whose own code is no sequence.

    Raises
    ------
    ValueError
        If there is no such classifier.
    DamagedDataError
        If the file cannot be read, or holds the weights of something else.
    """
    if name == LITE0:
        return efficientnet_lite0(weights=weights, seed=seed)
    from torchvision import models

    prepared = preparation(name)
    with seeded(seed):
        network = models.get_model(name, weights=None)
    if weights is not None:
        _load(network, name, weights)
    for module in network.modules():
        if hasattr(module, "inplace"):  # a tail model[k:] must not overwrite what it is given
            module.inplace = False
    network = network.eval().requires_grad_(False)
    standardise = Standardise(prepared.mean, prepared.deviation)
    return nn.Sequential(standardise, *_in_sequence(network, prepared.side)).eval()


def weights_file(name: str) -> Path:
    """Return the file of a classifier's weights, fetched where it is not here (`kept_weights`).

    Parameters
    ----------
    name : str
        ``"efficientnet_lite0"``, or torchvision's name, whose default weights are fetched.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If there is no such classifier.
    OSError
        If the download fails, see `helpers.data.fetch`, or pip has not brought the file.
    """
    kept = lite0_weights() if name == LITE0 else kept_weights(name)
    if kept is not None:
        return kept
    published = _published(name)
    file = published.url.rsplit("/", 1)[1]
    digest = DIGEST.search(file)[1]
    place = data.folder() / "weights" / file
    return fetch(published.url, place, algorithm="sha256", digest=digest)


def kept_weights(name: str) -> Path | None:
    """Return the file of a classifier's weights in the data folder's ``weights/``, if it is there.

    A shared folder's ``weights/`` comes first, as everywhere (`helpers.data.places`).
    Its name has to begin with torchvision's name of the classifier, or be the one that torchvision
    publishes. A ValueError says that there is no such classifier.
    """
    _published(name)
    there = (
        path for place in data.places("weights") for path in sorted(place.glob(f"{name}*.pt*"))
    )
    for path in there:
        fitting = [known for known in short_names() if re.match(rf"{known}(?![a-z0-9])", path.name)]
        if max(fitting, key=len, default="") == name and path.suffix in WEIGHTS:
            return path
    return None


def _published(name: str) -> Enum:
    """Return torchvision's weights of a classifier."""
    if name not in short_names():
        known = ", ".join([*short_names(), LITE0])
        raise ValueError(f"name must be one of {known}; got {name!r}")
    from torchvision import models

    return models.get_model_weights(name).DEFAULT


def _load(network: nn.Module, name: str, path: Path) -> None:
    """Read a state into a network, or say which file is wrong."""
    remedy = f"delete it, or put torchvision's file for {name} in its place"
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        # the files of the DenseNets are older than torchvision's names of their layers
        renamed = {key: re.sub(r"(denselayer\d+\.\w+)\.(\d)\.", r"\1\2.", key) for key in state}
        network.load_state_dict({renamed[key]: value for key, value in state.items()})
    except (pickle.UnpicklingError, RuntimeError, EOFError, TypeError, AttributeError) as error:
        why = str(error).split("\n")[0]
        raise data.DamagedDataError(
            f"{path} does not hold the weights of {name} ({why}): {remedy}"
        ) from error


@torch.no_grad()
def _in_sequence(network: nn.Module, side: int) -> list[nn.Module]:
    """Return the modules of a network in the order of its own code.

    What the code does between them cannot be seen, so each usual joint is tried until the
    sequence gives the same logits; where none does, the network is one block.
    """
    image = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    expected = network(image)
    modules = list(_unfolded(network))
    first = next((i for i, m in enumerate(modules) if isinstance(m, nn.Linear | nn.Dropout)), None)
    for joint in JOINTS:
        for place in (first, len(modules)):
            if place is None:
                continue
            found = [*modules[:place], *joint, *modules[place:]]
            if _same(found, image, expected):
                return found
    return [network]


def _same(modules: list[nn.Module], image: Tensor, expected: Tensor) -> bool:
    """Return whether modules, one after the other, map the image to the expected logits."""
    try:
        for module in modules:
            image = module(image)
    except (RuntimeError, TypeError, ValueError):  # one does not take what another returns
        return False
    return image.shape == expected.shape and torch.allclose(image, expected, rtol=1e-4, atol=1e-5)


def _unfolded(network: nn.Module) -> Iterator[nn.Module]:
    """Yield the children of a network, and those of plain sequences in their place."""
    for child in network.children():
        if type(child) is nn.Sequential and len(child) > 0:
            yield from _unfolded(child)
        else:
            yield child
