import pytest
import torch
from torch import nn

from helpers.course.explorers import top_images
from helpers.data import Dataset


@pytest.fixture
def two_layers():
    """A network whose first layer doubles the image, behind a Flatten."""
    layers = nn.Linear(64, 64, bias=False), nn.Linear(64, 3)
    layers[0].weight.data = 2 * torch.eye(64)
    return nn.Sequential(nn.Flatten(), *layers)


@pytest.fixture(scope="module")
def spots():
    """Twelve images of 8 × 8, image i bright in its pixel i only and with the label i."""
    inputs = torch.zeros(12, 1, 8, 8)
    inputs.flatten(1)[torch.arange(12), torch.arange(12)] = 0.2 + torch.arange(12) / 20
    return Dataset(inputs, torch.arange(12), "spots", "made here")


def test_top_images_along_a_unit(two_layers, spots):
    shown = top_images({"double": two_layers}, spots)
    said = shown.set(kind="unit", number=3, count=2)
    assert said.startswith("double, layer 2 (Linear, 64 units), unit 3 (a dead unit)\nlabels 3 0:")
    assert "purity 0.50, entropy 1.00 bits" in said
    assert "unit 63" in shown.set(number=700)


def test_top_images_towards_an_image_and_away_from_another(two_layers, spots):
    shown = top_images({"double": two_layers}, spots)
    said = shown.set(kind="difference of two images", towards=2, away=4, count=4)
    assert "φ(image 2, a 2) − φ(image 4, a 4)\nlabels 2 0 1 3:" in said


def test_top_images_go_down_to_the_pixels_and_along_random_directions(two_layers, spots):
    shown = top_images({"double": two_layers}, spots)
    pixels = shown.set(kind="random direction", layer=0, count=5)
    assert "layer 0 (pixels, 64 units), random direction 0" in pixels
    doubled = shown.set(layer=2)
    assert doubled.split("\n")[1] == pixels.split("\n")[1]  # a scale does not change the order
    others = {shown.set(number=number).split("labels")[1] for number in range(1, 6)}
    assert len(others) > 1
