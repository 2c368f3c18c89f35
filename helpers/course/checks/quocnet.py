"""The exercises of chapter 12."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.course.checks._report import NotYetError, attempted, one_number, report, seeded, tensor

EPSILON = 0.5  # large enough for its place to matter


def l2_pool(answer: Callable[[Tensor, int, float], Tensor]) -> None:
    """Chapter 12: sqrt(ε + Σ h²) over disjoint windows, ``answer(h, size, epsilon)``."""
    h = torch.randn(2, 3, 4, 6, generator=seeded(121))
    windows = h.double().unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)  # (2, 3, 2, 3, 4)
    squares = windows.square().sum(4)
    expected = (squares + EPSILON).sqrt()
    mistakes = {
        "the squares are added up; this is their mean": (squares / 4 + EPSILON).sqrt(),
        "ε belongs inside the root: outside, the slope at 0 is infinite": squares.sqrt() + EPSILON,
        "the root is missing": squares + EPSILON,
        "ε counts once for a window, not for each of its values": (squares + 4 * EPSILON).sqrt(),
        "this pools |h|; its square is wanted": windows.abs().sum(4),
        "this is max-pooling": windows.amax(4),
    }

    def check(answer):
        found = tensor(answer(h, 2, EPSILON), (2, 3, 2, 3), "one value for each window")
        for why, values in mistakes.items():
            if torch.allclose(found, values, rtol=1e-4):
                raise NotYetError(why)
        if not torch.allclose(found, expected, rtol=1e-4):
            raise NotYetError(
                f"the first value is {found[0, 0, 0, 0]:.4f}, "
                f"it should be {expected[0, 0, 0, 0]:.4f}"
            )

    if attempted(answer, h, 2, EPSILON):
        report(check, answer)


def reconstruction_cost(answer: Callable[[Tensor, Tensor, Tensor, float], Tensor]) -> None:
    """Chapter 12: the cost of filters W on vectors x, ``answer(weight, x, windows, sparsity)``."""
    generator = seeded(122)
    weight = torch.randn(4, 6, generator=generator)
    x = torch.randn(5, 6, generator=generator)
    windows = torch.tensor([[1.0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]])
    sparsity = 0.7
    h = (x @ weight.T).double()
    errors = (h @ weight.double() - x).square().sum(1)
    pooled = (h.square() @ windows.T.double() + 1e-4).sqrt().sum(1)
    expected = (errors + sparsity * pooled).mean()
    mistakes = {
        "this is the sum over the images; the mean is wanted": expected * 5,
        "λ is missing": (errors + pooled).mean(),
        "the pooled units are missing": errors.mean(),
        "the reconstruction is missing": sparsity * pooled.mean(),
        "the error is squared: ‖·‖²": (errors.sqrt() + sparsity * pooled).mean(),
        "the pooled units add up h², under a root": (
            errors + sparsity * (h.abs() @ windows.T.double()).sum(1)
        ).mean(),
        "add up the squared errors of an image, do not average them": (
            errors / 6 + sparsity * pooled
        ).mean(),
    }

    def check(answer):
        one_number(answer(weight, x, windows, sparsity), expected, mistakes, "the cost")

    if attempted(answer, weight, x, windows, sparsity):
        report(check, answer)


def ranking(answer: Callable[[Tensor, Tensor], float]) -> None:
    """Chapter 12: how often a 1 has a higher score than a 0, ``answer(scores, labels)``."""
    scores = torch.tensor([3.0, 1.0, 2.0, 2.0, 0.0, 5.0, 2.0])
    places = torch.randperm(7, generator=seeded(124))
    labels = torch.tensor([1, 0, 1, 0, 0, 0, 1])[places]
    ones, zeros = scores[labels == 1], scores[labels == 0]
    higher = (ones[:, None] > zeros).double().mean()
    ties = (ones[:, None] == zeros).double().mean()
    mistakes = {
        "a tie counts half, not nothing": higher,
        "a tie counts half, not as a win": higher + ties,
        "this is the share of pairs in which the 0 is ahead": 1 - higher - ties / 2,
        "divide by the number of pairs of a 1 and a 0": (higher + ties / 2) * 12 / 21,
        "this is a count; divide by the number of pairs": (higher + ties / 2) * 12,
    }
    expected = higher + ties / 2

    def check(answer):
        one_number(answer(scores, labels), expected, mistakes, "the share")

    if attempted(answer, scores, labels):
        report(check, answer)
