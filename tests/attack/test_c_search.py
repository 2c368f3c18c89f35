"""The search over c by itself, and the attack it makes against exact answers."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import LinearConstraint, brentq, minimize
from scipy.special import logsumexp
from torch import nn

from helpers import lbfgsb
from helpers.attack import Adversarial, cross_entropy, minimal_adversarial, target_margin
from helpers.attack.c_search import C_STEP, FIRST_C, LARGEST_C, SMALLEST_C, Search
from helpers.bounds import exact_linear
from helpers.evaluation import distortion, predict
from helpers.lbfgsb import Result

from ..examples import generator, linear, others
from .examples import PIXELS, images, network, several_classes, towards, two_classes

LOSSES = ["cross_entropy", "margin"]


def start(*margins):
    margin = torch.tensor(margins).double()
    return Search.start(torch.full((len(margin), 1), 0.5).double(), margin)


def tried(search, rows, c, margin, *, pixel=0.6, converged=True):
    """Tell the search what a minimisation at c found: an image of this pixel with this margin."""
    ones = torch.ones_like(rows)
    pixels = torch.full_like(search.best_margin[rows], pixel)
    c, margin = c.to(pixels), margin.to(pixels)
    found = Adversarial(
        adversarial=pixels[:, None],
        targets=ones,
        success=margin > 0,
        distortion=(pixels - 0.5).abs(),
        c=c,
        converged=ones.bool() & converged,
        iterations=2 * ones,
        evaluations=3 * ones,
    )
    search.update(rows, found, margin)


def run(search, margin_at, tolerance=0.01, limit=60):
    """Search with margin_at(c, rows) until no row is left; return how often c was tried."""
    for count in range(limit):
        rows = search.unfinished(tolerance)
        if len(rows) == 0:
            return count
        c = search.next_c(rows)
        tried(search, rows, c, margin_at(c, rows))
    raise AssertionError("the search did not end")


def test_images_that_have_the_target_are_finished_from_the_start():
    search = start(0.3, -1.0, 0.0, math.nan)
    assert search.unfinished(0.01).tolist() == [1, 2, 3]
    assert search.best_c[0] == math.inf
    assert search.best_c[1:].isnan().all()
    assert search.converged.tolist() == [True, False, False, False]
    assert search.iterations.tolist() == search.evaluations.tolist() == [0] * 4


@pytest.mark.parametrize("slope", [0.02, 1.0, 40.0])
def test_search_ends_with_the_largest_c_in_its_bracket(slope):
    roots = torch.tensor([3e-6, 0.04, 1.0, 7.7, 5e5]).double()

    def margin_at(c, rows):
        return -slope * (c / roots[rows]).log() + 1e-3 * slope

    search = start(*[-1.0] * 5)
    assert run(search, margin_at) <= 15
    largest = roots * math.exp(1e-3)
    assert (search.success_c <= largest).all()
    assert (search.failure_c >= largest).all()
    assert (search.failure_c <= search.success_c * 1.01).all()


@pytest.mark.parametrize("steepness", [1e-3, 1e3])
def test_margin_that_jumps_or_bends_only_takes_longer(steepness):
    root = 0.0123

    def margin_at(c, rows):
        distance = (c / root).log()
        return torch.where(distance > 0, -1.0, -steepness * distance + 1e-9)

    search = start(-1.0)
    assert run(search, margin_at) <= 25
    assert search.success_c.item() <= root <= search.failure_c.item()


def test_c_goes_by_tens_until_there_is_a_bracket():
    search, rows = start(-1.0, -1.0), torch.arange(2)
    assert search.next_c(rows).tolist() == [FIRST_C] * 2
    tried(search, rows, torch.full((2,), FIRST_C).double(), torch.tensor([1.0, -1.0]).double())
    assert search.next_c(rows).tolist() == [FIRST_C * C_STEP, FIRST_C / C_STEP]


def bracketed(margin_low, margin_high):
    search, row = start(-1.0), torch.tensor([0])
    for c, margin in ((1.0, margin_low), (100.0, margin_high)):
        tried(search, row, torch.tensor([c]).double(), torch.tensor([margin]).double())
    return search


@pytest.mark.parametrize(
    ("margins", "share"),
    [((1.0, -1.0), 0.5), ((1.0, -3.0), 0.25), ((1e9, -1.0), 0.9), ((1.0, -1e9), 0.1)],
)
def test_within_a_bracket_c_is_the_root_in_log_c_and_then_the_middle(margins, share):
    search, row = bracketed(*margins), torch.tensor([0])
    assert search.next_c(row).item() == pytest.approx(100**share)
    assert search.next_c(row).item() == pytest.approx(10)
    assert search.next_c(row).item() == pytest.approx(100**share)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_search_gives_up_where_no_c_fails_or_succeeds(dtype):
    search = Search.start(torch.zeros(2, 1, dtype=dtype), torch.full((2,), -1, dtype=dtype))
    assert run(search, lambda c, rows: torch.where(rows == 0, -1.0, 1.0)) == 9  # 1 to 1e±8
    assert search.success_c[0] == 0
    assert search.failure_c[0].item() == pytest.approx(SMALLEST_C)
    assert search.success_c[1].item() == pytest.approx(LARGEST_C)
    assert search.failure_c[1] == math.inf


def test_margins_that_are_not_numbers_are_failures():
    search = start(-1.0)
    run(search, lambda c, rows: torch.full_like(c, math.nan))
    assert search.best_c.isnan().all()
    assert torch.equal(search.best, search.inputs)


def test_closest_success_is_kept_and_before_it_the_largest_margin():
    search, row = start(-1.0), torch.tensor([0])
    path = [  # c, margin, pixel: what is best then
        (1.0, -2.0, 0.7, 0.5),
        (0.1, -0.5, 0.9, 0.9),
        (0.2, -0.7, 0.6, 0.9),
        (0.01, 0.3, 1.0, 1.0),
        (0.02, 0.4, 0.8, 0.8),
        (0.03, 0.9, 0.9, 0.8),
        (0.04, -0.1, 0.55, 0.8),
    ]
    for c, margin, pixel, best in path:
        at = torch.tensor([c], dtype=torch.double), torch.tensor([margin])
        tried(search, row, *at, pixel=pixel, converged=pixel == best)
        assert search.best.item() == best
    assert search.best_c.item() == 0.02
    assert search.converged.item()
    assert search.iterations.item() == 2 * len(path)
    assert search.evaluations.item() == 3 * len(path)


def test_only_the_rows_that_were_tried_change():
    search = start(-1.0, -1.0, -1.0)
    tried(search, torch.tensor([2, 0]), torch.tensor([1.0, 2.0]), torch.tensor([0.5, -0.5]))
    assert search.success_c.tolist() == [0, 0, 1]
    assert search.failure_c.tolist() == [2, math.inf, math.inf]
    assert search.iterations.tolist() == [2, 0, 2]
    assert search.best.flatten().tolist() == [0.6, 0.5, 0.6]


def many_classes(scale=1.0):
    """Return ten classes that compete, with images of 64 pixels."""
    weight = torch.randn(10, 64, generator=generator()).double()
    return linear(scale * weight, -scale * weight.sum(1) / 2)


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
        options={"ftol": 1e-10, "maxiter": 500},
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


@pytest.mark.parametrize("loss", LOSSES)
def test_failure_that_nothing_improved_has_no_c(loss):
    constant, x = linear(torch.zeros(2, PIXELS), [0.0, -1.0]), images(2)
    found = minimal_adversarial(constant, x, torch.tensor([1, 0]), loss=loss)
    assert found.success.tolist() == [False, True]
    assert torch.equal(found.adversarial, x)
    assert math.isnan(found.c[0])
    assert found.c[1] == math.inf


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


def test_logits_that_are_all_the_same_are_no_success():
    model, x = network(), images()
    for parameter in model.parameters():
        parameter.data.zero_()
    found = minimal_adversarial(model, x, torch.ones(len(x), dtype=torch.long), max_searches=3)
    assert not found.success.any()


def test_search_that_never_ends_is_given_up_after_thirty_c():
    calls = []

    def solver(*arguments, **options):
        calls.append(len(arguments[1]))
        return lbfgsb.minimize(*arguments, **options)

    x = torch.full((1, 1), 0.2, dtype=torch.double)
    found = minimal_adversarial(THRESHOLD, x, torch.tensor([1]), c_tolerance=0, solver=solver)
    assert len(calls) == 30
    assert found.success.all()


def test_bracket_is_narrowed_to_half_a_per_cent_unless_said():
    model, x = two_classes(), images(low=0.48, high=0.52)
    targets = others(model, x)
    found, half, whole = (
        minimal_adversarial(model, x, targets, **options)
        for options in ({}, {"c_tolerance": 0.005}, {"c_tolerance": 0.01})
    )
    assert torch.equal(found.c, half.c)
    assert not torch.equal(found.c, whole.c)
