"""The images: digits, photographs, faces and CIFAR-10, and the files that keep what was computed.

`digits` gives MNIST, or the digits that scikit-learn ships where MNIST cannot be had.
`whole_photographs`, `photos` and `faces` need no download; `cifar10` reads CIFAR-10 where the data
folder has it. A `Dataset` knows where its images come from. `load_or_make` keeps networks that took
long to train, `measured` results that took long to find; `prepare` lets a cluster make many of them
at once.
"""

from helpers.data.album import ALBUM
from helpers.data.checkpoints import SHIPPED, Stored, digest, load_or_make
from helpers.data.cifar import CIFAR10_CLASSES, cifar10
from helpers.data.cluster import prepare
from helpers.data.dataset import Dataset, disjoint_halves
from helpers.data.files import (
    IS_CHECKOUT,
    ROOT,
    DamagedDataError,
    fetch,
    find,
    folder,
    make_settings_absolute,
    places,
    write_atomically,
)
from helpers.data.image_files import PictureError, read_picture
from helpers.data.lfw import faces, unlabelled
from helpers.data.measurements import measured
from helpers.data.mnist import digits
from helpers.data.photo_folders import UNKNOWN, foolbox_samples, imagenette, read_folder
from helpers.data.photographs import (
    PHOTOGRAPH_CLASSES,
    PHOTOGRAPHS,
    crops,
    photos,
    whole_photographs,
)

__all__ = [
    "ALBUM",
    "CIFAR10_CLASSES",
    "IS_CHECKOUT",
    "PHOTOGRAPHS",
    "PHOTOGRAPH_CLASSES",
    "ROOT",
    "SHIPPED",
    "UNKNOWN",
    "DamagedDataError",
    "Dataset",
    "PictureError",
    "Stored",
    "cifar10",
    "crops",
    "digest",
    "digits",
    "disjoint_halves",
    "faces",
    "fetch",
    "find",
    "folder",
    "foolbox_samples",
    "imagenette",
    "load_or_make",
    "make_settings_absolute",
    "measured",
    "photos",
    "places",
    "prepare",
    "read_folder",
    "read_picture",
    "unlabelled",
    "whole_photographs",
    "write_atomically",
]
