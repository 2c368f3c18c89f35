from torch import nn

from helpers.course.explorers import frequency_response


def test_frequency_response_says_norm_and_bound():
    blur = nn.Conv2d(1, 1, 2, bias=False)
    nn.init.constant_(blur.weight, 1 / 4)
    shown = frequency_response({"blur": blur, "random": nn.Conv2d(2, 3, 3)}, sides=(8, 16))
    found = shown.set(stride=2, side=8)  # the means of disjoint windows: the norm is 1/2
    assert found == ("blur, stride 2, 8 × 8: norm 0.500, wrap-around 0.500, bound 0.500")
    assert shown.set(layer="random", stride=1).startswith("random, stride 1, 8 × 8: norm ")
    assert shown.set(side=16).startswith("random, stride 1, 16 × 16: norm ")
