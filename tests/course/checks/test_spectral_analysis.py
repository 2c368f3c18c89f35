"""The exercises of chapter 10: right answers and typical mistakes."""

import math

import torch

from helpers.course import checks

from .shared import EveryCheck, not_two


def on_each_frequency(kernel, side):
    """Return the D × C matrix of each frequency, shape (side, side, D, C)."""
    return torch.fft.fft2(kernel, (side, side)).permute(2, 3, 0, 1)


def norm(kernel, side):
    return torch.linalg.svdvals(on_each_frequency(kernel, side)).max()


def radius(logits, weight, before, target, pixels):
    best = logits.argmax()
    speed = (weight[best] - weight[target]).norm() * before
    return (logits[best] - logits[target]) / speed / pixels**0.5


def adjoint_of(conv, y, shape):
    x = torch.zeros(shape, dtype=y.dtype, requires_grad=True)
    (back,) = torch.autograd.grad(conv(x), x, y)
    return back


def transposed(conv, y, shape, *, turn=False, room=None):
    kernel, stride, padding = conv.weight.detach(), conv.stride[0], conv.padding[0]
    reached = (y.shape[-1] - 1) * stride - 2 * padding + kernel.shape[-1]
    room = shape[-1] - reached if room is None else room
    kernel = kernel.flip(2, 3) if turn else kernel
    return torch.conv_transpose2d(y, kernel, None, stride, padding, room)


def stretched_once(forward, back, v):
    image = forward(v)
    new = back(image)
    return image.norm() / v.norm(), new / new.norm()


def power_method(once, v, rounds):
    found = []
    for _ in range(rounds):
        stretch, v = once(v)
        found.append(stretch)
    return found


RIGHT = {
    checks.wrap_around_norm: [
        norm,
        lambda kernel, side: norm(kernel, side).item(),
        lambda kernel, side: torch.linalg.matrix_norm(on_each_frequency(kernel, side), 2).max(),
    ],
    checks.pooling_constant: [
        lambda kernel, stride: math.ceil(kernel / stride),
        lambda kernel, stride: torch.tensor(kernel / stride).ceil(),
        lambda kernel, stride: (kernel + stride - 1) // stride,
    ],
    checks.certified_radius: [
        radius,
        lambda *arguments: radius(*arguments).item(),
    ],
    checks.adjoint_of: [
        adjoint_of,
        transposed,
        lambda conv, y, shape: torch.nn.grad.conv2d_input(
            shape, conv.weight, y, conv.stride, conv.padding
        ),
    ],
    checks.stretched_once: [
        stretched_once,
        lambda forward, back, v: stretched_once(forward, back, v / v.norm()),
    ],
    checks.power_method: [power_method, lambda *a: torch.stack(power_method(*a))],
}

