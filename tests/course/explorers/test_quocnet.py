import pytest
import torch
from torch import nn

from helpers.course.explorers import detection


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
