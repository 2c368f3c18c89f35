"""A shared folder: read, verified and never written; what it lacks is made in one's own."""

import gzip
import hashlib
import io
import os
import re
import shutil
import struct
import tarfile

import pytest
import torch
from PIL import Image
from torch import nn

from helpers import data, models
from helpers.data import checkpoints, load_or_make, measured, mnist
from helpers.studies import imagenet

from .examples import without_locks

KEY = {"network": "tiny"}


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """A shared folder, with a second one behind it, beside an empty data folder."""
    for name in ("first", "second", "own"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "own"))
    folders = [str(tmp_path / name) for name in ("first", "second")]
    monkeypatch.setenv("COURSE_SHARED", os.pathsep.join(folders))
    monkeypatch.setattr(checkpoints, "SHIPPED", tmp_path / "shipped")
    return tmp_path / "first"


def five(model):
    nn.init.constant_(model.weight, 5.0)


def refuse(*_):
    raise AssertionError("it was made again")


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def own_files():
    return [path.name for path in without_locks(data.folder().rglob("*")) if path.is_file()]


def move_to(shared):
    """Let all that was made so far be what somebody shares."""
    own = data.folder()
    shutil.rmtree(shared)
    own.rename(shared)
    own.mkdir()


def test_places_come_shared_first_and_end_with_ones_own(shared):
    own = shared.parent / "own"
    expected = [parent / "trained" / "x" for parent in (shared, shared.parent / "second", own)]
    assert data.places("trained/x") == data.places(own / "trained" / "x") == expected


def test_path_outside_the_data_folder_is_nobody_elses(shared, tmp_path):
    assert data.places(tmp_path / "shipped" / "x") == [tmp_path / "shipped" / "x"]


def test_find_takes_the_first_that_is_there(shared):
    second, own = shared.parent / "second", shared.parent / "own"
    assert data.find("x") == own / "x"
    (second / "x").touch()
    (own / "x").touch()
    assert data.find("x") == second / "x"


