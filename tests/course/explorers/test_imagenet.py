import io
import re
from datetime import datetime, timezone

import pytest
import torch
from PIL import Image
from torch import nn

from helpers.course.explorers import your_picture
from helpers.course.explorers.imagenet import UPLOADED, matching, uploaded
from helpers.data import Dataset
from helpers.studies.imagenet import System


@pytest.fixture
def brightest_channel():
    """A system of 8 × 8 images that sees which channel is the brightest."""
    layer = nn.Conv2d(3, 3, 1)
    layer.weight.data = 50 * torch.eye(3).view(3, 3, 1, 1)
    layer.bias.data.zero_()
    network = nn.Sequential(layer, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    return System("channels", network.requires_grad_(False), ("red", "green", "blue"), 2, 8, 8)


@pytest.fixture
def reddish():
    inputs = torch.full((2, 3, 8, 8), 0.4)
    inputs[0, 0] = 0.5
    inputs[1, 1] = 0.6
    return Dataset(inputs, torch.tensor([0, 1]), "colours", "made here")


def files(*colours, name="mine.png"):
    """What a FileUpload of ipywidgets 8 holds after an upload; bytes are a file's content."""
    found = []
    for colour in colours:
        content = io.BytesIO(colour if isinstance(colour, bytes) else b"")
        if not isinstance(colour, bytes):
            Image.new("RGB", (40, 30), colour).save(content, "PNG")
        found.append({"name": name, "content": memoryview(content.getvalue())})
    return tuple(found)


def send(shown, *colours):
    """Upload a picture as the browser does, in either version of ipywidgets."""
    control = shown.controls["upload"]
    found = files(*colours)
    if isinstance(control.value, dict):
        control.set_trait("value", {one["name"]: one for one in found})  # only the browser may
    else:
        extra = {"type": "image/png", "size": 1, "last_modified": datetime.now(timezone.utc)}
        control.value = tuple(one | extra for one in found)


def test_uploaded_reads_the_value_of_both_versions_of_ipywidgets():
    (file,) = files("teal")
    assert uploaded((file,)) == uploaded({"mine.png": file}) == bytes(file["content"])
    assert uploaded(()) is None
    assert uploaded({}) is None


def size_of(shown):
    """Return the distortion that the text names."""
    return float(re.search(r"distortion ([\d.]+)", shown.message)[1])


def test_your_picture_answers_target_scale_and_gain(brightest_channel, reddish):
    shown = your_picture(brightest_channel, reddish)
    assert shown.message.startswith("image 0, target blue: seen as blue (")
    size = size_of(shown)
    assert size == pytest.approx((2 / 3 * 0.05**2) ** 0.5, abs=2e-4)  # red and blue meet halfway
    assert "target green: seen as green" in shown.set(target="green")
    shown.set(target="blue")
    assert re.search(r"seen as red \(\d+%\), distortion 0.0000", shown.set(scale=0.0))
    shown.set(scale=0.5)
    assert size_of(shown) == pytest.approx(size / 2, abs=1e-4)
    before = shown.image.value
    assert shown.set(gain=300).endswith("shown × 300")
    assert shown.image.value != before
    assert "seen as" in shown.set(picture="image 1")


def test_your_picture_begins_where_it_is_told_with_the_names_of_the_pictures(
    brightest_channel, reddish
):
    shown = your_picture(brightest_channel, reddish, names=("a rose", "a leaf"), first=1)
    assert shown.message.startswith("a leaf, target blue")
    assert shown.set(scale=0.0, picture="a rose").startswith("a rose, target blue: seen as red")


def test_targets_are_found_by_name_or_a_part_of_it(brightest_channel, reddish):
    shown = your_picture(brightest_channel, reddish)
    assert "target blue" in shown.set(target="Blu")
    assert "target red" in shown.set(target="RED ")
    assert shown.set(target="violet").startswith("there is no class with 'violet' in its name")
    assert shown.set(target="").startswith("there is no class with ''")
    assert shown.set(target="e") == (
        "3 classes have 'e' in their names, choose one: red, green, blue"
    )
    names = ["tiger cat", "cat", "tiger", "Persian cat", "a cat", "catamaran", "scattering"]
    assert matching(names, "cat") == [1]
    assert matching(names, "tiger c") == [0]
    assert matching(names, "ca") == [0, 1, 3, 4, 5, 6]


def test_upload_is_drawn_once_whichever_picture_was_chosen_before(brightest_channel, reddish):
    shown = your_picture(brightest_channel, reddish)
    for drawings, colour in ((2, "teal"), (3, "olive")):
        send(shown, colour)
        assert shown.message.startswith("the uploaded one, target blue")
        assert shown.drawings == drawings


def test_your_picture_takes_an_upload_and_says_what_is_wrong_with_it(brightest_channel, reddish):
    shown = your_picture(brightest_channel, reddish)
    assert shown.set(picture=UPLOADED) == "upload a picture first, or choose another one"
    send(shown, (90, 120, 110))
    assert shown.controls["picture"].value == UPLOADED
    assert "target blue: seen as blue" in shown.message
    assert shown.set(scale=0.0).split(":")[1].startswith(" seen as green")
    for content in (b"broken", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n{} loop\n"):
        send(shown, content)
        assert shown.message == (
            "the upload is damaged, or no picture that can be read here "
            "(PNG, JPEG, GIF, BMP, TIFF or WEBP)"
        )
    large = io.BytesIO()
    Image.new("1", (5001, 5000)).save(large, "PNG")
    send(shown, large.getvalue())
    assert shown.message == (
        "the upload is too large: 5,001 × 5,000 pixels, it may have 25,000,000; "
        "make it smaller first"
    )
    assert "seen as red" in shown.set(picture="image 0")
    shown.controls["picture"].value = UPLOADED
    send(shown, "red")
    assert "seen as red" in shown.message


def test_your_picture_shows_how_far_the_attack_is(brightest_channel, reddish):
    shown = your_picture(brightest_channel, reddish, steps=10)
    bar = next(child for child in shown.box.children if hasattr(child, "bar_style"))
    seen = []
    bar.observe(lambda change: seen.append(change["new"]), names="value")
    shown.set(picture="image 1")
    assert seen[0] == 0
    assert seen[-1] == 1
    assert len(seen) > 3
    assert sorted(seen) == seen
    seen.clear()
    shown.set(scale=0.5)  # what is known already is not computed again
    assert seen == []
