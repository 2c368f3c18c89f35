"""The exercises of chapter 5."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.course.checks._report import (
    NotYetError,
    alike,
    attempted,
    drawn,
    number,
    report,
    seeded,
    tensor,
)


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
            found, expected = number(answer(low, high), "the next c"), (low * high) ** 0.5
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


def loss_and_slope(answer: Callable[..., tuple]) -> None:
    """Chapter 5: cross-entropies at x + r and gradients, ``answer(network, x, r, target)``."""
    generator = seeded(51)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(9, 4))
    weight = 3 * torch.randn(4, 9, generator=generator)
    with torch.no_grad():
        network[1].weight.copy_(weight)
        network[1].bias.zero_()
    x, r = torch.rand(2, 5, 9, generator=generator)
    target = torch.tensor([0, 1, 2, 3, 1])

    def both(points: Tensor) -> tuple[Tensor, Tensor]:
        p = (points @ weight.T).softmax(1)
        return -p.log()[torch.arange(5), target], (p - torch.eye(4)[target]) @ weight

    losses, slopes = both(x + r)
    wrong_losses = {
        "these are the losses at x; the network has to see x + r": both(x)[0],
        "the loss is −log p, so that it falls while the target's share grows": -losses,
        "this is the share p of the target; the loss is −log p": (-losses).exp(),
        "this is the mean over the images; each needs its own (reduction='none')": (
            losses.mean().expand(5)
        ),
    }
    wrong_slopes = {
        "each gradient is divided by the number of images: differentiate the sum of the losses": (
            slopes / 5
        ),
        "the gradients are those at x, not at x + r": both(x)[1],
        "the gradients have the wrong sign: they point uphill on the loss": -slopes,
    }

    def check(answer):
        found = answer(network, x, r, target)
        if not isinstance(found, tuple) or len(found) != 2:
            raise NotYetError("return two things: the losses and the gradients")
        alike(tensor(found[0], (5,), "one loss for each image"), losses.double(), wrong_losses)
        alike(tensor(found[1], (5, 9), "one gradient for each image"), slopes, wrong_slopes)

    if attempted(answer, network, x, r, target):
        report(check, answer)


def projected_step(answer: Callable[..., Tensor]) -> None:
    """Chapter 5: a step downhill, and back into the box, ``answer(project, x, r, slope, size)``."""
    generator = seeded(52)
    x, r, slope = torch.rand(3, 4, 9, generator=generator)
    r, slope, size = 0.2 * (r - 0.5), slope - 0.5, torch.tensor([0.1, 0.5, 1.0, 3.0])
    down = size[:, None] * slope

    def project(x: Tensor, r: Tensor) -> Tensor:
        return (x + r).clamp(0, 1) - x

    expected = project(x, r - down)
    mistakes = {
        "this goes uphill: subtract the gradient": project(x, r + down),
        "the step is right, but x + r leaves the box: project it": r - down,
        "project after the step, not before it": project(x, r) - down,
        "this is the step alone; it starts at r": project(x, -down),
        "each image has a size of its own: size[:, None] has a row for each": (
            project(x, r - size.mean() * slope)
        ),
        "this is the image x + r; return r": x + expected,
    }

    def check(answer):
        found = answer(project, x, r, slope, size)
        alike(tensor(found, (4, 9), "the new perturbations"), expected, mistakes)

    if attempted(answer, project, x, r, slope, size):
        report(check, answer)


def descent(answer: Callable[..., Tensor]) -> None:
    """Chapter 5: many such steps from r = 0, ``answer(objective, step, x, steps)`` → r."""
    generator = seeded(53)
    x = torch.rand(6, 8, generator=generator)
    goal = torch.randn(6, 8, generator=generator)
    # from flat to steep, and so that sizes that are doubled and halved never hop across the valley
    curvature = 0.75 * 2.0 ** torch.arange(-3, 8, 2)[:, None]

    def objective(r: Tensor) -> tuple[Tensor, Tensor]:
        return (curvature * (r - goal).square()).sum(1), 2 * curvature * (r - goal)

    def step(x: Tensor, r: Tensor, slope: Tensor, size: Tensor) -> Tensor:
        return (x + r - size[:, None] * slope).clamp(0, 1) - x

    start, least = objective(0 * x)[0], objective((x + goal).clamp(0, 1) - x)[0]

    def check(answer):
        found = tensor(answer(objective, step, x, 80), (6, 8), "the perturbations").float()
        if not found.isfinite().all():
            raise NotYetError("some r is not a number any more: the steps are too large there")
        if ((x + found < -1e-5) | (x + found > 1 + 1e-5)).any():
            raise NotYetError("some x + r has left the box: move with `step` only")
        left = (objective(found)[0] - least) / (start - least)  # 1 at the start, 0 at the minimum
        if (left > 1.001).any():
            raise NotYetError(
                "for some images the value is higher than at r = 0: keep a step only where it "
                "lowers the value"
            )
        if (left > 0.999).all():
            raise NotYetError("no value is lower than at r = 0: the steps are never kept")
        if (left > 0.02).any():
            done = int((left <= 0.02).sum())
            raise NotYetError(
                f"{done} of 6 images are at their minimum after 80 steps, the others are not: "
                "each image needs its own size, larger after a success and halved after a failure"
            )

    if attempted(answer, objective, step, x, 2):
        report(check, answer)


def search_of_c(answer: Callable[..., float]) -> None:
    """Chapter 5: the largest c that works, ``answer(works, next_c, low, high, rounds)``."""

    def middle(low: float, high: float) -> float:
        return math.sqrt(low * high)

    some = 10 ** drawn(-2.5, 1.5, seeded(54))

    def check(answer):
        for limit, low, high in ((0.3, 1e-3, 1e2), (some, some / 300, 1e2), (0.004, 1e-3, 1e1)):
            tried = []

            def works(c, limit=limit, tried=tried):
                tried.append(float(c))
                return float(c) <= limit

            found = number(answer(works, middle, low, high, 12), "the c")
            if not tried:
                raise NotYetError("`works` was never asked")
            case = f"where every c up to {limit:g} works it returns {found:.4g}"
            if found > limit:
                raise NotYetError(f"{case}, which does not: return the largest c that did work")
            if len(tried) > 14:
                raise NotYetError(f"`works` was asked {len(tried)} times in 12 rounds")
            if found < limit / (high / low) ** (2 / 2**12) / 1.001:
                raise NotYetError(
                    f"{case}: where the middle works look above it, and where it does not, below"
                )

    if attempted(answer, lambda c: c < 1, middle, 0.1, 10.0, 2):
        report(check, answer)
