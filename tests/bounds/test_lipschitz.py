"""The certified radius: its formula, and never more than the exact distance or an attack."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from helpers.attack import minimal_adversarial
from helpers.bounds import certified, exact_linear
from helpers.evaluation import predict
from helpers.models import build

from ..examples import linear, others
from .examples import images, random_model


def test_certified_radius_is_its_formula():
    model, x = build("FC100-100-10").eval(), images(5, side=28).float()
    targets = torch.tensor([0, 3, 5, 9, 9])
    weights = [layer.weight.detach().double().numpy() for layer in model[1::2]]
    slopes = [np.linalg.svd(weight, compute_uv=False)[0] / 4 for weight in weights[:-1]]
    logits = model.double()(x.double()).detach().numpy()
    expected = np.zeros(5)
    for row, target in enumerate(targets.tolist()):
        for rival in range(10):
            if rival != target:
                speed = np.linalg.norm(weights[-1][rival] - weights[-1][target]) * np.prod(slopes)
                radius = (logits[row, rival] - logits[row, target]) / speed / 28
                expected[row] = max(expected[row], radius)
    found = certified(model.float(), x, targets)
    assert found.dtype == torch.float64
    assert not found.requires_grad
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_certified_radius_of_a_softmax_model_is_below_the_exact_distance():
    model, x = random_model(), images(50)
    targets = torch.arange(50) % 5
    exact, found = exact_linear(model, x, targets).distortion, certified(model, x, targets)
    assert (found <= exact + 1e-12).all()
    has_target = predict(model, x) == targets
    assert torch.equal(found == 0, has_target)


def test_certified_radius_is_exact_for_one_rival_and_no_box():
    model, x = random_model(2), 0.5 + 0.02 * images(20)
    targets = others(model, x)
    expected = exact_linear(model, x, targets)
    assert ((expected.adversarial > 0) & (expected.adversarial < 1)).all()
    torch.testing.assert_close(certified(model, x, targets), expected.distortion)


@pytest.mark.parametrize("name", ["FC100-100-10", "Conv"])
def test_no_attack_is_inside_the_certified_radius(name):
    model, x = build(name).eval(), images(6, side=28).float()
    targets = others(model, x)
    attacked, found = minimal_adversarial(model, x, targets), certified(model, x, targets)
    assert attacked.success.any()
    assert (found > 0).all()
    assert (found[attacked.success] <= attacked.distortion[attacked.success]).all()


def test_rivals_with_the_targets_own_weights_certify_everything_or_nothing():
    model = linear([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, 1.0, 0.0])
    x = torch.tensor([[0.5, 0.5], [0.5, 0.5]], dtype=torch.float64)
    found = certified(model, x, torch.tensor([0, 1]))
    assert found.tolist() == [math.inf, 0.0]


def test_model_that_can_not_be_certified_is_refused():
    x, targets = images(2), torch.zeros(2).long()
    with pytest.raises(ValueError, match=r"must end with an nn.Linear, got Sigmoid"):
        certified(nn.Sequential(nn.Flatten(), nn.Linear(16, 3), nn.Sigmoid()), x, targets)
    with pytest.raises(ValueError, match=r"whose Lipschitz constant is known: .*got GELU"):
        certified(nn.Sequential(nn.Flatten(), nn.GELU(), nn.Linear(16, 3)).eval(), x, targets)
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        certified(random_model(), 2 * x, targets)
    with pytest.raises(ValueError, match="training mode"):
        certified(random_model().train(), x, targets)


def test_image_that_has_its_target_is_certified_for_nothing():
    model, x = random_model(), images(6)
    assert certified(model, x, predict(model, x)).tolist() == [0] * 6
    alone = certified(model, x[:1], others(model, x)[:1])
    torch.testing.assert_close(alone, certified(model, x, others(model, x))[:1])
