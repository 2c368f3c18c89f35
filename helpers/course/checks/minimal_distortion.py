"""The exercises of chapter 6."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.course.checks._report import (
    NotYetError,
    attempted,
    drawn,
    one_number,
    report,
    seeded,
    tensor,
)


def accuracy_within(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Chapter 6: the share no attack within each size has fooled, ``answer(found, sizes)``."""
    some = 0.3 * torch.rand(3, generator=seeded(62))
    found = torch.cat([torch.tensor([0.0, 0.02, 0.05, 0.05, 0.08, 0.1, 0.2, math.inf]), some])
    sizes = torch.tensor([0.0, 0.03, 0.05, 0.1, 0.3])
    expected = (found > sizes[:, None]).double().mean(1)

    def check(answer):
        shares = tensor(answer(found, sizes), (5,), "one share for each size")
        if torch.allclose(shares, 1 - expected):
            raise NotYetError("this is the share that was fooled; the rest is wanted")
        if torch.allclose(shares, len(found) * expected):
            raise NotYetError("this is a count; divide by the number of images")
        if torch.allclose(shares, (found >= sizes[:, None]).double().mean(1)):
            raise NotYetError("a change of exactly this size is allowed, and fools")
        if not torch.allclose(shares, expected):
            raise NotYetError(f"it gives {shares.tolist()}, it should be {expected.tolist()}")

    if attempted(answer, found, sizes):
        report(check, answer)


def certified_distortion(answer: Callable[..., float]) -> None:
    """Chapter 6: a radius without label l, ``answer(z, target, weight, before, pixels)`` → RMS."""
    generator = seeded(61)
    weight = torch.randn(4, 9, generator=generator)
    weight[2] *= 5
    z, target, before, pixels = torch.tensor([3.0, 1.0, 4.0, 1.5]), 1, 2.5, 25
    lead, apart = (z - z[target]).double(), (weight - weight[target]).norm(dim=1).double()
    rivals = [0, 2, 3]
    radii = (lead / (apart * before) / pixels**0.5)[rivals]
    expected = radii.max()
    mistakes = {
        "leave the target itself out: 0 / 0 is no radius": torch.tensor(math.nan),
        "this is ‖·‖₂; the distortion divides it by √n": expected * pixels**0.5,
        "divide by √n, not by n": expected / pixels**0.5,
        "L₁ ⋯ L_{K−1} stands below the line: a steep network is certified for less": (
            expected * before**2
        ),
        "the layers before the last one are missing": expected * before,
        "the difference of two rows counts, not the target's row alone": (
            lead[rivals] / (weight[target].norm() * before) / pixels**0.5
        ).max(),
        "each rival gives a proof, and one is enough: take the largest radius": radii.min(),
        "the rival with the largest logit need not give the largest radius": radii[1],
    }

    def check(answer):
        radius = answer(z, target, weight, before, pixels)
        one_number(radius, expected, mistakes, "the radius", digits=5)

    if attempted(answer, z, target, weight, before, pixels):
        report(check, answer)


def lines_around_a_sigmoid(answer: Callable[[float, float], tuple]) -> None:
    """Chapter 6: λ, lowest, highest with λy + lowest ≤ σ(y) ≤ λy + highest, ``answer(a, b)``."""
    generator = seeded(63)
    some = drawn(-4, -1, generator), drawn(1, 4, generator)

    def check(answer):
        for low, high in ((-1.0, 3.0), (1.0, 4.0), (-5.0, -2.0), (-6.0, 6.0), some):
            found = answer(low, high)
            if not isinstance(found, tuple) or len(found) != 3:
                raise NotYetError("return three numbers: λ, lowest and highest")
            tilt, lowest, highest = (float(value) for value in found)
            y = torch.linspace(low, high, 20001, dtype=torch.double)
            offsets = y.sigmoid() - tilt * y
            where = f"on [{low:g}, {high:g}]"
            chord = ((y[-1].sigmoid() - y[0].sigmoid()) / (high - low)).item()
            if not math.isclose(tilt, chord, rel_tol=1e-3):
                raise NotYetError(f"{where} λ is {tilt:.4f}; the chord has the slope {chord:.4f}")
            if lowest > offsets.min() + 1e-4 or highest < offsets.max() - 1e-4:
                raise NotYetError(
                    f"{where} the sigmoid leaves the band: look where its slope is λ, too"
                )
            if lowest < offsets.min() - 1e-3 or highest > offsets.max() + 1e-3:
                raise NotYetError(f"{where} the band is valid, but wider than it has to be")

    if attempted(answer, -1.0, 3.0):
        report(check, answer)
