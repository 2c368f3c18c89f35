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


def slopes_before(answer: Callable[[list[Tensor]], float]) -> None:
    """Chapter 6: a Lipschitz constant of sigmoid layers, ``answer(weights)`` → float."""
    generator = seeded(62)
    weights = [torch.randn(6, 9, generator=generator), torch.randn(5, 6, generator=generator)]
    norms = [torch.linalg.matrix_norm(weight.double(), 2) for weight in weights]
    expected = norms[0] * norms[1] / 16
    mistakes = {
        "a sigmoid's slope is at most 1/4: every layer has this factor": norms[0] * norms[1],
        "both layers end in a sigmoid, so there are two factors 1/4": norms[0] * norms[1] / 4,
        "the layers follow each other: their constants multiply": (norms[0] + norms[1]) / 4,
        "‖W‖ is the largest singular value; this is the root of the sum of all squares": (
            weights[0].norm() * weights[1].norm() / 16
        ),
        "this takes the largest number in W; how far is a vector stretched?": (
            weights[0].abs().max() * weights[1].abs().max() / 16
        ),
        "multiply by the slope 1/4, do not divide by it": 16 * norms[0] * norms[1],
    }

    def check(answer):
        one_number(answer(weights), expected, mistakes, "the constant")

    if attempted(answer, weights):
        report(check, answer)


def _linear() -> tuple[torch.nn.Module, Tensor, Tensor]:
    """Return a softmax classifier, images in the midst of the box, and targets they have not."""
    generator = seeded(63)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 4))
    with torch.no_grad():
        model[1].weight.copy_(torch.randn(4, 16, generator=generator))
        model[1].bias.zero_()
        x = 0.5 + 0.1 * torch.randn(1, 1, 4, 4, generator=generator)
        return model, x, model(x)[0].argsort()[2:3]  # the second-largest logit


def walk_to_label(answer: Callable[..., Tensor]) -> None:
    """Chapter 6: steps over the linear border, ``answer(model, x, target, steps)`` → x'."""
    model, x, target = _linear()
    with torch.no_grad():
        z, w = model(x)[0], model[1].weight
        gap = z.max() - z[target[0]]
        shortest = gap / (w[z.argmax()] - w[target[0]]).norm()

    def check(answer):
        found = tensor(answer(model, x, target, 20), (1, 1, 4, 4), "x'").float()
        if torch.equal(found, x):
            raise NotYetError("x has not moved")
        if found.min() < 0 or found.max() > 1:
            raise NotYetError("x' leaves the box: clip it to [0, 1] after each step")
        length, seen = (found - x).norm(), model(found)[0].detach()
        if seen[target[0]] < z[target[0]]:
            raise NotYetError("the target's logit fell: go along the gradient, not against it")
        if seen.argmax() != target[0]:
            raise NotYetError(
                "the network does not see the target yet: each step goes gap · g / ‖g‖², and a "
                "little farther, so that the border is crossed"
            )
        if length > 1.3 * shortest:
            raise NotYetError(
                f"it went {length / shortest:.1f} times as far as the border is: divide by ‖g‖² "
                "and stop as soon as the target is seen"
            )

    if attempted(answer, model, x, target, 3):
        report(check, answer)


def walk_back(answer: Callable[..., Tensor]) -> None:
    """Chapter 6: the way back from x' to the border, ``answer(sees, x, far, rounds)``."""
    generator = seeded(64)
    x, far = torch.rand(2, 1, 1, 4, 4, generator=generator)

    def check(answer):
        for border in (0.3, 0.81):
            asked = []

            def sees(image, border=border, asked=asked):
                asked.append(image)
                return bool((image - x).norm() >= border * (far - x).norm())

            found = tensor(answer(sees, x, far, 12), (1, 1, 4, 4), "the image").float()
            share = ((found - x).norm() / (far - x).norm()).item()
            off = (found - (x + share * (far - x))).abs().max()
            case = f"with the border at {border:.0%} of the way it stops at {share:.1%}"
            if not asked:
                raise NotYetError("`sees` was never asked")
            if off > 1e-3:
                raise NotYetError("this is no point between x and the adversarial image")
            if share < border - 1e-6:
                raise NotYetError(f"{case}, where the target is not seen: return the last that was")
            if share > border + 0.002:
                raise NotYetError(f"{case}: halve the part of the way in which the border lies")
            if len(asked) > 14:
                raise NotYetError(f"`sees` was asked {len(asked)} times in 12 rounds")

    if attempted(answer, lambda image: True, x, far, 2):
        report(check, answer)
