"""Lines and planes through an image: linear models have every answer in closed form."""

import math

import pytest
import torch
from torch import nn

from helpers import blind_spots
from helpers.evaluation import distortion

from ..examples import generator, linear
from .examples import PIXELS, half_space


def test_directions_have_rms_1_and_are_drawn_anew():
    drawn = blind_spots.random_rms_directions(5, torch.zeros(1, 2, 4, 4), generator=generator(1))
    torch.testing.assert_close(distortion(0 * drawn, drawn), torch.ones(5))
    assert len(drawn.flatten(1).unique(dim=0)) == 5


@pytest.mark.parametrize("degrees", [0, 30, 90])
def test_blend_has_the_angle_and_the_size(degrees):
    first, second = torch.randn(2, 1, 1, 4, 4, generator=generator(1))
    found = blind_spots.blend(first, second, degrees)
    cosine = nn.functional.cosine_similarity(found.flatten(), first.flatten(), dim=0)
    assert cosine.item() == pytest.approx(math.cos(math.radians(degrees)), abs=1e-5)
    torch.testing.assert_close(distortion(0 * found, found), torch.ones(1))


def test_margins_along_a_line_of_a_linear_model_are_straight():
    weight = torch.randn(3, PIXELS, generator=generator(0))
    model = linear(weight, [0.1, 0, -0.1], torch.float32)
    x, d = torch.rand(2, 1, 1, 4, 4, generator=generator(1))
    radii = torch.tensor([-0.2, 0.0, 0.3])
    found = blind_spots.margins_along(model, x, torch.cat([d, -d]), radii, 2)
    for row, sign in enumerate((1, -1)):
        for column, radius in enumerate(radii):
            z = model(x + sign * radius * d)[0]
            assert found[row, column].item() == pytest.approx((z[2] - z[:2].max()).item(), abs=1e-5)


def test_plane_has_the_first_direction_along_the_columns():
    first = torch.zeros(1, 1, 4, 4)
    first[0, 0, 0, 0] = 1
    radii = torch.tensor([-1.0, 0.0, 1.0])
    found = blind_spots.plane(half_space(0.5), 0 * first, first, first.flip(3), radii)
    assert found.tolist() == [[0, 0, 1]] * 3


def test_linearised_distance_is_exact_for_two_labels():
    x = torch.zeros(2, 1, 4, 4)
    x[1, 0, 0, 0] = 0.25
    found = blind_spots.linearised_distance(half_space(0.5), x, torch.tensor([1, 1]))
    torch.testing.assert_close(found, torch.tensor([0.5, 0.25]) / PIXELS**0.5)
