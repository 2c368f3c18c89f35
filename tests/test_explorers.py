import re

import pytest
import torch
from torch import nn

from helpers.attack import minimal_adversarial
from helpers.data import Dataset
from helpers.explorers import flight_recorder, frequency_response, penalty


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


def test_frequency_response_says_norm_and_bound():
    blur = nn.Conv2d(1, 1, 2, bias=False)
    nn.init.constant_(blur.weight, 1 / 4)
    shown = frequency_response({"blur": blur, "random": nn.Conv2d(2, 3, 3)}, sides=(8, 16))
    found = shown.set(stride=2, side=8)  # the means of disjoint windows: the norm is 1/2
    assert found == ("blur, stride 2, 8 × 8: norm 0.500, wrap-around 0.500, bound 0.500")
    assert shown.set(layer="random", stride=1).startswith("random, stride 1, 8 × 8: norm ")
    assert shown.set(side=16).startswith("random, stride 1, 16 × 16: norm ")
