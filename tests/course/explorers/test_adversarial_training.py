import pytest
import torch
from torch import nn

from helpers.course.explorers import pool_entry


def test_pool_entry_crosses_the_border_at_the_whole_way(brightest, digits):
    hidden = nn.Linear(36, 20)
    hidden.load_state_dict({"weight": 4 * torch.eye(20, 36), "bias": torch.zeros(20)})
    middle = nn.Linear(20, 12)
    middle.load_state_dict({"weight": torch.eye(12, 20), "bias": torch.zeros(12)})
    output = nn.Linear(12, 10)
    output.load_state_dict({"weight": 20 * torch.eye(10, 12), "bias": torch.zeros(10)})
    layers = [nn.Flatten(), hidden, nn.ReLU(), middle, nn.ReLU(), output]
    shown = pool_entry({"deep": nn.Sequential(*layers).eval()}, digits)
    for layer in ("image", "first hidden layer", "second hidden layer"):
        assert "a 7 seen as 7" in shown.set(layer=layer, strength=0.95)
        picture = shown.image.value
        text = shown.set(strength=1.05)
        assert text.startswith(f"deep, pool of the {layer}, strength 1.05: a 7 seen as ")
        assert "seen as 7" not in text
        assert shown.image.value != picture
    # between two of these outputs, of 2 and of 1, the border is in the middle
    sizes = float(shown.set(strength=1.0).split()[-1])
    assert sizes == pytest.approx((2 * 0.5**2 / 12) ** 0.5, abs=0.002)
    assert "a 0" in shown.set(image=1)
