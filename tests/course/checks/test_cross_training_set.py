"""The exercises of chapter 8: right answers and typical mistakes."""

import torch

from helpers.course import checks

from .shared import EveryCheck, each, rms


def stretched(x, y, size):
    return x + size / rms(y - x).mean() * (y - x)


def drawn_anew(wrong, times):
    rows = torch.randint(len(wrong), (times, len(wrong)))
    return wrong[rows].float().mean(1)


RIGHT = {
    checks.stretched: [
        stretched,
        lambda x, y, size: stretched(x.double(), y.double(), size).requires_grad_(),
    ],
    checks.resampled_errors: [
        drawn_anew,
        lambda wrong, times: torch.stack([drawn_anew(wrong, 1)[0] for _ in range(times)]),
        lambda wrong, times: (
            torch.distributions.Binomial(len(wrong), wrong.float().mean()).sample((times,))
            / len(wrong)
        ),
    ],
}

MISTAKES = {
    checks.stretched: {
        "plain norm": (
            lambda x, y, size: x + size * (y - x) / each((y - x).flatten(1).norm(dim=1)),
            "this shrinks them",
        ),
        "mean norm": (
            lambda x, y, size: x + size * (y - x) / (y - x).flatten(1).norm(dim=1).mean(),
            "mean of ‖x' − x‖₂",
        ),
        "each": (lambda x, y, size: x + size * (y - x) / each(rms(y - x)), "one for all"),
        "clipped": (lambda x, y, size: stretched(x, y, size).clamp(0, 1), "do not clip"),
        "alone": (lambda x, y, size: stretched(x, y, size) - x, "add it to x"),
        "not divided": (lambda x, y, size: x + size * (y - x), "without dividing"),
        "image": (lambda x, y, size: size / rms(y - x).mean() * y, "the way from x to x'"),
        "mean square": (
            lambda x, y, size: x + size * (y - x) / (y - x).square().mean().sqrt(),
            "root of the mean square of all",
        ),
        "sign": (lambda x, y, size: 2 * x - stretched(x, y, 2 * size), "mean distortion is 0.600"),
        "untouched": (lambda x, y, size: y, "it should be 0.3"),
        "one": (lambda x, y, size: stretched(x, y, size)[:1], "not (1, 1, 6, 6)"),
        "nothing": (lambda x, y, size: None, "not NoneType"),
    },
    checks.resampled_errors: {
        "without replacement": (
            lambda wrong, times: torch.stack(
                [wrong[torch.randperm(len(wrong))].float().mean() for _ in range(times)]
            ),
            "with replacement",
        ),
        "bell": (
            lambda wrong, times: (
                0.0625 + (0.0625 * 0.9375 / len(wrong)) ** 0.5 * torch.randn(times)
            ),
            "from a bell curve",
        ),
        "one draw": (lambda wrong, times: drawn_anew(wrong, 1).expand(times), "each anew"),
        "few": (lambda wrong, times: drawn_anew(wrong[:100], times), "it should be "),
        "a tenth": (
            lambda wrong, times: wrong[torch.randint(len(wrong), (times, 40))].float().mean(1),
            "as many images as there are",
        ),
        "right ones": (lambda wrong, times: drawn_anew(~wrong, times), "count the wrong ones"),
        "counts": (lambda wrong, times: len(wrong) * drawn_anew(wrong, times), "a share"),
        "percent": (lambda wrong, times: 100 * drawn_anew(wrong, times), "a share"),
        "too many": (lambda wrong, times: drawn_anew(wrong, len(wrong)), "not (400,)"),
        "one number": (lambda wrong, times: drawn_anew(wrong, times).mean(), "not ()"),
        "list": (lambda wrong, times: drawn_anew(wrong, times).tolist(), "not list"),
        "nothing": (lambda wrong, times: None, "not NoneType"),
    },
}


class TestCrossTrainingSet(EveryCheck):
    right, mistakes = RIGHT, MISTAKES
