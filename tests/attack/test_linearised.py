import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.special import logsumexp
from torch import nn

from helpers.attack import closest_adversarial, linearised, minimal_adversarial, target_margin
from helpers.bounds import exact_linear
from helpers.evaluation import distortion, predict

from ..examples import linear, others

NEAR = 0.1  # the share of ‖r‖ that the docstring promises where an image has converged
TEMPERATURE = 0.005  # the last τ, as a share of an image's scale of margins


def softmax(classes=10, *, pixels=64, scale=1.0, seed=0):
    """Return a softmax model whose classes compete at images of uniform pixels."""
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(classes, pixels, generator=generator).double()
    return linear(scale * weight, -scale * weight.sum(1) / 2)


def network(*widths, between=nn.Sigmoid, gain=8.0, seed=0):
    """Return a random network; centred, so that no class has all the images."""
    layers = [nn.Flatten()]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for fan_in, fan_out in pairwise(widths):
            layers += [nn.Linear(fan_in, fan_out), between()]
    model = nn.Sequential(*layers[:-1]).double().eval()
    for layer in model[1::2]:
        layer.weight.data *= gain
        layer.bias.data = -layer.weight.data.sum(1) / 2
    return model


def sigmoid(seed=1):
    return network(64, 30, 30, 10, seed=seed)


def relu(seed=0):
    return network(16, 20, 20, 4, between=nn.ReLU, gain=3.0, seed=seed)


def images(count=8, *, side=8, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 1, side, side, generator=generator).double()


def project(x, w, b, lower, upper):
    """Return the smallest r with w·(x + r) + b = 0 and x + r in the box: clip(x + t w) − x."""
    t = brentq(lambda t: np.clip(x + t * w, lower, upper) @ w + b, 0, 1e3, xtol=1e-14)
    return np.clip(x + t * w, lower, upper) - x


def check_success(model, x, targets, found, box=(0, 1)):
    """Check what every success must be."""
    assert found.success.all()
    assert torch.equal(predict(model, found.adversarial), targets)
    assert torch.equal(found.targets, targets)
    assert found.adversarial.shape == x.shape
    assert found.adversarial.dtype == x.dtype
    assert box[0] <= found.adversarial.min()
    assert found.adversarial.max() <= box[1]
    torch.testing.assert_close(found.distortion, distortion(x, found.adversarial))


@pytest.mark.parametrize(
    ("scale", "dtype"), [(0.03, torch.float64), (1.0, torch.float32), (1e6, torch.float32)]
)
def test_softmax_model_is_near_exact_at_any_scale_of_the_logits(scale, dtype):
    model, x = softmax(scale=scale).to(dtype), images().to(dtype)
    targets = others(model, x)
    exact = exact_linear(model, x, targets)
    found = closest_adversarial(model, x, targets)
    assert exact.converged.all()
    check_success(model, x, targets, found)
    ratio = found.distortion / exact.distortion
    assert ratio.min() >= 1 - (1e-6 if dtype == torch.float64 else 2e-5)  # logits are rounded
    assert ratio.mean() < 1.01
    assert ratio.max() < 1.02


def test_more_steps_come_closer():
    model, x = softmax(), images(20)
    targets = others(model, x)
    exact = exact_linear(model, x, targets).distortion
    excess = [
        (closest_adversarial(model, x, targets, steps=steps).distortion / exact - 1).mean()
        for steps in (12, 30, 200)
    ]
    assert excess[0] > 2 * excess[1] > 2 * excess[2] > 0


def test_two_classes_are_the_projection_in_the_box():
    model, x = softmax(2), images().round() * 0.98 + 0.01
    model[1].bias.data[0] += 10
    targets = others(model, x)
    weight, bias = (p.detach().numpy() for p in model[1].parameters())
    found = closest_adversarial(model, x, targets)
    for row, target in enumerate(targets.tolist()):
        w, b = weight[target] - weight[1 - target], bias[target] - bias[1 - target]
        pixels = x[row].numpy().ravel()
        exact = project(pixels, w, b, 0, 1)
        assert np.isin(pixels + exact, (0, 1)).any()
        rms = np.sqrt(np.mean(exact**2))
        assert found.distortion[row].item() == pytest.approx(rms, rel=2e-3)
        assert found.distortion[row].item() >= rms * (1 - 1e-9)
        np.testing.assert_allclose((found.adversarial - x)[row].ravel(), exact, atol=5e-3)


