import pytest
import torch

from helpers.course.explorers import around_an_image


@pytest.fixture
def shown(brightest, digits):
    """The label 0 is beyond a distortion of √(2 / 8² / 36) = 0.0295: pixels 0 and 7 meet there."""
    adversarial = digits.inputs.clone()
    adversarial.flatten(1)[0, [0, 7]] += 0.14 * torch.tensor([1, -1])
    return around_an_image(brightest, digits, adversarial)


def test_label_is_lost_where_the_line_crosses_the_border(shown):
    assert shown.set(radius=0.02).startswith("distortion 0.02 at 0° from x', random direction 1: ")
    assert ": seen as 7 (" in shown.message
    assert shown.message.endswith("; border on this line: 0.030")
    assert ": seen as 0 (" in shown.set(radius=0.04)


def test_line_away_from_the_adversarial_image_is_another_one(shown):
    texts = {shown.set(angle=90, random=random).split("; ")[1] for random in range(1, 6)}
    assert len(texts) > 1
    assert "border on this line: 0.030" not in texts
