from dataclasses import replace

import pytest
import torch

from helpers import spectral
from helpers.attack import minimal_adversarial
from helpers.studies.measures import measure
from helpers.studies.penalty_gains import chosen_strength, gain, summarise
from helpers.studies.spectral_penalty import (
    SWEEP_RECIPES,
    held_out_errors,
    sweep,
    trained_with_penalty,
)
from helpers.training import Recipe

SHORT = Recipe(epochs=2, batch_size=20, learning_rate=0.1, averaging=0.5)
pytestmark = pytest.mark.usefixtures("own_folder")


def bound(model):
    return spectral.lipschitz_bound(model, (1, 28, 28)).item()


def test_penalty_makes_the_bound_smaller(tiny):
    bounds = [
        bound(trained_with_penalty("FC100-100-10", strength, tiny, recipe=SHORT))
        for strength in (0, 0.3, 3)
    ]
    assert bounds[0] > 1.1 * bounds[1] > 1.2 * bounds[2]


def test_seed_and_strength_decide_the_network(tiny):
    first, again, seeded, stronger = (
        trained_with_penalty("FC100-100-10", strength, tiny, recipe=SHORT, seed=seed)[1].weight
        for strength, seed in ((0.01, 0), (0.01, 0), (0.01, 1), (0.02, 0))
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, seeded)
    assert not torch.equal(first, stronger)


def test_negative_strength_is_refused(tiny):
    with pytest.raises(ValueError, match="strength must be at least 0, got -1"):
        trained_with_penalty("FC100-100-10", -1, tiny, recipe=SHORT)


def test_sandwich_holds_in_a_measurement(tiny):
    recipe = replace(SHORT, epochs=20)
    model = trained_with_penalty("FC100-100-10", 1e-3, tiny, recipe=recipe)
    found = measure(model, tiny, tiny[:50], count=8, attack=minimal_adversarial)
    assert found["train_error"] < 0.2
    assert found["bound"] == pytest.approx(bound(model))
    assert found["failed"] == 0
    assert 0 < found["certified"] < found["distortion"] < 1


def test_sweep_that_was_interrupted_goes_on(tiny, own_folder, monkeypatch):
    options = {"strengths": (0.0, 0.1), "count": 2, "recipe": SHORT}
    rows = sweep("FC100-100-10", tiny, tiny, seeds=(0,), **options)
    assert [(row.strength, row.seed) for row in rows] == [(0, 0), (0.1, 0)]
    assert rows[0].bound > rows[1].bound
    assert len(list((own_folder / "trained").glob("*.json"))) == 2
    monkeypatch.setattr("helpers.studies.spectral_penalty.measure", None)  # is not called again
    assert sweep("FC100-100-10", tiny, tiny, seeds=(0,), **options) == rows


def test_recipes_are_for_networks_of_the_paper():
    assert set(SWEEP_RECIPES) == {"FC100-100-10", "Conv"}


def made_up_rows():
    errors = {0.0: (0.02, 0.04), 0.1: (0.01, 0.03), 1.0: (0.03, 0.09)}
    return [
        {
            "network": "net",
            "strength": strength,
            "seed": seed,
            "test_error": error,
            **dict.fromkeys(("train_error", "bound", "distortion", "certified", "failed"), seed),
        }
        for strength, pair in errors.items()
        for seed, error in enumerate(pair)
    ]


def test_summary_is_mean_and_deviation_over_the_seeds():
    found = summarise(made_up_rows())
    assert list(found) == ["net"]
    assert list(found["net"]) == [0.0, 0.1, 1.0]
    assert found["net"][1.0]["test_error"] == pytest.approx((0.06, 0.0018**0.5))
    assert found["net"][0.1]["bound"] == pytest.approx((0.5, 0.5**0.5))
    alone = summarise(made_up_rows()[:1])
    assert alone["net"][0.0]["test_error"] == (0.02, 0.0)


def test_gain_is_taken_seed_by_seed_with_students_interval():
    found = gain(made_up_rows(), "net", 0.1)
    assert found == pytest.approx((0.01, 0.01, 0.01))
    found = gain(made_up_rows(), "net", 1.0)
    half = 12.7062 * 0.02  # of Student's t with one degree of freedom, gains -0.01 and -0.05
    assert found == pytest.approx((-0.03, -0.03 - half, -0.03 + half), rel=1e-4)


def test_strength_is_chosen_on_images_that_the_network_has_not_seen(tiny, monkeypatch):
    seen = []

    def trained(name, strength, dataset, **options):
        seen.append(dataset)
        return lambda images: torch.eye(10)[
            tiny.labels[-len(images) :] if strength else 0 * tiny.labels[-len(images) :]
        ]

    monkeypatch.setattr("helpers.studies.spectral_penalty.trained_with_penalty", trained)
    monkeypatch.setattr(
        "helpers.studies.spectral_penalty.error_rate",
        lambda model, inputs, labels: (model(inputs).argmax(1) != labels).double().mean().item(),
    )
    errors = held_out_errors("FC100-100-10", tiny, strengths=(0.0, 0.1), recipe=SHORT)
    assert all(torch.equal(d.inputs, tiny.inputs[: len(tiny) - len(tiny) // 6]) for d in seen)
    assert errors["0.1"] == 0 < errors["0"]


def test_strength_with_the_smallest_held_out_error_is_chosen():
    assert chosen_strength({"0": 0.01, "0.0001": 0.03, "0.01": 0.02, "3": 0.04}) == 0.01
