import hashlib
import os
import re

import pytest
import torch
import torchvision
from torch import nn

from helpers import models
from helpers.data import DamagedDataError
from helpers.models import (
    LITE0,
    categories,
    classifier,
    imagenet,
    kept_weights,
    preparation,
    weights_file,
)

from ..data.examples import without_locks

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """The folder where files of weights are looked for."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    (tmp_path / "weights").mkdir()
    return tmp_path / "weights"


def random_state(name, path, seed=1):
    """Save torchvision's own network with random weights, and return it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = torchvision.models.get_model(name, weights=None).eval()
    torch.save(network.state_dict(), path)
    return network


def pictures(side=224):
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))


def test_alexnet_with_saved_weights_is_torchvisions_behind_the_preprocessing(weights):
    file = weights / "alexnet-owt-7be5be79.pth"
    network = random_state("alexnet", file)
    assert weights_file("alexnet") == file
    model = classifier("alexnet", weights=file)
    x = pictures()
    expected = network(torchvision.transforms.functional.normalize(x, MEAN, DEVIATION))
    with torch.no_grad():
        found = model(x)
    assert torch.allclose(found, expected, atol=1e-5)
    assert isinstance(model[0], models.Standardise)
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())


def test_squeezenet_keeps_its_fire_modules_whole_and_can_be_cut_anywhere(weights):
    network = random_state("squeezenet1_0", weights / "squeezenet1_0_mine.pt")
    model = classifier("squeezenet1_0", weights=weights_file("squeezenet1_0"))
    kinds = [type(module).__name__ for module in model]
    assert kinds.count("Fire") == 8
    x = pictures(96)
    with torch.no_grad():
        expected = network(torchvision.transforms.functional.normalize(x, MEAN, DEVIATION))
        for cut in (1, 2, 3, 8, len(model) - 2):
            hidden = model[:cut](x)
            kept = hidden.clone()
            assert torch.allclose(model[cut:](hidden), expected, atol=1e-5)
            assert torch.equal(hidden, kept), "the tail overwrote what it was given"


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("resnet18", ["BasicBlock", "AdaptiveAvgPool2d", "Flatten", "Linear"]),
        ("mobilenet_v2", ["AdaptiveAvgPool2d", "Flatten", "Dropout", "Linear"]),
        ("densenet121", ["BatchNorm2d", "ReLU", "AdaptiveAvgPool2d", "Flatten", "Linear"]),
    ],
)
def test_other_networks_are_laid_out_as_their_own_code_runs_them(name, kinds):
    model = classifier(name, seed=2)
    assert [type(module).__name__ for module in model][-len(kinds) :] == kinds
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    x = pictures(64)
    assert torch.equal(classifier(name, seed=2)(x), model(x))
    assert torch.equal(torch.rand(2), expected)


def test_a_network_whose_code_is_no_sequence_is_one_block():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Conv2d(3, 3, 1)

        def forward(self, x):
            return self.layer(self.layer(x)).mean((2, 3))

    network = Twice().eval()
    assert imagenet._in_sequence(network, 8) == [network]


def test_old_names_of_densenets_layers_are_understood(tmp_path):
    file = tmp_path / "densenet121.pth"
    network = random_state("densenet121", file)
    old = {
        re.sub(r"(denselayer\d+\.)(norm|conv)(\d)\.", r"\1\2.\3.", key): value
        for key, value in network.state_dict().items()
    }
    assert old.keys() != network.state_dict().keys()
    torch.save(old, file)
    x = pictures(64)
    with torch.no_grad():
        expected = network(torchvision.transforms.functional.normalize(x, MEAN, DEVIATION))
        assert torch.allclose(classifier("densenet121", weights=file)(x), expected, atol=1e-4)


def test_names_of_classes():
    names = categories()
    assert len(names) == len(set(names)) == 1000
    assert names[models.OSTRICH] == "ostrich"
    assert names[0] == "tench"


def test_preparation_is_the_networks_own():
    assert preparation("alexnet") == imagenet.Preparation(224, 256, MEAN, DEVIATION)
    assert preparation("inception_v3").side == 299


