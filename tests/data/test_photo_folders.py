import hashlib
import io
import struct
import tarfile
import threading
from zlib import crc32

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile
from torchvision.transforms import functional as transforms

from helpers.data import (
    DamagedDataError,
    PictureError,
    image_files,
    imagenette,
    locks,
    photo_folders,
    read_folder,
    read_picture,
)

from .examples import without_locks

SIZES = {"side": 32, "shorter": 40}


def saved(picture, kind="PNG", **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def colours(width=60, height=50, mode="RGB"):
    """A picture with smooth colours: red grows to the right, green downwards."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([255 * x / width, 255 * y / height, 128 + 0 * x], -1).astype(np.uint8)
    return Image.fromarray(pixels).convert(mode)


def test_read_is_torchvisions_preparation():
    picture = colours(90, 60)
    resized = transforms.resize(picture, 40, transforms.InterpolationMode.BILINEAR)
    expected = transforms.to_tensor(transforms.center_crop(resized, 32))
    found = read_picture(saved(picture), **SIZES)
    assert found.shape == (3, 32, 32)
    assert (found - expected).abs().max() < 0.02


@pytest.mark.parametrize("mode", ["RGB", "P", "CMYK"])
def test_kinds_of_colour_give_the_same_pixels(mode):
    kind = "TIFF" if mode == "CMYK" else "PNG"
    found = read_picture(saved(colours(mode=mode), kind), **SIZES)
    assert (found - read_picture(saved(colours()), **SIZES)).abs().mean() < 0.03


@pytest.mark.parametrize("mode", ["L", "1", "I;16"])
def test_grey_has_equal_channels(mode):
    ramp = np.repeat(np.linspace(0, 255, 50)[:, None], 60, 1)
    if mode == "I;16":
        picture = Image.fromarray((ramp * 257).astype(np.uint16))
    else:
        picture = Image.fromarray(ramp.astype(np.uint8)).convert(mode)
    found = read_picture(saved(picture), **SIZES)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])
    rows = found[0].mean(1)
    expected = torch.linspace(0.1, 0.9, 32)  # the middle 32 of 40 rows
    assert (rows - expected).abs().mean() < (0.1 if mode == "1" else 0.03)


def test_what_is_transparent_lies_on_white():
    pixels = np.zeros((40, 40, 4), np.uint8)
    pixels[:, :20] = (255, 0, 0, 255)  # red on the left, nothing on the right
    found = read_picture(saved(Image.fromarray(pixels)), **SIZES)
    assert found[:, 16, 2].tolist() == [1, 0, 0]
    assert found[:, 16, -2].tolist() == [1, 1, 1]
    palette = Image.fromarray(np.tile(np.array([0, 1], np.uint8), (40, 20))[:, :40]).convert("P")
    palette.putpalette([0, 0, 0, 0, 0, 255])
    half = read_picture(saved(palette, transparency=0), **SIZES)
    assert half[2].mean() > 0.9  # blue or white
    assert 0.3 < half[0].mean() < 0.7


def test_picture_is_turned_as_the_camera_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 270 degrees
    turned = read_picture(saved(colours(), "JPEG", exif=exif), **SIZES)
    upright = read_picture(saved(colours().rotate(270, expand=True), "JPEG"), **SIZES)
    assert (turned - upright).abs().mean() < 0.02
    assert (turned - read_picture(saved(colours(), "JPEG"), **SIZES)).abs().mean() > 0.1


@pytest.mark.parametrize(("width", "height"), [(16, 16), (5000, 20), (20, 5000)])
def test_small_and_long_pictures_are_read(width, height):
    assert read_picture(saved(colours(width, height)), **SIZES).shape == (3, 32, 32)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "damaged, or no picture"),
        (b"this is a text", "damaged, or no picture"),
        (saved(colours(300, 300), "JPEG")[:900], "damaged, or no picture"),
        (saved(colours(300, 300))[:400], "damaged, or no picture"),
        (saved(colours(60, 15)), "too small: 60 × 15 pixels, it must have 16"),
        (saved(Image.fromarray(np.zeros((20, 20), np.float32)), "TIFF"), "of the kind 'F'"),
    ],
)
def test_what_can_not_be_read_says_why(content, why, tmp_path):
    with pytest.raises(PictureError, match=f"the upload .*{why}"):
        read_picture(content, **SIZES)
    path = tmp_path / "mine.png"
    path.write_bytes(content)
    with pytest.raises(PictureError, match=f"mine.png .*{why}"):
        read_picture(path, **SIZES)


def header(width, height):
    """The first 41 bytes of a PNG file of 16-bit grey, which has no pixels."""
    size = b"IHDR" + struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    chunk = struct.pack(">I", 13) + size + struct.pack(">I", crc32(size))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 8) + b"IDAT"


@pytest.mark.parametrize(
    ("size", "named"),
    [
        ((5001, 5000), "5,001 × 5,000"),
        ((9459, 9459), "9,459 × 9,459"),
        ((12_000, 12_000), "12,000 × 12,000"),  # Pillow warns of it
        ((50_000, 50_000), "more than 178,956,970"),  # Pillow refuses it
    ],
)
def test_huge_picture_is_refused_by_its_first_bytes(size, named):
    with pytest.raises(PictureError, match=f"too large: {named} pixels, it may have 25,000,000;"):
        read_picture(header(*size), **SIZES)


def test_picture_of_the_largest_size_is_not_too_large():
    with pytest.raises(PictureError, match="damaged"):
        read_picture(header(5000, 5000), **SIZES)


@pytest.mark.parametrize("kind", image_files.FORMATS)
def test_large_picture_of_any_kind_is_refused_before_it_is_unpacked(kind, monkeypatch):
    content = saved(colours(60, 50), kind)
    assert read_picture(content, **SIZES).shape == (3, 32, 32)
    unpacked = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", unpacked.append)
    monkeypatch.setattr(image_files, "MOST", 60 * 50 - 1)
    with pytest.raises(PictureError, match="too large: 60 × 50 pixels, it may have 2,999;"):
        read_picture(content, **SIZES)
    assert unpacked == []


EPS = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: 0 0 100 100
%%EndComments
{} loop
"""
PPM = b"P6 32 32 255\n" + bytes(32 * 32 * 3)


@pytest.mark.parametrize("content", [EPS, PPM, saved(colours(), "TGA")])
def test_no_other_kind_of_file_reaches_its_reader(content, monkeypatch):
    def runs(*arguments, **options):
        raise AssertionError(f"runs {arguments}")

    monkeypatch.setattr("subprocess.Popen", runs)
    monkeypatch.setattr("subprocess.check_call", runs)
    with pytest.raises(PictureError, match=r"no picture that can be read here \(PNG, JPEG"):
        read_picture(content, **SIZES)


def test_large_photograph_is_unpacked_at_a_smaller_size(monkeypatch):
    whole = colours(640, 480)
    read, sizes = image_files.ImageOps.exif_transpose, []

    def noted(picture):
        turned = read(picture)
        sizes.append(turned.size)
        return turned

    monkeypatch.setattr(image_files.ImageOps, "exif_transpose", noted)
    found = read_picture(saved(whole, "JPEG", quality=95), **SIZES)
    assert sizes == [(160, 120)]  # an eighth would be less than twice the 40 pixels
    assert (found - read_picture(saved(whole), **SIZES)).abs().max() < 0.03


def test_picture_without_memory_is_an_error_with_a_remedy(monkeypatch):
    def full(*arguments):
        raise MemoryError

    monkeypatch.setattr(ImageFile.ImageFile, "load", full)
    with pytest.raises(PictureError, match=r"the upload needs more memory .* make it smaller"):
        read_picture(saved(colours()), **SIZES)


@pytest.mark.parametrize("values", [[0, 65535], [-40_000, 40_000], [0, 2**31 - 1]])
def test_grey_of_32_bits_is_refused_by_name(values):
    pixels = np.resize(np.array(values, np.int32), (20, 20))
    with pytest.raises(PictureError, match="the upload has pixels of the kind 'I'; save it as RGB"):
        read_picture(saved(Image.fromarray(pixels), "TIFF"), **SIZES)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_of_16_bits_is_rounded(kind):
    values = np.array([0, 128, 129, 385, 386, 32_768, 65_406, 65_407, 65_535], np.uint16)
    for value in values:
        picture = Image.fromarray(np.full((20, 20), value, np.uint16))
        found = read_picture(saved(picture, kind), **SIZES)
        assert (255 * found).round().unique().tolist() == [round(value / 257)]


def test_grey_of_16_bits_is_read_where_pillow_gives_it_32(monkeypatch):
    turned = Image.fromarray(np.full((20, 20), 257 * 51, np.int32))  # as older ones read a PNG
    monkeypatch.setattr(image_files.ImageOps, "exif_transpose", lambda picture: turned)
    content = saved(Image.fromarray(np.zeros((20, 20), np.uint16)))
    assert (255 * read_picture(content, **SIZES)).round().unique().tolist() == [51]


def test_colours_that_can_not_be_converted_are_refused_by_name():
    with pytest.raises(PictureError, match="pixels of the kind 'LAB'"):
        read_picture(saved(Image.new("LAB", (20, 20)), "TIFF"), **SIZES)


@pytest.mark.parametrize("kind", image_files.FORMATS)
def test_no_damage_is_another_error(kind):
    whole, random = saved(colours(40, 30), kind), np.random.default_rng(0)
    refused = 0
    for _ in range(100):
        content = bytearray(whole)
        for place in random.integers(0, min(len(whole), 400), 4):
            content[place] = random.integers(256)
        try:
            read_picture(bytes(content), **SIZES)
        except PictureError:
            refused += 1
    assert refused > 0


def test_what_can_not_be_opened_says_why(tmp_path):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(PictureError, match=r"folder\.png cannot be opened: "):
        read_picture(tmp_path / "folder.png", **SIZES)
    with pytest.raises(PictureError, match=r"none\.png cannot be opened: No such file"):
        read_picture(tmp_path / "none.png", **SIZES)


def test_folder_takes_what_can_be_read_and_names_the_rest(tmp_path, capsys):
    for name, size in (("a.png", 40), ("b.PNG", 50), ("c.jpg", 60)):
        kind = "JPEG" if name.endswith("jpg") else "PNG"
        (tmp_path / name).write_bytes(saved(colours(size, size), kind))
    (tmp_path / "broken.jpg").write_bytes(b"nothing")
    (tmp_path / "notes.txt").write_text("not a picture")
    (tmp_path / "labels.csv").write_text("file,class_index\nb.PNG,7\nc.jpg,9\n")
    found = read_folder(tmp_path, **SIZES)
    assert sorted(found.labels.tolist()) == [-1, 7, 9]
    assert found.source == f"{tmp_path.name}, 3 images"
    noted = capsys.readouterr().err
    assert noted.count("left out") == 1
    assert "broken.jpg is damaged" in noted
    seeds = {
        tuple(read_folder(tmp_path, **SIZES, count=2, seed=s).labels.tolist()) for s in range(9)
    }
    assert len(seeds) > 2


def test_labels_written_by_excel_are_read_and_others_are_named(tmp_path):
    (tmp_path / "a.png").write_bytes(saved(colours()))
    table = tmp_path / "labels.csv"
    table.write_text("file,class_index\r\na.png,7\r\n", encoding="utf-8-sig")
    assert read_folder(tmp_path, **SIZES).labels.tolist() == [7]
    for wrong in ("name,label\na.png,7\n", "file,class_index\na.png,seven\n"):
        table.write_text(wrong)
        with pytest.raises(ValueError, match=r"labels\.csv must have the columns"):
            read_folder(tmp_path, **SIZES)


@pytest.mark.parametrize("index", [-2, 100_000, 2**63, 10**30])
def test_label_that_no_class_can_have_is_refused_by_name(tmp_path, index):
    (tmp_path / "a.png").write_bytes(saved(colours()))
    table = tmp_path / "labels.csv"
    for allowed in (-1, 99_999):
        table.write_text(f"file,class_index\na.png,{allowed}\n")
        assert read_folder(tmp_path, **SIZES).labels.tolist() == [allowed]
    table.write_text(f"file,class_index\na.png,{index}\n")
    why = rf"labels\.csv: class_index must be from -1 to 99,999, got {index} for a\.png"
    with pytest.raises(ValueError, match=why):
        read_folder(tmp_path, **SIZES)


def test_folder_in_the_place_of_the_labels_is_named(tmp_path):
    (tmp_path / "labels.csv").mkdir()
    with pytest.raises(ValueError, match=r"labels\.csv cannot be read: "):
        read_folder(tmp_path, **SIZES)


def test_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(type(tmp_path), "iterdir", refused)  # a chmod would not stop root
    with pytest.raises(ValueError, match=r"path must be a folder that can be read, .*denied"):
        read_folder(tmp_path, **SIZES)


def test_folder_without_pictures_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="path must be a folder of pictures"):
        read_folder(tmp_path / "none", **SIZES)
    with pytest.raises(ValueError, match="no picture that can be read"):
        read_folder(tmp_path, **SIZES)


