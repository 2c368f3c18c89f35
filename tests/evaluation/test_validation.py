"""What is refused, and by which words; everything else passes in silence."""

import math

import pytest
import torch
from torch import nn

from helpers.evaluation import check_device, check_fit, check_model, check_targets

from ..examples import linear, uniform

ENDS = torch.tensor([[0.0], [1.0], [0.5]])
X, TARGETS = uniform(3, 1, 2, 2).double(), torch.tensor([0, 1, 2])


@pytest.fixture
def model():
    return linear(torch.eye(3, 4), torch.zeros(3))


def test_what_fits_is_not_refused(model):
    check_model(model)
    check_device(model, X)
    check_fit(model, X)
    check_fit(model.train(), X)  # nothing in it depends on chance
    check_fit(nn.Flatten(), X.half())
    check_targets(X, TARGETS, 3)
    check_targets(3 * X - 1, TARGETS, 3, box=(-1, math.inf))


def test_training_mode_is_refused(model):
    with pytest.raises(ValueError, match=r"model is in training mode: call model\.eval\(\) first"):
        check_model(model.train())


@pytest.mark.parametrize("layer", [nn.Dropout(), nn.Dropout2d(), nn.BatchNorm2d(1).double()])
def test_training_mode_is_refused_where_it_changes_the_answers(model, layer):
    model = nn.Sequential(layer, *model)
    check_fit(model.eval(), X)
    with pytest.raises(ValueError, match="training mode"):
        check_fit(model.train(), X)


@pytest.mark.parametrize("check", [check_device, check_fit])
def test_inputs_on_another_device_are_refused(model, check):
    with pytest.raises(ValueError, match="inputs must be on the device of model, cpu; got meta"):
        check(model, X.to("meta"))


def test_inputs_of_another_type_are_refused(model):
    with pytest.raises(
        ValueError, match=r"inputs must be torch\.float64, as model is; got torch\.f"
    ):
        check_fit(model, X.float())


@pytest.mark.parametrize(
    ("inputs", "targets", "box", "message"),
    [
        (X, TARGETS[:2], (0, 1), r"targets must be int64 of shape \(3,\).*of shape \(2,\)"),
        (X, TARGETS.int(), (0, 1), r"targets must be int64 .*got torch\.int32"),
        (X, TARGETS.to("meta"), (0, 1), "targets must be on the device of inputs, cpu; got meta"),
        (2 - X, TARGETS, (0, 1), r"inputs must be in \[0, 1\]; got values from 1"),
        (ENDS + 1, TARGETS, (0, 1), r"inputs must be in \[0, 1\]; got values from 1 to 2$"),
        (X - 1, TARGETS, (0, math.inf), r"inputs must be in \[0, inf\]; got values from -"),
        (X * torch.nan, TARGETS, (0, 1), r"inputs must be in \[0, 1\]; got values from nan to nan"),
        (X, TARGETS - 1, (0, 1), "targets must be labels from 0 to 2; got values from -1 to 1"),
        (X, TARGETS + 1, (0, 1), "targets must be labels from 0 to 2; got values from 1 to 3"),
    ],
)
def test_images_and_targets_that_do_not_fit_are_refused(inputs, targets, box, message):
    with pytest.raises(ValueError, match=message):
        check_targets(inputs, targets, 3, box=box)


def test_both_ends_of_the_box_are_in_it():
    check_targets(torch.tensor([[0.0], [1.0]]), torch.tensor([0, 1]), 3, box=(0, 1))


def test_images_are_between_0_and_1_unless_said():
    check_targets(ENDS, TARGETS, 3)
    for outside in (ENDS - 0.01, ENDS + 0.01):
        with pytest.raises(ValueError, match=r"inputs must be in \[0, 1\]; got values from"):
            check_targets(outside, TARGETS, 3)
    with pytest.raises(ValueError, match="labels from 0 to 1; got values from 0 to 2"):
        check_targets(ENDS, TARGETS, 2)
