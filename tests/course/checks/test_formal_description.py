"""The exercises of chapter 5: right answers and typical mistakes."""

import math

import torch

from helpers.course import checks

from .shared import EveryCheck, not_two


def loss_and_slope(network, x, r, target, reduction="none", sign=1):
    r = r.detach().requires_grad_()
    losses = sign * torch.nn.functional.cross_entropy(network(x + r), target, reduction=reduction)
    (slope,) = torch.autograd.grad(losses.sum(), r)
    return losses.detach(), slope


def one_by_one(network, x, r, target):
    each = [loss_and_slope(network, x[[i]], r[[i]], target[[i]]) for i in range(len(x))]
    return torch.cat([one[0] for one in each]), torch.cat([one[1] for one in each])


def projected_step(project, x, r, slope, size):
    return project(x, r - size[:, None] * slope)


def descent(objective, step, x, steps, *, grow=2.0, shrink=0.5, start=1.0, alone=True):
    r, size = torch.zeros_like(x), torch.full((len(x),), start)
    value, slope = objective(r)
    for _ in range(steps):
        new = step(x, r, slope, size)
        new_value, new_slope = objective(new)
        better = new_value < value
        better = better if alone else better.all().expand(len(x))
        r = torch.where(better[:, None], new, r)
        slope = torch.where(better[:, None], new_slope, slope)
        value = torch.where(better, new_value, value)
        size = torch.where(better, grow * size, shrink * size)
    return r


def short_of_the_minimum(objective, step, x, steps, *, left):
    """Stop where so much of the way down from r = 0 is left."""
    r = descent(objective, step, x, steps)
    start, least = objective(0 * r)[0], objective(r)[0]
    low, high = torch.zeros(len(x)), torch.ones(len(x))  # shares of r
    for _ in range(30):
        share = (low + high) / 2
        far = objective(share[:, None] * r)[0] - least > left * (start - least)
        low, high = torch.where(far, share, low), torch.where(far, high, share)
    return high[:, None] * r


def blind_descent(objective, step, x, steps, size=0.5):
    r = torch.zeros_like(x)
    for _ in range(steps):
        r = step(x, r, objective(r)[1], torch.full((len(x),), size))
    return r


def free_descent(objective, step, x, steps):
    return descent(objective, lambda x, r, slope, size: r - size[:, None] * slope, x, steps)


def search_of_c(works, next_c, low, high, rounds):
    for _ in range(rounds):
        c = next_c(low, high)
        low, high = (c, high) if works(c) else (low, c)
    return low


def search_that_counts_every_try(works, next_c, low, high, rounds):
    best = low
    for _ in range(rounds):
        c = next_c(low, high)
        if works(c):
            best, low = max(best, c), c
        else:
            high = c
    return best


def last_tried(works, next_c, low, high, rounds):
    for _ in range(rounds):
        c = next_c(low, high)
        low, high = (c, high) if works(c) else (low, c)
    return c


def search_downwards(works, next_c, low, high, rounds):
    return search_of_c(lambda c: not works(c), next_c, low, high, rounds)


RIGHT = {
    checks.penalised_objective: [
        lambda r, c, loss, slope: (c * r.square().sum(1) + loss, 2 * c[:, None] * r + slope),
        lambda r, c, loss, slope: (
            c.double() * r.double().norm(dim=1) ** 2 + loss,
            (2 * c * r.T + slope.T).T,
        ),
    ],
    checks.step_in_the_box: [
        lambda x, r: (x + r).clamp(0, 1) - x,
        lambda x, r: torch.minimum(torch.maximum(r, -x), 1 - x).double(),
    ],
    checks.middle_in_log_c: [
        lambda low, high: (low * high) ** 0.5,
        lambda low, high: math.exp((math.log(low) + math.log(high)) / 2),
        lambda low, high: torch.tensor(low * (high / low) ** 0.5),
    ],
    checks.loss_and_slope: [loss_and_slope, one_by_one],
    checks.projected_step: [
        projected_step,
        lambda project, x, r, slope, size: (x + r - size[:, None] * slope).clamp(0, 1) - x,
    ],
    checks.descent: [
        descent,
        lambda *a: descent(*a, grow=1.5),
        lambda *a: descent(*a, grow=3.0, shrink=0.3, start=0.01),
        lambda *a: short_of_the_minimum(*a, left=0.015),
    ],
    checks.search_of_c: [search_of_c, search_that_counts_every_try],
}

