"""A picture of any kind, a file or an upload, as a tensor."""

import io
import struct
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

LEAST = 16  # pixels of a picture's shorter side


UNREADABLE = (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError)


class PictureError(ValueError):
    """A picture cannot be used; the message says which, and why."""


def read_picture(source: Path | bytes, *, side: int, shorter: int) -> Tensor:
    """Read a picture: the middle of it, after its shorter side was resized.

    It is turned as its camera says, grey becomes three equal channels, and what is transparent
    lies on white.

    Parameters
    ----------
    source : Path or bytes
        The file or its content.
    side : int
        Width and height of the square from the middle, in pixels.
    shorter : int
        To what the shorter side is resized, at least `side`.

    Returns
    -------
    Tensor, shape (3, side, side)
        Pixels in [0, 1].

    Raises
    ------
    PictureError
        If it is no picture, damaged, smaller than 16 pixels, or too large to be harmless.
    """
    name = str(source) if isinstance(source, Path) else "the upload"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
                size, mode = file.size, file.mode
                if min(size) >= LEAST:
                    picture = _on_white(ImageOps.exif_transpose(file))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise PictureError(f"{name} is too large: {error}; make it smaller first") from error
    except UNREADABLE as error:
        raise PictureError(f"{name} is damaged, or no picture that can be read here") from error
    if min(size) < LEAST:
        raise PictureError(
            f"{name} is too small: {size[0]} × {size[1]} pixels, it must have {LEAST} at the least"
        )
    if picture is None:
        raise PictureError(f"{name} has pixels of the kind {mode!r}; save it as RGB")
    width, height = picture.size
    cut = min(width, height) * side / shorter
    left, top = (width - cut) / 2, (height - cut) / 2
    box = (left, top, left + cut, top + cut)
    square = picture.resize((side, side), Image.Resampling.BILINEAR, box=box)
    return torch.from_numpy(np.array(square)).permute(2, 0, 1).float().div_(255)


def _on_white(picture: Image.Image) -> Image.Image | None:
    """Return a picture of any kind as RGB, or None for a kind of unknown range."""
    if picture.mode in ("I", "I;16", "I;16B", "I;16L"):  # 16 bits of grey
        grey = np.asarray(picture).astype(np.float64) * (255 / 65535)
        picture = Image.fromarray(grey.clip(0, 255).round().astype(np.uint8))
    if picture.mode == "F":
        return None
    if picture.mode in ("LA", "PA", "RGBA", "RGBa", "La") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")
