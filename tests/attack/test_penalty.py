import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import LinearConstraint, brentq, minimize
from scipy.special import logsumexp
from torch import nn

from helpers import lbfgsb
from helpers.attack import (
    cross_entropy,
    minimal_adversarial,
    penalised_adversarial,
    random_targets,
    target_margin,
)
from helpers.bounds import exact_linear
from helpers.evaluation import distortion, predict
from helpers.lbfgsb import Result

LOSSES = ["cross_entropy", "margin"]
PIXELS = 16


def linear(weight, bias):
    """Return the softmax model with logits W x + b, in float64."""
    weight = torch.as_tensor(weight).double()
    layer = nn.Linear(weight.shape[1], weight.shape[0]).double()
    layer.load_state_dict({"weight": weight, "bias": torch.as_tensor(bias).double()})
    return nn.Sequential(nn.Flatten(), layer).eval()


def two_classes(bias=(0.3, 0.0), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return linear(torch.randn(2, PIXELS, generator=generator), bias)


def several_classes(classes=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return linear(torch.randn(classes, PIXELS, generator=generator), torch.zeros(classes))


def many_classes(scale=1.0):
    """Return ten classes that compete, with images of 64 pixels."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(10, 64, generator=generator).double()
    return linear(scale * weight, -scale * weight.sum(1) / 2)


def network(seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = nn.Flatten(), nn.Linear(PIXELS, 12), nn.Tanh(), nn.Linear(12, 4)
        model = nn.Sequential(*layers).double().eval()
        for parameter in model.parameters():
            parameter.data *= 3
    return model


def images(count=6, *, low=0.0, high=1.0, side=4, seed=1):
    generator = torch.Generator().manual_seed(seed)
    random = torch.rand(count, 1, side, side, generator=generator).double()
    return low + (high - low) * random


def others(model, inputs):
    """Return the class after the predicted one: a target that no image has yet."""
    return (predict(model, inputs) + 1) % model[-1].out_features


def towards(model, targets):
    """Return what r must do in a two-class model: (w, b) with the target's margin w·x + b."""
    weight, bias = model[1].weight.detach(), model[1].bias.detach()
    return weight[targets] - weight[1 - targets], bias[targets] - bias[1 - targets]


@pytest.mark.parametrize("loss", LOSSES)
def test_away_from_the_box_the_attack_is_the_projection_onto_the_boundary(loss):
    model, x = two_classes(), images(low=0.48, high=0.52)
    targets = others(model, x)
    w, b = towards(model, targets)
    length = w.norm(dim=1)
    distance = -((w * x.flatten(1)).sum(1) + b) / length
    assert (0.5 - (distance / length)[:, None] * w.abs() > 0.02).all()  # the box is inactive
    found = minimal_adversarial(model, x, targets, loss=loss, c_tolerance=1e-4)
    assert found.success.all()
    assert found.converged.all()
    assert torch.equal(predict(model, found.adversarial), targets)
    np.testing.assert_allclose(found.distortion, distance / math.sqrt(PIXELS), rtol=5e-4)
    r = (found.adversarial - x).flatten(1)
    np.testing.assert_allclose(r, (distance / length)[:, None] * w, atol=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
def test_c_is_within_its_tolerance_below_the_largest_that_succeeds(loss):
    model, x = two_classes(), images(low=0.48, high=0.52)
    targets = others(model, x)
    w, b = towards(model, targets)
    margin = (w * x.flatten(1)).sum(1) + b
    # From the stationary point 2 c r = −∇loss on the boundary, where the softmax is 1/2.
    largest = w.square().sum(1) / (-4 if loss == "cross_entropy" else -2) / margin
    found = minimal_adversarial(model, x, targets, loss=loss, c_tolerance=0.02)
    assert (found.c <= largest * (1 + 1e-4)).all()
    assert (found.c >= largest / 1.02 * (1 - 1e-4)).all()


def projection_in_the_box(x, w, b):
    """Return the smallest r with w·(x + r) + b = 0 and x + r in the box: clip(x + t w) − x."""

    def margin(t):
        return np.clip(x + t * w, 0, 1) @ w + b

    return np.clip(x + brentq(margin, 0, 1e3, xtol=1e-14) * w, 0, 1) - x


@pytest.mark.parametrize("loss", LOSSES)
def test_attack_is_exact_where_the_box_is_active(loss):
    model = two_classes()
    x = (images() > 0.5).double() * 0.9 + 0.05
    targets = others(model, x)
    w, b = (part.numpy() for part in towards(model, targets))
    found = minimal_adversarial(model, x, targets, loss=loss, c_tolerance=1e-4)
    assert found.success.all()
    for row in range(len(x)):
        exact = projection_in_the_box(x[row].numpy().ravel(), w[row], b[row])
        assert np.isin(x[row].numpy().ravel() + exact, (0, 1)).any()
        rms = np.sqrt(np.mean(exact**2))
        assert found.distortion[row].item() == pytest.approx(rms, rel=1e-3)
        np.testing.assert_allclose((found.adversarial - x)[row].ravel(), exact, atol=1e-3)


def closest(image, constraint):
    """Return the smallest distortion of an image in the box that meets a constraint, by SLSQP."""
    found = minimize(
        lambda y: (np.sum((y - image) ** 2), 2 * (y - image)),
        image,
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * PIXELS,
        constraints=constraint,
        options={"ftol": 1e-12, "maxiter": 500},
    )
    assert found.success
    return math.sqrt(found.fun / PIXELS)


@pytest.mark.parametrize("loss", LOSSES)
def test_no_success_is_closer_than_the_exact_minimum(loss):
    model, x = several_classes(), images(3)
    targets = others(model, x)
    found = minimal_adversarial(model, x, targets, loss=loss)
    assert found.success.all()
    weight = model[1].weight.detach().numpy()
    for row, target in enumerate(targets.tolist()):
        rivals = np.delete(weight, target, axis=0)
        constraint = LinearConstraint(weight[target] - rivals, lb=0)  # the biases are zero
        exact = closest(x[row].numpy().ravel(), constraint)
        assert found.distortion[row].item() >= exact * (1 - 1e-6)


@pytest.mark.parametrize(
    ("scale", "dtype"), [(0.03, torch.float64), (1.0, torch.float32), (30.0, torch.float64)]
)
def test_margin_loss_is_near_exact_at_any_scale_of_the_logits(scale, dtype):
    model, x = many_classes(scale).to(dtype), images(3, side=8).to(dtype)
    targets = others(model, x)
    exact = exact_linear(model, x, targets)
    found = minimal_adversarial(model, x, targets, loss="margin")
    assert exact.converged.all()
    assert found.success.all()
    ratio = found.distortion / exact.distortion
    assert ratio.min() >= 1 - 1e-6
    assert ratio.mean() < 1.015
    assert ratio.max() < 1.05


def test_cross_entropy_is_near_exact_only_where_the_logits_are_large():
    x = images(3, side=8)
    targets = others(many_classes(), x)
    ratios = []
    for scale in (0.1, 1.0, 10.0):
        model = many_classes(scale)
        exact = exact_linear(model, x, targets)
        found = minimal_adversarial(model, x, targets)
        assert found.success.all()
        ratios.append((found.distortion / exact.distortion).mean().item())
    assert ratios[0] > 1.05
    assert ratios[0] > ratios[1] > ratios[2]
    assert ratios[2] < 1.015


def test_margin_loss_has_no_trouble_with_equal_logits():
    model, x = linear(torch.eye(4, PIXELS), torch.zeros(4)), torch.zeros(2, 1, 4, 4).double()
    found = minimal_adversarial(model, x, torch.tensor([1, 2]), loss="margin")
    assert found.success.all()
    assert (found.distortion < 1e-3).all()


def test_penalty_is_exact_for_the_cross_entropy_reached():
    model, x = several_classes(), images(3)
    targets = others(model, x)
    found = minimal_adversarial(model, x, targets)
    weight = model[1].weight.detach().numpy()
    reached = cross_entropy(model(found.adversarial), targets).tolist()
    for row, target in enumerate(targets.tolist()):

        def slack(y, target=target, reached=reached[row]):
            return reached - logsumexp(weight @ y) + weight[target] @ y

        exact = closest(x[row].numpy().ravel(), {"type": "ineq", "fun": slack})
        assert found.distortion[row].item() == pytest.approx(exact, rel=1e-3)


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


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_what_is_reported_is_true_of_the_images(dtype):
    model, x = network().to(dtype), images(4).to(dtype)
    targets = others(model, x)
    found = minimal_adversarial(model, x, targets)
    assert found.success.all()
    assert torch.equal(predict(model, found.adversarial), targets)
    rms = (found.adversarial - x).numpy().reshape(4, -1)
    np.testing.assert_allclose(found.distortion, np.sqrt(np.mean(rms**2, axis=1)), rtol=1e-5)
    assert torch.equal(found.targets, targets)
    assert found.adversarial.dtype == dtype
    assert (found.iterations > 0).all()
    assert (found.evaluations >= found.iterations).all()


def test_attack_leaves_the_images_and_the_model_alone():
    model, x = network(), images()
    before, weights = x.clone(), [p.clone() for p in model.parameters()]
    minimal_adversarial(model, x, others(model, x))
    assert torch.equal(x, before)
    for parameter, weight in zip(model.parameters(), weights, strict=True):
        assert parameter.grad is None
        assert torch.equal(parameter, weight)


def test_images_are_attacked_independently():
    model, x = network(), images(3)
    targets = others(model, x)
    together = minimal_adversarial(model, x, targets)
    for row in range(len(x)):
        alone = minimal_adversarial(model, x[row : row + 1], targets[row : row + 1])
        torch.testing.assert_close(
            alone.distortion[0], together.distortion[row], rtol=1e-4, atol=1e-7
        )


def test_image_that_has_the_target_already_is_not_touched():
    model, x = several_classes(), images()
    targets = predict(model, x)
    targets[3:] = (targets[3:] + 1) % 4
    found = minimal_adversarial(model, x, targets)
    assert found.success.all()
    assert torch.equal(found.adversarial[:3], x[:3])
    assert found.distortion[:3].tolist() == [0] * 3
    assert found.c[:3].tolist() == [math.inf] * 3
    assert found.converged[:3].all()
    assert found.iterations[:3].tolist() == found.evaluations[:3].tolist() == [0] * 3
    assert (found.distortion[3:] > 0).all()
    assert found.c[3:].isfinite().all()


def test_batch_that_has_its_targets_already_needs_no_solver():
    def solver(*arguments, **options):
        raise AssertionError("nothing is left to minimise")

    model, x = several_classes(), images()
    found = minimal_adversarial(model, x, predict(model, x), solver=solver)
    assert torch.equal(found.adversarial, x)


@pytest.mark.parametrize("loss", LOSSES)
def test_unreachable_target_fails_with_the_best_attempt(loss):
    model, x = two_classes(bias=(0, -1e3)), images()
    targets = torch.ones(6, dtype=torch.long)
    w, b = towards(model, targets)
    corner = (w > 0).double()  # no image in the box has a larger margin
    largest = (w * corner).sum(1) + b
    found = minimal_adversarial(model, x, targets, loss=loss)
    clean, reached = (
        target_margin(model, x, targets),
        target_margin(model, found.adversarial, targets),
    )
    assert not found.success.any()
    assert (found.distortion > 0).all()
    assert (largest < -900).all()
    assert (reached <= largest + 1e-9).all()
    assert (largest - reached <= 1e-3 * (largest - clean)).all()
    assert found.c.isfinite().all()
    torch.testing.assert_close(found.distortion, distortion(x, found.adversarial))


def test_one_unreachable_target_does_not_disturb_the_others():
    weight = several_classes().get_submodule("1").weight.detach()
    model, x = linear(weight, [0, 0, 0, -1e3]), images()
    targets = others(several_classes(3), x) % 3
    targets = torch.where(predict(model, x) == targets, (targets + 1) % 3, targets)
    expected = minimal_adversarial(model, x, targets)
    mixed = targets.clone()
    mixed[2] = 3
    found = minimal_adversarial(model, x, mixed)
    assert found.success.tolist() == [True, True, False, True, True, True]
    rest = torch.tensor([0, 1, 3, 4, 5])
    torch.testing.assert_close(found.distortion[rest], expected.distortion[rest])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_image_without_finite_logits_fails_alone():
    class Fragile(nn.Module):
        def forward(self, x):
            return torch.where(x.flatten(1)[:, :1] == 0, torch.nan, sound(x))

    sound, x = several_classes(), images(3)
    x[1] = 0
    targets = others(sound, x)
    fragile = nn.Sequential(Fragile()).eval()
    found = minimal_adversarial(fragile, x, targets)
    assert found.success.tolist() == [True, False, True]
    assert not found.converged[1]


def scripted(*pixels):
    """Return a solver that gives these values for the one pixel, one a call."""
    answers = iter(pixels)

    def solver(fun, x0, lower, upper, *, max_iterations):
        ones = torch.ones(len(x0), dtype=torch.long)
        x = torch.full_like(x0, next(answers))
        return Result(x, x.sum(1), ones.bool(), 2 * ones, 3 * ones)

    return solver


def test_record_of_a_chunk_that_ran_out_of_memory_is_kept_once():
    model, x = network(), images(4)
    targets, calls, record = others(model, x), [], []

    def solver(*arguments, **options):
        calls.append(len(arguments[1]))
        if len(calls) == 3:
            raise torch.cuda.OutOfMemoryError("no room")
        return lbfgsb.minimize(*arguments, **options)

    found = minimal_adversarial(model, x, targets, solver=solver, record=record)
    rows = torch.cat([one.rows for one in record])
    assert torch.equal(rows.bincount(minlength=4), found.evaluations)


def test_cross_entropy_needs_no_range_of_the_logits(monkeypatch):
    monkeypatch.setattr(
        "helpers.attack.losses.logit_range", lambda *arguments: pytest.fail("it was computed")
    )
    model, x = network(), images(2)
    penalised_adversarial(model, x, others(model, x), 1.0)


THRESHOLD = linear([[0.0], [1.0]], [0.0, -0.5])  # label 1 above one half


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_record_keeps_every_evaluation_and_changes_nothing(dtype):
    model, x = network().to(dtype), images(3).to(dtype)
    targets = others(model, x)
    targets[0] = predict(model, x)[0]  # nothing to do, so that rows and their numbers differ
    record = []
    found = minimal_adversarial(model, x, targets, record=record)
    plain = minimal_adversarial(model, x, targets)
    assert torch.equal(found.adversarial, plain.adversarial)
    rows, c, points, values = (
        torch.cat([getattr(one, name) for one in record])
        for name in ("rows", "c", "points", "values")
    )
    assert torch.equal(rows.bincount(minlength=3), found.evaluations)
    r = (points - x[rows]).flatten(1)
    expected = c * r.square().sum(1) + cross_entropy(model(points), targets[rows]).detach()
    torch.testing.assert_close(values, expected)
    assert all(one.points.shape == (len(one.rows), *x.shape[1:]) for one in record)
    for row in (1, 2):
        here = (rows == row).nonzero().squeeze(1)
        at_best_c = here[c[here] == found.c[row]]
        misses = (points[at_best_c] - found.adversarial[row]).abs().flatten(1).amax(1)
        assert misses.min() <= 1e-6
        assert len(c[here].unique()) > 3
        assert torch.equal(points[here[0]], x[row])


def test_record_of_one_c():
    model, x = network(), images(2)
    targets = others(model, x)
    record = []
    found = penalised_adversarial(model, x, targets, torch.tensor([0.1, 1.0]), record=record)
    rows = torch.cat([one.rows for one in record])
    assert torch.equal(rows.bincount(), found.evaluations)
    for one in record:
        assert torch.equal(one.c, torch.tensor([0.1, 1.0]).double()[one.rows])


def test_best_success_is_kept_when_later_ones_are_worse():
    x, target = torch.tensor([[0.2]]).double(), torch.tensor([1])
    path = (0.9, 0.4, 0.7, 0.8, 0.45)
    found = minimal_adversarial(THRESHOLD, x, target, solver=scripted(*path), max_searches=5)
    assert found.success.item()
    assert found.adversarial.item() == pytest.approx(0.7)
    assert found.distortion.item() == pytest.approx(0.5)
    assert 1 < found.c.item() < 10
    assert (found.iterations.item(), found.evaluations.item()) == (10, 15)


def test_success_is_kept_over_a_closer_failure():
    x, target = torch.tensor([[0.2]]).double(), torch.tensor([1])
    solver = scripted(0.4, 0.9, 0.3, 0.45)
    found = minimal_adversarial(THRESHOLD, x, target, solver=solver, max_searches=4)
    assert found.success.item()
    assert found.adversarial.item() == pytest.approx(0.9)
    assert found.c.item() == pytest.approx(0.1)


def test_best_attempt_is_the_one_with_the_largest_margin():
    x, target = torch.tensor([[0.2]]).double(), torch.tensor([1])
    solver = scripted(0.3, 0.45, 0.1, 0.25)
    found = minimal_adversarial(THRESHOLD, x, target, solver=solver, max_searches=4)
    assert not found.success.item()
    assert found.adversarial.item() == pytest.approx(0.45)
    assert found.distortion.item() == pytest.approx(0.25)
    assert found.c.item() == pytest.approx(0.1)


def penalised(*arguments, **options):
    return penalised_adversarial(*arguments, 1.0, **options)


@pytest.mark.parametrize("loss", LOSSES)
def test_failure_that_nothing_improved_has_no_c(loss):
    constant, x = linear(torch.zeros(2, PIXELS), [0.0, -1.0]), images(2)
    found = minimal_adversarial(constant, x, torch.tensor([1, 0]), loss=loss)
    assert found.success.tolist() == [False, True]
    assert torch.equal(found.adversarial, x)
    assert math.isnan(found.c[0])
    assert found.c[1] == math.inf


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


@pytest.mark.parametrize("classes", [2, 10])
def test_random_targets_are_uniform_over_the_wrong_labels(classes):
    labels = torch.arange(classes).repeat_interleave(1000)
    targets = random_targets(labels, classes=classes, generator=torch.Generator().manual_seed(0))
    assert targets.dtype == torch.int64
    counts = torch.zeros(classes, classes)
    counts.index_put_((labels, targets), torch.ones(()), accumulate=True)
    assert counts.diagonal().tolist() == [0] * classes
    wrong = counts[~torch.eye(classes, dtype=torch.bool)]
    expected = 1000 / (classes - 1)
    chi_squared = (wrong - expected).square().sum() / expected
    assert chi_squared < 127 * (classes == 10) + 1e-9  # 80 degrees of freedom, p = 0.0006


def test_random_targets_follow_the_generator():
    labels = torch.zeros(50, dtype=torch.long)
    first, again, other = (
        random_targets(labels, generator=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.gpu
@pytest.mark.parametrize("loss", LOSSES)
def test_attack_gives_the_same_on_the_gpu(loss):
    x, model = images(), network()
    targets = others(model, x)
    expected = minimal_adversarial(model, x, targets, loss=loss)
    found = minimal_adversarial(model.cuda(), x.cuda(), targets.cuda(), loss=loss)
    assert all(tensor.is_cuda for tensor in vars(found).values())
    assert torch.equal(found.success.cpu(), expected.success)
    torch.testing.assert_close(found.distortion.cpu(), expected.distortion, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(found.adversarial.cpu(), expected.adversarial, rtol=0, atol=1e-2)


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


def test_batch_size_must_be_positive():
    model, x = network(), images(2)
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        minimal_adversarial(model, x, others(model, x), batch_size=0)


def test_batches_change_nothing():
    model, x = network(), images(5)
    targets = others(model, x)
    whole, record = minimal_adversarial(model, x, targets), []
    parts = minimal_adversarial(model, x, targets, batch_size=2, record=record)
    torch.testing.assert_close(parts.adversarial, whole.adversarial, rtol=0, atol=1e-8)
    assert torch.equal(parts.success, whole.success)
    rows = torch.cat([one.rows for one in record])
    assert torch.equal(rows.bincount(minlength=5), parts.evaluations)
