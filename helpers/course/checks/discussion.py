"""The exercises of chapter 13."""

from collections.abc import Callable

import scipy
import torch
from torch import Tensor

from helpers.course.checks._report import (
    NotYetError,
    alike,
    attempted,
    drawn,
    network_weight,
    number,
    report,
    seeded,
    tensor,
)


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
            found = number(answer(p, sigma, pixels), "the radius")
            full = sigma * scipy.stats.norm.ppf(p)
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
                "Φ itself; its inverse is wanted": sigma * scipy.stats.norm.cdf(p) / pixels**0.5,
                "without σ": full / sigma / pixels**0.5,
                "divided by σ; louder noise reaches farther": full / sigma**2 / pixels**0.5,
            }
            for why, value in mistakes.items():
                if abs(found - value) <= 1e-4 * abs(value):
                    raise NotYetError(f"{case}; this is {why}" if "‖" in why else f"{case}; {why}")
            raise NotYetError(f"{case}, it should be {expected:.4g}")

    if attempted(answer, *cases[0]):
        report(check, answer)


def step_of_size(answer: Callable[..., Tensor]) -> None:
    """Chapter 13: a step uphill of a given distortion, ``answer(x, gradient, size)``."""
    generator = seeded(134)
    x = torch.rand(4, 1, 5, 5, generator=generator)
    gradient = torch.randn(4, 1, 5, 5, generator=generator) * torch.tensor(
        [0.01, 1.0, 30.0, 0.0]
    ).view(-1, 1, 1, 1)
    size = 0.1
    rms = gradient.flatten(1).square().mean(1).sqrt().view(-1, 1, 1, 1)
    way = gradient / rms.clamp_min(1e-12)
    mistakes = {
        "where the gradient is 0 its size is 0, too: 0 / 0 is no number, so clamp the size": (
            x + size * gradient / rms
        ),
        "this goes downhill: the loss should grow": x - size * way,
        "divide by the root mean square; ‖·‖₂ is √n times as large": x + size * way / 5,
        "each image's gradient has a size of its own, by which it is divided": (
            x + size * gradient / gradient.square().mean().sqrt()
        ),
        "the gradient's size should not matter, only its direction": x + size * gradient,
        "this is the step alone; add it to x": size * way,
        "every pixel moves alike here: this is the step of the sign": x + size * gradient.sign(),
    }

    def check(answer):
        found = tensor(answer(x, gradient, size), tuple(x.shape), "the moved images")
        alike(found, x + size * way, mistakes)

    if attempted(answer, x, gradient, size):
        report(check, answer)


def worst_in_ball(answer: Callable[..., Tensor]) -> None:
    """Chapter 13: uphill in a ball, ``answer(slope, step, project, x, rms, steps)`` → x'."""
    generator = seeded(135)
    x = torch.rand(4, 1, 5, 5, generator=generator)
    x[0] = 0.5
    goal = torch.randn(x.shape, generator=generator)
    goal[1] = 1e-3 * goal[1]

    def slope(points: Tensor) -> Tensor:
        return goal * (1 + (points - x).square().sum((1, 2, 3), keepdim=True))

    def step(points: Tensor, gradient: Tensor, size: float) -> Tensor:
        length = gradient.flatten(1).square().mean(1).sqrt().clamp_min(1e-12)
        return points + size * gradient / length.view(-1, 1, 1, 1)

    def project(x: Tensor, points: Tensor, rms: float) -> Tensor:
        size = (points - x).flatten(1).square().mean(1).sqrt().clamp_min(1e-12)
        return x + (rms / size).clamp_max(1).view(-1, 1, 1, 1) * (points - x)

    def check(answer):
        found = tensor(answer(slope, step, project, x, 0.2, 10), tuple(x.shape), "x'")
        r = found - x
        size = r.flatten(1).square().mean(1).sqrt()
        gained = (r * goal).flatten(1).sum(1)
        if (size < 1e-6).all():
            raise NotYetError("x has not moved: return the last point, not the first")
        if (gained < 0).any():
            raise NotYetError("the loss falls: go uphill")
        if (size > 0.2 + 1e-5).any():
            raise NotYetError(
                f"a change has the distortion {size.max():.3f}, allowed is 0.2: project each step, "
                "around x and not around the last point"
            )
        if found.min() < -1e-6 or found.max() > 1 + 1e-6:
            raise NotYetError("a pixel leaves [0, 1]: clip after the projection")
        if size[0] < 0.19:
            raise NotYetError(
                f"an image moves by {size[0]:.3f} only, where 0.2 is allowed: {10} steps have to "
                "reach the side of the ball, each from where the last one ended"
            )

    if attempted(answer, slope, step, project, x, 0.2, 2):
        report(check, answer)


def robust_pass(answer: Callable[..., torch.nn.Module]) -> None:
    """Chapter 13: training on worst images, ``answer(network, batches, worst, rate)`` → network."""
    generator = seeded(136)
    start = torch.randn(3, 4, generator=generator)
    batches = [
        (torch.randn(5, 4, generator=generator), torch.randint(3, (5,), generator=generator))
        for _ in range(4)
    ]

    def fresh() -> torch.nn.Module:
        network = torch.nn.Linear(4, 3, bias=False)
        network.weight.data = start.clone()
        return network

    def worst(network: torch.nn.Module, x: Tensor, labels: Tensor) -> Tensor:
        (network(x).sum() + network.weight.sum()).backward()  # leaves gradients, as attacks may
        return x + 0.3 * (network.weight.detach().sum(0) + labels[:, None])

    def trained(rate: float, *, attack=worst, early: bool = False, keep: bool = False) -> Tensor:
        network = fresh()
        for x, labels in batches:
            if early:
                network.zero_grad()
            moved = attack(network, x, labels)
            if not early and not keep:
                network.zero_grad()
            torch.nn.functional.cross_entropy(network(moved), labels).backward()
            network.weight.data -= rate * network.weight.grad
        return network.weight.detach()

    mistakes = {
        "the network is as it was: take a step after each backward": start,
        "this trains on the images as they are; train on the worst ones": trained(
            0.1, attack=lambda network, x, labels: x
        ),
        "the attack leaves gradients behind: set them to zero after it, not before": trained(
            0.1, early=True
        ),
        "gradients add up: set them to zero before each backward": trained(0.1, keep=True),
        "this goes uphill: the network minimises what the attack maximises": trained(-0.1),
    }
    expected = trained(0.1)

    def check(answer):
        found = answer(fresh(), batches, worst, 0.1)
        alike(network_weight(found, (3, 4)), expected, mistakes)

    if attempted(answer, fresh(), batches, worst, 0.1):
        report(check, answer)
