import torch

from helpers.course.explorers import cross_model


def test_cross_model_shows_what_the_reader_sees_and_counts_the_fooled(brightest, second, digits):
    networks = {"brightest": brightest, "darkest": second}
    targets = torch.tensor([1, 2, 4])
    brighter = digits.inputs.clone()
    brighter.flatten(1)[torch.arange(3), targets] = 0.6
    shown = cross_model(networks, digits, {"brightest": brighter, "darkest": brighter}, targets)
    assert shown.set(reader="brightest") == (
        "made for brightest, target 1, × 1.00; brightest sees a 1 (100%), distortion 0.058; "
        "2 of 2 wrong"
    )
    assert "brightest sees a 7" in shown.set(scale=0.5)
    assert "1 of 2 wrong" in shown.message  # the darkest is never right here
    assert "target 2, × 0.50; brightest sees a 0" in shown.set(image=1)