@pytest.mark.parametrize("share", [0.1, 1e-3, 1e-5])
@pytest.mark.parametrize("seed", range(3))
def test_image_that_has_almost_the_target_is_as_near_exact_as_any(share, seed):
    """On the way to its projection, an image keeps it; only the scale of the problem changes."""
    model, far = softmax(seed=seed), images(20, seed=seed + 1)
    targets = others(model, far)
    exact = exact_linear(model, far, targets)
    x = far + (1 - share) * (exact.adversarial - far)
    found = closest_adversarial(model, x, targets)
    check_success(model, x, targets, found)
    ratio = found.distortion / (share * exact.distortion)
    assert ratio.min() >= 1 - 1e-8 / share  # what the margin of the exact answer is off
    assert ratio.mean() < 1.01
    assert ratio.max() < 1.02


def test_image_on_the_border_itself_takes_almost_no_step():
    x, w = images(1), softmax(2)[1].weight[1].detach()
    model = linear(torch.stack([0 * w, w]), [(w * x.flatten()).sum(), 0])
    target = torch.tensor([1])
    assert target_margin(model, x, target).abs() < 1e-12
    found = closest_adversarial(model, x, target)
    check_success(model, x, target, found)
    assert found.distortion.item() < 1e-6


@pytest.mark.parametrize("seed", [1, 2])
def test_network_is_no_farther_than_the_penalty_finds_with_many_more_gradients(seed):
    model, x = sigmoid(seed), images(6)
    targets = others(model, x)
    paper = minimal_adversarial(model, x, targets, loss="margin")
    found = closest_adversarial(model, x, targets)
    assert paper.success.all()
    check_success(model, x, targets, found)
    assert (found.distortion <= 1.02 * paper.distortion).all()
    assert found.evaluations.sum() < paper.evaluations.sum() / 1.5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_success_lies_at_the_edge_of_the_region(dtype):
    model, x = sigmoid().to(dtype), images().to(dtype)
    targets = others(model, x)
    found = closest_adversarial(model, x, targets)
    check_success(model, x, targets, found)
    shorter = x + 0.99 * (found.adversarial - x)
    assert (target_margin(model, shorter, targets) < 0).all()


def numpy_smooth_margin(model, tau, target):
    """Return the function of an image z_l − τ log Σ_{j≠l} exp(z_j / τ), by SciPy."""

    def m(pixels):
        with torch.no_grad():
            z = model(torch.as_tensor(pixels)[None]).numpy()[0]
        return z[target] - tau * logsumexp(np.delete(z, target) / tau)

    return m


def slope(function, pixels, step=1e-6):
    """Return the gradient by central differences."""
    steps = step * np.eye(len(pixels))
    return np.array([function(pixels + s) - function(pixels - s) for s in steps]) / (2 * step)


def scale_of_margins(model, x, targets):
    """Return the range of the logits, or twice the target's margin where that is less."""
    with torch.no_grad():
        spread = np.ptp(model(x).numpy(), axis=1)
    return np.minimum(spread, -2 * target_margin(model, x, targets).numpy())


def gradients(model, x, targets, adversarial):
    """Return ∇m at the adversarial images, with the τ of the images."""
    return np.array(
        [
            slope(numpy_smooth_margin(model, TEMPERATURE * scale, target), image)
            for scale, target, image in zip(
                scale_of_margins(model, x, targets),
                targets.tolist(),
                adversarial.flatten(1).numpy(),
                strict=True,
            )
        ]
    )