MISTAKES = {
    checks.penalised_objective: {
        "norm": (
            lambda r, c, loss, slope: (
                c * r.norm(dim=1) + loss,
                c[:, None] * r / r.norm(dim=1, keepdim=True) + slope,
            ),
            "takes its square",
        ),
        "c on the loss": (
            lambda r, c, loss, slope: (
                r.square().sum(1) + c * loss,
                2 * r + c[:, None] * slope,
            ),
            "not the loss",
        ),
        "mean": (
            lambda r, c, loss, slope: (
                c * r.square().mean(1) + loss,
                2 * c[:, None] * r / 9 + slope,
            ),
            "not their mean",
        ),
        "no factor 2": (
            lambda r, c, loss, slope: (c * r.square().sum(1) + loss, c[:, None] * r + slope),
            "the factor 2 is missing",
        ),
        "slope forgotten": (
            lambda r, c, loss, slope: (c * r.square().sum(1) + loss, 2 * c[:, None] * r),
            "2·c·r + slope",
        ),
        "sign of the gradient": (
            lambda r, c, loss, slope: (c * r.square().sum(1) + loss, 2 * c[:, None] * r - slope),
            "2·c·r + slope",
        ),
        "loss forgotten": (
            lambda r, c, loss, slope: (c * r.square().sum(1), 2 * c[:, None] * r),
            "the first value is",
        ),
        "sign of the loss": (
            lambda r, c, loss, slope: (c * r.square().sum(1) - loss, 2 * c[:, None] * r - slope),
            "the first value is",
        ),
        "one for the batch": (
            lambda r, c, loss, slope: ((c * r.square().sum(1) + loss).sum(), 2 * r),
            "shape (4,), not ()",
        ),
        "values alone": (
            lambda r, c, loss, slope: c * r.square().sum(1) + loss,
            "return two things",
        ),
        "nothing": (lambda r, c, loss, slope: None, "return two things"),
    },
    checks.step_in_the_box: {
        "image": (lambda x, r: (x + r).clamp(0, 1), "this is the image"),
        "r clipped": (lambda x, r: r.clamp(0, 1), "not r itself"),
        "r clipped to ±1": (lambda x, r: r.clamp(-1, 1), "still leaves"),
        "no box": (lambda x, r: r, "still leaves"),
        "lower bound alone": (lambda x, r: (x + r).clamp_min(0) - x, "still leaves"),
        "upper bound alone": (lambda x, r: (x + r).clamp_max(1) - x, "still leaves"),
        "shrunk": (lambda x, r: 1e-3 * r, "each pixel on its own"),
        "nothing done": (lambda x, r: 0 * r, "each pixel on its own"),
        "sign": (lambda x, r: (x - r).clamp(0, 1) - x, "each pixel on its own"),
        "array": (lambda x, r: ((x + r).clamp(0, 1) - x).numpy(), "not ndarray"),
        "one image": (lambda x, r: ((x + r).clamp(0, 1) - x)[0], "not (1, 4, 4)"),
    },
    checks.middle_in_log_c: {
        "arithmetic": (lambda low, high: (low + high) / 2, "the middle of c;"),
        "logarithm": (
            lambda low, high: (math.log(low) + math.log(high)) / 2,
            "go back to c with exp",
        ),
        "logarithm to base ten": (
            lambda low, high: (math.log10(low) + math.log10(high)) / 2,
            "go back to c with 10**",
        ),
        "no root": (lambda low, high: low * high + 1, "it should be 0.1"),
        "root of the ratio": (lambda low, high: (high / low) ** 0.5, "it should be 0.1"),
        "harmonic": (lambda low, high: 2 / (1 / low + 1 / high), "it should be 0.1"),
        "low": (lambda low, high: low, "it should be 0.1"),
        "high": (lambda low, high: high, "it should be 0.1"),
        "base ten": (
            lambda low, high: 10 ** ((math.log(low) + math.log(high)) / 2),
            "it should be",
        ),
        "not a number": (lambda low, high: float("nan"), "it gives nan"),
        "nothing": (lambda low, high: None, "as one number, not NoneType"),
    },
    checks.loss_and_slope: {
        "mean": (lambda *a: loss_and_slope(*a, reduction="mean"), "shape (5,), not ()"),
        "mean slope": (
            lambda *a: (loss_and_slope(*a)[0], loss_and_slope(*a)[1] / 5),
            "divided by the number of images",
        ),
        "at x": (lambda n, x, r, t: loss_and_slope(n, x, 0 * r, t), "has to see x + r"),
        "slope at x": (
            lambda n, x, r, t: (loss_and_slope(n, x, r, t)[0], loss_and_slope(n, x, 0 * r, t)[1]),
            "those at x",
        ),
        "sign": (lambda *a: loss_and_slope(*a, sign=-1), "the loss is −log p"),
        "uphill": (lambda *a: (loss_and_slope(*a)[0], -loss_and_slope(*a)[1]), "uphill"),
        "share": (lambda *a: ((-loss_and_slope(*a)[0]).exp(), 0), "the share p"),
        "one": (lambda *a: loss_and_slope(*a)[0], "two things"),
        "mean of all": (
            lambda *a: (loss_and_slope(*a)[0].mean().expand(5), 0),
            "each needs its own",
        ),
        "other target": (lambda n, x, r, t: loss_and_slope(n, x, r, 0 * t), "it should be"),
    },
    checks.projected_step: {
        "uphill": (lambda p, x, r, g, s: projected_step(p, x, r, -g, s), "uphill"),
        "no box": (lambda p, x, r, g, s: r - s[:, None] * g, "leaves the box"),
        "box first": (lambda p, x, r, g, s: p(x, r) - s[:, None] * g, "after the step"),
        "from 0": (lambda p, x, r, g, s: p(x, -s[:, None] * g), "it starts at r"),
        "one size": (lambda p, x, r, g, s: p(x, r - s.mean() * g), "size of its own"),
        "image": (lambda p, x, r, g, s: x + p(x, r - s[:, None] * g), "return r"),
        "nothing": (lambda p, x, r, g, s: r, "it should be"),
    },
    checks.descent: {
        "keeps all": (lambda *a: blind_descent(*a, size=3.0), "its own size"),
        "tiny": (lambda *a: blind_descent(*a, size=1e-3), "its own size"),
        "short": (
            lambda *a: short_of_the_minimum(*a, left=0.03),
            "0 of 6 images are at their minimum",
        ),
        "no box": (free_descent, "left the box"),
        "together": (lambda *a: descent(*a, alone=False), "its own size"),
        "never": (lambda objective, step, x, steps: 0 * x, "never kept"),
        "few": (lambda f, step, x, steps: descent(f, step, x, 3), "its own size"),
        "image": (lambda f, step, x, steps: x + descent(f, step, x, steps), "left the box"),
        "uphill": (
            lambda f, step, x, steps: step(x, 0 * x, -f(0 * x)[1], torch.ones(len(x))),
            "higher than at r = 0",
        ),
        "not a number": (lambda f, step, x, steps: x / 0, "not a number"),
    },
    checks.search_of_c: {
        "fails": (lambda w, n, low, high, k: 1.1 * search_of_c(w, n, low, high, k), "does not"),
        "last": (last_tried, "does not"),
        "downwards": (search_downwards, "does not"),
        "low": (lambda w, n, low, high, k: (w(low), low)[1], "look above it"),
        "never asked": (lambda w, n, low, high, k: n(low, high), "never asked"),
        "half": (lambda w, n, low, high, k: search_of_c(w, n, low, high, k // 2), "look above it"),
        "forever": (
            lambda w, n, low, high, k: search_of_c(w, n, low, high, 5 * k),
            "was asked 60 times",
        ),
    },
}

UNUSUAL = {
    checks.penalised_objective: {
        **not_two(RIGHT[checks.penalised_objective][0]),
        "first value": (
            lambda r, c, loss, slope: (torch.arange(4.0) + 7, slope),
            "the first value is 7.0000, it should be ",
        ),
    },
    checks.step_in_the_box: {
        "a bit above": (lambda x, r: (x + r).clamp(0, 1 + 1.5e-6) - x, "still leaves"),
        "a bit below": (lambda x, r: (x + r).clamp(-1.5e-6, 1) - x, "still leaves"),
    },
    checks.loss_and_slope: not_two(loss_and_slope),
}

ROUNDING = {
    checks.penalised_objective: (1e-4, 0),
    checks.step_in_the_box: (0, 1e-6),
    checks.middle_in_log_c: (1e-6, 0),
    checks.loss_and_slope: (1e-4, 0),
    checks.projected_step: (0, 1e-5),
}


class TestFormalDescription(EveryCheck):
    right, mistakes, unusual, rounding = RIGHT, MISTAKES, UNUSUAL, ROUNDING
    easier = (checks.search_of_c,)
