"""The exercises of chapter 8: right answers and typical mistakes."""

import torch

from helpers.course import checks

from .shared import EveryCheck, each, rms


def stretched(x, y, size):
    return x + size / rms(y - x).mean() * (y - x)


def drawn_anew(wrong, times):
    rows = torch.randint(len(wrong), (times, len(wrong)))
    return wrong[rows].float().mean(1)


def interval_of_draws(errors, level):
    outside = (1 - level) / 2
    return errors.quantile(outside).item(), errors.quantile(1 - outside).item()


def counted_off(errors, level):
    ordered = errors.sort().values
    cut = int((1 - level) / 2 * len(errors))
    return ordered[[cut, len(errors) - 1 - cut]]


def paired_draws(wrong, others, times):
    rows = torch.randint(len(wrong), (times, len(wrong)))
    return wrong[rows].float().mean(1) - others[rows].float().mean(1)


def widths(interval, wrong, sizes):
    found = []
    for size in sizes:
        low, high = interval(wrong[:size])
        found.append(high - low)
    return torch.tensor(found)


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
    checks.interval_of_draws: [interval_of_draws, counted_off],
    checks.paired_draws: [
        paired_draws,
        lambda wrong, others, times: drawn_anew(wrong.float() - others.float(), times),
    ],
    checks.widths: [widths, lambda *a: widths(*a).tolist()],
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
        "a quarter": (
            lambda wrong, times: wrong[torch.randint(len(wrong), (times, 100))].float().mean(1),
            "as many images as there are",
        ),
        "right ones": (lambda wrong, times: drawn_anew(~wrong, times), "count the wrong ones"),
        "counts": (lambda wrong, times: len(wrong) * drawn_anew(wrong, times), "a share"),
        "percent": (lambda wrong, times: 100 * drawn_anew(wrong, times), "a share"),
        "too many": (lambda wrong, times: drawn_anew(wrong, len(wrong)), "not (400,)"),
        "one number": (
            lambda wrong, times: drawn_anew(wrong, times).mean(),
            "one error for each draw should have shape (2000,), not ()",
        ),
        "list": (lambda wrong, times: drawn_anew(wrong, times).tolist(), "not list"),
        "nothing": (lambda wrong, times: None, "not NoneType"),
    },
    checks.interval_of_draws: {
        "bell": (
            lambda e, level: (e.mean() - 1.96 * e.std(), e.mean() + 1.96 * e.std()),
            "count them",
        ),
        "one-sided": (lambda e, level: interval_of_draws(e, 2 * level - 1), "half of it"),
        "range": (lambda e, level: (e.min(), e.max()), "leave out"),
        "turned": (lambda e, level: interval_of_draws(e, level)[::-1], "wrong way round"),
        "always 95": (lambda e, level: interval_of_draws(e, 0.95), "use `level`"),
        "one": (lambda e, level: interval_of_draws(e, level)[:1], "two numbers"),
        "moved": (lambda e, level: torch.tensor(interval_of_draws(e, level)) + 0.1, "it should be"),
    },
    checks.paired_draws: {
        "apart": (
            lambda w, o, times: drawn_anew(w, times) - drawn_anew(o, times),
            "the same images",
        ),
        "sign": (lambda w, o, times: paired_draws(o, w, times), "the sign is turned"),
        "counts": (lambda w, o, times: 400 * paired_draws(w, o, times), "divide by the number"),
        "one draw": (lambda w, o, times: paired_draws(w, o, 1).expand(times), "each anew"),
        "few": (
            lambda w, o, times: drawn_anew((w.float() - o.float())[torch.arange(100)], times),
            "it should be ",
        ),
        "sum": (lambda w, o, times: drawn_anew(w.float() + o.float(), times), "it should be near"),
        "one": (lambda w, o, times: paired_draws(w, o, 1), "should have shape (2000,), not (1,)"),
    },
    checks.widths: {
        "half": (lambda *a: widths(*a) / 2, "half of the width"),
        "upper": (lambda f, w, s: [f(w[:k])[1] for k in s], "upper ends"),
        "lower": (lambda f, w, s: [f(w[:k])[0] for k in s], "lower ends"),
        "all": (lambda f, w, s: [f(w)[1] - f(w)[0] for k in s], "of all images"),
        "sign": (lambda *a: -widths(*a), "the sign is turned"),
        "last": (lambda f, w, s: widths(f, w.flip(0), s), "it should be"),
        "one": (lambda *a: widths(*a)[:1], "not (1,)"),
    },
}

UNUSUAL = {
    checks.resampled_errors: {
        "one more": (lambda wrong, times: drawn_anew(wrong, times) + 1 / 400, "it should be near"),
        "one less": (lambda wrong, times: drawn_anew(wrong, times) - 1 / 400, "it should be near"),
    },
    checks.interval_of_draws: {
        "given": (
            lambda e, level: (0.25, 0.75),
            "at 95% it gives 0.2500 to 0.7500, it should be 0.0",
        ),
    },
}

ROUNDING = {
    checks.stretched: (0, 1e-5),
    checks.interval_of_draws: (0, 0.002),
    checks.widths: (1.24e-4, 0),
}


class TestCrossTrainingSet(EveryCheck):
    right, mistakes, unusual, rounding = RIGHT, MISTAKES, UNUSUAL, ROUNDING
