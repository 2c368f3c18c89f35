"""The exercises of chapter 10."""

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
    one_number,
    report,
    seeded,
    tensor,
)


def wrap_around_norm(answer: Callable[[Tensor, int], float]) -> None:
    """Chapter 10: the norm of a convolution with wrap-around edges, ``answer(kernel, side)``."""
    generator = seeded(10)
    cases = [
        (torch.randn(*shape, generator=generator, dtype=torch.float64), side)
        for shape, side in (((1, 1, 3, 3), 8), ((3, 2, 3, 3), 6), ((2, 4, 5, 5), 9))
    ]

    def check(answer):
        for kernel, side in cases:
            found = number(answer(kernel, side), "the norm")
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
            found, windows = number(answer(kernel, stride), "the norm"), math.ceil(kernel / stride)
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
        found = number(answer(logits, weight, before, target, pixels), "the distortion")
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


def adjoint_of(answer: Callable[..., Tensor]) -> None:
    """Chapter 10: what carries y back through a convolution, ``answer(conv, y, shape)`` → Aᵀy."""
    generator = seeded(101)
    cases = []
    for stride, padding, side in ((1, 0, 6), (1, 2, 7), (2, 1, 8)):
        conv = torch.nn.Conv2d(2, 3, 3, stride, padding, bias=False, dtype=torch.float64)
        conv.weight.data = torch.randn(3, 2, 3, 3, generator=generator, dtype=torch.float64)
        x = torch.randn(1, 2, side, side, generator=generator, dtype=torch.float64)
        image = conv(x).detach()
        cases.append((conv, x, torch.randn(image.shape, generator=generator).double(), image))

    def check(answer):
        for conv, x, y, image in cases:
            shape = tuple(x.shape)
            back = tensor(answer(conv, y, shape), shape, "Aᵀy")
            one, other = (image * y).sum().item(), (x * back).sum().item()
            case = f"stride {conv.stride[0]}, padding {conv.padding[0]}"
            if abs(one - other) < 1e-6 * max(1, abs(one)):
                continue
            options = {"stride": conv.stride, "padding": conv.padding}
            room = side_left(conv, y, x)
            turned = torch.conv_transpose2d(
                y, conv.weight.flip(2, 3), output_padding=room, **options
            )
            if torch.allclose(back, turned):
                raise NotYetError(f"{case}: conv_transpose2d turns the kernel already")
            if abs(one + other) < 1e-6 * max(1, abs(one)):
                raise NotYetError(f"{case}: the sign is turned")
            raise NotYetError(
                f"{case}: ⟨Ax, y⟩ = {one:.4f} and ⟨x, Aᵀy⟩ = {other:.4f} should be the same for "
                "all x and y"
            )

    def side_left(conv: torch.nn.Conv2d, y: Tensor, x: Tensor) -> int:
        reached = (y.shape[-1] - 1) * conv.stride[0] - 2 * conv.padding[0] + 3
        return x.shape[-1] - reached

    if attempted(answer, cases[0][0], cases[0][2], tuple(cases[0][1].shape)):
        report(check, answer)


def stretched_once(answer: Callable[..., tuple]) -> None:
    """Chapter 10: one round of power iteration, ``answer(forward, back, v)`` → stretch, next v."""
    matrix = torch.randn(5, 7, generator=seeded(102)).double()
    v = 3 * torch.randn(7, generator=seeded(103)).double()
    image = matrix @ v
    back = matrix.T @ image
    stretch = image.norm() / v.norm()
    wrong_stretches = {
        "v need not have the length 1: divide ‖Av‖ by ‖v‖": image.norm(),
        "this is the stretch of AᵀA; that of A is wanted": back.norm() / v.norm(),
        "this is the square of the stretch": stretch**2,
        "this is ‖AᵀAv‖ / ‖Av‖; the stretch is ‖Av‖ / ‖v‖": back.norm() / image.norm(),
        "this is 1 over the stretch": 1 / stretch,
    }
    wrong_vectors = {
        "divide the next v by its length, or the numbers grow without end": back,
        "this is v itself; go forward and back": v / v.norm(),
        "the sign is turned": -back / back.norm(),
    }

    def check(answer):
        found = answer(lambda x: matrix @ x, lambda y: matrix.T @ y, v)
        if not isinstance(found, tuple) or len(found) != 2:
            raise NotYetError("return two things: the stretch and the next v")
        one_number(found[0], stretch, wrong_stretches, "the stretch")
        if isinstance(found[1], Tensor) and found[1].shape == image.shape:
            raise NotYetError("this is Av; carry it back with Aᵀ, so that it is a v again")
        alike(tensor(found[1], (7,), "the next v"), back / back.norm(), wrong_vectors)

    if attempted(answer, lambda x: matrix @ x, lambda y: matrix.T @ y, v):
        report(check, answer)


def power_method(answer: Callable[..., list]) -> None:
    """Chapter 10: the stretch after each round, ``answer(once, v, rounds)`` → a list."""
    generator = seeded(104)
    matrix = torch.randn(6, 6, generator=generator).double()
    v = torch.randn(6, generator=generator).double()

    def once(v: Tensor) -> tuple[Tensor, Tensor]:
        back = matrix.T @ (matrix @ v)
        return (matrix @ v).norm() / v.norm(), back / back.norm()

    expected, at = [], v
    for _ in range(12):
        stretch, at = once(at)
        expected.append(stretch)
    expected = torch.stack(expected)
    mistakes = {
        "every round begins at the first v; go on from the v that `once` returns": (
            expected[:1].expand(12)
        ),
        "the first round is missing": torch.cat([expected[1:], once(at)[0][None]]),
        "this is the last stretch, repeated; keep that of every round": expected[-1:].expand(12),
        "the order is turned: the first round first": expected.flip(0),
        "these are the squares": expected**2,
    }

    def check(answer):
        found = answer(once, v, 12)
        if not isinstance(found, list | tuple | Tensor):
            raise NotYetError(f"return a list of numbers, not {type(found).__name__}")
        if len(found) != 12:
            raise NotYetError(f"return 12 numbers for 12 rounds, not {len(found)}")
        found = torch.tensor([float(value) for value in found]).double()
        alike(found, expected, mistakes)

    if attempted(answer, once, v, 12):
        report(check, answer)
