"""A network whose border is a plane."""

import torch
from torch import nn

from ..examples import linear

PIXELS = 16


def half_space(shift: float) -> nn.Sequential:
    """Label 1 where the first pixel is above `shift`."""
    weight = torch.zeros(2, PIXELS)
    weight[1, 0] = 1
    return linear(weight, [0, -shift], torch.float32)