def test_where_it_converged_the_conditions_of_karush_kuhn_and_tucker_hold():
    model, x = sigmoid(), images().round() * 0.96 + 0.02
    targets = others(model, x)
    found = closest_adversarial(model, x, targets, steps=400)
    assert found.converged.sum() >= 5
    pixels, image = x.flatten(1).numpy(), found.adversarial.flatten(1).numpy()
    g, r, c = gradients(model, x, targets, found.adversarial), image - pixels, found.c.numpy()
    zero, one = image < 1e-3, image > 1 - 1e-3  # the walk to the edge takes a little from r
    assert (zero | one).any(1).all()
    for row in found.converged.nonzero().flatten().tolist():
        free = ~(zero | one)[row]
        residual = 2 * c[row] * r[row] - g[row]  # 2c·r = ∇m
        size = np.linalg.norm(2 * c[row] * r[row])
        assert np.linalg.norm(residual[free]) <= NEAR * size
        # Where the box holds a pixel, ∇m would take it farther.
        assert (residual[one[row]] <= NEAR * size).all()
        assert (residual[zero[row]] >= -NEAR * size).all()
        assert np.abs(residual[~free]).max() > NEAR * size


@pytest.mark.parametrize("steps", [15, 30])
def test_converged_means_that_the_linear_problem_has_the_same_answer(steps):
    model, x = sigmoid(), images(10)
    targets = others(model, x)
    found = closest_adversarial(model, x, targets, steps=steps)
    pixels, image = x.flatten(1).numpy(), found.adversarial.flatten(1).numpy()
    g = gradients(model, x, targets, found.adversarial)
    wanted = np.clip(pixels + g / (2 * found.c.numpy()[:, None]), 0, 1)  # P(x + μg)
    near = np.linalg.norm(wanted - image, axis=1) / np.linalg.norm(image - pixels, axis=1)
    assert found.converged.tolist() == (near <= NEAR).tolist()
    assert not found.converged.all()
    assert found.converged.any() or steps == 15


def test_c_of_two_classes_is_the_largest_whose_minimiser_succeeds():
    model, x = softmax(2), 0.45 + 0.1 * images()
    targets = others(model, x)
    w = model[1].weight.detach()
    w = w[targets] - w[1 - targets]
    # From the stationary point 2c·r = w on the edge, with the box inactive.
    largest = -w.square().sum(1) / (2 * target_margin(model, x, targets))
    found = closest_adversarial(model, x, targets)
    assert found.adversarial.min() > 0
    assert found.adversarial.max() < 1
    assert found.converged.all()
    torch.testing.assert_close(found.c, largest, rtol=5e-3, atol=0)


def test_image_that_has_the_target_already_is_not_touched():
    model, x = softmax(), images()
    targets = predict(model, x)
    targets[4:] = (targets[4:] + 1) % 10
    found = closest_adversarial(model, x, targets)
    check_success(model, x, targets, found)
    assert torch.equal(found.adversarial[:4], x[:4])
    assert found.distortion[:4].tolist() == [0] * 4
    assert found.c[:4].tolist() == [math.inf] * 4
    assert found.converged[:4].all()
    assert found.iterations[:4].tolist() == found.evaluations[:4].tolist() == [0] * 4
    assert (found.distortion[4:] > 0).all()
    assert found.c[4:].isfinite().all()
    assert found.iterations[4:].tolist() == [60] * 4


def test_where_all_images_have_the_target_no_gradient_is_taken():
    model, x = softmax(), images()
    taken = []
    model.register_forward_pre_hook(lambda _, inputs: taken.append(inputs[0].requires_grad))
    found = closest_adversarial(model, x, predict(model, x))
    assert found.success.all()
    assert taken
    assert not any(taken)


def test_unreachable_target_fails_with_the_best_attempt_after_so_many_gradients():
    model, x, steps = softmax(2), images(), 10
    model[1].bias.data[1] -= 1e3
    targets = torch.ones(8, dtype=torch.long)
    w = (model[1].weight[1] - model[1].weight[0]).detach()
    largest = target_margin(model, (w > 0).double().view(1, 1, 8, 8), targets[:1])
    found = closest_adversarial(model, x, targets, steps=steps)
    assert (largest < -900).all()
    assert not found.success.any()
    assert not found.converged.any()
    reached = target_margin(model, found.adversarial, targets)
    torch.testing.assert_close(reached, largest.expand(8))
    torch.testing.assert_close(found.distortion, distortion(x, found.adversarial))
    assert (found.c.isnan() | (found.c > 0)).all()
    assert found.iterations.tolist() == [steps * (1 + 4 + 16)] * 8
    assert found.evaluations.tolist() == [steps * (1 + 4 + 16) + 3] * 8


