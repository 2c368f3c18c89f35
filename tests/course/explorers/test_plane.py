import math
import re

import torch

from helpers.course.explorers import plane

from ...examples import linear


def test_minimiser_crosses_the_straight_border_at_a_right_angle():
    steep = linear([[0.0, 0.0], [40.0, 40.0]], [0.0, -40.0])  # the border is x + y = 1
    shown = plane(steep, resolution=21)
    said = shown.set(across=0.2, up=0.4, c=1.0)
    assert said.startswith("x = (0.20, 0.40) has the label 0; c = 1: x' = (")
    x, y = map(float, re.search(r"x' = \(([\d.]+), ([\d.]+)\) has 1", said).groups())
    distance = float(said.split()[-1])
    assert math.isclose(y - x, 0.2, abs_tol=0.011)  # it goes along (1, 1)
    assert 0.4 / math.sqrt(2) < distance < 0.5  # beyond the border, but not far
    assert "has 0" in shown.set(c=100.0)  # too dear


def test_a_click_moves_x():
    shown = plane(linear([[0.0, 0.0], [9.0, 0.0]], [0.0, -4.5]), resolution=21)
    ax = shown.sheet._cells[0, 0].ax
    width, height = ax.figure.bbox.width, ax.figure.bbox.height
    x, y = ax.transData.transform((0.7, 0.2))
    shown._clicked(x / width, 1 - y / height)
    assert shown.message.startswith("x = (0.70, 0.20) has the label 1")
    before = shown.message
    shown._clicked(0.001, 0.001)  # beside the axes
    assert shown.message == before
    assert shown.sheet._cells[0, 0].panel.labels.shape == (21, 21)
    assert torch.tensor(shown.sheet._cells[0, 0].panel.labels)[:, -1].all()
