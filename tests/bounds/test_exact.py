"""The exact distance of softmax models, against other solvers of the same problem."""

import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy.optimize import LinearConstraint, minimize
from torch import nn

from helpers.attack import minimal_adversarial, target_margin
from helpers.bounds import exact, exact_linear
from helpers.evaluation import distortion, predict

from ..examples import generator, linear, others
from .examples import PIXELS, images, random_model


def half_spaces(model, target):
    """Return A and d with A x' + d ≤ 0 where the target wins, in NumPy."""
    weight, bias = model[-1].weight.detach().numpy(), model[-1].bias.detach().numpy()
    a, d = weight - weight[target], bias - bias[target]
    return np.delete(a, target, axis=0), np.delete(d, target)


def slsqp(x, a, d):
    found = minimize(
        lambda y: (np.sum((y - x) ** 2), 2 * (y - x)),
        x,
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * len(x),
        constraints=LinearConstraint(a, ub=-d),
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    assert found.success
    return found.x


def dykstra(x, a, d, rounds=2000):
    """Project x onto half-spaces and the box by Dykstra's alternating projections."""
    y, corrections = x.copy(), np.zeros((len(a) + 1, len(x)))
    for _ in range(rounds):
        for j in range(len(a) + 1):
            z = y + corrections[j]
            if j < len(a):
                y = z - max(a[j] @ z + d[j], 0) / (a[j] @ a[j]) * a[j]
            else:
                y = np.clip(z, 0, 1)
            corrections[j] = z - y
    return y


@pytest.mark.parametrize("classes", [2, 3, 5, 10])
def test_projection_is_that_of_an_independent_qp_solver(classes):
    model, x = random_model(classes, seed=classes), images()
    targets = others(model, x)
    found = exact_linear(model, x, targets)
    assert found.converged.all()
    for row, target in enumerate(targets.tolist()):
        expected = slsqp(x[row].numpy().ravel(), *half_spaces(model, target))
        np.testing.assert_allclose(found.adversarial[row].ravel(), expected, atol=1e-6)
    on_box = (found.adversarial == 0) | (found.adversarial == 1)
    assert (on_box & (found.adversarial != x)).any()


def test_projection_of_large_images_is_that_of_alternating_projections():
    model, x = random_model(10, 784), images(2, side=28)
    targets = others(model, x)
    found = exact_linear(model, x, targets)
    assert found.converged.all()
    for row, target in enumerate(targets.tolist()):
        expected = dykstra(x[row].numpy().ravel(), *half_spaces(model, target))
        np.testing.assert_allclose(found.adversarial[row].ravel(), expected, atol=1e-6)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_solution_meets_the_kkt_conditions(scale):
    model, x = random_model(10, 784), images(50, side=28)
    for parameter in model.parameters():
        parameter.data *= scale
    targets = others(model, x)
    found = exact_linear(model, x, targets)
    assert found.converged.all()
    assert found.adversarial.min() >= 0
    assert found.adversarial.max() <= 1
    several = 0
    for row, target in enumerate(targets.tolist()):
        a, d = half_spaces(model, target)
        y = found.adversarial[row].numpy().ravel()
        slack = a @ y + d
        length = np.linalg.norm(a, axis=1)
        assert (slack <= 1e-7 * length).all()
        tied, free = slack > -1e-6 * length, (y > 0) & (y < 1)
        r = y - x[row].numpy().ravel()
        # Stationarity: r = −Σ_j μ_j a_j on the free pixels, and clipped from it on the others.
        mu, *_ = np.linalg.lstsq(-a[tied][:, free].T, r[free], rcond=None)
        several += tied.sum() > 1
        assert (mu * length[tied] >= -1e-6).all()
        np.testing.assert_allclose(y, np.clip(y - r - mu @ a[tied], 0, 1), atol=1e-6)
    assert several > 10


def test_two_classes_have_a_closed_form_away_from_the_box():
    weight = 0.1 * torch.randn(2, PIXELS, generator=torch.Generator().manual_seed(0)).double()
    model, x = linear(weight, [0.02, 0.0]), 0.4 + 0.2 * images()
    targets = others(model, x)
    found = exact_linear(model, x, targets)
    w = weight[targets] - weight[1 - targets]
    margin = target_margin(model, x, targets)
    expected = -margin[:, None] / w.square().sum(1, keepdim=True) * w
    assert ((x.flatten(1) + expected - 0.5).abs() < 0.5).all()  # the box is inactive
    torch.testing.assert_close((found.adversarial - x).flatten(1), expected)
    torch.testing.assert_close(found.distortion, -margin / w.norm(dim=1) / math.sqrt(PIXELS))


def test_two_classes_in_the_box_meet_the_boundary_at_a_clipped_step():
    model, x = linear([[0.0, 0.0], [1.0, 3.0]], [0.0, -3.6]), torch.tensor([[0.2, 0.8]]).double()
    found = exact_linear(model, x, torch.tensor([1]))
    np.testing.assert_allclose(found.adversarial, [[0.6, 1.0]], atol=1e-8)
    assert found.distortion.item() == pytest.approx(math.sqrt((0.4**2 + 0.2**2) / 2))


def test_infimum_lies_where_the_largest_logits_are_tied():
    model, x = random_model(), images()
    targets = others(model, x)
    found = exact_linear(model, x, targets)
    margin = target_margin(model, found.adversarial, targets)
    assert margin.abs().max() < 1e-7
    torch.testing.assert_close(found.violation, (-margin).clamp_min(0), atol=1e-12, rtol=0)


def test_gap_closes_on_convergence_and_bounds_from_below_before():
    model, x = random_model(10), images(40)
    targets = others(model, x)
    exact = exact_linear(model, x, targets)
    assert exact.converged.all()
    assert exact.gap.abs().max() <= 1e-9
    early = exact_linear(model, x, targets, max_iterations=2)
    assert early.iterations.max() == 2
    assert not early.converged.all()
    assert (early.distortion - early.gap <= exact.distortion + 1e-9).all()
    assert (early.gap[~early.converged].abs() > 1e-9).any()


@pytest.mark.parametrize("tolerance", [1e-9, 0])
def test_image_that_has_the_target_already_needs_nothing(tolerance):
    model, x = random_model(), images()
    found = exact_linear(model, x, predict(model, x), tolerance=tolerance)
    assert found.converged.all()
    assert torch.equal(found.adversarial, x)
    for zero in (found.distortion, found.gap, found.violation, found.iterations):
        assert zero.tolist() == [0] * len(x)


@pytest.mark.parametrize("bias", [-30.0, -1e4])
def test_unreachable_target_is_proved_to_be_so_and_disturbs_no_other(bias):
    model, x = random_model(), images()
    targets = others(model, x) % 4
    expected = exact_linear(model, x, targets)
    model[1].bias.data[4] += bias
    mixed = targets.clone()
    mixed[2] = 4
    a, d = half_spaces(model, 4)
    assert (np.minimum(a, 0).sum(1) + d).max() > 0  # one rival cannot be reached in the box
    found = exact_linear(model, x, mixed)
    assert found.converged.tolist() == [row != 2 for row in range(len(x))]
    assert found.distortion[2] == math.inf
    assert found.violation[2] > 0
    assert found.adversarial[2].min() >= 0
    assert found.adversarial[2].max() <= 1
    rest = torch.arange(len(x)) != 2
    assert (found.distortion[rest] <= expected.distortion[rest] + 1e-9).all()


def test_target_that_only_a_pair_of_rivals_excludes_is_unreachable():
    # Label 2 beats label 0 only above 0.6 and label 1 only below 0.4.
    model = linear([[-1.0], [1.0], [0.0]], [0.6, -0.4, 0.0])
    found = exact_linear(model, torch.tensor([[0.1], [0.5]]).double(), torch.tensor([2, 2]))
    assert not found.converged.any()
    assert found.distortion.tolist() == [math.inf] * 2


def test_target_that_only_the_farthest_corner_reaches_is_reached():
    model = linear([[0.0, 0.0], [1.0, 1.0]], [0.0, -2.0])
    found = exact_linear(model, torch.zeros(1, 2).double(), torch.tensor([1]))
    assert found.converged.item()
    assert found.distortion.item() == pytest.approx(1)


def test_constant_model_has_its_label_everywhere_and_no_other():
    model, x = linear(torch.zeros(2, PIXELS), [0.0, -1.0]), images(2)
    found = exact_linear(model, x, torch.tensor([0, 1]))
    assert found.converged.tolist() == [True, False]
    assert found.distortion.tolist() == [0, math.inf]


def test_classes_with_equal_weights_are_no_obstacle():
    weight = torch.randn(3, PIXELS, generator=torch.Generator().manual_seed(0)).double()
    once, x = linear(weight, [0.0, 0.0, -0.5]), images()
    twice = linear(weight[[0, 0, 1, 2, 2]], [0.0, 0.0, 0.0, -0.5, -0.5])
    targets = others(once, x)
    expected = exact_linear(once, x, targets)
    found = exact_linear(twice, x, torch.tensor([0, 2, 3])[targets])
    assert expected.converged.all()
    assert found.converged.all()
    torch.testing.assert_close(found.distortion, expected.distortion, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("loss", ["cross_entropy", "margin"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_no_attack_is_closer(loss, dtype):
    model, x = random_model(10).to(dtype), images(3).to(dtype)
    targets = others(model, x)
    exact = exact_linear(model, x, targets)
    found = minimal_adversarial(model, x, targets, loss=loss)
    assert found.success.all()
    assert (found.distortion >= exact.distortion * (1 - 1e-6)).all()


def test_result_is_in_float64_and_in_the_shape_of_the_images():
    model, x = random_model().float(), images().float()
    targets = others(model, x)
    found = exact_linear(model, x, targets)
    assert found.adversarial.shape == x.shape
    assert found.adversarial.dtype == found.distortion.dtype == torch.float64
    assert torch.equal(found.targets, targets)
    torch.testing.assert_close(found.distortion, distortion(x.double(), found.adversarial))
    assert x.dtype == model[1].weight.dtype == torch.float32
    assert not any(value.requires_grad for value in vars(found).values())
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.distortion = None


def test_batches_change_nothing():
    model, x = random_model(), images()
    targets = others(model, x)
    whole, parts = (exact_linear(model, x, targets, batch_size=size) for size in (8, 3))
    for first, second in zip(vars(whole).values(), vars(parts).values(), strict=True):
        torch.testing.assert_close(second, first, rtol=0, atol=1e-12)
    nothing = exact_linear(model, x[:0], targets[:0])
    assert nothing.adversarial.shape == (0, 1, 4, 4)
    assert nothing.converged.shape == nothing.distortion.shape == (0,)


def test_layer_alone_and_layer_without_bias_are_softmax_models():
    model, x = random_model(), images()
    targets = others(model, x)
    expected = exact_linear(model, x, targets).distortion
    alone = exact_linear(model[1:], x.flatten(1), targets).distortion
    assert torch.equal(alone, expected)
    model[1].bias.data.zero_()
    expected = exact_linear(model, x, targets).distortion
    model[1].bias = None
    assert torch.equal(exact_linear(model, x, targets).distortion, expected)


@pytest.mark.parametrize(
    ("layers", "kinds"),
    [
        ([nn.Flatten(), nn.Linear(16, 8), nn.Sigmoid(), nn.Linear(8, 4)], "Flatten, Linear, Sigm"),
        ([nn.Linear(16, 4), nn.Softmax(1)], "Linear, Softmax"),
        ([nn.Conv2d(1, 4, 4), nn.Flatten()], "Conv2d, Flatten"),
        ([], "no layers"),
    ],
)
def test_other_models_are_refused_by_what_they_are(layers, kinds):
    with pytest.raises(ValueError, match=rf"must be a softmax model.*got {kinds}"):
        exact_linear(nn.Sequential(*layers), images(), torch.zeros(8).long())


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (images(2), torch.tensor([1]), r"targets must be int64 of shape \(2,\)"),
        (images(2), torch.tensor([1.0, 2.0]), r"targets must be int64 .*got torch.float32"),
        (images(2), torch.tensor([1, 5]), r"labels from 0 to 4; got values from 1 to 5"),
        (images(2) * 2, torch.tensor([1, 2]), r"in \[0, 1\]; got values from 0 to 2"),
        (images(2) * math.nan, torch.tensor([1, 2]), r"in \[0, 1\]"),
        (images(2, side=5), torch.tensor([1, 2]), "inputs must have 16 values.*got 25"),
    ],
)
def test_bad_images_and_targets_are_refused(inputs, targets, message):
    with pytest.raises(ValueError, match=message):
        exact_linear(random_model(), inputs, targets)


@pytest.mark.gpu
def test_exact_distance_is_the_same_on_the_gpu():
    model, x = random_model(10, 784), images(20, side=28)
    targets = others(model, x)
    expected = exact_linear(model, x, targets)
    found = exact_linear(model.cuda(), x.cuda(), targets.cuda())
    assert all(tensor.is_cuda for tensor in vars(found).values())
    assert found.converged.all()
    torch.testing.assert_close(found.distortion.cpu(), expected.distortion, rtol=0, atol=1e-8)


def test_farthest_image_is_a_corner_of_the_box():
    x = torch.rand(5, 3, generator=generator()).double()
    corners = torch.cartesian_prod(*[torch.tensor([0.0, 1.0]).double()] * 3)
    farthest = (corners - x[:, None]).square().mean(2).amax(1).sqrt()
    reach = exact._reach(x)
    assert (reach >= farthest).all()
    torch.testing.assert_close(reach, farthest, rtol=1e-8, atol=0)
