import errno
import hashlib
import io
import os
import pickle
import re
from typing import ClassVar

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10

from helpers import data
from helpers.data import DamagedDataError, cifar


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty data folder and nothing remembered from other tests."""
    for function in (cifar._full, cifar._subset):
        function.cache_clear()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    yield tmp_path
    for function in (cifar._full, cifar._subset):
        function.cache_clear()


@pytest.fixture
def subset(folder, monkeypatch):
    """Two tiny files in the subset's layout, which pass for it; returns their contents."""
    random, contents, hashes = np.random.default_rng(0), {}, {}
    (folder / cifar.SUBSET).mkdir()
    for split, count in (("train", 6), ("test", 4)):
        images = random.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        labels = random.integers(0, 10, count, dtype=np.uint8)
        np.savez(folder / cifar.SUBSET / f"{split}.npz", images=images, labels=labels)
        hashes[split] = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
        contents[split] = images, labels
    monkeypatch.setattr(cifar, "SUBSET_SHA256", hashes)
    return contents


class Python2(pickle._Pickler):
    """Pickles as the published files are: bytes as Python 2's text, by NumPy's older names."""

    dispatch: ClassVar[dict] = dict(pickle._Pickler.dispatch)

    def save_bytes(self, content):
        self.write(pickle.BINSTRING + len(content).to_bytes(4, "little") + content)

    dispatch[bytes] = save_bytes


def python2(batch) -> bytes:
    file = io.BytesIO()
    Python2(file, protocol=2).dump(batch)
    return file.getvalue().replace(b"numpy._core.", b"numpy.core.")


def put(folder, monkeypatch, content):
    """Make bytes the test batch, and their hash the one expected."""
    (folder / cifar.FULL / "test_batch").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    monkeypatch.setitem(cifar.FULL_SHA256, "test", {"test_batch": sha256})


@pytest.fixture
def full(folder, monkeypatch):
    """Tiny files in torchvision's layout, which pass for CIFAR-10."""
    random, batches = np.random.default_rng(1), {}
    (folder / cifar.FULL).mkdir()
    for name in ("data_batch_1", "data_batch_2", "test_batch"):
        pixels = random.integers(0, 256, (3, 3072), dtype=np.uint8)
        batch = {"data": pixels, "labels": random.integers(0, 10, 3).tolist()}
        (folder / cifar.FULL / name).write_bytes(python2(batch))
        batches[name] = batch
    sha256 = {
        name: hashlib.sha256((folder / cifar.FULL / name).read_bytes()).hexdigest()
        for name in batches
    }
    test = {"test_batch": sha256.pop("test_batch")}
    monkeypatch.setattr(cifar, "FULL_SHA256", {"train": sha256, "test": test})
    return batches


@pytest.mark.parametrize("split", ["train", "test"])
def test_every_batch_that_torchvision_unpacks_has_a_hash_of_its_own(split):
    hashes = cifar.FULL_SHA256[split]
    assert list(hashes) == [name for name, _ in getattr(CIFAR10, f"{split}_list")]
    assert all(re.fullmatch("[0-9a-f]{64}", sha256) for sha256 in hashes.values())
    assert len(set(hashes.values())) == len(hashes)


@pytest.mark.parametrize(("split", "count"), [("train", 6), ("test", 4)])
def test_subset_is_read_channels_first(subset, split, count):
    images, labels = subset[split]
    found = data.cifar10(split)
    assert found.name == "CIFAR-10 subset"
    assert found.source == f"CIFAR-10 subset, {count} {split} images"
    assert found.inputs.shape == (count, 3, 32, 32)
    assert found.labels.dtype == torch.int64
    assert found.labels.tolist() == labels.tolist()
    for n, row, column, channel in ((0, 0, 0, 0), (3, 5, 31, 2), (2, 17, 4, 1)):
        pixel = images[n, row, column, channel] / 255
        assert found.inputs[n, channel, row, column].item() == pytest.approx(pixel, rel=1e-6)


def test_all_of_cifar_comes_before_the_subset(subset, full):
    found = data.cifar10("train")
    assert found.name == "CIFAR-10"
    assert len(found) == 6
    assert found.labels.tolist() == full["data_batch_1"]["labels"] + full["data_batch_2"]["labels"]
    green = full["data_batch_2"]["data"][1, 1024 + 32 * 3 + 7] / 255  # planes of 1,024 pixels
    assert found.inputs[4, 1, 3, 7].item() == pytest.approx(green, rel=1e-6)
    assert len(data.cifar10("test")) == 3


@pytest.mark.parametrize("cut", [-1, 200, 0])
def test_truncated_subset_is_an_error_with_a_remedy(subset, folder, cut):
    path = folder / cifar.SUBSET / "train.npz"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DamagedDataError, match=r"train\.npz is damaged .*delete it and copy"):
        data.cifar10("train")


def test_altered_byte_of_the_subset_is_an_error(subset, folder):
    path = folder / cifar.SUBSET / "train.npz"
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(DamagedDataError, match=r"train\.npz is (damaged|altered)"):
        data.cifar10("train")


