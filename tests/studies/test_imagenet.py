import hashlib
import json
import re

import numpy as np
import pytest
import torch
import torchvision
from PIL import Image

from helpers import data, models
from helpers.data import cifar
from helpers.studies import imagenet
from helpers.studies.imagenet import SMALL, System, imagenet_system, labelled_images, system_images


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty data folder, and no network."""
    for variable in ("COURSE_NETWORK", "COURSE_IMAGES"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    imagenet._say.cache_clear()
    return tmp_path


def put_weights(folder, name):
    (folder / "weights").mkdir(exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = torchvision.models.get_model(name, weights=None)
    torch.save(network.state_dict(), folder / "weights" / f"{name}-0.pth")


@pytest.mark.usefixtures("folder")
def test_without_weights_the_small_network_stands_in_and_says_so_once(capsys):
    chosen = imagenet_system()
    imagenet_system()
    assert (chosen.name, chosen.side) == (SMALL, 64)
    assert chosen.classes[chosen.target] == "coffee"
    said = capsys.readouterr().err
    assert said.count("AlexNet's weights (233 MB) are not in the data folder") == 1
    assert "COURSE_OFFLINE=1" in said
    found = system_images(chosen, count=20)
    assert found.inputs.shape == (20, 3, 64, 64)
    assert chosen.target not in found.labels
    assert len(found.labels.unique()) > 8
    assert torch.equal(found.inputs, system_images(chosen, count=20).inputs)


def test_weights_in_the_data_folder_are_used(folder, capsys):
    put_weights(folder, "alexnet")
    chosen = imagenet_system()
    assert (chosen.name, chosen.side, chosen.target) == ("alexnet", 224, models.OSTRICH)
    assert chosen.network(torch.rand(1, 3, 224, 224)).shape == (1, 1000)
    found = system_images(chosen, count=3)
    assert "Imagenette (341 MB) is not in the data folder" in capsys.readouterr().err
    assert found.inputs.shape == (3, 3, 224, 224)
    assert found.labels.tolist() == [-1, -1, -1]
    assert "photographs" in found.source


def test_a_network_by_name(folder, monkeypatch):
    with pytest.raises(OSError, match="the weights of squeezenet1_0 are not in the data folder"):
        imagenet_system("squeezenet1_0")
    put_weights(folder, "squeezenet1_0")
    assert imagenet_system("squeezenet1_0").name == "squeezenet1_0"
    monkeypatch.setenv("COURSE_NETWORK", "squeezenet1_0")
    assert imagenet_system().name == "squeezenet1_0"
    assert imagenet_system(SMALL).name == SMALL
    monkeypatch.setenv("COURSE_NETWORK", "alexnett")
    with pytest.raises(ValueError, match="alexnett"):
        imagenet_system()


def test_images_by_name(folder, monkeypatch):
    small = imagenet_system(SMALL)
    with pytest.raises(OSError, match="COURSE_OFFLINE"):
        system_images(small, "imagenette")
    for name in ("imagenet_samples", "mine"):
        (folder / name).mkdir()
        Image.new("RGB", (100, 80), "teal").save(folder / name / "x.png")
    assert system_images(small).name == "photographs"  # the samples have to be asked for
    assert system_images(small, "imagenet_samples").source == "imagenet_samples, 1 images"
    monkeypatch.setenv("COURSE_IMAGES", str(folder / "mine"))
    mine = system_images(small)
    assert mine.source == "mine, 1 images"
    assert mine.inputs.shape == (1, 3, 64, 64)
    assert torch.allclose(mine.inputs[0, :, 5, 5], torch.tensor([0, 128, 128]) / 255, atol=0.01)
    assert torch.equal(small.read(folder / "mine" / "x.png"), mine.inputs)
    with pytest.raises(ValueError, match="must be a folder of pictures"):
        system_images(small, str(folder / "none"))


def test_labelled_images_are_cifars_for_a_network_of_imagenet(folder, monkeypatch):
    large = System("alexnet", torch.nn.Sequential(), ("a",), 0, 224, 256)
    assert labelled_images(large, each=2).name == "photographs"  # CIFAR is not there
    (folder / cifar.SUBSET).mkdir()
    images, labels = np.zeros((3, 32, 32, 3), np.uint8), np.arange(3, dtype=np.uint8)
    np.savez(folder / cifar.SUBSET / "test.npz", images=images, labels=labels)
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    monkeypatch.setitem(cifar.SUBSET_SHA256, "test", digest)
    assert labelled_images(large).labels.tolist() == [0, 1, 2]
    small = labelled_images(imagenet_system(SMALL), each=2)
    assert (small.name, len(small)) == ("photographs", 2 * len(data.PHOTOGRAPH_CLASSES))


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
        assert re.fullmatch(
            r"\d+ random crops of scikit-image's and scikit-learn's photographs", source
        )
    assert f"network: {SMALL}, {len(data.PHOTOGRAPH_CLASSES)} classes" in text
    code = "".join("".join(cell["source"]) for cell in cells)
    assert 'NETWORK, IMAGES, TRAIN = "", "", False' in code
    assert not re.search(r"image_grid\([^)]*labelled", code)  # these may be CIFAR's


def test_no_picture_of_a_data_set_is_in_the_repository(root):
    endings = {".jpeg", ".jpg", ".npz", ".npy", ".tgz", ".pth", ".pt"}
    kept = [path for path in (root / "data").rglob("*") if path.suffix.lower() in endings]
    ignored = ("MNIST", "imagenette2-320", "imagenet_samples", "cifar10_subset", "weights")
    assert not [p for p in kept if p.relative_to(root / "data").parts[0] not in ignored]
