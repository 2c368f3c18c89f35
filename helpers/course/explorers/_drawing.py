"""What is drawn on a pad: centred as MNIST has its digits, kept in a file, and as bytes."""

import io

import numpy as np
import torch
from matplotlib import colormaps
from PIL import Image
from torch import Tensor
from torch.nn import functional

from helpers import data
from helpers.course import plotting

SIDE = 28  # pixels
BOX = 20  # of MNIST: the digit's longer side
LARGEST = 2.5  # times that a small drawing is enlarged
KEPT = "drawn.png"  # in the data folder


def centred(pixels: Tensor) -> Tensor:
    """Return a drawing (28, 28) as MNIST has its digits.

    Its longer side is made 20 pixels long, and its centre of mass is put into the middle. What is
    drawn very small is enlarged by no more than 2.5.

    References
    ----------
    LeCun, Cortes and Burges, The MNIST database of handwritten digits.
    """
    ink = pixels > 0.05
    if not ink.any():
        return torch.zeros_like(pixels)
    rows, columns = (ink.any(dim).nonzero().squeeze(1) for dim in (1, 0))
    digit = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = min(BOX / max(digit.shape), LARGEST)
    size = [max(1, round(factor * side)) for side in digit.shape]
    digit = functional.interpolate(digit[None, None], size, mode="bilinear", antialias=True)[0, 0]
    placed = torch.zeros_like(pixels)
    corner = []
    for side, weights in zip(digit.shape, (digit.sum(1), digit.sum(0)), strict=True):
        mass = (weights * torch.arange(side)).sum() / weights.sum()
        corner.append(min(max(0, round((SIDE - 1) / 2 - mass.item())), SIDE - side))
    top, left = corner
    placed[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return placed.clamp(0, 1)


def keep(image: Tensor) -> None:
    """Keep an image (28, 28) in the data folder, where the other chapters find it."""
    file = io.BytesIO()
    Image.fromarray(grey(image)[..., 0]).save(file, "PNG")
    data.write_atomically(data.folder() / KEPT, file.getvalue())


def last_kept() -> Tensor:
    """Return the image (28, 28) that was kept last, on whatever page; a blank one without."""
    path = data.folder() / KEPT
    try:
        pixels = np.asarray(Image.open(path).convert("L"))
    except OSError:  # nothing was kept, or something else bears the name
        pixels = np.zeros((SIDE, SIDE))
    if pixels.shape != (SIDE, SIDE):
        pixels = np.zeros((SIDE, SIDE))
    return torch.tensor(pixels / 255, dtype=torch.float32)


def grey(pixels: Tensor) -> np.ndarray:
    """Return an image (H, W) in [0, 1] as bytes (H, W, 4) of a canvas."""
    values = (255 * pixels.clamp(0, 1)).round().byte().cpu().numpy()
    return np.dstack([values, values, values, np.full_like(values, 255)])


def coloured(r: Tensor) -> np.ndarray:
    """Return a difference (H, W) in the colours of `plotting.difference`."""
    shares = 0.5 + r.cpu().numpy() / (2 * plotting.limit_of(r))
    return colormaps[plotting.DIVERGING](shares, bytes=True)
