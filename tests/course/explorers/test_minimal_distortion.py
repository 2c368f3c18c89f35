import math
import re

import pytest
import torch
from torch import nn

from helpers.course import plotting
from helpers.course.explorers import sandwich
from helpers.course.explorers.minimal_distortion import _number_line


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


def test_click_into_the_map_chooses_network_and_target(brightest, second, digits):
    shown = sandwich({"brightest": brightest, "darkest": second}, digits)
    assert shown._click((1, 1), (4.1, 0.9)) == {"network": "darkest", "target": 4}
    assert shown._click((0, 0), (4.1, 0.9)) == {}
    table = shown.sheet._cells[1, 1].panel.values
    assert table.shape == (2, 10)
    assert table[0, 7] == 0  # the image is a 7
    assert table[0, 4].item() == pytest.approx((2 * 0.125**2 / 36) ** 0.5, rel=0.02)
