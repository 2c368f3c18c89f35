"""The exercises of chapter 10."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from helpers.course.checks._report import NotYetError, attempted, drawn, report, seeded


def wrap_around_norm(answer: Callable[[Tensor, int], float]) -> None:
    """Chapter 10: the norm of a convolution with wrap-around edges, ``answer(kernel, side)``."""
    generator = seeded(10)
    cases = [
        (torch.randn(*shape, generator=generator, dtype=torch.float64), side)
        for shape, side in (((1, 1, 3, 3), 8), ((3, 2, 3, 3), 6), ((2, 4, 5, 5), 9))
    ]

    def check(answer):
        for kernel, side in cases:
            found = float(answer(kernel, side))
            transform = torch.fft.fft2(kernel, (side, side))
            each = torch.linalg.matrix_norm(transform.permute(2, 3, 0, 1), 2)
            mistakes = {
                "the norm of the kernel as a matrix; the same kernel is used at every place, and "
                "what it adds up to there is missing": torch.linalg.matrix_norm(
                    kernel.flatten(1), 2
                ),
                "the Frobenius norm of the kernel; which input is stretched the most?": (
                    kernel.norm()
                ),
                "the norm without room for all frequencies: give fft2 the size of the image": (
                    torch.linalg.matrix_norm(torch.fft.fft2(kernel).permute(2, 3, 0, 1), 2).max()
                ),
                "the largest single coefficient; take the norm of the D × C matrix of a "
                "frequency": transform.abs().max(),
                "the mean over the frequencies; one of them is the most stretched": each.mean(),
                "the sum of all coefficients' squares; take the largest singular value": (
                    transform.norm()
                ),
            }
            close = {why: abs(found - value.item()) < 1e-6 for why, value in mistakes.items()}
            expected = each.max().item()
            if abs(found - expected) <= 1e-6 * expected:
                continue
            for why, hit in close.items():
                if hit:
                    raise NotYetError(f"this is {why}")
            raise NotYetError(
                f"for a kernel {tuple(kernel.shape)} on {side} × {side} pixels it gives "
                f"{found:.4f}, it should be {expected:.4f}"
            )

    if attempted(answer, *cases[0]):
        report(check, answer)


def pooling_constant(answer: Callable[[int, int], float]) -> None:
    """Chapter 10: the Lipschitz constant of max-pooling k × k with stride s, ``answer(k, s)``."""
    generator = seeded(11)
    some = int(drawn(6, 12, generator)), int(drawn(2, 5, generator))

    def check(answer):
        for kernel, stride in ((2, 2), (3, 2), (5, 2), (4, 3), (3, 1), (2, 3), some):
            found, windows = float(answer(kernel, stride)), math.ceil(kernel / stride)
            case = f"k = {kernel}, s = {stride}"
            if abs(found - windows) < 1e-6:
                continue
            if abs(found - 1) < 1e-6:
                raise NotYetError(f"{case}: windows overlap, and one pixel can win in several")
            if abs(found - windows**2) < 1e-6:
                raise NotYetError(
                    f"{case}: a pixel wins in {windows**2} windows, so ‖·‖² grows by that factor; "
                    "take the root"
                )
            if abs(found - windows**0.5) < 1e-6:
                raise NotYetError(f"{case}: the windows overlap along both axes")
            if abs(found - kernel / stride) < 1e-6 or abs(found - kernel // stride) < 1e-6:
                raise NotYetError(f"{case}: how many windows does the luckiest pixel belong to?")
            raise NotYetError(f"{case}: it gives {found:g}, it should be {windows}")

    if attempted(answer, 3, 2):
        report(check, answer)


def certified_radius(answer: Callable[..., float]) -> None:
    """Chapter 10: a certified distortion, ``answer(logits, weight, before, target, pixels)``."""
    weight = torch.tensor([[1.0, 2.0, 2.0], [0.0, 0.0, 2.0], [3.0, -1.0, 0.0]]).double()
    generator = seeded(12)
    logits = torch.tensor([1.0, drawn(4, 6, generator), 2.0]).double()
    before, target, pixels = drawn(3, 9, generator), 0, 100

    def check(answer):
        found = float(answer(logits, weight, before, target, pixels))
        lead = (logits[1] - logits[target]).item()
        speed = (weight[1] - weight[target]).norm().item() * before
        expected = lead / speed / pixels**0.5
        separate = weight[1].norm().item() + weight[target].norm().item()
        mistakes = {
            "the radius as a norm; a distortion divides it by √n": lead / speed,
            "divided by n; a distortion divides by √n": lead / speed / pixels,
            "without the layers before the last one": expected * before,
            "without the last layer: how fast do two logits part?": lead / before / pixels**0.5,
            "with ‖w_p‖ alone; the target's logit moves too: ‖w_p − w_l‖": (
                lead / (weight[1].norm().item() * before) / pixels**0.5
            ),
            "with ‖w_p‖ + ‖w_l‖, which is right but too careful: ‖w_p − w_l‖": (
                lead / (separate * before) / pixels**0.5
            ),
            "with ‖W‖, which is right but too careful: only two rows of W matter": (
                lead / (torch.linalg.matrix_norm(weight, 2).item() * before) / pixels**0.5
            ),
            "of the wrong sign": -expected,
        }
        if abs(found - expected) <= 1e-6 * expected:
            return
        for why, value in mistakes.items():
            if abs(found - value) <= 1e-6 * abs(value):
                raise NotYetError(f"this is {why}")
        raise NotYetError(f"it gives {found:.4f}, it should be {expected:.4f}")

    if attempted(answer, logits, weight, before, target, pixels):
        report(check, answer)
