import re

import pytest
import torch

from helpers.attack import minimal_adversarial
from helpers.course.explorers import flight_recorder, penalty
from helpers.course.explorers._panels import ORANGE


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


def test_moments_of_a_flight_share_one_chart(brightest, digits):
    record = []
    x, target = digits.inputs[:1], torch.tensor([4])
    minimal_adversarial(brightest, x, target, record=record)
    recorder = flight_recorder(brightest, x, 4, record)
    moments = [0, 2, 5]
    above, below = recorder.twin([{"evaluation": moment} for moment in moments]).subfigs
    titles = [ax.get_title() for ax in above.axes]
    assert [title.splitlines()[0] for title in titles[:3]] == [f"evaluation {m}" for m in moments]
    assert all(title.startswith("r, up to ±") for title in titles[3:6])
    assert len(titles) == 3 * len(moments)
    (chart,) = below.axes
    dots = [line.get_xdata()[0] for line in chart.lines if line.get_color() == ORANGE]
    assert sorted(dots)[-3:] == moments
