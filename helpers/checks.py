"""Automatic answers to the exercises: each prints *not attempted*, *not yet: why* or *passed*."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers import evaluation, units


class _NotYetError(Exception):
    """Why an answer is not right yet."""


def _report(check: Callable[[Callable], None], answer: Callable) -> None:
    """Run a check on a student's function and print what came of it."""
    try:
        check(answer)
    except _NotYetError as why:
        print(f"not yet: {why}")
    except Exception as error:  # a student's function may raise anything
        print(f"not yet: it raised {type(error).__name__}: {error}")
    else:
        print("passed")


def _tensor(value, shape: tuple[int, ...], what: str) -> Tensor:
    """Return `value` as a float64 tensor of the given shape, or say what is wrong with it."""
    if not isinstance(value, Tensor):
        raise _NotYetError(f"return {what} as a tensor, not {type(value).__name__}")
    if tuple(value.shape) != shape:
        raise _NotYetError(f"{what} should have shape {shape}, not {tuple(value.shape)}")
    return value.detach().double()


def _attempted(answer: Callable, *arguments) -> bool:
    """Say so and return False where the stub still returns ``...``."""
    try:
        untouched = answer(*arguments) is ...
    except Exception:  # it is no stub any more; the check reports what it raises
        untouched = False
    if untouched:
        print("not attempted")
    return not untouched


