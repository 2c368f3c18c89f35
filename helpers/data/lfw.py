"""Faces among other things, and images without labels: what chapter 12 has without a download.

The faces are scikit-image's sample of Labeled Faces in the Wild; the distractors are the sample's
own non-faces and crops of photographs.
"""

import functools
from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from helpers.data.dataset import Dataset
from helpers.data.photographs import PHOTOGRAPHS, crops

FACE_SIDE = 32  # pixels; the sample has 25
FACES = 100  # the first of the sample's 200 images
CROPS = 400  # of photographs, in each split
SIZES = (96, 192)  # of a photograph's shorter side in pixels: crops near and far
WITHOUT_FACES = ("chelsea", "coffee", "rocket", "coins", "brick", "gravel", "china.jpg")
WITHOUT_LABELS = (*WITHOUT_FACES, "astronaut", "camera", "grass", "flower.jpg")


def faces(split: str = "train") -> Dataset:
    """Return 50 faces (label 1) among 450 other images (label 0), grey.

    Parameters
    ----------
    split : {"train", "test"}
        Every second face and non-face of the sample, and crops of photographs: those for testing
        come from other parts of the photographs.

    Returns
    -------
    Dataset
        Inputs of shape (500, 1, 32, 32), faces first; named ``"faces"``.

    Raises
    ------
    ValueError
        If there is no such split.

    References
    ----------
    Huang, Ramesh, Berg and Learned-Miller, "Labeled Faces in the Wild", 2007.
    """
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', got {split!r}")
    own = _sample()[["train", "test"].index(split) :: 2]
    inputs = torch.cat([own, _crops(split, CROPS, WITHOUT_FACES, seed=1)])
    labels = torch.zeros(len(inputs), dtype=torch.long)
    labels[: FACES // 2] = 1
    source = (
        f"scikit-image's LFW sample and photographs, {len(labels)} {split} images, "
        f"{FACES // 2} of them faces"
    )
    return Dataset(inputs, labels, "faces", source)


def unlabelled(count: int, *, seed: int = 0) -> Tensor:
    """Return crops of photographs, and the training faces among them, shape (count, 1, 32, 32).

    At most one image in forty is a face of the sample: Le et al. estimate that fewer than 3 % of
    their patches hold one. The crops are of eleven photographs, of their training parts only.
    """
    own = _sample()[:FACES:2][: count // 40]
    crops = _crops("train", count - len(own), WITHOUT_LABELS, seed=seed)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return torch.cat([own, crops])[order]


@functools.cache
def _sample() -> Tensor:
    """Return the sample's faces, then its non-faces, enlarged to shape (200, 1, 32, 32)."""
    from skimage.data import lfw_subset

    images = torch.empty(2 * FACES, 1, FACE_SIDE, FACE_SIDE)
    for image, small in zip(images, lfw_subset(), strict=True):
        # Pillow resizes bytes in integer arithmetic: the same pixels on every machine.
        grey = Image.fromarray(np.round(small * 255).astype(np.uint8))
        large = np.array(grey.resize((FACE_SIDE, FACE_SIDE), Image.Resampling.BICUBIC))
        image.copy_(torch.from_numpy(large))
    return images.div_(255)


def _crops(split: str, count: int, names: Sequence[str], *, seed: int) -> Tensor:
    """Return grey crops of some photographs near and far, shape (count, 1, 32, 32)."""
    generator = torch.Generator().manual_seed(seed)
    which, parts = torch.tensor([PHOTOGRAPHS.index(name) for name in names]), []
    for size, part in zip(SIZES, torch.arange(count).tensor_split(len(SIZES)), strict=True):
        labels = which[part % len(which)]
        parts.append(crops(labels, split, side=FACE_SIDE, shorter=size, generator=generator))
    weights = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)  # of luminance
    return (torch.cat(parts) * weights).sum(1, keepdim=True)
