import math
import re

import pytest
import torch
from torch import nn

from helpers import plotting
from helpers.attack import minimal_adversarial
from helpers.data import Dataset
from helpers.explorers import (
    cross_model,
    cross_training_set,
    flight_recorder,
    frequency_response,
    penalty,
    pool_entry,
    sandwich,
    top_images,
)
from helpers.explorers.minimal_distortion import _number_line


@pytest.fixture(scope="module")
def digits():
    """Images of 6 × 6 pixels, each bright in the pixel that its label names."""
    inputs = torch.full((3, 1, 6, 6), 0.25)
    labels = torch.tensor([7, 0, 3])
    inputs.flatten(1)[torch.arange(3), labels] = 0.5
    return Dataset(inputs, labels, "bright pixels", "made here")


@pytest.fixture(scope="module")
def brightest():
    """The network that sees which of the first ten pixels is the brightest."""
    layer = nn.Linear(36, 10)
    layer.load_state_dict({"weight": 100 * torch.eye(10, 36), "bias": torch.zeros(10)})
    return nn.Sequential(nn.Flatten(), layer).eval()


def test_penalty_loses_the_target_when_the_perturbation_is_dear(brightest, digits):
    shown = penalty(brightest, digits)
    assert shown.set(c=1.0).startswith("c = 1, target 0: seen as 0")
    assert shown.set(c=100.0, scale=0.5).startswith("c = 1e+02, target 0: seen as 7")


def test_penalty_stretches_the_perturbation(brightest, digits):
    shown = penalty(brightest, digits)
    sizes = [float(shown.set(scale=scale).split()[-1]) for scale in (0, 1, 2)]
    assert sizes[0] == 0
    assert sizes[2] == pytest.approx(2 * sizes[1], abs=0.0015)


