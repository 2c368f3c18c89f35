"""The exercises of chapter 2."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.course.checks._report import (
    NotYetError,
    attempted,
    drawn,
    number,
    one_number,
    report,
    seeded,
)


def weight_decay(answer: Callable[[list[Tensor], list[float]], Tensor]) -> None:
    """Chapter 2: the penalty Σ_k λ_k ‖W_k‖² / 2, ``answer(weights, decays)`` → scalar."""
    generator = seeded(4)
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
        one_number(answer(weights, decays), expected, mistakes, "the penalty")

    if attempted(answer, weights, decays):
        report(check, answer)


def error_rate(answer: Callable[[Tensor, Tensor], float]) -> None:
    """Chapter 2: the share of wrong predictions, ``answer(logits, labels)`` → float in [0, 1]."""
    generator = seeded(5)
    logits = torch.randn(40, 10, generator=generator)
    labels = logits.argmax(1)
    count = int(drawn(8, 18, seeded(58)))
    labels[:count] = (labels[:count] + 1) % 10
    expected = count / 40

    def check(answer):
        found = number(answer(logits, labels), "the error rate")
        if abs(found - (1 - expected)) < 1e-6:
            raise NotYetError("this is the accuracy; the error is what is missing to 1")
        if found > 1:
            raise NotYetError("a share lies between 0 and 1; divide by the number of images")
        if not abs(found - expected) <= 1e-6:  # NaN is neither
            raise NotYetError(f"it gives {found:.3f}, it should be {expected:.3f}")

    if attempted(answer, logits, labels):
        report(check, answer)
