import re

import numpy as np
import pytest
import torch
from torch import nn

from helpers.evaluation import error_rate, forward, logits, number_of_classes, per_image, predict

from ..examples import uniform

ONE_HOT = nn.Flatten()  # logits are the pixels


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_prediction_is_the_largest_logit_at_any_batch_size(batch_size):
    inputs = uniform(7, 1, 2, 2)
    expected = [int(np.argmax(x)) for x in inputs.flatten(1).numpy()]
    assert predict(ONE_HOT, inputs, batch_size=batch_size).tolist() == expected


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_forward_is_the_module_in_parts(batch_size):
    inputs = uniform(7, 2, 6, 6)
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU())
    found = forward(module, inputs, batch_size=batch_size)
    torch.testing.assert_close(found, module(inputs))
    assert not found.requires_grad


def test_value_for_each_image_multiplies_that_image():
    inputs, values = uniform(3, 2, 4, 4), torch.tensor([1.0, 2.0, 0.5])
    found = per_image(values, inputs) * inputs
    for image, value, product in zip(inputs, values, found, strict=True):
        assert torch.equal(product, value * image)


def test_error_rate_is_the_share_of_wrong_labels():
    inputs = torch.eye(4).view(4, 1, 2, 2)
    assert error_rate(ONE_HOT, inputs, torch.tensor([0, 1, 2, 3])) == 0
    assert error_rate(ONE_HOT, inputs, torch.tensor([0, 1, 3, 3])) == 0.25
    assert error_rate(ONE_HOT, inputs, torch.tensor([1, 2, 3, 0])) == 1


def test_error_rate_of_nothing_is_refused():
    with pytest.raises(ValueError, match="inputs must hold at least one image, got none"):
        error_rate(ONE_HOT, uniform(0, 1, 2, 2), torch.zeros(0).long())


@pytest.mark.parametrize(("inputs", "labels"), [(3, (2,)), (3, (3, 1)), (3, ())])
def test_error_rate_refuses_labels_that_do_not_match(inputs, labels):
    expected = f"labels must have shape ({inputs},), one for each input, got {labels}"
    with pytest.raises(ValueError, match=re.escape(expected)):
        error_rate(ONE_HOT, uniform(inputs, 1, 2, 2), torch.zeros(labels).long())


def test_logits_are_the_models_whatever_the_batch():
    model, inputs = nn.Linear(5, 3), torch.rand(7, 5)
    found = logits(model, inputs, batch_size=3)
    assert torch.allclose(found, model(inputs), atol=1e-6)
    assert not found.requires_grad


def test_classes_are_counted_by_the_logits_of_one_image():
    asked = []
    model = nn.Linear(5, 3).eval()
    model.register_forward_pre_hook(lambda _, inputs: asked.append(len(inputs[0])))
    assert number_of_classes(model, torch.rand(7, 5)) == 3
    assert asked == [1]