def test_flight_recorder_goes_from_the_image_to_the_last_evaluation(brightest, digits):
    record = []
    x, target = digits.inputs[:1], torch.tensor([4])
    minimal_adversarial(brightest, x, target, record=record)
    shown = flight_recorder(brightest, x, 4, record)
    count = sum(len(one.rows) for one in record)
    assert shown.controls["evaluation"].max == count - 1
    searches = len(torch.cat([one.c for one in record]).unique())
    assert shown.set(evaluation=0).startswith(
        f"evaluation 0 of {count - 1}, search 1 of {searches}:"
    )
    assert shown.message.endswith("margin -25.00, distortion 0.0000")
    last = shown.set(evaluation=count - 1)
    assert f"search {searches} of {searches}" in last
    sizes = [float(shown.set(evaluation=i).split()[-1]) for i in range(0, count, count // 6)]
    assert sizes[0] == 0
    assert min(sizes[1:]) > 0
    assert re.search(r"c = [\d.e+-]+, value \d+\.\d\d, margin", last)


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
    assert said.startswith(
        "double, layer 2 (Linear, 64 units), unit 3 (a silent unit)\nlabels 3 0:"
    )
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


def test_frequency_response_says_norm_and_bound():
    blur = nn.Conv2d(1, 1, 2, bias=False)
    nn.init.constant_(blur.weight, 1 / 4)
    shown = frequency_response({"blur": blur, "random": nn.Conv2d(2, 3, 3)}, sides=(8, 16))
    found = shown.set(stride=2, side=8)  # the means of disjoint windows: the norm is 1/2
    assert found == ("blur, stride 2, 8 × 8: norm 0.500, wrap-around 0.500, bound 0.500")
    assert shown.set(layer="random", stride=1).startswith("random, stride 1, 8 × 8: norm ")
    assert shown.set(side=16).startswith("random, stride 1, 16 × 16: norm ")


@pytest.fixture(scope="module")
def second():
    """The network that sees which of the first ten pixels is the darkest."""
    layer = nn.Linear(36, 10)
    layer.load_state_dict({"weight": -100 * torch.eye(10, 36), "bias": torch.zeros(10)})
    return nn.Sequential(nn.Flatten(), layer).eval()


def test_cross_model_shows_what_the_reader_sees_and_counts_the_fooled(brightest, second, digits):
    networks = {"brightest": brightest, "darkest": second}
    targets = torch.tensor([1, 2, 4])
    brighter = digits.inputs.clone()
    brighter.flatten(1)[torch.arange(3), targets] = 0.6
    shown = cross_model(networks, digits, {"brightest": brighter, "darkest": brighter}, targets)
    assert shown.set(reader="brightest") == (
        "made for brightest, target 1, × 1.00; brightest sees a 1 (100%), distortion 0.058; "
        "2 of 2 wrong"
    )
    assert "brightest sees a 7" in shown.set(scale=0.5)
    assert "1 of 2 wrong" in shown.message  # the darkest is never right here
    assert "target 2, × 0.50; brightest sees a 0" in shown.set(image=1)


def test_cross_training_set_gives_the_errors_at_the_distortion(brightest, second, digits):
    networks = {"brightest": brightest, "darkest": second}
    step = torch.zeros_like(digits.inputs)
    step.flatten(1)[:, 5] = 0.5  # a distortion of 1/12; the label is lost beyond half of it
    shown = cross_training_set(networks, digits, {"brightest": digits.inputs + step})
    assert shown.set(rms=0.04).endswith("0.04: errors of the 2 networks 0.0, 100.0 %")
    assert shown.set(rms=0.05).endswith("0.05: errors of the 2 networks 100.0, 100.0 %")
    picture = shown.image.value
    shown.set(image=1)
    assert shown.image.value != picture


def test_sandwich_shows_bounds_below_what_was_found(brightest, digits):
    hidden = nn.Linear(36, 12)
    hidden.load_state_dict({"weight": 9 * torch.eye(12, 36), "bias": torch.full((12,), -4.0)})
    output = nn.Linear(12, 10)
    output.load_state_dict({"weight": 20 * torch.eye(10, 12), "bias": torch.zeros(10)})
    curved = nn.Sequential(nn.Flatten(), hidden, nn.Sigmoid(), output).eval()
    shown = sandwich({"straight": brightest, "curved": curved}, digits)
    for name in ("straight", "curved"):
        text = shown.set(network=name, image=2, target=5)
        assert text.startswith(f"{name}, target 5: found 0.0")
        found, everywhere, tight = map(float, re.findall(r"0\.\d{4}", text))
        assert 0 < everywhere <= tight <= found
    assert max(everywhere, 0.5 * found) < tight  # of the curved one
    straight = shown.set(network="straight")
    # the two bright pixels meet halfway: each moves by 1/8
    assert straight.endswith(f"exact D {(2 * 0.125**2 / 36) ** 0.5:.4f}")


def test_sandwich_without_an_attack_that_succeeded_says_so(brightest, digits):
    layer = nn.Linear(36, 10)
    layer.load_state_dict(brightest[1].state_dict())
    layer.bias.data[5] = -1e4  # no image in the box is seen as a 5
    shown = sandwich({"straight": nn.Sequential(nn.Flatten(), layer).eval()}, digits)
    text = shown.set(target=5)
    assert text.startswith("straight, target 5: not found; D ≥ ")
    assert text.endswith("exact D inf")
    picture = shown.image.value
    assert shown.set(target=4).startswith("straight, target 4: found 0.0")
    assert shown.image.value != picture


def test_number_line_has_a_mark_for_what_is_finite_only():
    ax = plotting.axes(plotting.Figure())
    _number_line({"bound 0.1": 0.1, "not found": math.inf}, ax=ax, limit=0.5)
    assert [line.get_xdata()[0] for line in ax.lines] == [0.1]
    assert [text.get_text().strip() for text in ax.texts] == ["not found", "bound 0.1"]
    assert [patch.get_x() + patch.get_width() for patch in ax.patches] == [0.1, 0.5]


def test_sandwich_of_a_label_that_is_there_already_is_empty(brightest, digits):
    text = sandwich({"straight": brightest}, digits).set(target=7)
    assert text.count("0.0000") == 3


def test_pool_entry_crosses_the_border_at_the_whole_way(brightest, digits):
    hidden = nn.Linear(36, 20)
    hidden.load_state_dict({"weight": 4 * torch.eye(20, 36), "bias": torch.zeros(20)})
    middle = nn.Linear(20, 12)
    middle.load_state_dict({"weight": torch.eye(12, 20), "bias": torch.zeros(12)})
    output = nn.Linear(12, 10)
    output.load_state_dict({"weight": 20 * torch.eye(10, 12), "bias": torch.zeros(10)})
    layers = [nn.Flatten(), hidden, nn.ReLU(), middle, nn.ReLU(), output]
    shown = pool_entry({"deep": nn.Sequential(*layers).eval()}, digits)
    for layer in ("image", "first hidden layer", "second hidden layer"):
        assert "a 7 seen as 7" in shown.set(layer=layer, strength=0.95)
        picture = shown.image.value
        text = shown.set(strength=1.05)
        assert text.startswith(f"deep, pool of the {layer}, strength 1.05: a 7 seen as ")
        assert "seen as 7" not in text
        assert shown.image.value != picture
    # between two of these outputs, of 2 and of 1, the border is in the middle
    sizes = float(shown.set(strength=1.0).split()[-1])
    assert sizes == pytest.approx((2 * 0.5**2 / 12) ** 0.5, abs=0.002)
    assert "a 0" in shown.set(image=1)