@pytest.mark.parametrize("seed", range(5))
def test_more_steps_never_lose_the_best_attempt(seed, monkeypatch):
    model, x = relu(seed), images(side=4)
    model[-1].bias.data[3] -= 200  # out of reach
    targets = torch.full((8,), 3)
    margins = []
    for retries in (0, 1, 2):
        monkeypatch.setattr("helpers.attack.linearised.RETRIES", retries)
        found = closest_adversarial(model, x, targets, steps=15)
        assert not found.success.any()
        assert 0 <= found.adversarial.min() <= found.adversarial.max() <= 1
        assert (found.c.isnan() | (found.c > 0)).all()
        margins.append(target_margin(model, found.adversarial, targets))
    assert (margins[1] >= margins[0]).all()
    assert (margins[2] >= margins[1]).all()
    assert (margins[0] > target_margin(model, x, targets)).all()


def test_what_fails_at_first_is_tried_again_with_more_steps():
    model, x = softmax(), images()
    targets = others(model, x)
    found = closest_adversarial(model, x, targets, steps=1)  # which only looks at r = 0
    check_success(model, x, targets, found)
    tried = torch.stack([found.iterations, found.evaluations], dim=1)
    assert {tuple(row) for row in tried.tolist()} <= {(1 + 4, 2 + 5), (1 + 4 + 16, 2 + 5 + 17)}


@pytest.mark.parametrize("steps", [4, 6])
def test_extension_of_the_line_saves_gradients(steps, monkeypatch):
    model, x = softmax(), images()
    targets = others(model, x)
    extended = closest_adversarial(model, x, targets, steps=steps)
    monkeypatch.setattr("helpers.attack.border.LENGTHENINGS", 0)
    plain = closest_adversarial(model, x, targets, steps=steps)
    check_success(model, x, targets, extended)
    assert (extended.evaluations <= plain.evaluations).all()
    assert extended.evaluations.sum() < plain.evaluations.sum()


def test_one_unreachable_target_does_not_disturb_the_others():
    model, x = softmax(), images()
    model[1].bias.data[9] -= 1e3
    targets = (predict(model, x) + 1) % 9
    expected = closest_adversarial(model, x, targets)
    mixed = targets.clone()
    mixed[2] = 9
    found = closest_adversarial(model, x, mixed)
    assert found.success.tolist() == [row != 2 for row in range(8)]
    rest = torch.tensor([0, 1, 3, 4, 5, 6, 7])
    torch.testing.assert_close(found.adversarial[rest], expected.adversarial[rest])
    assert torch.equal(found.evaluations[rest], expected.evaluations[rest])


def test_activations_of_a_relu_have_no_upper_end():
    model = network(16, 40, 2, between=nn.ReLU, gain=3.0)
    with torch.no_grad():
        x = model[:3](images(side=4))
    tail = model[3:].eval()
    weight, bias = (p.detach().numpy() for p in tail[0].parameters())
    targets = 1 - predict(tail, x)
    found = closest_adversarial(tail, x, targets, box=(0, math.inf))
    check_success(tail, x, targets, found, box=(0, math.inf))
    for row, target in enumerate(targets.tolist()):
        w, b = weight[target] - weight[1 - target], bias[target] - bias[1 - target]
        exact = project(x[row].numpy(), w, b, 0, math.inf)
        rms = np.sqrt(np.mean(exact**2))
        assert rms * (1 - 1e-9) <= found.distortion[row].item() <= rms * 1.005
    assert (found.adversarial == 0).any()
    assert found.adversarial.max() > 1


def test_deeper_tail_of_a_relu_network():
    model = relu()
    with torch.no_grad():
        x = model[:3](images(side=4))
    tail = model[3:].eval()
    targets = others(tail, x)
    found = closest_adversarial(tail, x, targets, box=(0, math.inf))
    check_success(tail, x, targets, found, box=(0, math.inf))
    narrow = closest_adversarial(tail, x, targets, box=(0, x.max().item()))
    assert (found.distortion <= 1.02 * narrow.distortion).all()


class Watched(nn.Module):
    """A model that keeps the least and the largest pixel it was shown."""

    def __init__(self, model):
        super().__init__()
        self.model, self.low, self.high = model, math.inf, -math.inf

    def forward(self, x):
        self.low, self.high = min(self.low, x.min().item()), max(self.high, x.max().item())
        return self.model(x)