def files(folder):
    return without_locks(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A small archive of Imagenette, which the course takes for the published one."""
    archive = tmp_path / "imagenette2-320.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        for place in ("val/n01440764/x.JPEG", "val/n03888257/y.JPEG", "train/n03888257/z.JPEG"):
            content = saved(colours(), "JPEG")
            member = tarfile.TarInfo(f"imagenette2-320/{place}")
            member.size = len(content)
            packed.addfile(member, io.BytesIO(content))
        outside = tarfile.TarInfo("imagenette2-320/val/../../../escaped.JPEG")
        packed.addfile(outside, io.BytesIO())
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    monkeypatch.setattr(photo_folders, "IMAGENETTE", archive.as_uri())
    digest = hashlib.md5(archive.read_bytes()).hexdigest()
    monkeypatch.setattr(photo_folders, "IMAGENETTE_MD5", digest)
    return archive


def test_imagenette_is_fetched_once(archive, data_folder):
    found = imagenette(**SIZES)
    assert sorted(found.labels.tolist()) == [0, 701]
    assert found.name == "Imagenette"
    archive.unlink()
    assert len(imagenette(**SIZES, count=1)) == 1
    assert len(files(data_folder)) == 2  # neither the archive nor the training image


@pytest.mark.usefixtures("archive", "data_folder")
def test_imagenette_that_another_process_unpacks_is_waited_for(monkeypatch):
    unpacking, wanted, calls = threading.Event(), threading.Event(), []
    unpack, acquire = photo_folders._unpack, locks._acquire

    def unpack_slowly(archive, kept):
        calls.append(archive)
        unpacking.set()
        wanted.wait(10)
        unpack(archive, kept)

    def wants(lock):
        if unpacking.is_set():
            wanted.set()
        acquire(lock)

    monkeypatch.setattr(photo_folders, "_unpack", unpack_slowly)
    monkeypatch.setattr(locks, "_acquire", wants)
    other = threading.Thread(target=lambda: imagenette(**SIZES))
    other.start()
    assert unpacking.wait(60)
    assert len(imagenette(**SIZES)) == 2
    other.join()
    assert len(calls) == 1


@pytest.mark.usefixtures("archive")
def test_interrupted_unpacking_is_not_taken_for_all_of_imagenette(data_folder, monkeypatch):
    write, written = photo_folders.write_atomically, []

    def interrupted(path, content):
        if written:
            raise KeyboardInterrupt
        written.append(write(path, content))

    with monkeypatch.context() as patched:
        patched.setattr(photo_folders, "write_atomically", interrupted)
        with pytest.raises(KeyboardInterrupt):
            imagenette(**SIZES)
    assert [path.name for path in files(data_folder)] == ["imagenette2-320.tgz"]
    assert len(imagenette(**SIZES)) == 2


def test_damaged_archive_of_imagenette_is_named(archive, data_folder):
    data_folder.mkdir()
    (data_folder / archive.name).write_bytes(archive.read_bytes()[:300])
    with pytest.raises(DamagedDataError, match=r"imagenette2-320\.tgz is damaged .*: delete it"):
        imagenette(**SIZES)


@pytest.mark.usefixtures("data_folder")
def test_imagenette_offline_says_so(monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(OSError, match="COURSE_OFFLINE"):
        imagenette(**SIZES)
