"""The exercises of chapter 13."""

from collections.abc import Callable

import torch
from scipy import stats
from torch import Tensor

from helpers.course.checks._report import NotYetError, attempted, drawn, report, seeded, tensor


def gradient_sign_step(answer: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    """Chapter 13: clip(x + ε·sign ∂loss/∂x), ``answer(x, gradient, epsilon)``."""
    generator = seeded(131)
    x = torch.rand(3, 1, 5, 5, generator=generator)
    gradient = torch.randn(3, 1, 5, 5, generator=generator)
    gradient[0, 0, 0, 0], epsilon = 0.0, 0.25
    step = epsilon * gradient.sign()
    mistakes = {
        "this goes downhill: the loss should grow": (x - step).clamp(0, 1),
        "clip the image to [0, 1]": x + step,
        "this is the step alone; add it to the image": step,
        "only the sign of the gradient counts, not its size": (x + epsilon * gradient).clamp(0, 1),
        "the step has the same size in every pixel; this one is ε long in all": (
            x + epsilon * gradient / gradient.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
        ).clamp(0, 1),
        "where the gradient is 0 there is nothing to gain: sign(0) is 0": (
            x + epsilon * torch.where(gradient >= 0, 1.0, -1.0)
        ).clamp(0, 1),
    }
    expected = (x + step).clamp(0, 1)

    def check(answer):
        found = tensor(answer(x, gradient, epsilon), tuple(x.shape), "the images")
        if torch.allclose(found, expected.double(), atol=1e-6):
            return
        for why, value in mistakes.items():
            if torch.allclose(found, value.double(), atol=1e-6):
                raise NotYetError(why)
        worst = (found - expected).abs().max()
        raise NotYetError(f"it is off by {worst:.3g} at the worst pixel")

    if attempted(answer, x, gradient, epsilon):
        report(check, answer)


def ball_of_size(answer: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    """Chapter 13: the closest point at a distortion of at most rms, ``answer(x, points, rms)``."""
    generator = seeded(132)
    x = torch.rand(4, 1, 5, 5, generator=generator)
    points = x + torch.tensor([0.02, 0.3, 0.5, 0.05]).view(-1, 1, 1, 1) * torch.randn(
        x.shape, generator=generator
    )
    rms, r = 0.1, points - x
    size = r.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    mistakes = {
        "points inside the ball stay where they are": x + 5 * rms * r / size,
        "‖r‖₂ is √n times the distortion": x + (rms / size).clamp_max(1) * r,
        "the ball is round: scale r as a whole, do not clip its pixels": x + r.clamp(-rms, rms),
        "this is the change; add it to the image": (5 * rms / size).clamp_max(1) * r,
        "each image has its own factor": x + min(1, (rms / r.square().mean().sqrt()).item()) * r,
    }
    expected = (x + (5 * rms / size).clamp_max(1) * r).double()

    def check(answer):
        found = tensor(answer(x, points, rms), tuple(x.shape), "the images")
        if torch.allclose(found, expected, atol=1e-6):
            return
        for why, value in mistakes.items():
            if torch.allclose(found, value.double(), atol=1e-6):
                raise NotYetError(why)
        sizes = (found - x).flatten(1).square().mean(1).sqrt().tolist()
        shown = ", ".join(f"{value:.3f}" for value in sizes)
        raise NotYetError(f"for a radius of {rms} its changes have the distortions {shown}")

    if attempted(answer, x, points, rms):
        report(check, answer)


def smoothed_radius(answer: Callable[[float, float, int], float]) -> None:
    """Chapter 13: σ Φ⁻¹(p) / √n, or 0 without a majority, ``answer(p, sigma, pixels)``."""
    generator = seeded(133)
    some = drawn(0.55, 0.98, generator), drawn(0.2, 1, generator), int(drawn(50, 900, generator))
    few = ((0.9, 0.25, 784), (0.999, 0.5, 100), (0.6, 1.0, 784), (0.5, 0.25, 784), (0.3, 1.0, 9))
    cases = (*few, some)

    def check(answer):
        for p, sigma, pixels in cases:
            found, full = float(answer(p, sigma, pixels)), sigma * stats.norm.ppf(p)
            expected = max(0.0, full / pixels**0.5)
            case = f"p = {p:g}, σ = {sigma:g}, n = {pixels}: it gives {found:.4g}"
            if abs(found - expected) <= 1e-4 * expected + 1e-9:
                continue
            mistakes = {
                "without a majority nothing is proved, and a radius is not negative": (
                    full / pixels**0.5 if p < 0.5 else expected
                ),
                "‖·‖₂; the distortion divides it by √n": full,
                "divided by n, not by √n": full / pixels,
                "the sign is turned: Φ⁻¹(p), not Φ⁻¹(1 − p)": -full / pixels**0.5,
                "Φ itself; its inverse is wanted": sigma * stats.norm.cdf(p) / pixels**0.5,
                "without σ": full / sigma / pixels**0.5,
                "divided by σ; louder noise reaches farther": full / sigma**2 / pixels**0.5,
            }
            for why, value in mistakes.items():
                if abs(found - value) <= 1e-4 * abs(value):
                    raise NotYetError(f"{case}; this is {why}" if "‖" in why else f"{case}; {why}")
            raise NotYetError(f"{case}, it should be {expected:.4g}")

    if attempted(answer, *cases[0]):
        report(check, answer)
