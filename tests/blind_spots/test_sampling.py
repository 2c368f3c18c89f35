"""Near, rare, empty and thick, against a classifier with flat borders at known distances."""

import math

import pytest
import torch
from scipy import stats

from helpers import blind_spots
from helpers.evaluation import predict

from ..examples import generator, linear
from .examples import PIXELS, half_space


@pytest.fixture
def thirds():
    """Labels 0, 1, 2 by the mean of 100 pixels, with borders at 1/3 and 2/3."""
    slopes = torch.tensor([-1.0, 0.0, 1.0])
    return linear(slopes[:, None].expand(3, 100) / 100, [1 / 3, 0, -2 / 3], torch.float32)


LEVELS = torch.tensor([0.1, 0.3, 0.45, 0.6, 0.9])
DISTANCES = torch.tensor([1 / 3 - 0.1, 1 / 3 - 0.3, 0.45 - 1 / 3, 2 / 3 - 0.6, 0.9 - 2 / 3])


@pytest.fixture
def points():
    return LEVELS.view(-1, 1, 1, 1).expand(-1, 1, 10, 10).clone()


def test_nearest_change_is_at_the_nearest_border(thirds, points):
    found = blind_spots.nearest_change(thirds, points)
    assert found.success.all()
    torch.testing.assert_close(found.distortion, DISTANCES, rtol=0.02, atol=1e-4)
    assert (predict(thirds, found.adversarial) != predict(thirds, points)).all()


def test_empty_radius_is_the_distance_where_the_model_is_linear(thirds, points):
    found = blind_spots.empty_radius(thirds, points)
    # the bound of each rival is exact here, and label 0 to 2 passes 1 only for the other border
    torch.testing.assert_close(found, DISTANCES.double(), rtol=1e-4, atol=1e-6)


def test_noise_hits_what_lies_behind_a_near_border_only(thirds, points):
    random = generator(0)
    sizes = torch.full((5,), 0.2)  # the mean of 100 pixels then moves by 0.02
    assert blind_spots.noise_hits(thirds, points[[0, 2, 4]], sizes[:3], 300, generator=random) == 0
    at_the_border = torch.full((1, 1, 10, 10), 1 / 3 - 0.02)
    hits = blind_spots.noise_hits(thirds, at_the_border, sizes[:1], 4000, generator=random)
    assert 0.12 < hits / 4000 < 0.20  # one normal deviation: 0.159


def test_thickness_is_that_of_a_half_space(thirds):
    x = torch.full((2, 1, 10, 10), 0.3)
    beyond = torch.full((2, 1, 10, 10), 0.4)
    sizes, random = torch.tensor([0.2, 0.2]), generator(1)
    inside = blind_spots.thickness(thirds, x, beyond, sizes, 500, beyond=1.5, generator=random)
    assert inside > 0.99  # five deviations from either border
    on_it = torch.full((2, 1, 10, 10), 1 / 3)
    edge = blind_spots.thickness(thirds, x, on_it, sizes, 2000, beyond=1.0, generator=random)
    assert 0.45 < edge < 0.55


def test_one_size_for_each_point(thirds, points):
    sizes, random = torch.full((4,), 0.2), generator(2)
    wrong = pytest.raises(ValueError, match=r"sizes must have shape \(5,\), .*got \(4,\)")
    with wrong:
        blind_spots.noise_hits(thirds, points, sizes, 10, generator=random)
    with wrong:
        blind_spots.thickness(thirds, points, points, sizes, 10, generator=random)


@pytest.mark.parametrize("batch_size", [300, 1000, 5000])
def test_count_is_that_of_a_half_space(batch_size):
    # the share of a sphere beyond a plane follows Student's t distribution
    rms, shift, samples = 0.5, 0.4, 5000
    cosine = shift / (rms * PIXELS**0.5)
    t = cosine * math.sqrt((PIXELS - 1) / (1 - cosine**2))
    expected = samples * stats.t.sf(t, PIXELS - 1)
    found = blind_spots.count_changes(
        half_space(shift),
        torch.zeros(1, 1, 4, 4),
        rms,
        samples,
        generator=generator(1),
        batch_size=batch_size,
    )
    assert abs(found - expected) < 4 * expected**0.5


def test_nothing_changes_inside_the_distance():
    x, model = torch.zeros(1, 1, 4, 4), half_space(0.5)
    close = 0.99 * 0.5 / PIXELS**0.5
    assert blind_spots.count_changes(model, x, close, 2000, generator=generator(1)) == 0
