"""All explorers over small networks, and hands that move their controls at random."""

import io
import random
from datetime import datetime, timezone

import ipywidgets
import torch
from PIL import Image
from torch import nn

from helpers.attack import minimal_adversarial
from helpers.course import explorers
from helpers.course.explorers._explorer import Explorer
from helpers.data import Dataset
from helpers.models import seeded
from helpers.studies.imagenet import System

from ...examples import others, uniform

CLASSES, SIDE = 10, 12


def digits(device: torch.device) -> Dataset:
    """Return images that are brighter in the row that their label names."""
    inputs, labels = uniform(12, 1, SIDE, SIDE) / 2, torch.arange(12) % CLASSES
    inputs[range(12), 0, labels] += 0.4
    return Dataset(inputs, labels, "bright rows", "made here").to(device)


def dense(
    device: torch.device, *hidden: int, activation=nn.ReLU, inputs=SIDE**2, classes=CLASSES
) -> nn.Sequential:
    """Return a network of random weights with these hidden layers."""
    layers: list[nn.Module] = [nn.Flatten()]
    with seeded(len(hidden)):
        for units in hidden:
            layers += [nn.Linear(inputs, units), activation()]
            inputs = units
        layers.append(nn.Linear(inputs, classes))
    return nn.Sequential(*layers).eval().to(device).requires_grad_(False)


def colour_system(device: torch.device) -> System:
    """Return a system that sees which channel of 8 × 8 colour images is the brightest."""
    layer = nn.Conv2d(3, 3, 1, bias=False)
    layer.weight.data = 20 * torch.eye(3).view(3, 3, 1, 1)
    network = nn.Sequential(layer, nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval().to(device)
    return System("channels", network.requires_grad_(False), ("red", "green", "blue"), 2, 8, 8)


def builders(device: torch.device) -> dict:
    """Return for each explorer's name a function that makes it, with all it shows on a device."""
    seen = digits(device)
    softmax, deep = dense(device), dense(device, 20, 12)
    curved = dense(device, 12, activation=nn.Sigmoid)
    networks = {"softmax": softmax, "deep": deep}
    brighter = (seen.inputs + 0.2 * seen.inputs.flip(0)).clamp(0, 1)
    made_for = dict.fromkeys(networks, brighter)
    targets = (seen.labels + 1) % CLASSES
    colours = Dataset(uniform(3, 3, 8, 8), torch.arange(3), "colours", "made here").to(device)
    detector = dense(device, classes=2)
    square = dense(device, classes=2, inputs=2)
    with seeded(0):
        filters = {"random": nn.Conv2d(2, 3, 3).to(device)}

    def recorder() -> Explorer:
        record, x = [], seen.inputs[:1]
        target = others(deep, x)
        minimal_adversarial(deep, x, target, max_searches=4, record=record)
        return explorers.flight_recorder(deep, x, int(target), record)

    return {
        "adversarial_digit": lambda: explorers.adversarial_digit(softmax, seen),
        "around_an_image": lambda: explorers.around_an_image(deep, seen, brighter),
        "cross_model": lambda: explorers.cross_model(networks, seen, made_for, targets),
        "cross_training_set": lambda: explorers.cross_training_set(networks, seen, made_for),
        "detection": lambda: explorers.detection(
            detector, seen.inputs, brighter, seen.labels % 2, thing="row"
        ),
        "first_layer": lambda: explorers.first_layer({"large": dense(device, 25, inputs=28**2)}),
        "flight_recorder": recorder,
        "frequency_response": lambda: explorers.frequency_response(filters, sides=(8, 12)),
        "penalty": lambda: explorers.penalty(softmax, seen),
        "plane": lambda: explorers.plane(square, resolution=20),
        "pool_entry": lambda: explorers.pool_entry({"deep": deep}, seen),
        "sandwich": lambda: explorers.sandwich({"softmax": softmax, "curved": curved}, seen[:3]),
        "straight_line": lambda: explorers.straight_line(networks, seen),
        "top_images": lambda: explorers.top_images(networks, seen),
        "your_picture": lambda: explorers.your_picture(colour_system(device), colours, steps=3),
    }


def move(shown: Explorer, hand: random.Random) -> str:
    """Move one control of an explorer to a random value that a reader may choose; return which."""
    name = hand.choice(list(shown.controls))
    control = shown.controls[name]
    if isinstance(control, ipywidgets.FileUpload):
        control.set_trait("value", _upload(control, hand))  # only the browser may in ipywidgets 7
    elif isinstance(control, ipywidgets.Combobox):
        control.value = hand.choice([*control.options, "no such class"])
    elif isinstance(control, ipywidgets.FloatLogSlider):
        control.value = control.base ** hand.uniform(control.min, control.max)
    elif hasattr(control, "options"):
        value = hand.choice(list(control.options))
        control.value = value[1] if isinstance(value, tuple) else value
    elif isinstance(control, ipywidgets.Checkbox | ipywidgets.ToggleButton):
        control.value = not control.value
    elif isinstance(control.min, int):
        control.value = hand.randint(control.min, control.max)
    else:
        control.value = hand.uniform(control.min, control.max)
    return f"{name} = {control.value!r}"[:80]


def _upload(control: ipywidgets.FileUpload, hand: random.Random):
    """Return a picture of one colour, now and then a broken one, as the browser sends it."""
    content = io.BytesIO(b"broken")
    if hand.random() < 0.8:
        colour = tuple(hand.randrange(256) for _ in range(3))
        Image.new("RGB", (hand.randint(8, 300), hand.randint(8, 300)), colour).save(content, "PNG")
    file = {"name": "mine.png", "content": memoryview(content.getvalue())}
    if isinstance(control.value, dict):  # ipywidgets 7
        return {"mine.png": file}
    return ({**file, "type": "", "size": 1, "last_modified": datetime.now(timezone.utc)},)
