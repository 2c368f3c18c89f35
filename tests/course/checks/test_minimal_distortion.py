"""The exercises of chapter 6: right answers and typical mistakes."""

import torch

from helpers.course import checks

from .shared import EveryCheck


def within(found, sizes, fooled=torch.le):
    return 1 - fooled(found[:, None], sizes).double().mean(0)


def certified(z, target, weight, before, pixels, among=torch.amax):
    others = torch.arange(len(z)) != target
    speeds = (weight - weight[target])[others].norm(dim=1) * before
    return among(((z - z[target])[others] / speeds).clamp_min(0), 0) / pixels**0.5


def band(low, high, *, tangents=True):
    low, high = torch.tensor([low, high], dtype=torch.double)
    tilt = (high.sigmoid() - low.sigmoid()) / (high - low)
    y = torch.stack([low, high])
    if tangents:
        tangent = torch.logit((1 + (1 - 4 * tilt).sqrt()) / 2)
        y = torch.stack([low, high, tangent.clamp(low, high), (-tangent).clamp(low, high)])
    offsets = y.sigmoid() - tilt * y
    return tilt.item(), offsets.min().item(), offsets.max().item()


RIGHT = {
    checks.accuracy_within: [
        within,
        lambda found, sizes: (found > sizes[:, None]).float().mean(1),
        lambda found, sizes: torch.stack([(found > size).sum() / len(found) for size in sizes]),
    ],
    checks.certified_distortion: [
        certified,
        lambda *arguments: certified(*arguments).item(),
        lambda *arguments: certified(*arguments).view(1).double(),
    ],
    checks.lines_around_a_sigmoid: [
        band,
        lambda a, b: tuple(torch.tensor(value) for value in band(a, b)),
    ],
}

MISTAKES = {
    checks.accuracy_within: {
        "fooled": (lambda found, sizes: 1 - within(found, sizes), "the rest is wanted"),
        "count": (lambda found, sizes: len(found) * within(found, sizes), "divide by the number"),
        "strict": (
            lambda found, sizes: within(found, sizes, torch.lt),
            "exactly this size is allowed",
        ),
        "one number": (lambda found, sizes: within(found, sizes).mean(), "should have shape (5,)"),
        "list": (lambda found, sizes: within(found, sizes).tolist(), "as a tensor"),
        "other": (lambda found, sizes: 1 - sizes, "it should be [0.9090"),
    },
    checks.certified_distortion: {
        "2-norm": (lambda *a: certified(*a) * a[4] ** 0.5, "divides it by √n"),
        "n": (lambda *a: certified(*a) / a[4] ** 0.5, "not by n"),
        "times L": (lambda *a: certified(*a) * a[3] ** 2, "below the line"),
        "no L": (lambda *a: certified(*a) * a[3], "before the last one are missing"),
        "target's row": (
            lambda z, t, w, b, n: ((z - z[t]) / (w[t].norm() * b)).max() / n**0.5,
            "the difference of two rows",
        ),
        "predicted label": (
            lambda z, t, w, b, n: (z.max() - z[t]) / ((w[z.argmax()] - w[t]).norm() * b) / n**0.5,
            "the rival with the largest logit",
        ),
        "smallest": (lambda *a: certified(*a, among=torch.amin), "one is enough"),
        "0 / 0": (
            lambda z, t, w, b, n: ((z - z[t]) / ((w - w[t]).norm(dim=1) * b)).max() / n**0.5,
            "leave the target itself out",
        ),
        "vector": (lambda z, *rest: z, "one number, not 4"),
        "half": (lambda *a: certified(*a) / 2, "it should be"),
    },
    checks.lines_around_a_sigmoid: {
        "two numbers": (lambda a, b: band(a, b)[:2], "return three numbers"),
        "ends only": (lambda a, b: band(a, b, tangents=False), "look where its slope is λ"),
        "another slope": (lambda a, b: (0.25, *band(a, b)[1:]), "the chord has the slope"),
        "too wide": (
            lambda a, b: (band(a, b)[0], band(a, b)[1] - 0.1, band(a, b)[2]),
            "wider than it has to be",
        ),
        "swapped": (lambda a, b: (band(a, b)[0], *band(a, b)[:0:-1]), "leaves the band"),
    },
}


class TestMinimalDistortion(EveryCheck):
    right, mistakes = RIGHT, MISTAKES