def test_lite0_is_one_of_the_classifiers():
    file = weights_file(LITE0)
    assert file.name == "efficientnet-lite0-57934424.pth"
    assert preparation(LITE0) == imagenet.Preparation(224, 256, (127 / 255,) * 3, (128 / 255,) * 3)
    model, untrained = classifier(LITE0, weights=file), classifier(LITE0, seed=3)
    assert torch.equal(untrained[-1].weight, models.efficientnet_lite0(seed=3)[-1].weight)
    assert not torch.equal(untrained[-1].weight, model[-1].weight)


@pytest.mark.parametrize("call", [classifier, preparation, weights_file, kept_weights])
def test_unknown_network_is_refused_with_the_names_there_are(call):
    with pytest.raises(ValueError, match=r"name must be one of alexnet, .*lite0; got 'alexnett'"):
        call("alexnett")


def test_damaged_weights_name_the_file(weights):
    file = weights / "squeezenet1_1.pth"
    for content in (b"", b"not weights", b"PK\x03\x04 cut off"):
        file.write_bytes(content)
        with pytest.raises(DamagedDataError, match=f"{file.name} does not hold the weights of"):
            classifier("squeezenet1_1", weights=file)
    random_state("squeezenet1_0", file)
    with pytest.raises(DamagedDataError, match="put torchvision's file for squeezenet1_1"):
        classifier("squeezenet1_1", weights=file)
    torch.save([1, 2], file)
    with pytest.raises(DamagedDataError, match="squeezenet1_1"):
        classifier("squeezenet1_1", weights=file)


def test_weights_are_found_by_the_beginning_of_their_name(weights, monkeypatch):
    for name in ("vgg11_bn-6002323d.pth", "vgg11-8a719046.pth", "resnet18_mine.pt", "vgg13.part"):
        (weights / name).write_bytes(b"")
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    assert weights_file("vgg11").name == "vgg11-8a719046.pth"
    assert weights_file("vgg11_bn").name == "vgg11_bn-6002323d.pth"
    assert weights_file("resnet18").name == "resnet18_mine.pt"
    assert kept_weights("vgg11_bn") == weights_file("vgg11_bn")
    assert kept_weights("vgg13") is None
    with pytest.raises(OSError, match="COURSE_OFFLINE"):
        weights_file("vgg13")


def test_every_published_file_names_its_digest():
    for name in imagenet.short_names():
        assert imagenet.DIGEST.search(imagenet._published(name).url.rsplit("/", 1)[1]), name


def test_weights_that_are_not_there_are_fetched_and_checked(weights, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(OSError, match="COURSE_OFFLINE"):
        weights_file("squeezenet1_0")
    monkeypatch.delenv("COURSE_OFFLINE")
    published = tmp_path / "published.pth"
    network = random_state("squeezenet1_0", published)
    digest = hashlib.sha256(published.read_bytes()).hexdigest()[:8]
    address = published.rename(tmp_path / f"squeezenet1_0-{digest}.pth").as_uri()
    real = imagenet._published("squeezenet1_0")

    class Published:
        url, transforms = address, real.transforms

    monkeypatch.setattr(imagenet, "_published", lambda name: Published)
    file = weights_file("squeezenet1_0")
    assert file.parent == weights
    x = pictures(64)
    with torch.no_grad():
        expected = network(torchvision.transforms.functional.normalize(x, MEAN, DEVIATION))
        assert torch.allclose(classifier("squeezenet1_0", weights=file)(x), expected, atol=1e-5)
    file.unlink()
    other = tmp_path / "squeezenet1_0-00000000.pth"
    other.write_bytes(b"another file")
    Published.url = other.as_uri()
    with pytest.raises(OSError, match="not the file it should be"):
        weights_file("squeezenet1_0")
    assert without_locks(weights.iterdir()) == []
    with pytest.raises(OSError, match="not the file it should be"):  # the lock is no weights
        weights_file("squeezenet1_0")


class Runs:
    """Unpickled as it is, it makes a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


def test_file_of_weights_runs_nothing(weights, tmp_path):
    file = weights / "alexnet.pt"
    torch.save({"features.0.weight": Runs(tmp_path / "made")}, file)
    with pytest.raises(DamagedDataError, match=r"alexnet\.pt does not hold the weights of alexnet"):
        classifier("alexnet", weights=file)
    assert not (tmp_path / "made").exists()
