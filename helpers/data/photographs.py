"""Colour without a download: the photographs that scikit-image and scikit-learn ship, and crops.

The label of a crop says which photograph it is from. Each photograph is cut in two, and training
crops come from one part, test crops from the other: no pixel is in both.
"""

import functools

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from helpers.data.album import ALBUM
from helpers.data.dataset import Dataset
from helpers.data.photo_folders import UNKNOWN

PHOTOGRAPHS = tuple(photograph.name for photograph in ALBUM)
PHOTOGRAPH_CLASSES = tuple(name.removesuffix(".jpg").replace("_", " ") for name in PHOTOGRAPHS)
PHOTOGRAPH_SHORTER_SIDE = 256  # pixels of a photograph's shorter side
TRAINING_SHARE = 0.6  # share of the longer side, from the left or the top
SPLITS = ("train", "test", "whole")


def whole_photographs(*, side: int, shorter: int, count: int | None = None) -> Dataset:
    """Return the middle of each photograph of `ALBUM`, in its order.

    Parameters
    ----------
    side, shorter : int
        Width and height of the square, and what the shorter side is resized to before, in pixels.
    count : int, optional
        The first so many; all by default.

    Returns
    -------
    Dataset
        Inputs of shape (N, 3, side, side); no labels, they are −1.
    """
    names, squares = PHOTOGRAPHS[:count], []
    for name in names:
        pixels = part(name, "whole", shorter)
        top, left = ((size - side) // 2 for size in pixels.shape[1:])
        squares.append(pixels[:, top : top + side, left : left + side])
    inputs, labels = torch.stack(squares).float().div_(255), torch.full((len(names),), UNKNOWN)
    source = f"scikit-image's and scikit-learn's photographs, {len(names)} images"
    return Dataset(inputs, labels, "photographs", source)


def photos(
    split: str = "train",
    *,
    each: int = 40,
    side: int = 64,
    shorter: int = PHOTOGRAPH_SHORTER_SIDE,
    seed: int = 0,
) -> Dataset:
    """Cut random square crops out of 21 photographs.

    Parameters
    ----------
    split : {"train", "test", "whole"}
        The part of each photograph: the first 60 % along its longer side, the rest of it, or all.
    each : int
        Crops of each photograph.
    side : int
        Width and height of a crop in pixels.
    shorter : int
        Size of a photograph's shorter side in pixels; 256 by default.
    seed : int
        Seed of the places.

    Returns
    -------
    Dataset
        Inputs of shape (21·each, 3, side, side); a label is an index into
        `PHOTOGRAPH_CLASSES`. Crops of one photograph follow each other.

    Raises
    ------
    ValueError
        If there is no such split, or a crop does not fit into its part.

    References
    ----------
    van der Walt et al., "scikit-image: image processing in Python", PeerJ 2014, whose module
    ``data`` names the source of each photograph.
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}; got {split!r}")
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(len(PHOTOGRAPHS)).repeat_interleave(each)
    inputs = crops(labels, split, side=side, shorter=shorter, generator=generator)
    source = f"scikit-image's and scikit-learn's photographs, {len(labels):,} {split} crops"
    return Dataset(inputs, labels, "photographs", source)


def crops(
    labels: Tensor,
    split: str,
    *,
    side: int,
    shorter: int = PHOTOGRAPH_SHORTER_SIDE,
    generator: torch.Generator,
) -> Tensor:
    """Return a random crop of the photograph that each label names, shape (N, 3, side, side).

    Raises
    ------
    ValueError
        If a crop does not fit into its part of a photograph.
    """
    found = torch.empty(len(labels), 3, side, side)
    for crop, label in zip(found, labels.tolist(), strict=True):
        pixels = part(PHOTOGRAPHS[label], split, shorter)
        room = [size - side + 1 for size in pixels.shape[1:]]
        if min(room) < 1:
            raise ValueError(
                f"side must be at most {min(pixels.shape[1:])}, the size of the {split} part of "
                f"{PHOTOGRAPHS[label]}; got {side}"
            )
        top, left = (torch.randint(n, (), generator=generator).item() for n in room)
        crop.copy_(pixels[:, top : top + side, left : left + side])
    return found.div_(255)


@functools.lru_cache(maxsize=4 * len(PHOTOGRAPHS))
def part(name: str, split: str, shorter: int) -> Tensor:
    """Return a part of a photograph, bytes of shape (3, H, W); grey ones have equal channels."""
    picture = Image.fromarray(_pixels(name)).convert("RGB")
    scale = shorter / min(picture.size)
    # Pillow resizes bytes in integer arithmetic: the same pixels on every machine.
    picture = picture.resize(
        [round(scale * size) for size in picture.size], Image.Resampling.BICUBIC
    )
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)
    longer = 1 if pixels.shape[1] > pixels.shape[2] else 2
    border = round(TRAINING_SHARE * pixels.shape[longer])
    length = pixels.shape[longer]
    first, last = {"train": (0, border), "test": (border, length), "whole": (0, length)}[split]
    return pixels.narrow(longer, first, last - first).contiguous()


def _pixels(name: str) -> np.ndarray:
    """Read a photograph as its package gives it: bytes of shape (H, W) or (H, W, 3)."""
    from skimage import data as scikit_image
    from sklearn.datasets import load_sample_image

    if name.endswith(".jpg"):
        return load_sample_image(name)
    if name == "motorcycle":
        return scikit_image.stereo_motorcycle()[0]  # the left one of a pair
    return getattr(scikit_image, name)()
