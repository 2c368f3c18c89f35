"""Every explorer answers whatever its controls say, on the CPU and on another device."""

import random

import pytest
import torch
from matplotlib import pyplot

from helpers.course import explorers

from ...pretend_device import pretend
from .every import builders, move

CPU = torch.device("cpu")
NAMES = list(builders(CPU))
MOVES = 8


def walk(shown, seed):
    """Move controls at random; return what the explorer then said each time."""
    hand, said = random.Random(seed), []
    for _ in range(MOVES):
        moved = move(shown, hand)
        assert shown.message, moved
        said.append(shown.message)
    return said


def test_there_is_one_of_each():
    assert {*NAMES, "drawing_pad"} == set(explorers.__all__)  # the pad has tests of its own


@pytest.mark.parametrize("name", NAMES)
def test_it_answers_on_another_device_as_on_the_cpu(name):
    here = walk(builders(CPU)[name](), seed=0)
    with pretend() as device:
        there = walk(builders(device)[name](), seed=0)
    assert there == here
    assert not pyplot.get_fignums()


@pytest.mark.gpu
def test_they_all_answer_on_the_gpu():
    for build in builders(torch.device("cuda")).values():
        walk(build(), seed=0)
