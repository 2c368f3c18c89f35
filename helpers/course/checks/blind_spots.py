"""The exercises of chapter 4."""

import math
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
    tensor,
)


def radial_basis(answer: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    """Chapter 4: exp(−γ ‖x − s‖²) of all pairs, ``answer(x, centres, gamma)`` → (N, S)."""
    generator = seeded(41)
    x = torch.rand(3, 6, generator=generator)
    centres, gamma = torch.rand(4, 6, generator=generator), 0.7
    squares = (x[:, None] - centres).square().double()
    expected = (-gamma * squares.sum(2)).exp()
    mistakes = {
        "‖x − s‖ has to be squared": (-gamma * squares.sum(2).sqrt()).exp(),
        "the minus sign is missing: the value falls with the distance": 1 / expected,
        "sum the squares over the pixels, do not average them": (-gamma * squares.mean(2)).exp(),
        "γ multiplies the squared distance": (-squares.sum(2) / gamma).exp(),
        "γ multiplies the squared distance, without 1/2": (-squares.sum(2) / (2 * gamma**2)).exp(),
    }

    def check(answer):
        found = tensor(answer(x, centres, gamma), (3, 4), "the kernel")
        for why, value in mistakes.items():
            if torch.allclose(found, value, rtol=1e-4):
                raise NotYetError(why)
        if not torch.allclose(found, expected, rtol=1e-4):
            raise NotYetError(
                f"it begins with {found[0, 0]:.4f}, it should be {expected[0, 0]:.4f}"
            )

    if attempted(answer, x, centres, gamma):
        report(check, answer)


def nearest_border(answer: Callable[[Tensor, Tensor, int], float]) -> None:
    """Chapter 4: linearised distance to the nearest label, ``answer(z, jacobian, label)`` → RMS."""
    generator = seeded(42)
    jacobian = torch.randn(4, 25, generator=generator)
    jacobian[2] *= 6  # a steep rival: not the one of least margin, and yet the nearest
    logits, label, pixels = torch.tensor([1.0, 4.0, 0.5, 2.5]), 1, 25
    rivals = [0, 2, 3]
    margins = (logits[label] - logits[rivals]).double()
    slopes = (jacobian[label] - jacobian[rivals]).norm(dim=1).double()
    distances = margins / slopes / pixels**0.5
    expected = distances.min()
    mistakes = {
        "leave the label itself out: its margin to itself is 0": torch.tensor([math.nan, 0]),
        "this is ‖·‖₂; the distortion divides it by √n": expected * pixels**0.5,
        "the root is missing: ‖·‖₂ is divided by √n": expected / pixels**0.5,
        "this is the label of least margin; a steeper one may be nearer": distances[
            margins.argmin()
        ],
        "a margin is a difference of logits: its gradient is ∇z_y − ∇z_j": (
            margins / jacobian[rivals].norm(dim=1) / pixels**0.5
        ).min(),
        "the gradient of the margin counts, not that of z_y alone": (
            margins / jacobian[label].norm() / pixels**0.5
        ).min(),
        "this is the farthest border; take the nearest": distances.max(),
    }

    def check(answer):
        one_number(answer(logits, jacobian, label), expected, mistakes, "the distance")

    if attempted(answer, logits, jacobian, label):
        report(check, answer)


def none_found(answer: Callable[[int, float], float]) -> None:
    """Chapter 4: the share that 0 of N does not exclude, ``answer(samples, confidence)``."""
    cases = ((1000, 0.95), (1000, 0.99), (10**6, 0.95), (int(drawn(2000, 90_000, seeded(43))), 0.9))

    def check(answer):
        for samples, confidence in cases:
            found = number(answer(samples, confidence), "the share")
            expected = -math.expm1(math.log1p(-confidence) / samples)
            shown = f"0 of {samples:,} at {confidence:.0%}: it gives {found:.3g}"
            if found == 0:
                raise NotYetError(f"{shown}; rare is not impossible: a small share fits as well")
            if math.isclose(found, -math.expm1(math.log(confidence) / samples), rel_tol=0.01):
                raise NotYetError(f"{shown}; 1 − confidence is the chance to see none, not this")
            if confidence != 0.95 and math.isclose(found, 3 / samples, rel_tol=0.01):
                raise NotYetError(f"{shown}; the 3 of the rule of three belongs to 95 %")
            if not math.isclose(found, expected, rel_tol=0.01):
                raise NotYetError(f"{shown}, it should be {expected:.3g}: solve (1 − p)^N for p")

    if attempted(answer, 1000, 0.95):
        report(check, answer)
