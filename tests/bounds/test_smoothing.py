"""Certificates by noise, against a linear classifier whose vote is known exactly."""

import pytest
import torch
from scipy import stats

from helpers import bounds
from helpers.bounds import smoothing

from ..examples import generator, linear


@pytest.fixture
def half():
    """The network that sees 1 where the first pixel is positive: a flat border."""
    weight = torch.zeros(2, 9)
    weight[1, 0] = 1
    return linear(weight, torch.zeros(2), torch.float32)


def at(distance):
    x = torch.zeros(1, 1, 3, 3)
    x.view(-1)[0] = distance
    return x


def test_votes_are_those_behind_a_flat_border(half):
    count = smoothing.vote(half, at(0.3), 1, 0.5, 20_000, generator=generator())
    p = stats.norm.cdf(0.3 / 0.5)
    assert abs(count / 20_000 - p) < 5 * (p * (1 - p) / 20_000) ** 0.5


def test_votes_are_those_of_the_image_plus_the_noise(half):
    noise = torch.randn(9, 1, 3, 3, generator=generator(1))
    expected = (at(0.1) + 0.5 * noise)[:, 0, 0, 0] > 0
    opposite = (at(0.1) - 0.5 * noise)[:, 0, 0, 0] > 0
    assert expected.sum() != opposite.sum()
    count = smoothing.vote(half, at(0.1), 1, 0.5, 9, generator=generator(1))
    assert count == expected.sum()


def test_radius_tends_to_the_distance_of_a_flat_border():
    for share in (0.6, 0.9, 0.99):
        samples = 10**9
        found = smoothing.radius(round(share * samples), samples, 0.5, 9, confidence=0.999)
        assert found == pytest.approx(0.5 * stats.norm.ppf(share) / 3, rel=1e-3)


def test_radius_is_never_more_than_the_votes_prove():
    # all votes for the label: p ≥ (1 − confidence)^(1/samples)
    found = smoothing.radius(100, 100, 1.0, 1, confidence=0.95)
    assert found == pytest.approx(stats.norm.ppf(0.05 ** (1 / 100)))
    assert smoothing.radius(50, 100, 1.0, 1, confidence=0.95) == 0
    assert smoothing.radius(55, 100, 1.0, 1, confidence=0.95) == 0  # too few to be sure
    assert smoothing.radius(0, 100, 1.0, 1, confidence=0.95) == 0


def test_certified_radius_is_below_the_distance_with_the_confidence(half):
    distances = torch.linspace(0.05, 1.5, 60)
    inputs = torch.cat([at(d) for d in distances])
    labels = torch.ones(60, dtype=torch.long)
    found = bounds.smoothed_radii(
        half, inputs, labels, sigma=0.5, samples=400, generator=generator(1)
    )
    # the smoothed network has the same border, at `distances` as ‖·‖₂
    assert (found <= distances.double() / 3 + 1e-9).all()
    assert found[30] > 0.6 * distances[30] / 3


def test_wrong_label_is_certified_for_nothing(half):
    found = bounds.smoothed_radii(
        half,
        at(0.5),
        torch.tensor([0]),
        sigma=0.2,
        samples=100,
        generator=generator(),
    )
    assert found.tolist() == [0]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"sigma": 0}, "sigma must be positive, got 0"),
        ({"sigma": float("nan")}, "sigma must be positive"),
        ({"confidence": 1.0}, r"confidence must be in \(0, 1\), got 1"),
        ({"confidence": 0.0}, r"confidence must be in \(0, 1\), got 0"),
    ],
)
def test_wrong_settings_are_refused(half, options, why):
    with pytest.raises(ValueError, match=why):
        bounds.smoothed_radii(
            half,
            at(1.0),
            torch.tensor([1]),
            **{"sigma": 0.1, "samples": 10, "generator": torch.Generator(), **options},
        )


def test_model_in_training_mode_is_refused(half):
    with pytest.raises(ValueError, match="training mode"):
        bounds.smoothed_radii(
            half.train(),
            at(1.0),
            torch.tensor([1]),
            sigma=0.1,
            samples=10,
            generator=torch.Generator(),
        )


def test_confidence_is_that_of_one_error_in_a_thousand_unless_asked(half):
    options = {"sigma": 0.5, "samples": 200}
    found = bounds.smoothed_radii(
        half, at(9.0), torch.tensor([1]), **options, generator=generator()
    )
    expected = smoothing.radius(200, 200, 0.5, 9, confidence=0.999)
    assert found.tolist() == [pytest.approx(expected)]
    assert expected == pytest.approx(0.5 * stats.norm.ppf(0.001 ** (1 / 200)) / 3)