MISTAKES = {
    checks.wrap_around_norm: {
        "kernel matrix": (
            lambda k, side: torch.linalg.matrix_norm(k.flatten(1), 2),
            "the norm of the kernel as a matrix",
        ),
        "Frobenius": (lambda k, side: k.norm() if len(k) > 1 else norm(k, side), "which input"),
        "no room": (
            lambda k, side: torch.linalg.svdvals(torch.fft.fft2(k).permute(2, 3, 0, 1)).max(),
            "the size of the image",
        ),
        "largest coefficient": (
            lambda k, side: on_each_frequency(k, side).abs().max(),
            "largest single coefficient",
        ),
        "mean": (
            lambda k, side: torch.linalg.matrix_norm(on_each_frequency(k, side), 2).mean(),
            "the mean over the frequencies",
        ),
        "Parseval": (lambda k, side: on_each_frequency(k, side).norm(), "largest singular value"),
        "axes": (
            lambda k, side: torch.linalg.svdvals(torch.fft.fft2(k, (side, side))).max(),
            "it should be ",
        ),
        "squared": (lambda k, side: norm(k, side) ** 2, "it should be "),
        "not a number": (lambda k, side: float("nan"), "it gives nan"),
        "nothing": (lambda k, side: None, "as one number, not NoneType"),
    },
    checks.pooling_constant: {
        "the paper's": (lambda k, s: 1, "one pixel can win in several"),
        "not the root": (lambda k, s: math.ceil(k / s) ** 2, "take the root"),
        "one axis": (lambda k, s: math.ceil(k / s) ** 0.5, "along both axes"),
        "no rounding": (lambda k, s: k / s, "the luckiest pixel"),
        "rounded down": (lambda k, s: max(k // s, 1), "one pixel can win in several"),
        "kernel": (lambda k, s: k, "it should be 1"),
        "not a number": (lambda k, s: float("nan"), "it gives nan"),
        "nothing": (lambda k, s: None, "as one number, not NoneType"),
    },
    checks.certified_radius: {
        "L2": (lambda *a: radius(*a) * 10, "divides it by √n"),
        "n": (lambda *a: radius(*a) / 10, "divided by n"),
        "no layers before": (lambda z, w, L, t, n: radius(z, w, 1, t, n), "the layers before"),
        "no last layer": (lambda z, w, L, t, n: (z.max() - z[t]) / L / n**0.5, "the last layer"),
        "own row": (
            lambda z, w, L, t, n: (z.max() - z[t]) / w[z.argmax()].norm() / L / n**0.5,
            "the target's logit moves too",
        ),
        "both rows": (
            lambda z, w, L, t, n: (
                (z.max() - z[t]) / (w[z.argmax()].norm() + w[t].norm()) / L / n**0.5
            ),
            "with ‖w_p‖ + ‖w_l‖",
        ),
        "whole matrix": (
            lambda z, w, L, t, n: (z.max() - z[t]) / torch.linalg.matrix_norm(w, 2) / L / n**0.5,
            "only two rows",
        ),
        "sign": (lambda *a: -radius(*a), "the wrong sign"),
        "multiplied": (
            lambda z, w, L, t, n: (z.max() - z[t]) * (w[z.argmax()] - w[t]).norm() * L / n**0.5,
            "it should be ",
        ),
        "not a number": (lambda *a: float("nan"), "it gives nan"),
        "nothing": (lambda *a: None, "as one number, not NoneType"),
    },
    checks.adjoint_of: {
        "turned": (lambda *a: transposed(*a, turn=True), "turns the kernel already"),
        "too small": (lambda *a: transposed(*a, room=0), "should have shape"),
        "sign": (lambda *a: -adjoint_of(*a), "the sign is turned"),
        "forward": (lambda conv, y, shape: conv(torch.zeros(shape).double()), "Aᵀy should have"),
        "twice": (lambda *a: 2 * adjoint_of(*a), "for all x and y"),
        "zero": (lambda conv, y, shape: torch.zeros(shape), "for all x and y"),
        "list": (lambda *a: adjoint_of(*a).tolist(), "not list"),
    },
    checks.stretched_once: {
        "not by v": (
            lambda f, b, v: (f(v).norm(), stretched_once(f, b, v)[1]),
            "need not have the length 1",
        ),
        "both": (lambda f, b, v: (b(f(v)).norm() / v.norm(), stretched_once(f, b, v)[1]), "of AᵀA"),
        "square": (
            lambda f, b, v: (stretched_once(f, b, v)[0] ** 2, stretched_once(f, b, v)[1]),
            "the square",
        ),
        "no length": (
            lambda f, b, v: (stretched_once(f, b, v)[0], b(f(v))),
            "divide the next v by its length",
        ),
        "forward only": (
            lambda f, b, v: (stretched_once(f, b, v)[0], f(v) / f(v).norm()),
            "carry it back",
        ),
        "same v": (lambda f, b, v: (stretched_once(f, b, v)[0], v / v.norm()), "v itself"),
        "one": (lambda *a: stretched_once(*a)[0], "two things"),
        "second stretch": (
            lambda f, b, v: (b(f(v)).norm() / f(v).norm(), stretched_once(f, b, v)[1]),
            "this is ‖AᵀAv‖ / ‖Av‖",
        ),
        "turned over": (lambda f, b, v: (v.norm() / f(v).norm(), b(f(v))), "1 over the stretch"),
        "sign": (
            lambda f, b, v: (stretched_once(f, b, v)[0], -stretched_once(f, b, v)[1]),
            "the sign is turned",
        ),
    },
    checks.power_method: {
        "same v": (lambda once, v, n: [once(v)[0]] * n, "begins at the first v"),
        "first missing": (
            lambda once, v, n: power_method(once, once(v)[1], n),
            "the first round is missing",
        ),
        "last": (lambda once, v, n: power_method(once, v, n)[-1:] * n, "of every round"),
        "order": (lambda *a: power_method(*a)[::-1], "order is turned"),
        "squares": (lambda *a: [s**2 for s in power_method(*a)], "the squares"),
        "one": (lambda *a: power_method(*a)[-1].item(), "not float"),
        "one more": (lambda once, v, n: power_method(once, v, n + 1), "not 13"),
    },
}

UNUSUAL = {checks.stretched_once: not_two(stretched_once)}

ROUNDING = {
    checks.wrap_around_norm: (1e-6, 0),
    checks.pooling_constant: (0, 1e-6),
    checks.certified_radius: (1e-6, 0),
    checks.adjoint_of: (1e-6, 0),
    checks.stretched_once: (1e-4, 0),
    checks.power_method: (1.02e-4, 0),
}


class TestSpectralAnalysis(EveryCheck):
    right, mistakes, unusual, rounding = RIGHT, MISTAKES, UNUSUAL, ROUNDING
    blunt = (checks.wrap_around_norm,)
