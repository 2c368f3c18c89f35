"""Handwritten digits, in [0, 1] and with labels.

`digits` gives the real MNIST when the data folder has it or it can be fetched, and otherwise
the handwritten digits that scikit-learn ships, so that every chapter runs on any machine.
The data folder is the repository's ``data/``, or the one that ``COURSE_DATA`` names;
``COURSE_OFFLINE=1`` forbids downloads.
"""

import functools
import gzip
import hashlib
import sys
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from helpers.data.dataset import Dataset
from helpers.data.files import DamagedDataError, fetch, places

# SHA-256 of the four uncompressed idx files of MNIST.
MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
LARGEST = 47_040_016  # bytes, of the training images
SHIPPED_TRAIN = 1287  # of scikit-learn's 1,797 digits: a border between writers, by their order


def digits(split: str = "train") -> Dataset:
    """Return handwritten digits: MNIST where it can be had, else the digits scikit-learn ships.

    Parameters
    ----------
    split : {"train", "test"}
        MNIST's 60,000 training or 10,000 test images. Of the 1,797 shipped digits, the first
        1,287 are for training and the last 510 for testing. The labels repeat in a pattern from
        writer to writer; by that pattern no writer has digits in both.

    Returns
    -------
    Dataset
        Inputs of shape (N, 1, 28, 28), named ``"MNIST"`` or ``"shipped digits"``.

    Raises
    ------
    ValueError
        If there is no such split.
    DamagedDataError
        If a file of MNIST is truncated, altered, swapped with another or cannot be read.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition",
    1998. Alpaydin and Kaynak, "Optical recognition of handwritten digits", UCI, 1998.
    """
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', got {split!r}")
    *shared, own = places("MNIST/raw")
    raw = next((place for place in shared if not _missing(place)), own)
    return _mnist(raw, split) if _have_mnist(raw) else _shipped_digits(split)


def _missing(raw: Path) -> list[str]:
    """Return which of MNIST's files are not in a folder."""
    return [name for name in MNIST_SHA256 if not _present(raw / name)]


@functools.cache
def _have_mnist(raw: Path) -> bool:
    """Return whether MNIST's files are in `raw`, after fetching what is missing; ask only once."""
    missing = _missing(raw)
    if not missing:
        return True
    try:
        for name in missing:
            _fetch_mnist(f"{name}.gz", raw)
        return True
    except OSError as error:  # no network, a time-out, a read-only folder
        print(
            f"MNIST is not in the data folder and was not fetched ({error}).\n"
            "Using the 1,797 handwritten digits that scikit-learn ships instead: the phenomena "
            "are the same, the numbers are not the paper's.",
            file=sys.stderr,
        )
        return False


def _present(path: Path) -> bool:
    """Return whether there is such a file, packed or not."""
    for file in (path, path.with_name(f"{path.name}.gz")):
        try:
            file.stat()
            return True
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise DamagedDataError(
                f"{path.parent} cannot be looked into ({error.strerror}): let yourself read it, "
                "or set COURSE_DATA to another folder"
            ) from error
    return False


def _fetch_mnist(name: str, raw: Path) -> None:
    """Fetch one gzipped file of MNIST from the first of torchvision's mirrors that has it."""
    from torchvision.datasets import MNIST  # takes a second to import, and is seldom needed

    failure = OSError("no mirror is known")
    for mirror in MNIST.mirrors:
        try:
            fetch(mirror + name, raw / name, algorithm="md5", digest=dict(MNIST.resources)[name])
            return
        except OSError as error:
            failure = error
    raise failure


@functools.cache
def _mnist(raw: Path, split: str) -> Dataset:
    prefix = {"train": "train", "test": "t10k"}[split]
    pixels = _verified(raw / f"{prefix}-images-idx3-ubyte")[16:]  # behind magic number and shape
    images = torch.frombuffer(pixels, dtype=torch.uint8).view(-1, 1, 28, 28)
    labels = torch.frombuffer(_verified(raw / f"{prefix}-labels-idx1-ubyte")[8:], dtype=torch.uint8)
    source = f"MNIST, {len(labels):,} {split} images"
    return Dataset(images.float().div_(255), labels.long(), "MNIST", source)


def _verified(path: Path) -> bytearray:
    """Return the content of an idx file, packed or not, after comparing it with its hash."""
    packed = path.with_name(f"{path.name}.gz")
    used = path if path.exists() else packed
    try:
        with path.open("rb") if used == path else gzip.open(packed) as file:
            content = file.read(LARGEST + 1)  # a small gzip file can hold gigabytes
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DamagedDataError(
            f"{packed} is damaged ({error}): delete it, then run this again to fetch it anew"
        ) from error
    except OSError as error:  # a folder of that name, a file that is not ours
        raise DamagedDataError(
            f"{used} cannot be read ({error.strerror}): delete it, then run this again to fetch "
            "it anew, or let yourself read it"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != MNIST_SHA256[path.name]:
        other = next((name for name, known in MNIST_SHA256.items() if known == found), None)
        what = f"holds {other}" if other else "is truncated or altered"
        raise DamagedDataError(
            f"{path} {what} (SHA-256 {found[:12]}…, expected {MNIST_SHA256[path.name][:12]}…): "
            f"delete it and {packed.name} beside it, then run this again to fetch it anew"
        )
    return bytearray(content)


@functools.cache
def _shipped_digits(split: str) -> Dataset:
    from sklearn.datasets import load_digits

    bunch = load_digits()  # 8 × 8 images with values 0 … 16
    images = np.zeros((len(bunch.images), 28, 28), dtype=np.uint8)
    for image, small in zip(images, bunch.images, strict=True):
        # Pillow resizes bytes in integer arithmetic: the same pixels on every machine.
        grey = Image.fromarray(np.round(small * (255 / 16)).astype(np.uint8))
        image[4:24, 4:24] = grey.resize((20, 20), Image.Resampling.BICUBIC)
    rows = {"train": slice(SHIPPED_TRAIN), "test": slice(SHIPPED_TRAIN, None)}[split]
    inputs = torch.from_numpy(images[rows]).unsqueeze(1).float().div_(255)
    labels = torch.from_numpy(bunch.target[rows]).long()
    source = f"scikit-learn's digits, {len(labels):,} {split} images"
    return Dataset(inputs, labels, "shipped digits", source)
