import io
import math
import re
from datetime import datetime, timezone

import pytest
import torch
from PIL import Image
from torch import nn

from helpers.attack import minimal_adversarial
from helpers.course import plotting
from helpers.course.explorers import (
    cross_model,
    cross_training_set,
    detection,
    flight_recorder,
    frequency_response,
    penalty,
    pool_entry,
    sandwich,
    straight_line,
    top_images,
    your_picture,
)
from helpers.course.explorers.imagenet import UPLOADED, uploaded
from helpers.course.explorers.minimal_distortion import _number_line
from helpers.data import Dataset
from helpers.studies.imagenet import System


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


@pytest.mark.parametrize("channels", [1, 3])
def test_detection_is_lost_as_the_perturbation_grows(channels):
    head = nn.Linear(16 * channels, 2)
    nn.init.zeros_(head.weight)
    nn.init.constant_(head.weight[1], 1 / (16 * channels))  # the score is the mean, minus 0.5
    head.bias.data = torch.tensor([0.5, 0.0])
    model = nn.Sequential(nn.Flatten(), head).eval()
    inputs = torch.tensor([0.8, 0.3]).view(2, 1, 1, 1).expand(2, channels, 4, 4)
    adversarial = torch.tensor([0.4, 0.6]).view(2, 1, 1, 1).expand(2, channels, 4, 4)
    shown = detection(model, inputs, adversarial, torch.tensor([1, 0]), thing="face")
    assert shown.message == "face: score +0.30, face; distortion 0.4000: score -0.10, no face"
    assert shown.set(scale=0.5).endswith("distortion 0.2000: score +0.10, face")
    assert shown.set(picture=1, scale=1.0) == (
        "no face: score -0.20, no face; distortion 0.3000: score +0.10, face"
    )
    before = shown.image.value
    shown.set(gain=1)
    assert shown.image.value != before


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
    """What a FileUpload of ipywidgets 8 holds after an upload."""
    found = []
    for colour in colours:
        content = io.BytesIO()
        if colour != "broken":
            Image.new("RGB", (40, 30), colour).save(content, "PNG")
        found.append({"name": name, "content": memoryview(content.getvalue() or b"broken")})
    return tuple(found)


def send(shown, *colours):
    """Upload a picture as the browser does, in either version of ipywidgets."""
    control = shown.controls["upload"]
    found = files(*colours)
    if isinstance(control.value, dict):
        control.value = {one["name"]: one for one in found}
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


def test_your_picture_answers_target_c_scale_and_gain(brightest_channel, reddish):
    shown = your_picture(brightest_channel, reddish)
    assert shown.message.startswith("image 0, c = 0.03, target blue: seen as blue (")
    size = size_of(shown)
    assert "target green: seen as green" in shown.set(target="green")
    assert "seen as red" in shown.set(c=1000.0)
    shown.set(target="blue", c=0.03)
    assert re.search(r"seen as red \(\d+%\), distortion 0.0000", shown.set(scale=0.0))
    shown.set(scale=0.5)
    assert size_of(shown) == pytest.approx(size / 2, abs=1e-4)
    before = shown.image.value
    assert shown.set(gain=100).endswith("shown × 100")
    assert shown.image.value != before
    assert "seen as" in shown.set(picture="image 1")
    assert shown.set(target="violet").startswith("there is no class 'violet'")


def test_your_picture_takes_an_upload_and_says_what_is_wrong_with_it(brightest_channel, reddish):
    shown = your_picture(brightest_channel, reddish)
    assert shown.set(picture=UPLOADED) == "upload a picture first, or choose another one"
    send(shown, (90, 120, 110))
    assert shown.controls["picture"].value == UPLOADED
    assert "target blue: seen as blue" in shown.message
    assert shown.set(scale=0.0).split(":")[1].startswith(" seen as green")
    send(shown, "broken")
    assert shown.message == "the upload is damaged, or no picture that can be read here"
    assert "seen as red" in shown.set(picture="image 0")
    shown.controls["picture"].value = UPLOADED
    send(shown, "red")
    assert "seen as red" in shown.message


def test_your_picture_shows_how_far_the_attack_is(brightest_channel, reddish):
    shown = your_picture(brightest_channel, reddish, max_iterations=10)
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


@pytest.fixture(scope="module")
def gentle():
    """The network that sees the brightest of the first ten pixels, unsure enough for a slope."""
    layer = nn.Linear(36, 10)
    layer.load_state_dict({"weight": 10 * torch.eye(10, 36), "bias": torch.zeros(10)})
    return nn.Sequential(nn.Flatten(), layer).eval()


def test_straight_line_loses_the_label_along_the_gradient_signs(gentle, digits):
    shown = straight_line({"gentle": gentle}, digits)
    assert shown.set(epsilon=0.0).endswith("ε = 0.00: margin of 7 +2.50, seen as 7")
    assert shown.set(epsilon=0.1) == (
        "gentle, image 0, the gradient's signs, ε = 0.10: margin of 7 +0.50, seen as 7"
    )
    lost = shown.set(epsilon=0.2)
    assert "margin of 7 -1.50, seen as " in lost
    assert not lost.endswith("seen as 7")
    assert shown.set(epsilon=0.1, image=1).startswith("gentle, image 1")


def test_straight_line_along_random_signs_is_another_one(gentle, digits):
    shown = straight_line({"gentle": gentle}, digits)
    before = shown.image.value
    text = shown.set(signs="random signs", epsilon=0.1)
    margin = float(re.search(r"margin of 7 ([+-][\d.]+)", text)[1])
    assert 0.5 <= margin <= 4.5  # the gradient's signs are the worst of all signs
    assert shown.image.value != before
