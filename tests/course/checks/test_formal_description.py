"""The exercises of chapter 5: right answers and typical mistakes."""

import math

import torch

from helpers.course import checks

from .shared import EveryCheck

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
        "nothing": (lambda low, high: None, "it raised TypeError"),
    },
}


class TestFormalDescription(EveryCheck):
    right, mistakes = RIGHT, MISTAKES