def test_model_is_shown_nothing_outside_the_box():
    x = images().round()
    model = Watched(sigmoid()).eval()
    found = closest_adversarial(model, x, (predict(model, x) + 1) % 10)
    assert found.success.all()
    assert model.low >= -1e-15  # x + r has a rounding
    assert model.high <= 1 + 1e-15


def test_box_may_lie_anywhere():
    """An affine change of the pixels changes all distances by its scale."""
    model, x = sigmoid(), images()
    shift, scale = -3.0, 5.0
    moved = sigmoid()
    moved[1].weight.data = model[1].weight.data / scale
    moved[1].bias.data = model[1].bias.data - shift * moved[1].weight.data.sum(1)
    targets = others(model, x)
    expected = closest_adversarial(model, x, targets)
    found = closest_adversarial(moved, shift + scale * x, targets, box=(shift, shift + scale))
    torch.testing.assert_close(found.adversarial, shift + scale * expected.adversarial)
    torch.testing.assert_close(found.c, expected.c / scale**2)


def test_images_are_attacked_independently():
    model, x = sigmoid(), images()
    targets = others(model, x)
    targets[1] = predict(model, x)[1]
    together = closest_adversarial(model, x, targets)
    for row in range(len(x)):
        alone = closest_adversarial(model, x[row : row + 1], targets[row : row + 1])
        for name, values in vars(alone).items():
            torch.testing.assert_close(values[0], getattr(together, name)[row])


def test_success_does_not_depend_on_how_a_batch_is_rounded():
    """At the border, the last places of the logits decide; they change with the batch's size."""
    model, x = network(784, 100, 100, 10).float(), images(100, side=28).float()
    targets = others(model, x)
    found = closest_adversarial(model, x, targets, steps=20)
    assert found.success.all()
    for size in (1, 3, 50):
        assert torch.equal(predict(model, found.adversarial, batch_size=size), targets)


def test_many_steps_are_four_runs_of_which_the_closest_success_is_kept():
    model, x = relu(), images(40, side=4)
    targets = others(model, x)
    targets[0] = predict(model, x)[0]
    first = closest_adversarial(model, x, targets, steps=96)
    found = closest_adversarial(model, x, targets, steps=240)
    check_success(model, x, targets, found)
    assert (found.distortion <= first.distortion).all()
    assert (found.distortion < 0.999 * first.distortion).sum() >= 5
    assert found.evaluations[0] == 0
    more = (found.evaluations - first.evaluations)[first.converged & (first.distortion > 0)]
    assert more.unique().tolist() == [3 * (48 + 1)]


def saturated(seed):
    """Return a network whose first units answer 0 or 1 almost everywhere."""
    model = network(64, 30, 30, 10, seed=seed)
    for parameter in model[1].parameters():
        parameter.data *= 10
    return model


@pytest.mark.parametrize("seed", [1, 2])
def test_masked_gradients_are_seen_and_seen_through(seed, monkeypatch):
    model, x = saturated(seed), images(20)
    targets = others(model, x)
    found = closest_adversarial(model, x, targets)
    check_success(model, x, targets, found)
    monkeypatch.setattr("helpers.attack.linearised.MASKED", math.inf)
    plain = closest_adversarial(model, x, targets)
    masked = found.evaluations > plain.evaluations
    assert masked.sum() > 4
    assert torch.equal(found.adversarial[~masked], plain.adversarial[~masked])
    assert plain.success.all()
    assert (found.distortion <= plain.distortion).all()
    assert found.distortion[masked].mean() < 0.8 * plain.distortion[masked].mean()


def test_what_is_masked_does_not_depend_on_the_batch():
    model, x = saturated(1), images(6)
    targets = others(model, x)
    whole = closest_adversarial(model, x, targets, steps=40)
    parts = closest_adversarial(model, x, targets, steps=40, batch_size=2)
    assert (whole.evaluations > 41).any()
    assert torch.equal(parts.evaluations, whole.evaluations)
    torch.testing.assert_close(parts.adversarial, whole.adversarial, rtol=0, atol=1e-4)


