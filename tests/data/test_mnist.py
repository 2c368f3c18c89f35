import errno
import gzip
import hashlib
import http.client
import io
import struct
import urllib.request
from typing import ClassVar
from urllib.error import URLError

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch.nn import functional
from torchvision.datasets import MNIST

from helpers import data
from helpers.data import mnist

from .examples import without_locks

NOTICE = "Using the 1,797 handwritten digits that scikit-learn ships"


def idx(array):
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


@pytest.fixture(autouse=True)
def raw(tmp_path, monkeypatch):
    """An empty data folder and nothing remembered from other tests."""
    cached = (mnist._have_mnist, mnist._mnist, mnist._shipped_digits)
    for function in cached:
        function.cache_clear()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    yield tmp_path / "MNIST" / "raw"
    for function in cached:
        function.cache_clear()


@pytest.fixture
def files(monkeypatch):
    """Contents of four tiny idx files, which pass for MNIST's."""
    random = np.random.default_rng(0)
    contents = {}
    for prefix, count in (("train", 6), ("t10k", 4)):
        images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = random.integers(0, 10, count, dtype=np.uint8)
        contents[f"{prefix}-images-idx3-ubyte"] = idx(images)
        contents[f"{prefix}-labels-idx1-ubyte"] = idx(labels)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(mnist, "MNIST_SHA256", hashes)
    return contents


@pytest.fixture
def in_folder(raw, files):
    raw.mkdir(parents=True)
    for name, content in files.items():
        (raw / name).write_bytes(content)
    return raw


@pytest.fixture
def web(files, monkeypatch):
    """Stand in for torchvision's mirrors: `replies` holds what each file name answers."""
    replies = {f"{name}.gz": gzip.compress(content) for name, content in files.items()}
    md5 = [(name, hashlib.md5(content).hexdigest()) for name, content in replies.items()]
    monkeypatch.setattr(MNIST, "resources", md5)
    monkeypatch.setattr(MNIST, "mirrors", ["http://one/", "http://two/"])
    monkeypatch.setenv("COURSE_OFFLINE", "0")
    asked = []

    def urlopen(address, timeout):
        asked.append(address)
        reply = replies[address.rsplit("/", 1)[1]]
        reply = reply(address) if callable(reply) else reply
        return reply if hasattr(reply, "read") else Answer(reply)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return replies, asked


class Answer(io.BytesIO):
    """What a server sends."""

    headers: ClassVar[dict[str, str]] = {}


