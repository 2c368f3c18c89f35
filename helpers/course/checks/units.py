"""The exercises of chapter 3."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers import units
from helpers.course.checks._report import NotYetError, attempted, one_number, report, seeded, tensor


def label_entropy(answer: Callable[[Tensor], float]) -> None:
    """Chapter 3: the entropy of some labels in bits, ``answer(labels)`` → float."""
    some = torch.randint(4, (1, 10), generator=seeded(42))
    rows = torch.tensor([[3, 3, 3, 3, 3, 3, 7, 7, 0, 1], [1, 2, 2, 3, 3, 3, 4, 4, 4, 4], [5] * 10])
    rows = torch.cat([rows, some])

    def check(answer):
        for labels in rows:
            found = float(answer(labels))
            expected = units.label_entropy(labels[None]).item()
            shown = f"the labels {labels.tolist()} give {found:.4g}"
            if math.isnan(found):
                raise NotYetError(f"{shown}; leave out labels that do not occur: 0 · log 0 is 0")
            if expected and math.isclose(found, -expected, rel_tol=1e-4):
                raise NotYetError(f"{shown}; the minus sign is missing: log₂ p is not positive")
            if expected and math.isclose(found, expected * math.log(2), rel_tol=1e-4):
                raise NotYetError(f"{shown}; bits take the logarithm to base 2")
            if math.isclose(found, units.label_purity(labels[None]).item(), rel_tol=1e-4):
                raise NotYetError(f"{shown}; this is the purity")
            if not math.isclose(found, expected, rel_tol=1e-4, abs_tol=1e-6):
                raise NotYetError(f"{shown}, it should be {expected:.4f}")

    if attempted(answer, rows[0]):
        report(check, answer)


def mean_similarity(answer: Callable[[Tensor], float]) -> None:
    """Chapter 3: the mean cosine over the pairs of some vectors, ``answer(vectors)`` → float."""
    vectors = torch.rand(6, 9, generator=seeded(43)) * 3
    units_long = torch.nn.functional.normalize(vectors, dim=1).double()
    cosines = units_long @ units_long.T
    expected = cosines[~torch.eye(6, dtype=torch.bool)].mean()
    products = (vectors @ vectors.T).double()
    mistakes = {
        "each vector's pair with itself, whose cosine is 1, does not count": cosines.mean(),
        "the cosine divides the product by both lengths": products[
            ~torch.eye(6, dtype=torch.bool)
        ].mean(),
        "this is the sum over the pairs; the mean is wanted": expected * 15,
        "i, j and j, i are one pair: divide by k(k − 1)/2 if you count it once": expected / 2,
        "this is the mean distance 1 − cosine": 1 - expected,
    }

    def check(answer):
        one_number(answer(vectors), expected, mistakes, "the mean")

    if attempted(answer, vectors):
        report(check, answer)


def counter_rotation(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Chapter 3: the read-out that undoes a rotation of φ, ``answer(weight, rotation)``."""
    generator = seeded(44)
    rotation = units.random_rotation(6, generator=generator)
    weight = torch.randn(4, 6, generator=generator)
    expected = (weight @ rotation.T).double()

    def check(answer):
        found = tensor(answer(weight, rotation), (4, 6), "the new weights")
        if torch.allclose(found, weight.double(), atol=1e-5):
            raise NotYetError("these are the old weights, but φ has been rotated")
        if torch.allclose(found, (weight @ rotation).double(), atol=1e-5):
            raise NotYetError("this rotates once more; the inverse of Q is its transpose")
        if not torch.allclose(found, expected, atol=1e-5):
            raise NotYetError(
                "new weights times Q φ should be the old weights times φ, for every φ"
            )

    if attempted(answer, weight, rotation):
        report(check, answer)