def test_without_the_setting_there_is_one_place(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.delenv("COURSE_SHARED", raising=False)
    assert data.places("x") == [tmp_path / "x"]


def test_checkpoint_is_read_in_the_shared_folder(shared):
    load_or_make(nn.Linear(2, 1), "tiny", KEY, five)
    move_to(shared)
    model = load_or_make(nn.Linear(2, 1), "tiny", KEY, refuse)
    assert torch.equal(model.weight, torch.full((1, 2), 5.0))
    assert files(data.folder()) == []


def test_damaged_checkpoint_of_the_shared_folder_is_made_in_ones_own(shared, capsys):
    load_or_make(nn.Linear(2, 1), "tiny", KEY, five)
    move_to(shared)
    path = next(shared.rglob("*.safetensors"))
    damaged = path.read_bytes()[:-1] + b"x"
    path.write_bytes(damaged)
    load_or_make(nn.Linear(2, 1), "tiny", KEY, five)
    assert f"{path} is damaged" in capsys.readouterr().err
    assert path.read_bytes() == damaged
    load_or_make(nn.Linear(2, 1), "tiny", KEY, refuse)
    assert (data.folder() / "trained" / path.name).exists()


def test_measurement_is_read_in_the_shared_folder(shared):
    measured("error", KEY, lambda: {"error": 0.1})
    move_to(shared)
    assert measured("error", KEY, refuse) == {"error": 0.1}
    assert files(data.folder()) == []


def test_damaged_measurement_of_the_shared_folder_is_made_in_ones_own(shared):
    measured("error", KEY, lambda: {"error": 0.1})
    move_to(shared)
    next(shared.rglob("*.json")).write_text("{", encoding="utf-8")
    assert measured("error", KEY, lambda: {"error": 0.2}) == {"error": 0.2}
    assert measured("error", KEY, refuse) == {"error": 0.2}


def write_mnist(raw, monkeypatch):
    """Write a small MNIST of two digits, with its hashes as the right ones."""
    raw.mkdir(parents=True)
    hashes = {}
    for name in mnist.MNIST_SHA256:
        shape = (2, 28, 28) if "images" in name else (2,)
        header = struct.pack(f">{1 + len(shape)}i", 2048 + len(shape), *shape)
        content = header + bytes(torch.tensor(shape).prod().item())
        hashes[name] = hashlib.sha256(content).hexdigest()
        (raw / f"{name}.gz").write_bytes(gzip.compress(content))
    monkeypatch.setattr(mnist, "MNIST_SHA256", hashes)


def test_mnist_is_read_in_the_shared_folder(shared, monkeypatch):
    write_mnist(shared / "MNIST" / "raw", monkeypatch)
    found = data.digits("test")
    assert (found.name, len(found)) == ("MNIST", 2)
    assert files(data.folder()) == []


def test_incomplete_mnist_of_the_shared_folder_does_not_hide_ones_own(shared, monkeypatch):
    write_mnist(shared.parent / "own" / "MNIST" / "raw", monkeypatch)
    raw = shared / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-labels-idx1-ubyte").touch()
    assert data.digits("test").name == "MNIST"


def test_damaged_mnist_of_the_shared_folder_is_named(shared, monkeypatch):
    raw = shared / "MNIST" / "raw"
    write_mnist(raw, monkeypatch)
    (raw / "t10k-images-idx3-ubyte").write_bytes(b"x")
    with pytest.raises(data.DamagedDataError, match=re.escape(str(raw / "t10k-images-idx3-ubyte"))):
        data.digits("test")


def test_weights_are_found_in_the_shared_folder_first(shared):
    for folder in (shared, data.folder()):
        (folder / "weights").mkdir()
        (folder / "weights" / "squeezenet1_0_mine.pth").touch()
    (data.folder() / "weights" / "vgg11_mine.pth").touch()
    assert models.weights_file("squeezenet1_0") == shared / "weights" / "squeezenet1_0_mine.pth"
    assert models.weights_file("vgg11") == data.folder() / "weights" / "vgg11_mine.pth"


def test_damaged_weights_of_the_shared_folder_are_named(shared):
    (shared / "weights").mkdir()
    file = shared / "weights" / "squeezenet1_0_mine.pth"
    file.write_bytes(b"x")
    with pytest.raises(data.DamagedDataError, match=re.escape(str(file))):
        models.classifier("squeezenet1_0", weights=models.weights_file("squeezenet1_0"))
    assert file.read_bytes() == b"x"


def test_pictures_are_read_in_the_shared_folder(shared):
    (shared / "imagenet_samples").mkdir()
    Image.new("RGB", (300, 300), (200, 0, 0)).save(shared / "imagenet_samples" / "one.png")
    system = imagenet.imagenet_system("efficientnet_lite0")
    assert len(imagenet.system_images(system, "imagenet_samples")) == 1
    assert files(data.folder()) == []


def test_archive_of_the_shared_folder_is_unpacked_in_ones_own(shared):
    archive = shared / "imagenette2-320.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        picture = io.BytesIO()
        Image.new("RGB", (300, 300), (200, 0, 0)).save(picture, "JPEG")
        member = tarfile.TarInfo("imagenette2-320/val/n01440764/one.JPEG")
        member.size = picture.tell()
        picture.seek(0)
        packed.addfile(member, picture)
    assert len(data.imagenette(side=32, shorter=40)) == 1
    assert files(shared) == [archive.name]
    assert own_files() == ["one.JPEG"]
    archive.rename(data.folder() / archive.name)
    (data.folder() / "imagenette2-320").rename(shared / "imagenette2-320")
    assert len(data.imagenette(side=32, shorter=40)) == 1
    assert own_files() == [archive.name]


def test_relative_settings_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scheduler.json").touch()
    monkeypatch.setenv("COURSE_DATA", "own")
    monkeypatch.setenv("COURSE_SHARED", os.pathsep.join(["one", "", str(tmp_path / "two")]))
    for named, known in (("scheduler.json", str(tmp_path / "scheduler.json")), ("local", "local")):
        monkeypatch.setenv("COURSE_CLUSTER", named)
        data.make_settings_absolute()
        assert os.environ["COURSE_CLUSTER"] == known
    assert os.environ["COURSE_DATA"] == str(tmp_path / "own")
    both = os.pathsep.join(str(tmp_path / name) for name in ("one", "two"))
    assert os.environ["COURSE_SHARED"] == both
