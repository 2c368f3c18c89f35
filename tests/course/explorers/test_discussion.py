import re

import pytest
import torch

from helpers.course.explorers import straight_line

from ...examples import linear


@pytest.fixture(scope="module")
def gentle():
    """The network that sees the brightest of the first ten pixels, unsure enough for a slope."""
    return linear(10 * torch.eye(10, 36), torch.zeros(10), torch.float32)


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
