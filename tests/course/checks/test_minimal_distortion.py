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


def slopes_before(weights):
    product = 1
    for weight in weights:
        product = product * torch.linalg.matrix_norm(weight, 2) / 4
    return product


def walk_to_label(model, x, target, steps, *, beyond=1.05, power=2, sign=1, clip=True, stop=True):
    new = x.clone()
    for _ in range(steps):
        new.requires_grad_()
        z = model(new)[0]
        if stop and z.argmax() == target[0]:
            break
        gap = z.max() - z[target[0]]
        (g,) = torch.autograd.grad(-gap, new)
        new = new.detach() + sign * beyond * gap.detach() * g / g.norm() ** power
        new = new.clamp(0, 1) if clip else new
    return new.detach()


def walk_back(sees, x, far, rounds):
    near, share = 0.0, 1.0
    for _ in range(rounds):
        middle = (near + share) / 2
        if sees(x + middle * (far - x)):
            share = middle
        else:
            near = middle
    return x + share * (far - x)


def walk_back_by_images(sees, x, far, rounds):
    low, high = x, far
    for _ in range(rounds):
        middle = (low + high) / 2
        low, high = (low, middle) if sees(middle) else (middle, high)
    return high


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
    checks.slopes_before: [
        slopes_before,
        lambda weights: torch.stack([torch.linalg.svdvals(w)[0] / 4 for w in weights]).prod(),
    ],
    checks.walk_to_label: [walk_to_label, lambda *a: walk_to_label(*a, beyond=1.2)],
    checks.walk_back: [walk_back, walk_back_by_images],
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
    checks.slopes_before: {
        "no slope": (lambda w: 16 * slopes_before(w), "at most 1/4"),
        "one slope": (lambda w: 4 * slopes_before(w), "two factors"),
        "sum": (
            lambda w: sum(torch.linalg.matrix_norm(one, 2) for one in w) / 4,
            "constants multiply",
        ),
        "Frobenius": (lambda w: w[0].norm() * w[1].norm() / 16, "root of the sum"),
        "largest": (lambda w: w[0].abs().max() * w[1].abs().max() / 16, "largest number"),
        "times 4": (lambda w: 256 * slopes_before(w), "do not divide"),
        "first": (lambda w: slopes_before(w[:1]), "it should be"),
    },
    checks.walk_to_label: {
        "stays": (lambda model, x, target, steps: x, "not moved"),
        "against": (lambda *a: walk_to_label(*a, sign=-1), "against it"),
        "short": (lambda *a: walk_to_label(*a[:3], 1, beyond=0.5), "does not see the target"),
        "norm": (lambda *a: walk_to_label(*a, power=1, stop=False), ""),
        "far": (lambda *a: walk_to_label(*a, beyond=2.0), "times as far"),
        "no box": (lambda *a: walk_to_label(*a, beyond=20, clip=False), "leaves the box"),
        "two": (lambda *a: walk_to_label(*a)[0], "not (1, 4, 4)"),
    },
    checks.walk_back: {
        "start": (lambda sees, x, far, rounds: (sees(x), x)[1], "is not seen"),
        "far": (lambda sees, x, far, rounds: (sees(x), far)[1], "halve the part"),
        "never asked": (lambda sees, x, far, rounds: far, "never asked"),
        "turned": (
            lambda sees, x, far, rounds: walk_back(lambda i: not sees(i), x, far, rounds),
            "stops",
        ),
        "few": (lambda sees, x, far, rounds: walk_back(sees, x, far, 4), "halve the part"),
        "elsewhere": (
            lambda sees, x, far, rounds: (sees(x), (x + far).clamp(0, 0.6))[1],
            "no point between",
        ),
        "forever": (lambda sees, x, far, n: walk_back(sees, x, far, 3 * n), "asked 36 times"),
    },
}

UNUSUAL = {
    checks.lines_around_a_sigmoid: {
        "list": (lambda a, b: list(band(a, b)), "return three numbers"),
        "four numbers": (lambda a, b: (*band(a, b), 0.0), "return three numbers"),
        "chord": (
            lambda a, b: (1.002 * band(a, b)[0], *band(a, b)[1:]),
            "on [-1, 3] λ is 0.1712; the chord has the slope 0.1709",
        ),
        "a bit low": (
            lambda a, b: (band(a, b)[0], band(a, b)[1] - 0.0015, band(a, b)[2]),
            "wider than it has to be",
        ),
        "a bit high": (
            lambda a, b: (*band(a, b)[:2], band(a, b)[2] + 0.0015),
            "wider than it has to be",
        ),
        "a bit tight below": (
            lambda a, b: (band(a, b)[0], band(a, b)[1] + 1.5e-4, band(a, b)[2]),
            "the sigmoid leaves the band",
        ),
        "a bit tight above": (
            lambda a, b: (*band(a, b)[:2], band(a, b)[2] - 1.5e-4),
            "the sigmoid leaves the band",
        ),
    },
    checks.walk_to_label: {
        "a third too far": (lambda *a: walk_to_label(*a, beyond=1.35), "times as far"),
        "a dark pixel": (
            lambda *a: walk_to_label(*a) - 2.0 * (torch.arange(16) == 3).view(4, 4),
            "leaves the box",
        ),
        "a bright pixel": (
            lambda *a: walk_to_label(*a) + 2.0 * (torch.arange(16) == 3).view(4, 4),
            "leaves the box",
        ),
    },
    checks.walk_back: {
        "a pixel astray": (
            lambda sees, x, far, n: (
                walk_back(sees, x, far, n) + 0.1 * (torch.arange(16) == 3).view(4, 4)
            ),
            "no point between",
        ),
        "fifteen rounds": (lambda sees, x, far, n: walk_back(sees, x, far, n + 3), "in 12 rounds"),
    },
}

ROUNDING = {
    checks.accuracy_within: (1e-5, 0),
    checks.certified_distortion: (1e-4, 0),
    checks.slopes_before: (1e-4, 0),
}


class TestMinimalDistortion(EveryCheck):
    right, mistakes, unusual, rounding = RIGHT, MISTAKES, UNUSUAL, ROUNDING
