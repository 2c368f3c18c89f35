import importlib.util
import sys

import ipywidgets
import pytest
import torch
from torch import nn

from helpers import data
from helpers.course.explorers import (
    _drawing,
    around_an_image,
    drawing_pad,
    frequency_response,
    pad,
    penalty,
)
from helpers.course.explorers._drawing import centred
from helpers.data import Dataset

from ...examples import linear

pytest.importorskip("anywidget")


@pytest.fixture(autouse=True)
def kept_here(own_folder):
    """What tests keep is not the reader's."""


@pytest.fixture(scope="module")
def halves():
    """Networks of 28 × 28 pixels: one sees where the upper half is bright, one is never moved."""
    weight = torch.zeros(10, 784)
    weight[1, : 14 * 28], weight[2, 14 * 28 :] = 1.0, 1.0
    stubborn = torch.zeros(10)
    stubborn[5] = 1e4
    return {
        "halves": linear(0.1 * weight, torch.zeros(10), torch.float32),
        "stubborn": linear(torch.zeros(10, 784), stubborn, torch.float32),
    }


@pytest.fixture(scope="module")
def blanks():
    inputs = torch.zeros(3, 1, 28, 28)
    inputs[:, 0, 2:10, 10:18] = 0.8
    return Dataset(inputs, torch.tensor([1, 1, 1]), "squares", "made here")


def square(top, left, height, width):
    pixels = torch.zeros(28, 28)
    pixels[top : top + height, left : left + width] = 1.0
    return pixels


# --- as MNIST has its digits


@pytest.mark.parametrize(("top", "left"), [(0, 0), (18, 3), (6, 20)])
def test_centred_is_twenty_pixels_long_wherever_it_was_drawn(top, left):
    image = centred(square(top, left, 10, 4))
    rows, columns = (image > 0.05).any(1).nonzero(), (image > 0.05).any(0).nonzero()
    assert rows[-1] - rows[0] + 1 == 20
    assert columns[-1] - columns[0] + 1 == 8
    assert torch.equal(image, centred(square(4, 12, 10, 4)))


def test_centred_has_its_mass_in_the_middle():
    pixels = square(2, 2, 20, 5)
    pixels[2:6, 2:18] = 1.0  # as a 7: most of the ink is above and on the left
    image = centred(pixels)
    places = torch.arange(28.0)
    for dim in (0, 1):
        mass = (image.sum(1 - dim) * places).sum() / image.sum()
        assert mass.item() == pytest.approx(13.5, abs=0.51)


def test_centred_leaves_alone_what_is_centred_and_what_is_blank():
    centre = square(4, 9, 20, 10)
    torch.testing.assert_close(centred(centre), centre)
    assert not centred(torch.zeros(28, 28)).any()


def test_a_dot_is_not_blown_up_to_a_blob():
    image = centred(square(20, 20, 2, 2))
    assert (image > 0.05).any(1).sum() == 5  # 2.5 times as long


# --- what is read


def test_networks_read_what_is_drawn(halves, blanks):
    shown = drawing_pad(halves, blanks)
    pixels = square(4, 9, 20, 10)
    pixels[14:] *= 0.5
    told = shown.draw(pixels)
    assert [(row["name"], row["label"]) for row in told["rows"]] == [("halves", 1), ("stubborn", 5)]
    with torch.no_grad():
        share = halves["halves"](shown.image).softmax(1)[0, 1].item()
    assert told["rows"][0]["share"] == pytest.approx(share)
    assert told["text"] == "halves sees 1, stubborn sees 5."
    assert shown.draw(torch.zeros(28, 28)) == {"rows": [], "text": "Draw a digit."}


def test_smallest_change_is_that_of_the_linear_network(halves, blanks):
    shown = drawing_pad(halves, blanks)
    grey = 0.5 * square(4, 9, 20, 10)
    grey[4:14] += 0.1 * square(4, 9, 10, 10)[4:14]
    told = shown.draw(grey, target=2, network="halves")
    image = shown.image[0, 0]
    lead = (image[:14].sum() - image[14:].sum()).item()
    # every pixel of the lower half can rise, and those of the digit above can fall: to move the
    # difference by `lead` over so many pixels, each by the same
    count = 14 * 28 + (image[:14] > 0).sum().item()
    distortion = lead / count * (count / 784) ** 0.5
    assert f"see 2 has the distortion {distortion:.3f}" in told["text"]
    assert [row["after"] for row in told["rows"]] == [2, 5]


def test_no_change_makes_the_stubborn_network_see_another_label(halves, blanks):
    told = drawing_pad(halves, blanks).draw(square(4, 9, 20, 10), target=2, network="stubborn")
    assert told["text"].endswith("No change was found that makes stubborn see 2.")