def test_no_gradient_of_a_common_network_passes_for_masked():
    model, x = sigmoid(), images(20)
    found = closest_adversarial(model, x, others(model, x))
    assert found.evaluations.tolist() == [61] * 20


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_where_gradients_are_off_the_attack_takes_its_own(mode):
    model, x = sigmoid(), images(4)
    targets = others(model, x)
    expected = closest_adversarial(model, x, targets)
    with mode():
        found = closest_adversarial(model, x.clone(), targets.clone())
    assert torch.equal(found.adversarial, expected.adversarial)


def test_inputs_that_require_a_gradient_get_none():
    model, x = sigmoid(), images(4).requires_grad_()
    targets = others(model, x)
    targets[0] = predict(model, x)[0]
    found = closest_adversarial(model, x, targets)
    assert not any(value.requires_grad for value in vars(found).values())
    assert x.grad is None
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_batches_change_nothing(batch_size):
    model, x = sigmoid(), images()
    targets = others(model, x)
    whole = closest_adversarial(model, x, targets)
    parts = closest_adversarial(model, x, targets, batch_size=batch_size)
    for name, values in vars(parts).items():
        torch.testing.assert_close(values, getattr(whole, name))


def test_twice_is_the_same():
    model, x = sigmoid().float(), images().float()
    targets = others(model, x)
    first, again = (closest_adversarial(model, x, targets) for _ in range(2))
    assert all(torch.equal(v, getattr(again, name)) for name, v in vars(first).items())


def test_images_targets_and_model_are_left_alone():
    model, x = sigmoid(), images()
    targets = others(model, x)
    before = [value.detach().clone() for value in (x, targets, *model.parameters())]
    found = closest_adversarial(model, x, targets)
    found.targets.zero_()
    for was, value in zip(before, (x, targets, *model.parameters()), strict=True):
        assert torch.equal(value, was)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not any(value.requires_grad for value in vars(found).values())


def test_layout_of_the_images_changes_nothing():
    model, x = sigmoid(), images()
    targets = others(model, x)
    expected = closest_adversarial(model, x, targets).adversarial
    flat = closest_adversarial(model, x.flatten(1), targets).adversarial
    turned = x.transpose(2, 3).contiguous().transpose(2, 3)
    assert not turned.is_contiguous()
    torch.testing.assert_close(flat.view_as(x), expected)
    torch.testing.assert_close(closest_adversarial(model, turned, targets).adversarial, expected)


def check_failure_at(x, found):
    """Check that nothing was changed, and that it is called a failure."""
    assert not found.success.any()
    assert not found.converged.any()
    assert torch.equal(found.adversarial, x)
    assert (found.distortion == 0).all()
    assert found.c.isnan().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_zero_gradient_fails(dtype):
    constant = linear(torch.zeros(2, 64), [0.0, -1.0]).to(dtype)
    dead = network(64, 5, 2, between=nn.ReLU).to(dtype)
    dead[1].bias.data -= 1e4
    dead[3].bias.data = torch.tensor([0.0, -1.0], dtype=dtype)
    tied = linear(torch.zeros(2, 64), [0.0, 0.0]).to(dtype)  # a margin of 0 is none
    for model in (constant, dead, tied):
        x, targets = images(2).to(dtype), torch.ones(2, dtype=torch.long)
        check_failure_at(x, closest_adversarial(model, x, targets))


def test_equal_logits_are_no_obstacle():
    model, x = linear(torch.eye(4, 64), torch.zeros(4)), torch.zeros(2, 1, 8, 8).double()
    found = closest_adversarial(model, x, torch.tensor([1, 2]))
    assert found.success.all()
    assert (found.distortion < 1e-3).all()


class Fragile(nn.Module):
    """Logits that are not numbers where the first pixel is zero."""

    def __init__(self, sound):
        super().__init__()
        self.sound = sound

    def forward(self, x):
        return torch.where(x.flatten(1)[:, :1] == 0, torch.nan, self.sound(x))


def test_image_without_finite_logits_fails_alone():
    sound, x = softmax(), images(3)
    targets = others(sound, x)
    expected = closest_adversarial(sound, x, targets)
    x[1, 0, 0, 0] = 0
    found = closest_adversarial(Fragile(sound).eval(), x, targets)
    assert found.success.tolist() == [True, False, True]
    assert torch.equal(found.adversarial[1], x[1])
    assert found.c[1].isnan()
    assert not found.converged[1]
    torch.testing.assert_close(found.adversarial[::2], expected.adversarial[::2])


