"""A picture of any kind, a file or an upload, as a tensor."""

import io
import struct
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP")  # no EPS: Ghostscript would run it
LEAST = 16  # pixels of a picture's shorter side
MOST = 25_000_000  # pixels of a picture: reading it takes up to 300 MB

BYTES = {"1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr"}  # Pillow's kinds with 8 bits or fewer
TRANSPARENT = {"LA", "PA", "RGBA", "RGBa"}
GREY_16_BITS = {"I;16", "I;16B", "I;16L", "I;16N"}  # 16 bits of grey

UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)  # what Pillow raises at damaged files


class PictureError(ValueError):
    """A picture cannot be used; the message says which, and why."""


def read_picture(source: Path | bytes, *, side: int, shorter: int) -> Tensor:
    """Read a picture: the middle of it, after its shorter side was resized.

    It is turned as its camera says, grey becomes three equal channels, and what is transparent
    lies on white.

    Parameters
    ----------
    source : Path or bytes
        The file or its content: PNG, JPEG, GIF, BMP, TIFF or WEBP.
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
        If it is no such picture, damaged, smaller than 16 pixels, larger than 25 megapixels, or
        has pixels of unknown range.
    """
    name = str(source) if isinstance(source, Path) else "the upload"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is wrong with the picture is said below
            square = _square(source, name, side, shorter)
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        pixels = f"more than {2 * Image.MAX_IMAGE_PIXELS:,}"
        raise PictureError(_too_large(name, pixels)) from error
    except MemoryError as error:
        raise PictureError(
            f"{name} needs more memory than there is: make it smaller first"
        ) from error
    except UNREADABLE as error:
        if isinstance(error, OSError) and error.errno:  # the system's, not Pillow's
            raise PictureError(f"{name} cannot be opened: {error.strerror}") from error
        known = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
        raise PictureError(
            f"{name} is damaged, or no picture that can be read here ({known})"
        ) from error
    return torch.from_numpy(np.array(square)).permute(2, 0, 1).float().div_(255)


def _square(source: Path | bytes, name: str, side: int, shorter: int) -> Image.Image:
    """Return the middle of a picture, of `side` × `side` pixels in RGB."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    with Image.open(file, formats=FORMATS) as picture:
        _check_size(picture.size, name)
        picture.draft(None, (2 * shorter, 2 * shorter))  # a JPEG is unpacked at a smaller size
        picture = _in_bytes(ImageOps.exif_transpose(picture), picture.format, name)
    width, height = picture.size
    cut = min(width, height) * side / shorter
    left, top = (width - cut) / 2, (height - cut) / 2
    box = (left, top, left + cut, top + cut)
    square = picture.resize((side, side), Image.Resampling.BILINEAR, box=box)
    if square.mode == "RGBA":
        square = Image.alpha_composite(Image.new("RGBA", square.size, "white"), square)
    return square.convert("RGB")


def _check_size(size: tuple[int, int], name: str) -> None:
    """Refuse a picture that is too small or too large, before any of it is unpacked."""
    width, height = size
    if width * height > MOST:
        raise PictureError(_too_large(name, f"{width:,} × {height:,}"))
    if min(size) < LEAST:
        raise PictureError(
            f"{name} is too small: {width} × {height} pixels, it must have {LEAST} at the least"
        )


def _too_large(name: str, pixels: str) -> str:
    return f"{name} is too large: {pixels} pixels, it may have {MOST:,}; make it smaller first"


def _in_bytes(picture: Image.Image, kind: str, name: str) -> Image.Image:
    """Return a picture from a file of a kind such as ``"PNG"`` as RGB or RGBA."""
    mode = picture.mode
    if mode in GREY_16_BITS or (mode == "I" and kind == "PNG"):  # which has no more than 16 bits
        grey = np.asarray(picture)
        grey = grey // 257 + (grey % 257 > 128)  # 65,535 becomes 255
        picture = Image.fromarray(grey.astype(np.uint8))
    elif mode not in BYTES | TRANSPARENT:
        raise PictureError(f"{name} has pixels of the kind {mode!r}; save it as RGB")
    transparent = picture.mode in TRANSPARENT or "transparency" in picture.info
    return picture.convert("RGBA" if transparent else "RGB")
