"""The exercises of chapter 5."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.course.checks._report import NotYetError, attempted, drawn, report, seeded, tensor


def penalised_objective(answer: Callable[..., tuple]) -> None:
    """Chapter 5: c‖r‖² + loss and its gradient, ``answer(r, c, loss, slope)`` → both."""
    generator = seeded(6)
    r, slope = torch.randn(2, 4, 9, generator=generator)
    c, loss = torch.tensor([0.5, 1.0, 3.0, 7.0]), torch.rand(4, generator=generator)
    squares = r.square().sum(1)
    expected_value = (c * squares + loss).double()
    expected_gradient = (2 * c[:, None] * r + slope).double()

    def check(answer):
        found = answer(r, c, loss, slope)
        if not isinstance(found, tuple) or len(found) != 2:
            raise NotYetError("return two things: the values and the gradients")
        value = tensor(found[0], (4,), "one value for each image")
        gradient = tensor(found[1], (4, 9), "one gradient for each image")
        if torch.allclose(value, (c * squares.sqrt() + loss).double(), rtol=1e-4):
            raise NotYetError("this takes the norm ‖r‖; the penalty here takes its square")
        if torch.allclose(value, (squares + c * loss).double(), rtol=1e-4):
            raise NotYetError("c multiplies ‖r‖², not the loss")
        if torch.allclose(value, (c * r.square().mean(1) + loss).double(), rtol=1e-4):
            raise NotYetError("‖r‖² is the sum over the pixels, not their mean")
        if not torch.allclose(value, expected_value, rtol=1e-4):
            raise NotYetError(
                f"the first value is {value[0]:.4f}, it should be {expected_value[0]:.4f}"
            )
        if torch.allclose(gradient, (c[:, None] * r + slope).double(), rtol=1e-4):
            raise NotYetError("the derivative of c·r² is 2·c·r: the factor 2 is missing")
        if not torch.allclose(gradient, expected_gradient, rtol=1e-4, atol=1e-6):
            raise NotYetError("the values are right; the gradients should be 2·c·r + slope")

    if attempted(answer, r, c, loss, slope):
        report(check, answer)


def step_in_the_box(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Chapter 5: the projection of x + r onto [0, 1]^m, ``answer(x, r)`` → the new r."""
    generator = seeded(7)
    x = torch.rand(3, 1, 4, 4, generator=generator)
    r = torch.randn(3, 1, 4, 4, generator=generator)

    def check(answer):
        found = tensor(answer(x, r), (3, 1, 4, 4), "the new perturbations")
        expected = ((x + r).clamp(0, 1) - x).double()
        if torch.allclose(found, expected + x.double(), atol=1e-6):
            raise NotYetError("this is the image x + r; the perturbation is what differs from x")
        if torch.allclose(found, r.clamp(0, 1).double(), atol=1e-6):
            raise NotYetError("the image x + r has to be in the box, not r itself")
        if ((x + found < -1e-6) | (x + found > 1 + 1e-6)).any():
            raise NotYetError("x plus the new perturbation still leaves [0, 1]")
        if not torch.allclose(found, expected, atol=1e-6):
            raise NotYetError(
                "it is in the box, but there is a closer point: each pixel on its own"
            )

    if attempted(answer, x, r):
        report(check, answer)


def middle_in_log_c(answer: Callable[[float, float], float]) -> None:
    """Chapter 5: the next c of a bisection in log c, ``answer(success_c, failure_c)`` → c."""
    generator = seeded(8)
    some = drawn(0.01, 0.5, generator), drawn(1, 9, generator)

    def check(answer):
        for low, high in ((0.01, 1.0), (2.0, 8.0), (1e-6, 1e-2), some):
            found, expected = float(answer(low, high)), (low * high) ** 0.5
            if abs(found - (low + high) / 2) < 1e-6 * high:
                raise NotYetError("this is the middle of c; the middle of log c is wanted")
            if abs(found - math.log(expected)) < 1e-6:
                raise NotYetError("this is the middle of the logarithms; go back to c with exp")
            if abs(found - math.log10(expected)) < 1e-6:
                raise NotYetError("this is the middle of the logarithms; go back to c with 10**")
            if not abs(found - expected) < 1e-6 * expected:
                raise NotYetError(
                    f"between {low:g} and {high:g} it gives {found:g}, it should be {expected:g}"
                )

    if attempted(answer, 0.01, 1.0):
        report(check, answer)
