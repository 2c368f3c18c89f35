"""CIFAR-10: small colour photographs of ten classes, where the data folder has them.

Nothing is fetched, and no picture of it may stand in a stored output of the course.
"""

import functools
import hashlib
import io
import pickle
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch

from helpers.data.dataset import Dataset
from helpers.data.files import DamagedDataError, find, folder

CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
SUBSET, FULL = "cifar10_subset", "cifar-10-batches-py"  # folders in the data folder

# SHA-256 of the pixels followed by the labels, all bytes, of the subset's two files.
SUBSET_SHA256 = {
    "train": "29a61e519844a1e85f6aaa80bd2f11c8bf0caa54a38b3aec4bb60e78e4017444",
    "test": "75b5d84a2f42af26f9c93fdcca2052d505400ccf756e22df8703b9e48fd0c004",
}
# SHA-256 of the files that are published. Those who published them name none, torchvision only MD5,
# which others than the right file can have: these are what several who had the files found.
FULL_SHA256 = {
    "train": {
        "data_batch_1": "54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd",
        "data_batch_2": "766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8",
        "data_batch_3": "0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9",
        "data_batch_4": "3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b",
        "data_batch_5": "d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154",
    },
    "test": {
        "test_batch": "f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831",
    },
}
UNPACKED = 16 << 20  # bytes; neither file of the subset has more
REMEDY = "delete it and copy it anew"


def cifar10(split: str = "train") -> Dataset:
    """Return CIFAR-10 from the data folder: all of it, or else the subset of 6,000 images.

    Parameters
    ----------
    split : {"train", "test"}
        50,000 and 10,000 images where the data folder has torchvision's ``cifar-10-batches-py``;
        else 5,000 and 1,000, a tenth of each class, from ``cifar10_subset/train.npz`` and
        ``test.npz`` (``images`` (N, 32, 32, 3) and ``labels`` (N,), bytes).

    Returns
    -------
    Dataset
        Inputs of shape (N, 3, 32, 32), labels that index `CIFAR10_CLASSES`; named ``"CIFAR-10"`` or
        ``"CIFAR-10 subset"``.

    Raises
    ------
    ValueError
        If there is no such split.
    FileNotFoundError
        If the data folder has neither.
    DamagedDataError
        If a file is truncated, altered, swapped with another, or cannot be read.

    References
    ----------
    Krizhevsky, "Learning multiple layers of features from tiny images", 2009.
    """
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', got {split!r}")
    for name, read in ((FULL, _full), (SUBSET, _subset)):
        if find(name).is_dir():
            return read(find(name), split)
    raise FileNotFoundError(
        f"CIFAR-10 is not in {folder()}: put {FULL}/ there, as "
        "torchvision.datasets.CIFAR10(…, download=True) unpacks it, or set COURSE_DATA to a "
        "folder that has it"
    )


UNREADABLE_ARCHIVE = (
    EOFError,
    KeyError,
    MemoryError,
    OSError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)  # what NumPy raises at damaged files
NOT_A_BATCH = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)  # what reading something else raises


class _Array:
    """Stands in for an array of NumPy and what it is made of, so that unpickling runs no code."""

    def __init__(self, *arguments: object) -> None: ...

    def __setstate__(self, state: tuple) -> None:
        self.state = state

    def bytes(self) -> np.ndarray:
        """Return its content: shape, type and order are those of CIFAR-10."""
        raw = self.state[-1]  # Python 2, which wrote the files, kept bytes as text
        return np.frombuffer(raw.encode("latin1") if isinstance(raw, str) else raw, np.uint8)


class _Unpickler(pickle.Unpickler):
    """Reads arrays, numbers, text, lists and dicts, and nothing else."""

    def find_class(self, module: str, name: str) -> type:
        if module.partition(".")[0] == "numpy" and name in ("_reconstruct", "ndarray", "dtype"):
            return _Array
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


@functools.cache
def _full(folder: Path, split: str) -> Dataset:
    pixels, labels = [], []
    for name, sha256 in FULL_SHA256[split].items():
        content = _content(folder / name)
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DamagedDataError(f"{folder / name} is truncated or altered: {REMEDY}")
        try:
            batch = _Unpickler(io.BytesIO(content), encoding="latin1").load()
            images, its_labels = batch["data"].bytes().reshape(-1, 3, 32, 32), batch["labels"]
            known = set(its_labels) <= set(range(len(CIFAR10_CLASSES)))
            if len(images) != len(its_labels) or not known:
                raise ValueError("its labels are not those of its images")
        except NOT_A_BATCH as error:
            raise DamagedDataError(f"{folder / name} is no batch ({error}): {REMEDY}") from error
        pixels.append(images)
        labels.extend(its_labels)
    return _dataset(np.concatenate(pixels), np.asarray(labels), "CIFAR-10", split)


@functools.cache
def _subset(folder: Path, split: str) -> Dataset:
    path = folder / f"{split}.npz"
    content = io.BytesIO(_content(path))
    try:
        with zipfile.ZipFile(content) as packed:
            if sum(part.file_size for part in packed.infolist()) > UNPACKED:
                raise ValueError(f"unpacked it has more than {UNPACKED:,} bytes")
        with np.load(content, allow_pickle=False) as file:
            images, labels = file["images"], file["labels"]
    except UNREADABLE_ARCHIVE as error:
        raise DamagedDataError(f"{path} is damaged ({error}): {REMEDY}") from error
    found = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    if found != SUBSET_SHA256[split]:
        other = next((name for name, known in SUBSET_SHA256.items() if known == found), None)
        what = f"holds the images of {other}.npz" if other else "is altered"
        raise DamagedDataError(
            f"{path} {what} (SHA-256 {found[:12]}…, expected {SUBSET_SHA256[split][:12]}…): "
            f"{REMEDY}"
        )
    return _dataset(images.transpose(0, 3, 1, 2), labels, "CIFAR-10 subset", split)


def _content(path: Path) -> bytes:
    """Return the bytes of a file of CIFAR-10, or say why there are none."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DamagedDataError(
            f"{path} is missing, though others of CIFAR-10 are there: copy it anew"
        ) from error
    except OSError as error:  # a folder of that name, a file that is not ours
        raise DamagedDataError(
            f"{path} cannot be read ({error.strerror}): {REMEDY}, or let yourself read it"
        ) from error


def _dataset(images: np.ndarray, labels: np.ndarray, name: str, split: str) -> Dataset:
    """Turn bytes (N, 3, 32, 32) and labels (N,) into a Dataset."""
    inputs = torch.from_numpy(np.ascontiguousarray(images)).float().div_(255)
    source = f"{name}, {len(labels):,} {split} images"
    return Dataset(inputs, torch.from_numpy(labels.astype(np.int64)), name, source)
