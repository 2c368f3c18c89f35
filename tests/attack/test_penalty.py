"""The penalty at one c against closed forms, and what both of the paper's attacks refuse."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from helpers import lbfgsb
from helpers.attack import minimal_adversarial, penalised_adversarial
from helpers.evaluation import distortion

from ..examples import linear, others
from .examples import images, network, several_classes, towards, two_classes

LOSSES = ["cross_entropy", "margin"]


@pytest.mark.parametrize("c", [10.0, 30.0, 300.0])
def test_penalised_minimiser_is_the_stationary_point(c):
    model, x = two_classes(), images(low=0.48, high=0.52)
    targets = others(model, x)
    w, b = towards(model, targets)
    weights = c * torch.linspace(1, 1.5, len(x)).double()
    found = penalised_adversarial(model, x, targets, weights)
    for row in range(len(x)):
        length = w[row].norm().item()
        start = (w[row] @ x[row].flatten() + b[row]).item()

        def slope(t, row=row, length=length, start=start):
            return 2 * weights[row].item() * t - length / (1 + np.exp(start + t * length))

        t = brentq(slope, 0, 10, xtol=1e-14)
        step = t * w[row] / length
        assert ((x[row].flatten() + step - 0.5).abs() < 0.5).all()  # the box is inactive
        np.testing.assert_allclose((found.adversarial - x)[row].ravel(), step, atol=1e-5)
        assert found.success[row].item() == (start + t * length > 0)
    assert found.converged.all()
    assert torch.equal(found.c, weights)
    torch.testing.assert_close(found.distortion, distortion(x, found.adversarial))


def test_larger_c_gives_smaller_perturbations():
    model, x = several_classes(), images()
    targets = others(model, x)
    sizes = [
        penalised_adversarial(model, x, targets, c).distortion for c in (0.01, 0.1, 1.0, 10.0, 100)
    ]
    for smaller_c, larger_c in pairwise(sizes):
        assert (larger_c <= smaller_c + 1e-6).all()
    assert (sizes[-1] < sizes[0] / 2).all()


def test_minimiser_of_a_convex_loss_does_not_depend_on_the_start():
    model, x = several_classes(), images()
    targets = others(model, x)
    first = penalised_adversarial(model, x, targets, 1.0)
    again = penalised_adversarial(model, x, targets, 1.0, start=images(seed=7))
    torch.testing.assert_close(again.adversarial, first.adversarial, atol=1e-4, rtol=0)


def penalised(*arguments, **options):
    return penalised_adversarial(*arguments, 1.0, **options)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("make", [several_classes, network])
def test_box_is_always_respected(make, loss):
    model, x = make(), images(2)
    x[0] = x[0].round()
    targets = others(model, x)
    attacks = (
        minimal_adversarial(model, x, targets, loss=loss, c_tolerance=0.2),
        penalised_adversarial(model, x, targets, 1e-4, loss=loss),
    )
    for found in attacks:
        assert found.adversarial.shape == x.shape
        assert found.adversarial.min() >= 0
        assert found.adversarial.max() <= 1
    assert ((attacks[1].adversarial == 0) | (attacks[1].adversarial == 1)).any()


def test_cross_entropy_needs_no_range_of_the_logits(monkeypatch):
    monkeypatch.setattr(
        "helpers.attack.losses.logit_range", lambda *arguments: pytest.fail("it was computed")
    )
    model, x = network(), images(2)
    penalised_adversarial(model, x, others(model, x), 1.0)


def test_record_of_one_c():
    model, x = network(), images(2)
    targets = others(model, x)
    record = []
    found = penalised_adversarial(model, x, targets, torch.tensor([0.1, 1.0]), record=record)
    rows = torch.cat([one.rows for one in record])
    assert torch.equal(rows.bincount(), found.evaluations)
    for one in record:
        assert torch.equal(one.c, torch.tensor([0.1, 1.0]).double()[one.rows])


@pytest.mark.parametrize("loss", LOSSES)
def test_no_images_give_empty_results(loss):
    def solver(*arguments, **options):
        raise AssertionError("there is nothing to minimise")

    x, targets = images(6)[:0], torch.zeros(0, dtype=torch.long)
    for attack in (minimal_adversarial, penalised):
        found = attack(network(), x, targets, loss=loss, solver=solver)
        assert found.adversarial.shape == (0, 1, 4, 4)
        assert found.success.dtype == found.converged.dtype == torch.bool
        assert found.iterations.dtype == found.evaluations.dtype == torch.int64
        assert all(len(value) == 0 for value in vars(found).values())


LABELS = torch.tensor([1, 0])
INSIDE = images(2)


@pytest.mark.parametrize("attack", [minimal_adversarial, penalised])
@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (INSIDE, LABELS[:1], r"targets must be int64 of shape \(2,\).*torch.int64 of shape \(1,\)"),
        (INSIDE, LABELS[:, None], r"targets must be int64 of shape \(2,\).*of shape \(2, 1\)"),
        (INSIDE, LABELS.int(), r"targets must be int64 .*got torch.int32"),
        (INSIDE, LABELS.double(), r"targets must be int64 .*got torch.float64"),
        (INSIDE + 1, LABELS, r"inputs must be in \[0, 1\]; got values from 1"),
        (INSIDE - 2, LABELS, r"inputs must be in \[0, 1\]; got values from -"),
        (INSIDE * torch.nan, LABELS, r"inputs must be in \[0, 1\]; got values from nan"),
        (INSIDE, LABELS - 1, r"targets must be labels from 0 to 1; got values from -1 to 0"),
        (INSIDE, LABELS + 1, r"targets must be labels from 0 to 1; got values from 1 to 2"),
    ],
)
def test_bad_images_and_targets_are_refused(attack, inputs, targets, message):
    with pytest.raises(ValueError, match=message):
        attack(two_classes(), inputs, targets)


@pytest.mark.parametrize("attack", [minimal_adversarial, penalised])
def test_model_in_training_mode_is_refused(attack):
    with pytest.raises(ValueError, match=r"training mode: call model\.eval\(\) first"):
        attack(two_classes().train(), INSIDE, LABELS)


@pytest.mark.parametrize("attack", [minimal_adversarial, penalised])
def test_unknown_loss_is_refused(attack):
    with pytest.raises(ValueError, match="one of cross_entropy, margin; got 'hinge'"):
        attack(two_classes(), INSIDE, LABELS, loss="hinge")


@pytest.mark.parametrize("c", [0, -1.0, math.nan, math.inf, torch.tensor([1.0, 0.0])])
def test_c_must_be_positive_and_finite(c):
    with pytest.raises(ValueError, match="c must be positive and finite, got"):
        penalised_adversarial(two_classes(), INSIDE, LABELS, c)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"c": torch.ones(3)}, r"c must be one number or have shape \(2,\), got \(3,\)"),
        ({"c": 1.0, "start": images(3)}, "start must have the shape of inputs"),
    ],
)
def test_c_and_start_must_fit_the_images(options, message):
    model, x = network(), images(2)
    with pytest.raises(ValueError, match=message):
        penalised_adversarial(model, x, others(model, x), **options)


@pytest.mark.parametrize("loss", LOSSES)
def test_tie_of_all_logits_is_no_success(loss):
    model, x = linear(torch.zeros(3, 16), torch.zeros(3)), images()
    found = penalised_adversarial(model, x, torch.ones(len(x)).long(), 1.0, loss=loss)
    assert not found.success.any()
    assert torch.equal(found.adversarial, x)


@pytest.mark.parametrize(
    "attack", [minimal_adversarial, lambda *a, **o: penalised_adversarial(*a, 1.0, **o)]
)
def test_solver_gets_the_box_and_200_iterations_unless_said(attack):
    asked = []

    def solver(objective, start, lower, upper, *, max_iterations):
        asked.append(max_iterations)
        assert (lower == 0).all()
        assert (upper == 1).all()
        return lbfgsb.minimize(objective, start, lower, upper, max_iterations=max_iterations)

    model, x = two_classes(), images()
    for options, expected in (({}, 200), ({"max_iterations": 7}, 7)):
        attack(model, x, others(model, x), solver=solver, **options)
        assert set(asked) == {expected}
        asked.clear()


@pytest.mark.parametrize("loss", LOSSES)
def test_model_is_shown_images_of_their_shape(loss):
    model, x, shapes = several_classes(), images().view(6, 2, 4, 2), set()
    model.register_forward_pre_hook(lambda _, inputs: shapes.add(tuple(inputs[0].shape[1:])))
    record = []
    targets = torch.arange(6) % 4
    found = penalised_adversarial(model, x, targets, 1.0, loss=loss, record=record)
    assert shapes == {(2, 4, 2)}
    assert {tuple(one.points.shape[1:]) for one in record} == {(2, 4, 2)}
    assert found.adversarial.shape == x.shape