def test_other_pixels_in_a_sound_file_are_an_error(subset, folder):
    images, labels = subset["train"]
    np.savez(folder / cifar.SUBSET / "train.npz", images=255 - images, labels=labels)
    with pytest.raises(DamagedDataError, match=r"train\.npz is altered"):
        data.cifar10("train")


def test_test_images_in_the_place_of_training_images_are_an_error(subset, folder):
    path = folder / cifar.SUBSET / "train.npz"
    path.write_bytes((folder / cifar.SUBSET / "test.npz").read_bytes())
    with pytest.raises(DamagedDataError, match=r"train\.npz holds the images of test\.npz"):
        data.cifar10("train")


def test_altered_batch_is_an_error_and_is_not_unpickled(full, folder):
    path = folder / cifar.FULL / "data_batch_2"
    path.write_bytes(b"cos\nabort\n(tR.")  # would end the process
    with pytest.raises(DamagedDataError, match="data_batch_2 is truncated or altered: delete it"):
        data.cifar10("train")


class Runs:
    """Unpickled, it calls a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("function", [exec, os.mkdir, np.save, np.zeros, bytearray])
def test_batch_that_runs_something_runs_nothing_though_its_hash_is_right(
    full, folder, monkeypatch, function
):
    made = folder / "made"
    argument = f"import os; os.mkdir({str(made)!r})" if function is exec else str(made)
    arguments = (argument, [1]) if function is np.save else (argument,)
    content = python2({**full["test_batch"], "more": Runs(function, *arguments)})
    put(folder, monkeypatch, content)
    name = function.__name__
    with pytest.raises(DamagedDataError, match=rf"test_batch is no batch .it asks for .*{name}"):
        data.cifar10("test")
    assert {path.name for path in folder.iterdir()} == {cifar.FULL}


@pytest.mark.parametrize("protocol", [3, 4])
def test_batch_that_was_pickled_anew_is_read(full, folder, monkeypatch, protocol):
    before = data.cifar10("test")
    cifar._full.cache_clear()
    put(folder, monkeypatch, pickle.dumps(full["test_batch"], protocol=protocol))
    assert torch.equal(data.cifar10("test").inputs, before.inputs)


@pytest.mark.parametrize(
    "other",
    [
        [],
        7,
        {"data": np.zeros((3, 3072), np.uint8)},
        {"data": [1], "labels": [1]},
        {"data": np.zeros((3, 3072), np.uint8), "labels": [0, 1]},
        {"data": np.zeros((3, 3072), np.uint8), "labels": [0, 1, 10]},
        {"data": np.zeros((3, 3072), np.uint8), "labels": 3},
        {"data": np.zeros((3, 100), np.uint8), "labels": [0, 1, 2]},
    ],
)
@pytest.mark.usefixtures("full")
def test_batch_with_something_else_is_named(folder, monkeypatch, other):
    put(folder, monkeypatch, python2(other))
    with pytest.raises(DamagedDataError, match=r"test_batch is no batch .*delete it and copy"):
        data.cifar10("test")


@pytest.mark.usefixtures("subset")
def test_small_file_that_holds_gigabytes_is_not_unpacked(folder, monkeypatch):
    images = np.zeros((cifar.UNPACKED, 1), np.uint8)
    path = folder / cifar.SUBSET / "train.npz"
    np.savez_compressed(path, images=images, labels=images[:1])
    assert path.stat().st_size < 30_000
    monkeypatch.setattr(np, "load", None)
    with pytest.raises(DamagedDataError, match=r"train\.npz .*more than 16,777,216 bytes.: delete"):
        data.cifar10("train")


@pytest.mark.parametrize("layout", ["subset", "full"])
def test_file_that_can_not_be_read_is_named(layout, folder, request, monkeypatch):
    request.getfixturevalue(layout)
    name = {"subset": "test.npz", "full": "test_batch"}[layout]
    path = folder / getattr(cifar, layout.upper()) / name
    path.unlink()
    path.mkdir()
    with pytest.raises(DamagedDataError, match=f"{name} cannot be read .*delete it and copy"):
        data.cifar10("test")

    def refused(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(type(path), "read_bytes", refused)  # a chmod would not stop root
    with pytest.raises(DamagedDataError, match=f"{name} cannot be read .*let yourself read it"):
        data.cifar10("test")


@pytest.mark.parametrize("layout", ["subset", "full"])
def test_missing_file_is_named(layout, folder, request):
    request.getfixturevalue(layout)
    name = {"subset": "test.npz", "full": "test_batch"}[layout]
    (folder / getattr(cifar, layout.upper()) / name).unlink()
    with pytest.raises(DamagedDataError, match=f"{name} is missing"):
        data.cifar10("test")


def test_no_cifar_at_all_says_where_to_put_it(folder):
    with pytest.raises(FileNotFoundError, match=r"CIFAR-10 is not in .*COURSE_DATA"):
        data.cifar10("test")


def test_unknown_split():
    with pytest.raises(ValueError, match="split must be 'train' or 'test', got 'valid'"):
        data.cifar10("valid")
