import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp

from helpers.attack import cross_entropy, negative_margin, target_margin
from helpers.attack.losses import logit_range, smooth_margin
from helpers.evaluation import predict

from ..examples import generator, linear
from .examples import images

TARGETS = torch.tensor([0, 1, 2, 3, 4, 0, 1])


def random_logits(classes=5):
    return torch.randn(7, classes, generator=generator()).double()


def linear_model():
    random = generator()
    return linear(torch.randn(4, 16, generator=random), torch.randn(4, generator=random))


def numpy_logits(model, x):
    return x.numpy().reshape(len(x), -1) @ model[1].weight.detach().numpy().T + (
        model[1].bias.detach().numpy()
    )


def test_losses_are_their_formulas():
    logits = random_logits()
    for z, target, ce, margin in zip(
        logits.numpy(),
        TARGETS.tolist(),
        cross_entropy(logits, TARGETS).tolist(),
        negative_margin(logits, TARGETS).tolist(),
        strict=True,
    ):
        assert ce == pytest.approx(-np.log(np.exp(z[target]) / np.exp(z).sum()))
        assert margin == pytest.approx(max(np.delete(z, target)) - z[target])


def test_smooth_margin_lies_above_the_margin_by_a_share_of_its_temperature():
    logits = random_logits()
    temperature = torch.logspace(-3, 1, 7).double()
    found = smooth_margin(logits, TARGETS, temperature)
    for row, (target, tau) in enumerate(zip(TARGETS.tolist(), temperature.tolist(), strict=True)):
        z = logits[row].numpy()
        expected = tau * logsumexp(np.delete(z, target) / tau) - z[target]
        assert found[row].item() == pytest.approx(expected)
    excess = found - negative_margin(logits, TARGETS)
    assert (excess >= 0).all()
    assert (excess <= temperature * math.log(4)).all()


def test_smooth_margin_is_the_margin_where_there_is_one_rival_or_no_temperature():
    logits, targets = random_logits(2), TARGETS % 2
    found = smooth_margin(logits, targets, torch.ones(7).double())
    torch.testing.assert_close(found, negative_margin(logits, targets))
    tied = torch.tensor([[1e3, 1e3, -1e3]])
    assert smooth_margin(tied, torch.tensor([2]), torch.tensor([1e-9])).item() == 2e3


def test_slopes_are_finite_differences():
    logits, step = random_logits(), 1e-6
    temperature = torch.linspace(0.05, 2, 7).double()
    for loss in (cross_entropy, lambda z, t: smooth_margin(z, t, temperature)):
        at = logits.clone().requires_grad_()
        (slope,) = torch.autograd.grad(loss(at, TARGETS).sum(), at)
        for j in range(5):
            moved = torch.zeros(5).double()
            moved[j] = step
            rise = loss(logits + moved, TARGETS) - loss(logits - moved, TARGETS)
            torch.testing.assert_close(slope[:, j], rise / (2 * step), rtol=1e-5, atol=1e-7)


def test_losses_do_not_see_a_shift_of_all_logits():
    logits, temperature = random_logits(), torch.ones(7).double()
    for loss in (cross_entropy, negative_margin, lambda z, t: smooth_margin(z, t, temperature)):
        torch.testing.assert_close(loss(logits + 300, TARGETS), loss(logits, TARGETS))


def test_target_margin_is_positive_where_the_label_is_the_target():
    model, x = linear_model(), images()
    for target in range(4):
        targets = torch.full((6,), target)
        found = target_margin(model, x, targets)
        logits = numpy_logits(model, x)
        expected = logits[:, target] - np.delete(logits, target, axis=1).max(1)
        np.testing.assert_allclose(found, expected)
        assert torch.equal(found > 0, predict(model, x) == targets)
        assert not found.requires_grad


def test_logit_range_is_the_largest_logit_less_the_smallest():
    model, x = linear_model(), images()
    np.testing.assert_allclose(logit_range(model, x), np.ptp(numpy_logits(model, x), axis=1))
    assert not logit_range(model, x).requires_grad


def test_equal_logits_have_the_range_one():
    model = linear_model()
    model[1].weight.data[:] = 0
    model[1].bias.data[:] = 7
    assert logit_range(model, images(3)).tolist() == [1, 1, 1]
