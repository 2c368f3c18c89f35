import torch

from helpers.course.explorers import cross_training_set


def test_cross_training_set_gives_the_errors_at_the_distortion(brightest, second, digits):
    networks = {"brightest": brightest, "darkest": second}
    step = torch.zeros_like(digits.inputs)
    step.flatten(1)[:, 5] = 0.5  # a distortion of 1/12; the label is lost beyond half of it
    shown = cross_training_set(networks, digits, {"brightest": digits.inputs + step})
    assert shown.set(rms=0.04).endswith("0.04: errors of the 2 networks 0.0, 100.0 %")
    assert shown.set(rms=0.05).endswith("0.05: errors of the 2 networks 100.0, 100.0 %")
    picture = shown.image.value
    shown.set(image=1)
    assert shown.image.value != picture