def test_no_image_with_finite_logits():
    x = images(3)
    x[:, 0, 0, 0] = 0
    check_failure_at(x, closest_adversarial(Fragile(softmax()).eval(), x, torch.tensor([0, 1, 2])))


@pytest.mark.parametrize("batch_size", [None, 2])
def test_no_images_give_empty_results(batch_size):
    x, targets = images()[:0], torch.zeros(0, dtype=torch.long)
    found = closest_adversarial(sigmoid(), x, targets, batch_size=batch_size)
    assert found.adversarial.shape == (0, 1, 8, 8)
    assert found.success.dtype == found.converged.dtype == torch.bool
    assert found.iterations.dtype == found.evaluations.dtype == torch.int64
    assert all(len(value) == 0 for value in vars(found).values())


LABELS = torch.tensor([1, 0])
INSIDE = images(2)


@pytest.mark.parametrize(
    ("inputs", "targets", "options", "message"),
    [
        (INSIDE, LABELS[:1], {}, r"targets must be int64 of shape \(2,\).*of shape \(1,\)"),
        (INSIDE, LABELS.int(), {}, r"targets must be int64 .*got torch.int32"),
        (INSIDE, LABELS - 1, {}, r"targets must be labels from 0 to 1; got values from -1 to 0"),
        (INSIDE, LABELS + 1, {}, r"targets must be labels from 0 to 1; got values from 1 to 2"),
        (INSIDE + 1, LABELS, {}, r"inputs must be in \[0, 1\]; got values from 1"),
        (INSIDE * torch.nan, LABELS, {}, r"inputs must be in \[0, 1\]; got values from nan"),
        (INSIDE - 1, LABELS, {"box": (0, math.inf)}, r"inputs must be in \[0, inf\]; got values"),
        (INSIDE, LABELS, {"box": (0.5, 2)}, r"inputs must be in \[0.5, 2\]; got values from 0"),
        (INSIDE, LABELS, {"box": (1, 0)}, r"box must be \(lower, upper\) .* got \(1, 0\)"),
        (INSIDE, LABELS, {"box": (0, 0)}, r"box must be \(lower, upper\) .* got \(0, 0\)"),
        (INSIDE, LABELS, {"box": (0, math.nan)}, r"box must be .* got \(0, nan\)"),
        (INSIDE, LABELS, {"steps": 0}, "steps must be at least 1, got 0"),
        (INSIDE, LABELS, {"steps": -5}, "steps must be at least 1, got -5"),
        (INSIDE, LABELS, {"batch_size": 0}, "batch_size must be at least 1, got 0"),
    ],
)
def test_bad_arguments_are_refused(inputs, targets, options, message):
    with pytest.raises(ValueError, match=message):
        closest_adversarial(softmax(2), inputs, targets, **options)


def test_model_in_training_mode_is_refused():
    with pytest.raises(ValueError, match=r"training mode: call model\.eval\(\) first"):
        closest_adversarial(softmax(2).train(), INSIDE, LABELS)