def distortion(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Chapter 1: the distortion of each image, ``answer(x, x_adversarial)`` → (N,)."""
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(5, 3, 4, 6, generator=generator)
    other = torch.rand(5, 3, 4, 6, generator=generator)

    def check(answer):
        found = _tensor(answer(x, other), (5,), "one distortion for each image")
        expected = evaluation.distortion(x, other).double()
        if torch.allclose(found, expected * (3 * 4 * 6) ** 0.5, rtol=1e-4):
            raise _NotYetError("this is the L2 norm ‖x' − x‖₂; divide the sum by n before the root")
        if torch.allclose(found, expected**2, rtol=1e-4):
            raise _NotYetError("this is the mean square; the root is missing")
        if torch.allclose(found, (other - x).abs().flatten(1).mean(1).double(), rtol=1e-4):
            raise _NotYetError("this is the mean absolute difference; square first, then the root")
        if not torch.allclose(found, expected, rtol=1e-4):
            raise _NotYetError(
                f"for one image it gives {found[0]:.4f}, it should be {expected[0]:.4f}; "
                "n counts all C·H·W values"
            )

    if _attempted(answer, x, other):
        _report(check, answer)


def noise_of_size(answer: Callable[[Tensor, float], Tensor]) -> None:
    """Chapter 1: random noise of exactly a given distortion, ``answer(x, rms)`` → like x."""
    x = torch.rand(4, 1, 6, 6, generator=torch.Generator().manual_seed(2)) * 0.1

    def check(answer):
        first = _tensor(answer(x, 0.1), (4, 1, 6, 6), "the noisy images")
        second = _tensor(answer(x, 0.1), (4, 1, 6, 6), "the noisy images")
        size = evaluation.distortion(x.double(), first)
        if torch.equal(first, second):
            raise _NotYetError("two calls give the same noise; draw it with torch.randn_like")
        if torch.allclose(evaluation.distortion(0 * first, first), torch.tensor(0.1).double()):
            raise _NotYetError("this is the noise alone; add it to x")
        if (first >= 0).all():
            raise _NotYetError("no pixel is below 0: do not clip, it would shrink the noise")
        if not torch.allclose(size, size.new_full((4,), 0.1), rtol=1e-3):
            raise _NotYetError(
                f"the distortion of an image is {size[0]:.4f}, it should be 0.1 for every image: "
                "divide each image's noise by its own root mean square"
            )

    if _attempted(answer, x, 0.1):
        _report(check, answer)


def top_images(answer: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    """Chapter 1: the images along a direction, ``answer(features, direction, count)`` → rows."""
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(50, 8, generator=generator) + 1
    direction = torch.randn(8, generator=generator)

    def check(answer):
        found = _tensor(answer(features, direction, 6), (6,), "six row numbers")
        responses = features @ direction
        if torch.equal(found.long(), (-responses).sort(stable=True, descending=True).indices[:6]):
            raise _NotYetError("these respond least: argmax wants the largest ⟨φ(x), v⟩")
        if torch.equal(found.long(), responses.abs().sort(descending=True).indices[:6]):
            raise _NotYetError("⟨φ(x), v⟩ has a sign: −5 is a smaller response than 1")
        if not torch.equal(found.long(), units.top_images(features, direction, 6)):
            raise _NotYetError("order the rows of features by features @ direction, largest first")

    if _attempted(answer, features, direction, 6):
        _report(check, answer)


def weight_decay(answer: Callable[[list[Tensor], list[float]], Tensor]) -> None:
    """Chapter 2: the penalty Σ_k λ_k ‖W_k‖² / 2, ``answer(weights, decays)`` → scalar."""
    generator = torch.Generator().manual_seed(4)
    weights = [torch.randn(5, 7, generator=generator), torch.randn(3, 5, generator=generator)]
    decays = [1e-1, 1e-3]
    squares = [w.double().square().sum() for w in weights]
    expected = sum(decay * square for decay, square in zip(decays, squares, strict=True)) / 2
    mistakes = {
        "the factor 1/2 is missing": 2 * expected,
        "each layer has its own λ": decays[0] * sum(squares) / 2,
        "this takes the norm; the penalty takes its square": sum(
            decay * square.sqrt() for decay, square in zip(decays, squares, strict=True)
        )
        / 2,
    }

    def check(answer):
        found = torch.as_tensor(answer(weights, decays)).double()
        if found.numel() != 1:
            raise _NotYetError(f"the penalty is one number, not {found.numel()}")
        for why, value in mistakes.items():
            if torch.allclose(found, value, rtol=1e-4):
                raise _NotYetError(why)
        if not torch.allclose(found, expected, rtol=1e-4):
            raise _NotYetError(f"it gives {found.item():.4f}, it should be {expected:.4f}")

    if _attempted(answer, weights, decays):
        _report(check, answer)


def error_rate(answer: Callable[[Tensor, Tensor], float]) -> None:
    """Chapter 2: the share of wrong predictions, ``answer(logits, labels)`` → float in [0, 1]."""
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(40, 10, generator=generator)
    labels = logits.argmax(1)
    labels[:12] = (labels[:12] + 1) % 10

    def check(answer):
        found = float(answer(logits, labels))
        if abs(found - 28 / 40) < 1e-6:
            raise _NotYetError("this is the accuracy; the error is what is missing to 1")
        if found > 1:
            raise _NotYetError("a share lies between 0 and 1; divide by the number of images")
        if not abs(found - 12 / 40) <= 1e-6:  # NaN is neither
            raise _NotYetError(f"it gives {found:.3f}, it should be {12 / 40:.3f}")

    if _attempted(answer, logits, labels):
        _report(check, answer)


def penalised_objective(answer: Callable[..., tuple]) -> None:
    """Chapter 5: c‖r‖² + loss and its gradient, ``answer(r, c, loss, slope)`` → both."""
    generator = torch.Generator().manual_seed(6)
    r, slope = torch.randn(2, 4, 9, generator=generator)
    c, loss = torch.tensor([0.5, 1.0, 3.0, 7.0]), torch.rand(4, generator=generator)
    squares = r.square().sum(1)
    expected_value = (c * squares + loss).double()
    expected_gradient = (2 * c[:, None] * r + slope).double()

    def check(answer):
        found = answer(r, c, loss, slope)
        if not isinstance(found, tuple) or len(found) != 2:
            raise _NotYetError("return two things: the values and the gradients")
        value = _tensor(found[0], (4,), "one value for each image")
        gradient = _tensor(found[1], (4, 9), "one gradient for each image")
        if torch.allclose(value, (c * squares.sqrt() + loss).double(), rtol=1e-4):
            raise _NotYetError("this takes the norm ‖r‖; the penalty here takes its square")
        if torch.allclose(value, (squares + c * loss).double(), rtol=1e-4):
            raise _NotYetError("c multiplies ‖r‖², not the loss")
        if torch.allclose(value, (c * r.square().mean(1) + loss).double(), rtol=1e-4):
            raise _NotYetError("‖r‖² is the sum over the pixels, not their mean")
        if not torch.allclose(value, expected_value, rtol=1e-4):
            raise _NotYetError(
                f"the first value is {value[0]:.4f}, it should be {expected_value[0]:.4f}"
            )
        if torch.allclose(gradient, (c[:, None] * r + slope).double(), rtol=1e-4):
            raise _NotYetError("the derivative of c·r² is 2·c·r: the factor 2 is missing")
        if not torch.allclose(gradient, expected_gradient, rtol=1e-4, atol=1e-6):
            raise _NotYetError("the values are right; the gradients should be 2·c·r + slope")

    if _attempted(answer, r, c, loss, slope):
        _report(check, answer)


def step_in_the_box(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Chapter 5: the projection of x + r onto [0, 1]^m, ``answer(x, r)`` → the new r."""
    generator = torch.Generator().manual_seed(7)
    x = torch.rand(3, 1, 4, 4, generator=generator)
    r = torch.randn(3, 1, 4, 4, generator=generator)

    def check(answer):
        found = _tensor(answer(x.clone(), r.clone()), (3, 1, 4, 4), "the new perturbations")
        expected = ((x + r).clamp(0, 1) - x).double()
        if torch.allclose(found, expected + x.double(), atol=1e-6):
            raise _NotYetError("this is the image x + r; the perturbation is what differs from x")
        if torch.allclose(found, r.clamp(0, 1).double(), atol=1e-6):
            raise _NotYetError("the image x + r has to be in the box, not r itself")
        if ((x + found < -1e-6) | (x + found > 1 + 1e-6)).any():
            raise _NotYetError("x plus the new perturbation still leaves [0, 1]")
        if not torch.allclose(found, expected, atol=1e-6):
            raise _NotYetError(
                "it is in the box, but there is a closer point: each pixel on its own"
            )

    if _attempted(answer, x, r):
        _report(check, answer)


def middle_in_log_c(answer: Callable[[float, float], float]) -> None:
    """Chapter 5: the next c of a bisection in log c, ``answer(success_c, failure_c)`` → c."""

    def check(answer):
        for low, high in ((0.01, 1.0), (2.0, 8.0), (1e-6, 1e-2)):
            found, expected = float(answer(low, high)), (low * high) ** 0.5
            if abs(found - (low + high) / 2) < 1e-6 * high:
                raise _NotYetError("this is the middle of c; the middle of log c is wanted")
            if abs(found - math.log(expected)) < 1e-6:
                raise _NotYetError("this is the middle of the logarithms; go back to c with exp")
            if abs(found - math.log10(expected)) < 1e-6:
                raise _NotYetError("this is the middle of the logarithms; go back to c with 10**")
            if not abs(found - expected) < 1e-6 * expected:
                raise _NotYetError(
                    f"between {low:g} and {high:g} it gives {found:g}, it should be {expected:g}"
                )

    if _attempted(answer, 0.01, 1.0):
        _report(check, answer)


def radial_basis(answer: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    """Chapter 4: exp(−γ ‖x − s‖²) of all pairs, ``answer(x, centres, gamma)`` → (N, S)."""
    generator = torch.Generator().manual_seed(41)
    x = torch.rand(3, 6, generator=generator)
    centres, gamma = torch.rand(4, 6, generator=generator), 0.7
    squares = (x[:, None] - centres).square().double()
    expected = (-gamma * squares.sum(2)).exp()
    mistakes = {
        "‖x − s‖ has to be squared": (-gamma * squares.sum(2).sqrt()).exp(),
        "the minus sign is missing: the value falls with the distance": 1 / expected,
        "sum the squares over the pixels, do not average them": (-gamma * squares.mean(2)).exp(),
        "γ multiplies the squared distance": (-squares.sum(2) / gamma).exp(),
        "γ multiplies the squared distance, without 1/2": (-squares.sum(2) / (2 * gamma**2)).exp(),
    }

    def check(answer):
        found = _tensor(answer(x, centres, gamma), (3, 4), "the kernel")
        for why, value in mistakes.items():
            if torch.allclose(found, value, rtol=1e-4):
                raise _NotYetError(why)
        if not torch.allclose(found, expected, rtol=1e-4):
            raise _NotYetError(
                f"it begins with {found[0, 0]:.4f}, it should be {expected[0, 0]:.4f}"
            )

    if _attempted(answer, x, centres, gamma):
        _report(check, answer)


def nearest_border(answer: Callable[[Tensor, Tensor, int], float]) -> None:
    """Chapter 4: linearised distance to the nearest label, ``answer(z, jacobian, label)`` → RMS."""
    generator = torch.Generator().manual_seed(42)
    jacobian = torch.randn(4, 25, generator=generator)
    jacobian[2] *= 6  # a steep rival: not the one of least margin, and yet the nearest
    logits, label, pixels = torch.tensor([1.0, 4.0, 0.5, 2.5]), 1, 25
    rivals = [0, 2, 3]
    margins = (logits[label] - logits[rivals]).double()
    slopes = (jacobian[label] - jacobian[rivals]).norm(dim=1).double()
    distances = margins / slopes / pixels**0.5
    expected = distances.min()
    mistakes = {
        "this is ‖·‖₂; the distortion divides it by √n": expected * pixels**0.5,
        "the root is missing: ‖·‖₂ is divided by √n": expected / pixels**0.5,
        "this is the label of least margin; a steeper one may be nearer": distances[
            margins.argmin()
        ],
        "a margin is a difference of logits: its gradient is ∇z_y − ∇z_j": (
            margins / jacobian[rivals].norm(dim=1) / pixels**0.5
        ).min(),
        "the gradient of the margin counts, not that of z_y alone": (
            margins / jacobian[label].norm() / pixels**0.5
        ).min(),
        "this is the farthest border; take the nearest": distances.max(),
    }

    def check(answer):
        found = torch.as_tensor(answer(logits, jacobian, label)).detach().double()
        if found.numel() != 1:
            raise _NotYetError(f"the distance is one number, not {found.numel()}")
        if found.isnan().item() or found == 0:
            raise _NotYetError("leave the label itself out: its margin to itself is 0")
        for why, value in mistakes.items():
            if torch.allclose(found.view(()), value.double(), rtol=1e-4):
                raise _NotYetError(why)
        if not torch.allclose(found.view(()), expected, rtol=1e-4):
            raise _NotYetError(f"it gives {found.item():.4f}, it should be {expected:.4f}")

    if _attempted(answer, logits, jacobian, label):
        _report(check, answer)


def none_found(answer: Callable[[int, float], float]) -> None:
    """Chapter 4: the share that 0 of N does not exclude, ``answer(samples, confidence)``."""

    def check(answer):
        for samples, confidence in ((1000, 0.95), (1000, 0.99), (10**6, 0.95)):
            found = float(answer(samples, confidence))
            expected = -math.expm1(math.log1p(-confidence) / samples)
            shown = f"0 of {samples:,} at {confidence:.0%}: it gives {found:.3g}"
            if found == 0:
                raise _NotYetError(f"{shown}; rare is not impossible: a small share fits as well")
            if math.isclose(found, -math.expm1(math.log(confidence) / samples), rel_tol=0.01):
                raise _NotYetError(f"{shown}; 1 − confidence is the chance to see none, not this")
            if confidence != 0.95 and math.isclose(found, 3 / samples, rel_tol=0.01):
                raise _NotYetError(f"{shown}; the 3 of the rule of three belongs to 95 %")
            if not math.isclose(found, expected, rel_tol=0.01):
                raise _NotYetError(f"{shown}, it should be {expected:.3g}: solve (1 − p)^N for p")

    if _attempted(answer, 1000, 0.95):
        _report(check, answer)
