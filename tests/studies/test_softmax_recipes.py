"""Ways to train FC10(1) against its one solution, which another solver finds."""

import pytest
import torch

from helpers import models
from helpers.studies import softmax_recipes
from helpers.studies.softmax_recipes import Softmax, softmax_model, softmax_rows
from helpers.training import fit_readout

pytestmark = pytest.mark.usefixtures("own_folder")


def refuse(*arguments):
    raise AssertionError("measured again")


@pytest.mark.parametrize("decay", [1.0, 0.2])
def test_minimum_is_the_one_of_another_solver(tiny, decay):
    found = softmax_model(Softmax(decay), tiny)
    expected = fit_readout(models.build("FC10(1)"), tiny, weight_decay=decay)
    torch.testing.assert_close(found[1].weight, expected[1].weight, rtol=0, atol=2e-4)


def test_penalised_biases_are_smaller():
    labels = torch.tensor([0] * 80 + [1] * 20)
    dataset = softmax_recipes.Dataset(torch.zeros(100, 1, 28, 28), labels, "black", "made here")
    free, penalised = (
        softmax_model(Softmax(1.0, bias=bias), dataset)[1].bias for bias in (False, True)
    )
    assert penalised.norm() < free.norm()
    # black images: only the biases matter, and free ones give the labels' frequencies
    assert free.softmax(0)[:2].tolist() == pytest.approx([0.8, 0.2], abs=1e-3)


def test_few_steps_are_plain_gradient_descent(tiny):
    found = softmax_model(Softmax(decay=1.0, steps=1), tiny)
    pixels = tiny.inputs.flatten(1)
    hot = torch.nn.functional.one_hot(tiny.labels, 10).float()
    expected = 0.1 * (hot - 0.1).T @ pixels / len(tiny)
    torch.testing.assert_close(found[1].weight, expected, rtol=1e-4, atol=1e-7)


def test_rows_are_kept_and_attacks_are_no_closer_than_exact(tiny, monkeypatch):
    monkeypatch.setattr(softmax_recipes, "SOFTMAX", [Softmax()])
    monkeypatch.setattr(softmax_recipes, "ATTACKED_SOFTMAX", 10)
    (row,) = softmax_rows(tiny, tiny)
    assert row["exact"] <= row["penalty"] + 1e-6
    assert row["exact"] < row["coarse"]
    monkeypatch.setattr(softmax_recipes, "_row", refuse)
    assert list(softmax_rows(tiny, tiny)) == [row]
