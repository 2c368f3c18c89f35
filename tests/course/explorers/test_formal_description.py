import re

import pytest
import torch

from helpers.attack import minimal_adversarial
from helpers.course.explorers import flight_recorder, penalty


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
