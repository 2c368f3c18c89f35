import hashlib
import importlib.util
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from helpers import data, models
from helpers.attack import closest_adversarial
from helpers.data import cifar
from helpers.evaluation import predict
from helpers.studies import imagenet
from helpers.studies.imagenet import (
    System,
    another_system,
    imagenet_system,
    labelled_images,
    system_images,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty data folder, and no network."""
    for variable in ("COURSE_NETWORK", "COURSE_IMAGES"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    return tmp_path


@pytest.fixture(scope="module")
def lite():
    return imagenet_system(models.LITE0)


def put_weights(folder, name):
    (folder / "weights").mkdir(exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = torchvision.models.get_model(name, weights=None)
    torch.save(network.state_dict(), folder / "weights" / f"{name}-0.pth")


@pytest.mark.usefixtures("folder")
def test_default_sees_an_espresso_and_one_attack_makes_it_an_ostrich():
    system = imagenet_system()
    assert (system.name, system.side, system.target) == ("efficientnet_lite0", 224, 9)
    coffee = [photograph.name for photograph in data.ALBUM].index("coffee")
    x = system_images(system).inputs[coffee : coffee + 1]
    assert system.classes[predict(system.network, x)] == "espresso"
    found = closest_adversarial(system.network, x, torch.tensor([9]), steps=20)
    assert predict(system.network, found.adversarial).tolist() == [9]
    assert system.classes[9] == "ostrich"
    assert 0 < found.distortion.item() < 0.005
    assert 0 <= found.adversarial.min() <= found.adversarial.max() <= 1


def test_missing_weights_of_the_default_name_the_command(folder, monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if "lite0" in name else real(name)
    )
    with pytest.raises(OSError, match=r"^the weights of efficientnet_lite0 are in the package"):
        imagenet_system()


def test_a_network_by_name(folder, monkeypatch):
    with pytest.raises(OSError, match="the weights of squeezenet1_0 are not in the data folder"):
        imagenet_system("squeezenet1_0")
    put_weights(folder, "squeezenet1_0")
    chosen = imagenet_system("squeezenet1_0")
    assert (chosen.name, chosen.side, chosen.target) == ("squeezenet1_0", 224, models.OSTRICH)
    assert chosen.network(torch.rand(1, 3, 224, 224)).shape == (1, 1000)
    monkeypatch.setenv("COURSE_NETWORK", "squeezenet1_0")
    assert imagenet_system().name == "squeezenet1_0"
    monkeypatch.setenv("COURSE_NETWORK", "alexnett")
    with pytest.raises(ValueError, match="alexnett"):
        imagenet_system()


def test_another_network_is_one_that_is_there(folder, lite):
    assert another_system(lite) is None
    put_weights(folder, "alexnet")
    assert another_system(lite).name == "alexnet"
    put_weights(folder, "squeezenet1_0")
    assert another_system(lite).name == "squeezenet1_0"
    assert another_system(imagenet_system("squeezenet1_0")).name == "alexnet"
    (folder / "weights" / "squeezenet1_0-0.pth").unlink()
    assert another_system(imagenet_system("alexnet")).name == models.LITE0


def test_images_by_name(folder, lite, monkeypatch):
    with pytest.raises(OSError, match="COURSE_OFFLINE"):
        system_images(lite, "imagenette")
    for name in ("imagenet_samples", "mine"):
        (folder / name).mkdir()
        Image.new("RGB", (100, 80), "teal").save(folder / name / "x.png")
    shipped = system_images(lite)  # the samples have to be asked for
    assert (shipped.name, shipped.inputs.shape) == ("photographs", (len(data.ALBUM), 3, 224, 224))
    assert torch.equal(system_images(lite, count=2).inputs, shipped.inputs[:2])
    assert system_images(lite, "imagenet_samples").source == "imagenet_samples, 1 images"
    monkeypatch.setenv("COURSE_IMAGES", str(folder / "mine"))
    mine = system_images(lite)
    assert mine.source == "mine, 1 images"
    assert mine.inputs.shape == (1, 3, 224, 224)
    assert mine.labels.tolist() == [-1]
    assert torch.allclose(mine.inputs[0, :, 5, 5], torch.tensor([0, 128, 128]) / 255, atol=0.01)
    assert torch.equal(lite.read(folder / "mine" / "x.png"), mine.inputs)
    with pytest.raises(ValueError, match="must be a folder of pictures"):
        system_images(lite, str(folder / "none"))


def test_samples_of_foolbox_are_read_where_the_package_is(folder, lite, monkeypatch):
    real, package = importlib.util.find_spec, folder / "foolbox"
    (package / "data").mkdir(parents=True)
    for number, label in enumerate((243, 7)):
        image = Image.new("RGB", (224, 224), ("red", "teal")[number])
        image.save(package / "data" / f"imagenet_{number:02d}_{label}.jpg")
    there = SimpleNamespace(origin=str(package / "__init__.py"))
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: there if name == "foolbox" else real(name)
    )
    found = system_images(lite, "foolbox")
    assert sorted(found.labels.tolist()) == [7, 243]
    red = found.inputs[found.labels == 243][0]
    assert red[0].mean() > 0.9 > 0.1 > red[1].mean()
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "foolbox" else real(name)
    )
    with pytest.raises(FileNotFoundError, match="pip install foolbox"):
        system_images(lite, "foolbox")


def test_labelled_images_are_cifars_where_they_are(folder, monkeypatch):
    system = System("alexnet", torch.nn.Sequential(), ("a",), 0, 224, 256)
    found = labelled_images(system, each=2)  # CIFAR is not there
    assert (found.name, len(found)) == ("photographs", 2 * len(data.ALBUM))
    assert found.inputs.shape[1:] == (3, imagenet.PATCH, imagenet.PATCH)
    (folder / cifar.SUBSET).mkdir()
    images, labels = np.zeros((3, 32, 32, 3), np.uint8), np.arange(3, dtype=np.uint8)
    np.savez(folder / cifar.SUBSET / "test.npz", images=images, labels=labels)
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    monkeypatch.setitem(cifar.SUBSET_SHA256, "test", digest)
    assert labelled_images(system).labels.tolist() == [0, 1, 2]


def test_stored_pictures_are_those_that_may_be_shipped(root):
    """No ImageNet or CIFAR picture: the cell that chose the images says which they are."""
    content = json.loads((root / "notebooks" / "11_imagenet.ipynb").read_text("utf-8"))
    cells = [cell for cell in content["cells"] if cell["cell_type"] == "code"]
    text = "".join(
        "".join(output.get("text", []))
        for cell in cells
        for output in cell["outputs"]
        if output.get("name") == "stdout"
    )
    sources = re.findall(r"images: (.*)", text)
    assert sources
    for source in sources:
        assert re.fullmatch(r"scikit-image's and scikit-learn's photographs, \d+ images", source)
    assert f"network: {models.LITE0}, 1000 classes" in text
    code = "".join("".join(cell["source"]) for cell in cells)
    assert 'NETWORK, IMAGES = "", ""' in code
    assert not re.search(r"image_grid\([^)]*labelled", code)  # these may be CIFAR's


def test_no_picture_of_a_data_set_is_in_the_repository(root):
    endings = {".jpeg", ".jpg", ".npz", ".npy", ".tgz", ".pth", ".pt"}
    kept = [path for path in (root / "data").rglob("*") if path.suffix.lower() in endings]
    ignored = ("MNIST", "imagenette2-320", "imagenet_samples", "cifar10_subset", "weights")
    assert not [p for p in kept if p.relative_to(root / "data").parts[0] not in ignored]
