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


def step_of_size(x, gradient, size, *, floor=1e-12, root=1.0):
    length = gradient.flatten(1).square().mean(1).sqrt().clamp_min(floor)
    return x + root * size * gradient / length.view(-1, 1, 1, 1)


def worst_in_ball(slope, step, project, x, rms, steps, *, clip=True, share=2.5, sign=1):
    new = x
    for _ in range(steps):
        new = step(new, sign * slope(new), share * rms / steps)
        new = project(x, new, rms)
        new = new.clamp(0, 1) if clip else new
    return new


def around_the_last(slope, step, project, x, rms, steps):
    new = x
    for _ in range(steps):
        new = project(new, step(new, slope(new), 2.5 * rms / steps), rms).clamp(0, 1)
    return new


def from_the_start(slope, step, project, x, rms, steps):
    for _ in range(steps):
        new = project(x, step(x, slope(x), 0.3 * rms), rms).clamp(0, 1)
    return new


def robust_pass(network, batches, worst, rate, *, early=False, keep=False):
    optimizer = torch.optim.SGD(network.parameters(), lr=rate)
    for x, labels in batches:
        if early:
            optimizer.zero_grad()
        x = worst(network, x, labels)
        if not early and not keep:
            optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(x), labels).backward()
        optimizer.step()
    return network


def robust_pass_by_hand(network, batches, worst, rate):
    for x, labels in batches:
        loss = torch.nn.functional.cross_entropy(network(worst(network, x, labels)), labels)
        gradients = torch.autograd.grad(loss, list(network.parameters()))
        for parameter, gradient in zip(network.parameters(), gradients, strict=True):
            parameter.data -= rate * gradient
    return network


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
    checks.step_of_size: [step_of_size, lambda *a: step_of_size(*a, floor=1e-8)],
    checks.worst_in_ball: [
        worst_in_ball,
        lambda *a: worst_in_ball(*a, share=10.0),
        lambda slope, step, project, x, rms, steps: worst_in_ball(
            slope, step, lambda x, y, r: project(x, y, r).clamp(0, 1), x, rms, steps, share=5.0
        ),
    ],
    checks.robust_pass: [robust_pass, robust_pass_by_hand],
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
        "nothing": (lambda p, s, n: None, "as one number, not NoneType"),
    },
    checks.step_of_size: {
        "0 / 0": (lambda *a: step_of_size(*a, floor=0.0), "0 / 0"),
        "downhill": (lambda x, g, s: step_of_size(x, -g, s), "downhill"),
        "L2": (lambda *a: step_of_size(*a, root=0.2), "√n times"),
        "one batch": (lambda x, g, s: x + s * g / g.square().mean().sqrt(), "of its own"),
        "size": (lambda x, g, s: x + s * g, "only its direction"),
        "alone": (lambda x, g, s: step_of_size(x, g, s) - x, "add it to x"),
        "sign": (lambda x, g, s: x + s * g.sign(), "the step of the sign"),
        "one": (lambda *a: step_of_size(*a)[:1], "not (1, 1, 5, 5)"),
    },
    checks.worst_in_ball: {
        "stays": (lambda f, step, project, x, rms, steps: x, "has not moved"),
        "downhill": (lambda *a: worst_in_ball(*a, sign=-1), "go uphill"),
        "no ball": (
            lambda f, s, p, x, rms, n: worst_in_ball(f, s, lambda x, y, r: y, x, rms, n),
            "project each step",
        ),
        "around the last": (around_the_last, "around x"),
        "no box": (lambda *a: worst_in_ball(*a, clip=False), "leaves [0, 1]"),
        "short": (lambda *a: worst_in_ball(*a, share=0.4), "reach the side"),
        "from the start": (from_the_start, "where the last one ended"),
        "change": (lambda f, s, p, x, rms, n: worst_in_ball(f, s, p, x, rms, n) - x, ""),
    },
    checks.robust_pass: {
        "no step": (lambda network, *a: network, "as it was"),
        "clean": (
            lambda n, b, worst, rate: robust_pass(n, b, lambda n, x, y: x, rate),
            "as they are",
        ),
        "early": (lambda *a: robust_pass(*a, early=True), "after it, not before"),
        "keeps gradients": (lambda *a: robust_pass(*a, keep=True), "gradients add up"),
        "uphill": (lambda n, b, worst, rate: robust_pass_by_hand(n, b, worst, -rate), "uphill"),
        "nothing": (lambda *a: None, "not NoneType"),
        "twice": (lambda n, b, w, rate: robust_pass(n, [*b, *b], w, rate), "it should be"),
    },
}

ROUNDING = {
    checks.gradient_sign_step: (0, 1e-6),
    checks.ball_of_size: (0, 1.49e-6),
    checks.smoothed_radius: (1e-4, 0),
    checks.step_of_size: (1.1e-4, 0),
}


class TestDiscussion(EveryCheck):
    right, mistakes, rounding = RIGHT, MISTAKES, ROUNDING
    blunt = (checks.ball_of_size,)