def test_success_does_not_depend_on_the_order_of_sums():
    """Another machine, or another batch, adds up in another order, which moves the last places."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(200, 64, generator=generator) / 8
    apart = 16 * torch.randn(10, 200, generator=generator)  # cancels: each unit is there twice
    last = torch.randn(10, 400, generator=generator) + torch.cat([apart, -apart], 1)
    bias = torch.randn(10, generator=generator)

    def network(order):
        model = nn.Sequential(nn.Flatten(), nn.Linear(64, 400), nn.Sigmoid(), nn.Linear(400, 10))
        model[1].weight.data, model[1].bias.data = first.repeat(2, 1)[order], torch.zeros(400)
        model[3].weight.data, model[3].bias.data = last[:, order], bias
        return model.eval().requires_grad_(False)

    model = network(torch.arange(400))
    x = torch.rand(200, 1, 8, 8, generator=generator)
    targets = (model(x).argmax(1) + 1 + torch.arange(200) % 9) % 10
    found = closest_adversarial(model, x, targets, steps=20)
    assert found.success.double().mean() > 0.4
    for _ in range(20):
        seen = network(torch.randperm(400, generator=generator))(found.adversarial).argmax(1)
        assert torch.equal(seen[found.success], targets[found.success])


@pytest.mark.gpu
def test_it_gives_the_same_on_the_gpu():
    model, x = sigmoid(), images()
    targets = others(model, x)
    expected = closest_adversarial(model, x, targets)
    found = closest_adversarial(model.cuda(), x.cuda(), targets.cuda())
    assert all(tensor.is_cuda for tensor in vars(found).values())
    assert torch.equal(found.success.cpu(), expected.success)
    torch.testing.assert_close(found.distortion.cpu(), expected.distortion, rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(found.adversarial.cpu(), expected.adversarial, rtol=0, atol=1e-2)


def approach(weight, bias, x, label, steps):
    """Return the images of equations (1) and (2) for a softmax model in [0, 1], in plain NumPy."""
    rivals = np.delete(np.arange(len(weight)), label)
    z = weight @ x + bias
    scale = min(z.max() - z.min(), 2 * (z[rivals].max() - z[label]))
    kappa, mu, y, before, path = 0.1 * scale, None, x, x, []
    theta = np.clip(1 - 16 / steps, 0.6, 0.8)
    for done in np.linspace(0, 1, steps):
        path.append(y)
        tau = 0.1 * scale * (0.005 / 0.1) ** done
        z = weight @ y + bias
        m = z[label] - tau * logsumexp(z[rivals] / tau)
        shares = np.exp((z[rivals] - z[rivals].max()) / tau)
        g = weight[label] - shares / shares.sum() @ weight[rivals]
        succeeded = z[label] > z[rivals].max()
        kappa = 0.8 * kappa if succeeded else kappa + 0.01 * (1 - done) * scale
        wanted = max(kappa - m + g @ (y - x), 0)  # g·(ŷ − x)
        mu = wanted / (g @ g) if mu is None else mu
        reached = g @ (np.clip(x + mu * g, 0, 1) - x)
        mu *= np.clip(wanted / reached, 1 / 3, 3)
        y_hat, beta = np.clip(x + mu * g, 0, 1), 0.2 * (0.03 / 0.2) ** done
        y, before = np.clip(y + beta * (y_hat - y) + theta * (y - before), 0, 1), y
    return np.array(path)


@pytest.mark.parametrize("steps", [12, 55, 120])
def test_approach_is_that_of_the_two_equations(steps):
    weight = np.random.default_rng(3).normal(size=(4, 30))
    model = linear(weight, np.zeros(4))
    x = torch.rand(5, 30, generator=torch.Generator().manual_seed(2)).double()
    targets = others(model, x)
    scale, seen = torch.from_numpy(scale_of_margins(model, x, targets)), []
    model.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach().clone()))
    best = linearised._approach(model, x, x, targets, scale, steps, (0.0, 1.0))
    for row, label in enumerate(targets.tolist()):
        path = approach(weight, np.zeros(4), x[row].numpy(), label, steps)
        np.testing.assert_allclose(torch.stack(seen)[:, row], path, atol=1e-9)
        logits = path @ weight.T
        there = path[logits.argmax(1) == label]
        expected = there[np.linalg.norm(there - x[row].numpy(), axis=1).argmin()]
        np.testing.assert_allclose(best[row], expected, atol=1e-9)


def test_three_runs_begin_as_far_beyond_the_first_and_in_two_directions_at_random():
    x = torch.rand(3, 4000, generator=torch.Generator().manual_seed(2)).double()
    r = torch.rand(3, 4000, generator=torch.Generator().manual_seed(3)).double() - 0.5
    box = (-math.inf, math.inf)
    ahead, one, other = linearised._starts(x, x + r, box)
    torch.testing.assert_close(ahead, x + 2 * r)
    length = 2 * r.norm(dim=1)
    for start in (one, other):
        torch.testing.assert_close((start - x - r).norm(dim=1), length)
        assert torch.cosine_similarity(start - x - r, r).abs().max() < 0.1
    assert torch.cosine_similarity(one - x - r, other - x - r).abs().max() < 0.1
    for start in linearised._starts(x, x + r, (0.0, 1.0)):
        assert start.min() == 0
        assert start.max() == 1
