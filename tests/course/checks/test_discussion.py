"""The exercises of chapter 13: right answers and typical mistakes."""

import torch

from helpers.course import checks

from .shared import EveryCheck, each, rms


def step(x, gradient, epsilon):
    return (x + epsilon * gradient.sign()).clamp(0, 1)


def in_ball(x, points, size):
    return x + each((size / rms(points - x)).clamp_max(1)) * (points - x)


def by_noise(p, sigma, pixels):
    return max(0.0, sigma * torch.special.ndtri(torch.tensor(p).double()).item() / pixels**0.5)


RIGHT = {
    checks.gradient_sign_step: [
        step,
        lambda x, gradient, epsilon: step(x.double(), gradient, epsilon).requires_grad_(),
    ],
    checks.ball_of_size: [
        in_ball,
        lambda x, points, size: in_ball(x.double(), points, size),
        lambda x, points, size: torch.where(
            each(rms(points - x)) > size, in_ball(x, points, size), points
        ),
    ],
    checks.smoothed_radius: [
        by_noise,
        lambda p, sigma, n: torch.tensor(by_noise(p, sigma, n)),
        lambda p, sigma, n: torch.distributions.Normal(0, sigma / n**0.5).icdf(
            torch.tensor(max(p, 0.5)).double()
        ),
    ],
}

MISTAKES = {
    checks.gradient_sign_step: {
        "downhill": (lambda x, g, e: step(x, -g, e), "goes downhill"),
        "no box": (lambda x, g, e: x + e * g.sign(), "clip the image"),
        "step alone": (lambda x, g, e: e * g.sign(), "add it to the image"),
        "size of the gradient": (lambda x, g, e: (x + e * g).clamp(0, 1), "only the sign"),
        "unit length": (
            lambda x, g, e: (x + e * g / each(g.flatten(1).norm(dim=1))).clamp(0, 1),
            "ε long in all",
        ),
        "sign of zero": (
            lambda x, g, e: (x + e * (2.0 * (g >= 0) - 1)).clamp(0, 1),
            "sign(0) is 0",
        ),
        "half": (lambda x, g, e: step(x, g, e / 2), "it is off by 0.125"),
        "one image": (lambda x, g, e: step(x, g, e)[0], "not (1, 5, 5)"),
    },
    checks.ball_of_size: {
        "onto the sphere": (
            lambda x, p, size: x + size * (p - x) / each(rms(p - x)),
            "inside the ball stay",
        ),
        "L2": (
            lambda x, p, size: (
                x + each((size / (p - x).flatten(1).norm(dim=1)).clamp_max(1)) * (p - x)
            ),
            "√n times the distortion",
        ),
        "pixel by pixel": (lambda x, p, size: x + (p - x).clamp(-size, size), "as a whole"),
        "change alone": (lambda x, p, size: in_ball(x, p, size) - x, "add it to the image"),
        "one factor": (
            lambda x, p, size: x + min(1, size / (p - x).square().mean().sqrt()) * (p - x),
            "its own factor",
        ),
        "nothing done": (lambda x, p, size: p, "its changes have the distortions 0.0"),
        "array": (lambda x, p, size: in_ball(x, p, size).numpy(), "not ndarray"),
    },
    checks.smoothed_radius: {
        "L2": (lambda p, s, n: by_noise(p, s, 1), "divides it by √n"),
        "n": (lambda p, s, n: by_noise(p, s, n) / n**0.5, "by √n"),
        "no majority": (
            lambda p, s, n: s * torch.special.ndtri(torch.tensor(p).double()) / n**0.5,
            "a radius is not negative",
        ),
        "other tail": (
            lambda p, s, n: s * torch.special.ndtri(torch.tensor(1 - p).double()) / n**0.5,
            "the sign is turned",
        ),
        "no inverse": (
            lambda p, s, n: s * torch.special.ndtr(torch.tensor(p).double()) / n**0.5,
            "its inverse is wanted",
        ),
        "no sigma": (lambda p, s, n: by_noise(p, 1, n), "without σ"),
        "over sigma": (lambda p, s, n: by_noise(p, 1 / s, n), "divided by σ"),
        "zero": (lambda p, s, n: 0.0, "it should be "),
        "nothing": (lambda p, s, n: None, "it raised TypeError"),
    },
}


class TestDiscussion(EveryCheck):
    right, mistakes = RIGHT, MISTAKES
