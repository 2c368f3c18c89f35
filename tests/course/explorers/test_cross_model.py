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


def test_click_into_the_map_chooses_both_networks(brightest, second, digits):
    networks = {"brightest": brightest, "darkest": second}
    same = {name: digits.inputs for name in networks}
    shown = cross_model(networks, digits, same, torch.tensor([1, 2, 4]))
    assert shown._click((1, 1), (0.2, 0.8)) == {"source": "darkest", "reader": "brightest"}
    assert shown._click((0, 0), (0.2, 0.8)) == {}


def test_map_has_the_share_of_images_that_are_misread(brightest, second, digits):
    networks = {"brightest": brightest, "darkest": second}
    wrong = digits.inputs.clone()
    wrong[0, 0, 0, 1] = 0.9  # the first of three images is seen as a 1
    shown = cross_model(
        networks, digits, {"brightest": wrong, "darkest": digits.inputs}, torch.tensor([1, 2, 4])
    )
    panel = shown.sheet._cells[1, 1].panel
    right = panel.values[:, 0]  # of the brightest
    assert right.tolist() == [1 / 3, 0]
    assert panel.words[0, 0] == "33"
