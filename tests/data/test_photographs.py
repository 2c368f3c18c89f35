import re
import socket

import pytest
import torch

from helpers.data import ALBUM, PHOTOGRAPH_CLASSES, PHOTOGRAPHS, crops, photos, whole_photographs
from helpers.data.photographs import part


def test_photographs_need_no_download(monkeypatch):
    def forbidden(*arguments):
        raise AssertionError("a photograph was to be downloaded")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    part.cache_clear()
    assert all(part(name, "whole", 64).dtype == torch.uint8 for name in PHOTOGRAPHS)


@pytest.mark.parametrize("name", ["chelsea", "page", "hubble_deep_field", "china.jpg"])
def test_no_pixel_is_in_both_parts(name):
    whole, train, test = (part(name, split, 100) for split in ("whole", "train", "test"))
    longer = 1 if whole.shape[1] > whole.shape[2] else 2
    assert torch.equal(torch.cat([train, test], dim=longer), whole)
    assert min(whole.shape[1:]) == 100


def test_photos_are_crops_of_the_photograph_that_the_label_names():
    dataset = photos("test", each=2, side=16, shorter=60, seed=4)
    assert dataset.inputs.shape == (2 * len(PHOTOGRAPH_CLASSES), 3, 16, 16)
    assert dataset.labels.bincount().tolist() == [2] * len(PHOTOGRAPH_CLASSES)
    for crop, label in zip(dataset.inputs, dataset.labels.tolist(), strict=True):
        pixels = part(PHOTOGRAPHS[label], "test", 60)
        windows = pixels.unfold(1, 16, 1).unfold(2, 16, 1)  # (3, rows, columns, 16, 16)
        wanted = (255 * crop).round().byte()[:, None, None]
        assert (windows == wanted).all(dim=0).flatten(2).all(2).any(), PHOTOGRAPHS[label]


def test_seed_decides():
    first, again, other = (photos(each=1, side=8, shorter=40, seed=s) for s in (1, 1, 2))
    assert torch.equal(first.inputs, again.inputs)
    assert not torch.equal(first.inputs, other.inputs)


def test_grey_photographs_have_equal_channels_and_colour_ones_not():
    grey, colour = (part(name, "whole", 50).int() for name in ("camera", "coffee"))
    assert (grey == grey[:1]).all()
    assert (colour - colour[:1]).abs().max() > 50


def test_what_can_not_be_cut_is_refused():
    with pytest.raises(ValueError, match="split must be one of train, test, whole"):
        photos("validation")
    with pytest.raises(ValueError, match="side must be at most"):
        photos("test", each=1, side=200)


def test_crops_keep_the_order_of_the_labels():
    names = ("camera", "coffee")  # the first of which is grey
    labels = torch.tensor([PHOTOGRAPHS.index(name) for name in names])
    generator = torch.Generator().manual_seed(0)
    found = crops(labels, "whole", side=20, shorter=40, generator=generator)
    spread = (found - found[:, :1]).abs().flatten(1).amax(1)
    assert spread[0] == 0 < spread[1]


def test_whole_photographs_are_the_middles_in_the_order_of_the_album():
    found = whole_photographs(side=40, shorter=50)
    assert found.inputs.shape == (len(ALBUM), 3, 40, 40)
    assert set(found.labels.tolist()) == {-1}
    row = PHOTOGRAPHS.index("chelsea")
    pixels = part("chelsea", "whole", 50)
    assert pixels.shape == (3, 50, 75)
    assert torch.equal((255 * found.inputs[row]).round().byte(), pixels[:, 5:45, 17:57])
    assert torch.equal(whole_photographs(side=40, shorter=50, count=3).inputs, found.inputs[:3])


def test_every_photograph_has_a_title_a_source_and_a_licence():
    assert len(set(PHOTOGRAPHS)) == len(ALBUM) == 21
    for photograph in ALBUM:
        assert all((photograph.title, photograph.source, photograph.licence)), photograph.name


def test_licences_are_what_scikit_image_says():
    from skimage import data as scikit_image

    said = {"CC0": "CC0|public domain", "public domain": "public domain"}
    for photograph in ALBUM:
        made = getattr(scikit_image, photograph.name, None)
        if made is not None and photograph.licence in said:
            text = " ".join(made.__doc__.split())
            spoken_of = re.search(said[photograph.licence] + "|Great Images", text, re.IGNORECASE)
            assert spoken_of, photograph.name