class BrokenOff(Answer):
    """An answer whose connection breaks while it is read."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def read1(self, size=-1):
        raise self.error


@pytest.mark.parametrize(("split", "prefix", "count"), [("train", "train", 6), ("test", "t10k", 4)])
def test_mnist_is_read_from_the_data_folder(in_folder, files, split, prefix, count):
    found = data.digits(split)
    pixels = np.frombuffer(files[f"{prefix}-images-idx3-ubyte"][16:], dtype=np.uint8)
    labels = np.frombuffer(files[f"{prefix}-labels-idx1-ubyte"][8:], dtype=np.uint8)
    assert found.name == "MNIST"
    assert found.source == f"MNIST, {count} {split} images"
    assert found.inputs.shape == (count, 1, 28, 28)
    assert found.labels.dtype == torch.int64
    assert found.labels.tolist() == labels.tolist()
    np.testing.assert_allclose(found.inputs.flatten().numpy(), pixels / 255, rtol=1e-6)


def test_mnist_in_the_folder_gives_no_notice(in_folder, capsys):
    data.digits("test")
    assert capsys.readouterr() == ("", "")


def test_packed_files_are_read_as_they_are(raw, files):
    raw.mkdir(parents=True)
    for name, content in files.items():
        (raw / f"{name}.gz").write_bytes(gzip.compress(content))
    packed = sorted(raw.iterdir())
    found = data.digits("test")
    pixels = files["t10k-images-idx3-ubyte"][16:]
    assert (found.inputs * 255).round().byte().flatten().tolist() == list(pixels)
    assert found.labels.tolist() == list(files["t10k-labels-idx1-ubyte"][8:])
    assert sorted(raw.iterdir()) == packed


@pytest.mark.parametrize("part", ["images-idx3", "labels-idx1"])
def test_truncated_file_is_an_error_with_a_remedy(in_folder, files, part):
    name = f"t10k-{part}-ubyte"
    (in_folder / name).write_bytes(files[name][:-1])
    with pytest.raises(data.DamagedDataError, match=rf"{name} is truncated or altered.*delete it"):
        data.digits("test")


def test_one_altered_byte_is_an_error(in_folder, files):
    content = bytearray(files["train-images-idx3-ubyte"])
    content[-1] ^= 1
    (in_folder / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(data.DamagedDataError, match="train-images-idx3-ubyte is truncated or alt"):
        data.digits("train")


def test_swapped_images_and_labels_are_an_error_that_says_so(in_folder, files):
    images, labels = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
    (in_folder / images).write_bytes(files[labels])
    (in_folder / labels).write_bytes(files[images])
    with pytest.raises(data.DamagedDataError, match=f"{images} holds {labels}"):
        data.digits("train")


def test_test_images_in_the_place_of_training_images_are_an_error(in_folder, files):
    (in_folder / "train-images-idx3-ubyte").write_bytes(files["t10k-images-idx3-ubyte"])
    with pytest.raises(data.DamagedDataError, match="holds t10k-images-idx3-ubyte"):
        data.digits("train")


def truncated(packed):
    return packed[:-20]


def not_gzip(packed):
    return b"<html>" + packed


def wrong_checksum(packed):
    return packed[:-8] + bytes([packed[-8] ^ 1]) + packed[-7:]


def broken_stream(packed):
    return packed[:10] + b"\xff" * (len(packed) - 18) + packed[-8:]


@pytest.mark.parametrize("damage", [truncated, not_gzip, wrong_checksum, broken_stream])
def test_damaged_gz_is_an_error_that_names_it(in_folder, files, damage):
    name = "t10k-images-idx3-ubyte"
    (in_folder / name).unlink()
    (in_folder / f"{name}.gz").write_bytes(damage(gzip.compress(files[name])))
    with pytest.raises(data.DamagedDataError, match=rf"{name}\.gz is damaged .*delete it"):
        data.digits("test")
    assert not (in_folder / name).exists()


def test_small_gz_that_holds_gigabytes_is_not_unpacked(in_folder, monkeypatch):
    name = "t10k-labels-idx1-ubyte"
    (in_folder / name).unlink()
    (in_folder / f"{name}.gz").write_bytes(gzip.compress(bytes(100 << 20)))  # 100 kB
    hashed = []
    sha256 = hashlib.sha256
    monkeypatch.setattr(hashlib, "sha256", lambda text: hashed.append(len(text)) or sha256(text))
    monkeypatch.setattr(gzip, "decompress", None)
    with pytest.raises(data.DamagedDataError, match=rf"{name} is truncated or altered .*\.gz"):
        data.digits("test")
    assert max(hashed) == 47_040_017  # the largest file that there is, and a byte


def test_the_largest_file_is_read_whole(in_folder, monkeypatch):
    content = idx(np.zeros((60_000, 28, 28), np.uint8))
    assert len(content) == mnist.LARGEST
    (in_folder / "train-images-idx3-ubyte").write_bytes(content)
    known = mnist.MNIST_SHA256 | {"train-images-idx3-ubyte": hashlib.sha256(content).hexdigest()}
    monkeypatch.setattr(mnist, "MNIST_SHA256", known)
    assert len(mnist._verified(in_folder / "train-images-idx3-ubyte")) == len(content)
    (in_folder / "train-images-idx3-ubyte").write_bytes(content + b"0")
    with pytest.raises(data.DamagedDataError, match="truncated or altered"):
        mnist._verified(in_folder / "train-images-idx3-ubyte")


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_folder_in_the_place_of_a_file_is_named(in_folder, ending):
    name = "t10k-images-idx3-ubyte"
    (in_folder / name).unlink()
    (in_folder / f"{name}{ending}").mkdir()
    with pytest.raises(data.DamagedDataError, match=rf"{name}{ending} cannot be read .*delete it"):
        data.digits("test")


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("open", "t10k-images-idx3-ubyte cannot be read .Permission denied.: delete it.*read it"),
        ("stat", "raw cannot be looked into .Permission denied.: let yourself read it, or set"),
    ],
)
@pytest.mark.usefixtures("in_folder")
def test_file_or_folder_that_may_not_be_read_is_named(monkeypatch, step, why):
    def refused(path, *arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(f"pathlib.Path.{step}", refused)  # a chmod would not stop root
    with pytest.raises(data.DamagedDataError, match=why):
        data.digits("test")


def test_intact_gz_of_the_wrong_file_is_an_error(in_folder, files):
    (in_folder / "t10k-images-idx3-ubyte").unlink()
    packed = gzip.compress(files["train-images-idx3-ubyte"])
    (in_folder / "t10k-images-idx3-ubyte.gz").write_bytes(packed)
    with pytest.raises(data.DamagedDataError, match="holds train-images-idx3-ubyte"):
        data.digits("test")


def test_missing_mnist_is_fetched_and_verified(raw, files, web, capsys):
    assert data.digits("train").name == "MNIST"
    assert {path.name for path in raw.glob("*.gz")} == {f"{name}.gz" for name in files}
    assert NOTICE not in capsys.readouterr().err


def test_only_missing_files_are_fetched(in_folder, web):
    (in_folder / "t10k-labels-idx1-ubyte").unlink()
    assert data.digits("test").name == "MNIST"
    assert web[1] == ["http://one/t10k-labels-idx1-ubyte.gz"]


def test_second_mirror_is_asked_when_the_first_fails(web):
    replies, asked = web
    name = "train-images-idx3-ubyte.gz"
    good = replies[name]

    def only_the_second_knows(address):
        if "one" in address:
            raise URLError("not found")
        return good

    replies[name] = only_the_second_knows
    assert data.digits("train").name == "MNIST"
    assert asked[:2] == [f"http://one/{name}", f"http://two/{name}"]


def test_download_with_the_wrong_md5_falls_back_with_the_notice(raw, web, capsys):
    web[0]["train-images-idx3-ubyte.gz"] = gzip.compress(b"not MNIST")
    assert data.digits("train").name == "shipped digits"
    printed = capsys.readouterr().err
    assert "is not the file it should be" in printed
    assert NOTICE in printed
    assert [
        path for path in without_locks(raw.iterdir()) if path.name.startswith("train-images")
    ] == []


@pytest.mark.parametrize(
    "error",
    [TimeoutError("timed out"), ConnectionResetError("reset"), http.client.IncompleteRead(b"abc")],
    ids=lambda error: type(error).__name__,
)
def test_interrupted_download_falls_back_and_leaves_nothing_half_written(raw, web, capsys, error):
    web[0]["t10k-images-idx3-ubyte.gz"] = lambda address: BrokenOff(error)
    assert data.digits("test").name == "shipped digits"
    assert NOTICE in capsys.readouterr().err
    for path in without_locks(raw.iterdir()):
        assert path.read_bytes() == web[0][path.name]


def test_download_stopped_by_the_reader_leaves_nothing_half_written(raw, web):
    web[0]["train-labels-idx1-ubyte.gz"] = lambda address: BrokenOff(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        data.digits("train")
    assert [path.name for path in without_locks(raw.iterdir())] == ["train-images-idx3-ubyte.gz"]


def test_writing_that_fails_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "folder" / "file"
    data.write_atomically(path, b"old")

    def interrupted(source, target):
        raise KeyboardInterrupt

    monkeypatch.setattr("helpers.data.files.os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        data.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_offline_never_opens_a_connection(web, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert data.digits("train").name == "shipped digits"
    assert web[1] == []


def test_offline_notice_is_printed_once(tmp_path, capsys):
    for split in ("train", "test", "train"):
        data.digits(split)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count(NOTICE) == 1
    assert "MNIST is not in the data folder" in printed.err
    assert "COURSE_OFFLINE=1 forbids downloads" in printed.err
    assert str(tmp_path) not in printed.err  # notebooks store the notice: no path of a machine


def test_unknown_split_is_refused():
    with pytest.raises(ValueError, match="split must be 'train' or 'test', got 'valid'"):
        data.digits("valid")


def test_data_folder_follows_the_environment(monkeypatch, tmp_path):
    assert data.folder() == tmp_path
    monkeypatch.setenv("COURSE_DATA", "")
    assert data.folder() == data.ROOT / "data"


@pytest.mark.parametrize(("split", "count"), [("train", 1287), ("test", 510)])
def test_shipped_digits_have_the_shape_and_range_of_mnist(split, count):
    found = data.digits(split)
    assert found.name == "shipped digits"
    assert f"{count:,} {split} images" in found.source
    assert found.inputs.shape == (count, 1, 28, 28)
    assert found.inputs.dtype == torch.float32
    assert found.labels.dtype == torch.int64
    assert found.inputs.min() == 0
    assert found.inputs.max() == 1
    margin = functional.pad(torch.zeros(20, 20, dtype=torch.bool), (4, 4, 4, 4), value=True)
    assert found.inputs[:, :, margin].max() == 0


def test_shipped_digits_are_scikit_learns_split_in_two():
    bunch = load_digits()
    parts = data.digits("train"), data.digits("test")
    assert torch.cat([part.labels for part in parts]).tolist() == bunch.target.tolist()
    inputs = torch.cat([part.inputs for part in parts])[..., 4:24, 4:24]
    small = functional.adaptive_avg_pool2d(inputs, 8).flatten(1).numpy()
    alike = np.corrcoef(small, bunch.data)[: len(small), len(small) :]
    assert alike.diagonal().min() > 0.9
    assert (alike.argmax(1) == np.arange(len(small))).mean() > 0.99


def test_no_shipped_test_image_is_a_training_image():
    train, test = ({x.numpy().tobytes() for x in data.digits(s).inputs} for s in ("train", "test"))
    assert train.isdisjoint(test)


def test_shipped_digits_are_the_same_at_every_call():
    first = data.digits("test")
    mnist._shipped_digits.cache_clear()
    again = data.digits("test")
    assert again is not first
    assert torch.equal(again.inputs, first.inputs)
    assert torch.equal(again.labels, first.labels)


def numbered(count):
    inputs = torch.arange(count).float().view(-1, 1, 1, 1) / count
    return data.Dataset(inputs, torch.arange(count), "numbers", "counting")


@pytest.mark.parametrize("count", [10, 11])
def test_disjoint_halves_share_nothing_and_lose_nothing(count):
    one, two = data.disjoint_halves(numbered(count))
    assert (len(one), len(two)) == (count // 2, count - count // 2)
    assert sorted(one.labels.tolist() + two.labels.tolist()) == list(range(count))
    assert torch.allclose(two.inputs.flatten() * count, two.labels.float())
    assert (one.name, two.name) == ("numbers P1", "numbers P2")
    assert (one.source, two.source) == ("half P1 of counting", "half P2 of counting")


def test_disjoint_halves_follow_the_seed_alone():
    first = data.disjoint_halves(numbered(50), seed=3)[0].labels
    torch.manual_seed(9)
    assert torch.equal(data.disjoint_halves(numbered(50), seed=3)[0].labels, first)
    assert not torch.equal(data.disjoint_halves(numbered(50), seed=4)[0].labels, first)
    assert first.tolist() != list(range(25))


def test_dataset_is_indexed_by_slice_mask_and_rows():
    dataset = numbered(6)
    even = dataset.labels % 2 == 0
    for rows in (slice(0, None, 2), even, torch.tensor([0, 2, 4])):
        part = dataset[rows]
        assert part.labels.tolist() == [0, 2, 4]
        assert torch.equal(part.inputs, dataset.inputs[::2])
        assert (part.name, part.source, len(part)) == ("numbers", "3 of counting", 3)


@pytest.mark.parametrize(
    ("inputs", "labels"),
    [((3, 1, 2, 2), (4,)), ((3, 1, 2, 2), (3, 1)), ((3, 4), (3,)), ((1, 2, 2), (1,))],
)
def test_images_and_labels_that_do_not_belong_together_are_refused(inputs, labels):
    with pytest.raises(ValueError, match=r"inputs must have shape \(N, C, H, W\)"):
        data.Dataset(torch.zeros(inputs), torch.zeros(labels).long(), "", "")


def test_digest_is_that_of_the_content():
    dataset = numbered(4)
    again = data.Dataset(dataset.inputs.clone(), dataset.labels.clone(), "other", "elsewhere")
    assert again.digest == dataset.digest
    assert dataset.to("cpu").digest == dataset.digest


def test_digest_changes_with_a_pixel_a_label_and_the_shape():
    dataset = numbered(4)
    pixel, label = dataset.inputs.clone(), dataset.labels.clone()
    pixel[2] = pixel[2].nextafter(torch.ones(()))
    label[2] += 1
    wide = dataset.inputs.repeat(1, 1, 1, 4)
    variants = [
        (dataset.inputs, dataset.labels),
        (pixel, dataset.labels),
        (dataset.inputs, label),
        (wide, dataset.labels),
        (wide.view(4, 1, 2, 2), dataset.labels),
    ]
    assert len({data.Dataset(*variant, "", "").digest for variant in variants}) == len(variants)
