"""The exercises of chapter 3."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers import units
from helpers.course.checks._report import (
    NotYetError,
    alike,
    attempted,
    drawn,
    number,
    one_number,
    report,
    seeded,
    tensor,
)


def label_entropy(answer: Callable[[Tensor], float]) -> None:
    """Chapter 3: the entropy of some labels in bits, ``answer(labels)`` → float."""
    some = torch.randint(4, (1, 10), generator=seeded(42))
    rows = torch.tensor([[3, 3, 3, 3, 3, 3, 7, 7, 0, 1], [1, 2, 2, 3, 3, 3, 4, 4, 4, 4], [5] * 10])
    rows = torch.cat([rows, some])

    def check(answer):
        for labels in rows:
            found = number(answer(labels), "the entropy")
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


def best_images(answer: Callable[[Tensor, int], Tensor]) -> None:
    """Chapter 3: the top images of many directions, ``answer(responses, count)`` → (M, count)."""
    responses = torch.randn(40, 7, generator=seeded(31)) - 0.5

    def check(answer):
        found = tensor(answer(responses, 5), (7, 5), "five image numbers for each direction").long()
        if not ((found >= 0) & (found < 40) & (found.sort(1).values.diff(dim=1) > 0).all()).all():
            raise NotYetError(
                "these are no five different numbers of images: return .indices, not .values"
            )
        given = responses.T.gather(1, found).sort(1, descending=True).values
        least = responses.T.sort(1).values[:, :5]
        if torch.allclose(given, least.flip(1)):
            raise NotYetError("these respond least; the largest responses are wanted")
        if torch.allclose(
            given,
            responses.T.gather(1, responses.abs().T.topk(5).indices)
            .sort(1, descending=True)
            .values,
        ):
            raise NotYetError("a response has a sign: −5 is less than 1")
        if not torch.allclose(given, responses.T.topk(5).values):
            raise NotYetError("a column of `responses` is a direction: take its five largest")

    if attempted(answer, responses, 5):
        report(check, answer)


def purity_of_rows(answer: Callable[[Tensor], Tensor]) -> None:
    """Chapter 3: the share of the most frequent label of each row, ``answer(labels)`` → (M,)."""
    labels = torch.randint(5, (9, 8), generator=seeded(32))
    labels[0], labels[1] = 7, torch.arange(8)
    counts = torch.nn.functional.one_hot(labels, 10).sum(1).double()
    expected = counts.amax(1) / 8
    mistakes = {
        "this is a count; divide by the number of images in a row": 8 * expected,
        "this is the most frequent label itself; how often does it occur?": counts.argmax(1),
        "divide by the images of a row, not by the number of labels": 0.8 * expected,
        "this is the share of the first image's label; take the most frequent one": (
            (labels == labels[:, :1]).double().mean(1)
        ),
        "this is the number of different labels": (counts > 0).sum(1),
        "this is the impurity; subtract it from 1": 1 - expected,
    }

    def check(answer):
        alike(tensor(answer(labels), (9,), "one purity for each row"), expected, mistakes)

    if attempted(answer, labels):
        report(check, answer)


def directions_of_length_1(answer: Callable[..., Tensor]) -> None:
    """Chapter 3: random unit vectors, ``answer(count, width, generator)`` → (count, width)."""
    many = 20_000 + int(drawn(0, 999, seeded(33)))

    def check(answer):
        three = [answer(many, 2, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
        v, again, other = (tensor(one, (many, 2), "one vector a row") for one in three)
        if not torch.allclose(v.norm(dim=1), torch.ones(many).double(), atol=1e-4):
            raise NotYetError("divide each row by its own length, so that all have the length 1")
        if torch.equal(v, other) or not torch.equal(v, again):
            raise NotYetError("draw with the generator that is given, and nothing else")
        if (v.mean(0).abs() > 0.05).any():
            raise NotYetError("some signs are rarer than others: a direction may be negative")
        if (v.pow(4).mean() - 3 / 8).abs() > 0.008:
            raise NotYetError(
                "some directions are met rather than others, such as the diagonals of a square, "
                "whose corners are far away: draw normal numbers, whose cloud is round"
            )

    if attempted(answer, 3, 2, torch.Generator()):
        report(check, answer)


def shuffled_p(answer: Callable[..., float]) -> None:
    """Chapter 3: p of the permutation test, ``answer(own, other, times, generator)``."""
    generator = seeded(34)
    own = torch.randn(12, generator=generator)
    both = {
        shift: torch.cat([own, torch.randn(8, generator=generator) + shift])
        for shift in (-0.6, 0.1, 0.8)
    }
    exact = {}
    for shift, values in both.items():
        keys = torch.rand(40_000, 20, generator=generator).argsort(1)
        gaps = values[keys[:, :12]].mean(1) - values[keys[:, 12:]].mean(1)
        real = values[:12].mean() - values[12:].mean()
        exact[shift] = (gaps.abs() >= real.abs()).double().mean(), (gaps >= real).double().mean()

    def check(answer):
        for shift, (two_sided, one_sided) in exact.items():
            own, other = both[shift][:12], both[shift][12:]
            p = number(answer(own, other, 2000, torch.Generator().manual_seed(1)), "p")
            case = f"it gives {p:.3f}, it should be about {two_sided:.3f}"
            if not 0 <= p <= 1:
                raise NotYetError(f"{case}: p is a share of the shuffles, between 0 and 1")
            if abs(p - two_sided) < 0.04:
                continue
            if abs(p - (1 - two_sided)) < 0.04:
                raise NotYetError(f"{case}: count the shuffles that are at least as far apart")
            if min(abs(p - one_sided), abs(p - (1 - one_sided))) < 0.03:
                raise NotYetError(f"{case}: a gap of either sign counts, so compare its size")
            if p in (0, 1):
                raise NotYetError(f"{case}: is every shuffle dealt out anew?")
            raise NotYetError(f"{case}: keep the sizes of the groups, and deal out all values")

    if attempted(answer, own, own, 3, torch.Generator()):
        report(check, answer)
