"""The exercises of chapter 2: right answers and typical mistakes."""

import torch

from helpers.course import checks

from .shared import EveryCheck


def penalty(weights, decays):
    return sum(d * w.square().sum() for w, d in zip(weights, decays, strict=True)) / 2


def wrong(logits, labels):
    return logits.argmax(1) != labels


RIGHT = {
    checks.weight_decay: [
        penalty,
        lambda weights, decays: penalty(weights, decays).item(),
        lambda weights, decays: penalty(weights, decays).view(1).requires_grad_(),
    ],
    checks.error_rate: [
        lambda logits, labels: wrong(logits, labels).float().mean().item(),
        lambda logits, labels: wrong(logits, labels).float().mean(),
        lambda logits, labels: wrong(logits, labels).sum().item() / len(labels),
    ],
}

MISTAKES = {
    checks.weight_decay: {
        "no half": (lambda ws, ds: 2 * penalty(ws, ds), "the factor 1/2 is missing"),
        "one λ": (lambda ws, ds: penalty(ws, [ds[0]] * 2), "each layer has its own λ"),
        "norm": (
            lambda ws, ds: sum(d * w.norm() for w, d in zip(ws, ds, strict=True)) / 2,
            "takes its square",
        ),
        "λ forgotten": (lambda ws, ds: penalty(ws, [1, 1]), "it should be "),
        "the last λ": (lambda ws, ds: penalty(ws, [ds[1]] * 2), "it should be "),
        "λ swapped": (lambda ws, ds: penalty(ws, ds[::-1]), "it should be "),
        "mean": (
            lambda ws, ds: sum(d * w.square().mean() for w, d in zip(ws, ds, strict=True)) / 2,
            "it should be ",
        ),
        "sign": (lambda ws, ds: -penalty(ws, ds), "it should be "),
        "first layer": (lambda ws, ds: penalty(ws[:1], ds[:1]), "it should be "),
        "not a number": (lambda ws, ds: float("nan"), "it gives nan"),
        "one for each layer": (
            lambda ws, ds: torch.stack([d * w.square().sum() for w, d in zip(ws, ds, strict=True)]),
            "one number, not 2",
        ),
        "text": (lambda ws, ds: "small", "as one number, not str"),
        "nothing": (lambda ws, ds: None, "as one number, not NoneType"),
    },
    checks.error_rate: {
        "accuracy": (
            lambda logits, labels: 1 - wrong(logits, labels).float().mean(),
            "this is the accuracy",
        ),
        "percent": (lambda logits, labels: 100 * wrong(logits, labels).float().mean(), "0 and 1"),
        "percent right": (
            lambda logits, labels: 100 * (1 - wrong(logits, labels).float().mean()),
            "0 and 1",
        ),
        "count": (lambda logits, labels: wrong(logits, labels).sum(), "0 and 1"),
        "argmin": (lambda logits, labels: wrong(-logits, labels).float().mean(), "it gives 0.9"),
        "sign": (lambda logits, labels: -wrong(logits, labels).float().mean(), "it gives -0.300"),
        "nothing wrong": (lambda logits, labels: 0.0, "it should be 0.300"),
        "one image off": (lambda logits, labels: 11 / 40, "it gives 0.275"),
        "not a number": (lambda logits, labels: float("nan"), "it gives nan"),
        "one for each image": (wrong, "the error rate is one number, not 40"),
        "text": (lambda logits, labels: "small", "as one number, not str"),
        "nothing": (lambda logits, labels: None, "as one number, not NoneType"),
    },
}

UNUSUAL = {
    checks.error_rate: {
        "all wrong": (lambda logits, labels: 1.0, "it gives 1.000, it should be 0.300"),
        "more than all": (lambda logits, labels: 2.0, "0 and 1"),
    },
}

ROUNDING = {
    checks.weight_decay: (1e-4, 0),
    checks.error_rate: (0, 1e-6),
}


class TestFramework(EveryCheck):
    right, mistakes, unusual, rounding = RIGHT, MISTAKES, UNUSUAL, ROUNDING