def test_the_page_is_told_and_gets_pictures(halves, blanks, monkeypatch):
    shown = drawing_pad(halves, blanks)
    sent = []
    monkeypatch.setattr(shown.widget, "send", lambda told, pictures: sent.append((told, pictures)))
    pixels = (255 * square(4, 9, 20, 10)).byte().numpy().tobytes()
    content = {"kind": "drawn", "target": 2, "network": "halves"}
    shown._hear(shown.widget, content, [memoryview(pixels)])
    ((told, pictures),) = sent
    assert told["rows"]
    assert [len(picture) for picture in pictures] == [28 * 28 * 4] * 3  # red, green, blue, opacity
    drawn = torch.frombuffer(bytearray(pictures[0]), dtype=torch.uint8).view(28, 28, 4)
    assert torch.equal(
        drawn[..., 0], torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(28, 28)
    )


def test_what_is_kept_is_there_on_the_next_pad(halves, blanks):
    shown = drawing_pad(halves, blanks)
    shown.draw(square(4, 9, 20, 10))
    shown._hear(shown.widget, {"kind": "keep"}, [])
    assert len(shown.kept) == 1
    assert (data.folder() / _drawing.KEPT).exists()
    another = drawing_pad(halves, blanks)
    torch.testing.assert_close(another.image, shown.image)
    assert another.widget.start[10][14] == 255


def test_a_file_that_is_no_drawing_is_not_taken_for_one(halves, blanks):
    (data.folder() / _drawing.KEPT).write_bytes(b"no picture")
    assert not drawing_pad(halves, blanks).image.any()


# --- where there can be no pad


def test_without_anywidget_there_is_a_test_digit(halves, blanks, monkeypatch, capsys):
    monkeypatch.setattr(pad, "can_be_made", lambda: False)
    shown = drawing_pad(halves, blanks)
    assert "anywidget" in capsys.readouterr().out
    assert shown.set(image=1).startswith("target ")
    explorer = penalty(halves["halves"], blanks)
    assert explorer.controls["own"].layout.display == "none"
    assert explorer.set(image=2).startswith("c = ")


def test_anywidget_is_imported_only_where_it_is_used(halves, blanks, monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    monkeypatch.setitem(sys.modules, "anywidget", None)  # an import of it fails
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: "there is one")
    explorer = penalty(halves["halves"], blanks)  # on Colab no explorer needs it
    assert explorer.set(image=1).startswith("c = ")
    pad._class.cache_clear()
    with pytest.raises(ImportError):
        explorer.set(own=True)


# --- as an image of explorers


def drawn(explorer, images, pixels):
    explorer.set(own=True)
    (widget,) = [part for part in explorer.box.children if isinstance(part, ipywidgets.VBox)]
    assert len(widget.children) == 1
    images.pad.draw(pixels)
    return explorer.message


def test_pad_stands_in_the_explorer_and_moves_it(halves, blanks, monkeypatch):
    made = []
    monkeypatch.setattr(pad, "plain_pad", lambda tell: made.append(pad.Pad(look(tell))) or made[0])
    explorer = penalty(halves, blanks)
    assert made == []  # until it is asked for
    before = explorer.drawings
    assert explorer.set(own=True) == "draw a digit on the pad"
    assert explorer.drawings == before + 1
    made[0].draw(square(4, 9, 20, 10))
    assert explorer.drawings == before + 2
    assert explorer.message.startswith("halves, c = 1, target 4: seen as ")
    explorer.set(own=False)
    assert made[0].widget not in [
        p for b in explorer.box.children for p in getattr(b, "children", ())
    ]


def look(tell):
    def answer(image, wish):
        tell()
        return {}, []

    return answer


def test_own_image_is_stretched_by_a_layer(halves):
    twice = nn.Conv2d(1, 1, 1, bias=False)
    nn.init.constant_(twice.weight, 2.0)
    explorer = frequency_response({"twice": twice}, sides=(8, 16))
    assert "your image" not in explorer.message
    explorer.set(own=True)
    place = next(p for p in explorer.box.children if isinstance(p, ipywidgets.VBox))
    assert len(place.children) == 1
    assert explorer.message.endswith("your image is stretched by 0.000")  # nothing is drawn yet


def test_around_a_drawn_image_the_border_is_that_of_the_network(halves, blanks, monkeypatch):
    made = []
    monkeypatch.setattr(pad, "plain_pad", lambda tell: made.append(pad.Pad(look(tell))) or made[0])
    explorer = around_an_image(halves["halves"], blanks, blanks.inputs + 0.1)
    explorer.set(own=True, radius=0.0)
    made[0].draw(square(4, 9, 20, 10) * torch.linspace(1, 0.5, 28)[:, None])
    assert "seen as 1" in explorer.message
    assert "seen as 1" not in explorer.set(radius=0.3)
