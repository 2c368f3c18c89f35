"""A folder of pictures as a data set: the reader's own, Imagenette, or ImageNet's samples."""

import csv
import importlib.util
import os
import sys
import tarfile
import tempfile
import zlib
from pathlib import Path

import torch

from helpers.data.dataset import Dataset
from helpers.data.files import DamagedDataError, fetch, find, folder, write_atomically
from helpers.data.image_files import PictureError, read_picture
from helpers.data.locks import alone

ENDINGS = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
UNKNOWN = -1  # label of a picture that nobody has labelled
MOST_CLASSES = 100_000  # all of ImageNet has 21,841


IMAGENETTE = "https://s3.amazonaws.com/fast-ai-imageclas/imagenette2-320.tgz"  # 341 MB
IMAGENETTE_MD5 = "3df6f0d01a2c9592104656642f5e78a3"
IMAGENETTE_LABELS = {
    "n01440764": 0,  # tench
    "n02102040": 217,  # English springer
    "n02979186": 482,  # cassette player
    "n03000684": 491,  # chain saw
    "n03028079": 497,  # church
    "n03394916": 566,  # French horn
    "n03417042": 569,  # garbage truck
    "n03425413": 571,  # gas pump
    "n03445777": 574,  # golf ball
    "n03888257": 701,  # parachute
}


def read_folder(
    path: Path, *, side: int, shorter: int, count: int | None = None, seed: int = 0
) -> Dataset:
    """Read the pictures of a folder; those that cannot be read are named and left out.

    Parameters
    ----------
    path : Path
        The folder; a file ``labels.csv`` in it may give each ``file`` its ``class_index``.
    side, shorter
        As for `read_picture`.
    count : int, optional
        So many, chosen at random; all by default.
    seed : int
        Seed of the choice.

    Returns
    -------
    Dataset
        Inputs of shape (N, 3, side, side); the label is −1 where it is not known.

    Raises
    ------
    ValueError
        If there is no such folder, it may not be looked into, no picture in it can be read, or
        ``labels.csv`` is not such a table.
    """
    if not path.is_dir():
        raise ValueError(f"path must be a folder of pictures, got {path}, which is none")
    try:
        files = sorted(file for file in path.iterdir() if file.suffix.lower() in ENDINGS)
    except OSError as error:
        raise ValueError(f"path must be a folder that can be read, got {path} ({error})") from error
    table = path / "labels.csv"
    labels = _class_indices(table) if table.exists() else {}
    files = [(file, labels.get(file.name, UNKNOWN)) for file in files]
    return _dataset(files, path.name, side, shorter, count, seed)


def imagenette(*, side: int, shorter: int, count: int | None = None, seed: int = 0) -> Dataset:
    """Return validation images of Imagenette: ten classes of ImageNet, free to download.

    It is fetched (341 MB) where it is not in the data folder's ``imagenette2-320/``.

    Parameters
    ----------
    side, shorter, count, seed
        As for `read_folder`.

    Returns
    -------
    Dataset
        Inputs of shape (N, 3, side, side), labelled as in ImageNet.

    Raises
    ------
    OSError
        If it is not there and cannot be fetched.
    DamagedDataError
        If an archive that was put into the data folder cannot be unpacked.

    References
    ----------
    Howard, "Imagenette", https://github.com/fastai/imagenette.
    """
    kept = find("imagenette2-320/val")
    if not kept.is_dir():
        kept = folder() / "imagenette2-320" / "val"
        with alone(kept.parent):
            if not kept.is_dir():  # another process may have unpacked it while this one waited
                archive = find("imagenette2-320.tgz")
                _unpack(fetch(IMAGENETTE, archive, algorithm="md5", digest=IMAGENETTE_MD5), kept)
                (folder() / archive.name).unlink(missing_ok=True)  # nobody's but one's own
    files = [
        (file, label)
        for wordnet, label in IMAGENETTE_LABELS.items()
        for file in sorted((kept / wordnet).glob("*.JPEG"))
    ]
    return _dataset(files, "Imagenette", side, shorter, count, seed)


def foolbox_samples(*, side: int, shorter: int, count: int | None = None, seed: int = 0) -> Dataset:
    """Return the labelled images of ImageNet that the package foolbox holds, 20 of them.

    Parameters
    ----------
    side, shorter, count, seed
        As for `read_folder`.

    Returns
    -------
    Dataset
        Inputs of shape (N, 3, side, side), labelled as in ImageNet.

    Raises
    ------
    FileNotFoundError
        If the package is not installed.
    """
    package = importlib.util.find_spec("foolbox")
    if package is None:
        raise FileNotFoundError(
            "foolbox's images are in that package, which is not installed: run pip install foolbox"
        )
    files = sorted((Path(package.origin).parent / "data").glob("imagenet_*.jpg"))
    labelled = [(file, int(file.stem.split("_")[2])) for file in files]
    return _dataset(labelled, "foolbox's samples", side, shorter, count, seed)


def _class_indices(table: Path) -> dict[str, int]:
    """Return the label of each file that a table names."""
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:  # Excel puts a mark in front
            labels = {row["file"]: int(row["class_index"]) for row in csv.DictReader(file)}
    except OSError as error:
        raise ValueError(f"{table} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise ValueError(
            f"{table} must have the columns file and class_index, a whole number ({error!r})"
        ) from error
    for name, label in labels.items():
        if not UNKNOWN <= label < MOST_CLASSES:
            raise ValueError(
                f"{table}: class_index must be from {UNKNOWN} to {MOST_CLASSES - 1:,}, "
                f"got {label} for {name}"
            )
    return labels


def _dataset(
    files: list[tuple[Path, int]],
    name: str,
    side: int,
    shorter: int,
    count: int | None,
    seed: int,
) -> Dataset:
    """Read some of the files, at random, as a Dataset."""
    order = torch.randperm(len(files), generator=torch.Generator().manual_seed(seed)).tolist()
    inputs, labels = [], []
    for path, label in (files[i] for i in order):
        if len(inputs) == count:
            break
        try:
            inputs.append(read_picture(path, side=side, shorter=shorter))
            labels.append(label)
        except PictureError as error:
            print(f"left out: {error}", file=sys.stderr)
    if not inputs:
        raise ValueError(f"{name} has no picture that can be read")
    source = f"{name}, {len(labels):,} images"
    return Dataset(torch.stack(inputs), torch.tensor(labels), name, source)


def _unpack(archive: Path, kept: Path) -> None:
    """Write the validation images of Imagenette's archive into the folder `kept`: all or none."""
    place = kept.parent
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=kept.name, suffix=".part") as temporary:
        unpacked = Path(temporary) / kept.name
        try:
            with tarfile.open(archive) as packed:
                for member in packed:
                    parts = Path(member.name).parts[-3:]  # val, class, file
                    if member.isfile() and parts[0] == "val" and parts[1] in IMAGENETTE_LABELS:
                        content = packed.extractfile(member).read()
                        write_atomically(unpacked.joinpath(*parts[1:]), content)
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise DamagedDataError(
                f"{archive} is damaged ({error}): delete it, and it is fetched again"
            ) from error
        try:
            os.replace(unpacked, kept)
        except OSError:
            if not kept.is_dir():  # where it is, another process was faster
                raise
