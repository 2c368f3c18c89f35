"""Starts have the moments and the zeros that they are named for; what was trained is kept."""

import pytest
import torch

from helpers import models
from helpers.evaluation import error_rate
from helpers.studies import recipe_training
from helpers.studies.recipe_training import COURSE_RECIPE, Candidate, start_weights, trained_as


def weights(candidate: Candidate, name: str = "FC123-456-10", seed: int = 3) -> list[torch.Tensor]:
    model = start_weights(candidate, name, seed=seed)
    return [layer.weight.detach() for layer in models.weight_layers(model)]


def test_gaussian_start_has_its_moments_in_every_layer():
    for weight in weights(Candidate("gaussian", 0.2)):
        count = weight.numel()
        assert weight.mean().item() == pytest.approx(0, abs=4 * 0.2 / count**0.5)
        assert weight.std().item() == pytest.approx(0.2, rel=4 / (2 * count) ** 0.5)
        kurtosis = (weight**4).mean() / (weight**2).mean() ** 2
        assert kurtosis.item() == pytest.approx(3, abs=4 * (24 / count) ** 0.5)


def test_sparse_start_has_fifteen_inputs_a_unit_and_their_moments():
    for weight in weights(Candidate("sparse", 1.5)):
        assert ((weight != 0).sum(1) == 15).all()
        chosen = weight[weight != 0]
        assert chosen.std().item() == pytest.approx(1.5, rel=4 / (2 * len(chosen)) ** 0.5)
    first = weights(Candidate("sparse"))[0]
    expected = first.shape[0] * 15 / 784  # of each input, over the units
    assert (first != 0).sum(0).double().var().item() == pytest.approx(expected, rel=0.3)


def test_biases_are_zero():
    for start in ("gaussian", "sparse"):
        model = start_weights(Candidate(start), "FC100-100-10")
        assert all(not layer.bias.any() for layer in models.weight_layers(model))


@pytest.mark.parametrize("start", ["gaussian", "sparse"])
def test_shared_start_is_shared_unit_by_unit(start):
    shared = Candidate(start, shared=True)
    small, large = (weights(shared, name)[0] for name in ("FC100-100-10", "FC123-456-10"))
    torch.testing.assert_close(large[:100], small, rtol=0, atol=0)
    own = Candidate(start)
    small, large = (weights(own, name)[0] for name in ("FC100-100-10", "FC123-456-10"))
    assert not torch.equal(large[:100], small)
    assert not torch.equal(weights(shared, seed=3)[0], weights(shared, seed=4)[0])


def test_wide_start_is_the_courses_with_a_larger_first_layer():
    usual, wide = weights(Candidate()), weights(Candidate("wide", 3.0))
    torch.testing.assert_close(wide[0], 3 * usual[0])
    for one, other in zip(usual[1:], wide[1:], strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_the_courses_recipe_is_the_courses_network(tiny, own_folder):
    found = trained_as(COURSE_RECIPE, "FC100-100-10", tiny, seed=1)
    assert any(
        "FC100-100-10.rows.seed1" in path.name for path in (own_folder / "trained").iterdir()
    )
    assert error_rate(found, tiny.inputs, tiny.labels) < 0.2


@pytest.mark.parametrize(
    "candidate",
    [
        Candidate("sparse", epochs=3),
        Candidate("gaussian", 0.2, optimiser="sgd", rate=0.5, epochs=3),
        Candidate("gaussian", 0.1, optimiser="lbfgs", epochs=30),
    ],
    ids=["nesterov", "sgd", "lbfgs"],
)
def test_training_learns_and_is_kept(tiny, own_folder, monkeypatch, candidate):
    first = trained_as(candidate, "FC100-100-10", tiny, seed=1)
    assert error_rate(first, tiny.inputs, tiny.labels) < 0.2
    monkeypatch.setattr(recipe_training, "_descend", None)  # another training would fail
    monkeypatch.setattr(recipe_training, "_full_batch", None)
    again = trained_as(candidate, "FC100-100-10", tiny, seed=1)
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    with pytest.raises(TypeError):  # another seed is another network
        trained_as(candidate, "FC100-100-10", tiny, seed=2)


def test_what_there_is_not_is_refused():
    with pytest.raises(ValueError, match="start must be one of glorot, wide, gaussian, sparse"):
        Candidate("he")
    with pytest.raises(ValueError, match="optimiser must be one of nesterov, sgd, lbfgs"):
        Candidate(optimiser="adam")
