"""The exercises of chapter 7: right answers and typical mistakes."""

import torch

from helpers.course import checks

from .shared import EveryCheck


def where_right(answers, before, labels):
    return (answers != labels)[before == labels].float().mean()


def newly_wrong(answers, before, labels):
    return (answers != labels) & (before == labels)


def of_target(answers, before, labels, targets):
    return (answers == targets)[newly_wrong(answers, before, labels)].float().mean()


def wrong_targets(labels, generator):
    return (labels + torch.randint(1, 10, labels.shape, generator=generator)) % 10


def wrong_targets_by_rank(labels, generator):
    drawn = torch.randint(9, labels.shape, generator=generator)
    return drawn + (drawn >= labels)


def row_of_errors(networks, images, labels):
    errors = [(network(images).argmax(1) != labels).float().mean() for network in networks]
    return 100 * torch.stack(errors)


def noise_of_same_size(x, adversarial, generator, *, root=1.0):
    noise = torch.randn(x.shape, generator=generator)
    size = (adversarial - x).flatten(1).norm(dim=1) / noise.flatten(1).norm(dim=1)
    return x + root * size.view(-1, 1, 1, 1) * noise


def one_size(x, adversarial, generator):
    noise = torch.randn(x.shape, generator=generator)
    return x + (adversarial - x).norm() / noise.norm() * noise


def even_noise(x, adversarial, generator):
    noise = 2 * torch.rand(x.shape, generator=generator) - 1
    size = (adversarial - x).flatten(1).norm(dim=1) / noise.flatten(1).norm(dim=1)
    return x + size.view(-1, 1, 1, 1) * noise


RIGHT = {
    checks.error_where_right: [
        where_right,
        lambda answers, before, labels: where_right(answers, before, labels).item(),
        lambda a, b, y: ((a != y) & (b == y)).sum() / (b == y).sum(),
    ],
    checks.share_of_target: [
        of_target,
        lambda *arguments: of_target(*arguments).item(),
        lambda a, b, y, t: ((a == t) & (b == y)).sum() / newly_wrong(a, b, y).sum(),
    ],
    checks.possible_of: [
        lambda printed, n: any(round(100 * k / n, 1) == printed for k in range(n + 1)),
        lambda printed, n: abs(round(printed * n / 100) * 100 / n - printed) < 0.0501,
    ],
    checks.wrong_targets: [wrong_targets, wrong_targets_by_rank],
    checks.row_of_errors: [
        row_of_errors,
        lambda networks, images, labels: row_of_errors(networks, images, labels).tolist(),
    ],
    checks.noise_of_same_size: [
        noise_of_same_size,
        lambda x, y, g: noise_of_same_size(x.double(), y.double(), g),
    ],
}

MISTAKES = {
    checks.error_where_right: {
        "all images": (lambda a, b, y: (a != y).float().mean(), "leave out those"),
        "divided by all": (lambda a, b, y: newly_wrong(a, b, y).float().mean(), "not by all"),
        "accuracy": (lambda a, b, y: 1 - where_right(a, b, y), "count the wrong ones"),
        "changed": (lambda a, b, y: (a != b).float().mean(), "where the answer changed"),
        "percent": (lambda a, b, y: 100 * where_right(a, b, y), "between 0 and 1"),
        "where wrong": (lambda a, b, y: (a != y)[b != y].float().mean(), "to be left out"),
        "right twice": (lambda a, b, y: ((a == y) & (b == y)).float().mean(), "it should be "),
        "sign": (lambda a, b, y: -where_right(a, b, y), "it gives -"),
        "count": (lambda a, b, y: newly_wrong(a, b, y).sum(), "it should be "),
        "each": (lambda a, b, y: newly_wrong(a, b, y), "one number, not 60"),
        "not a number": (lambda a, b, y: float("nan"), "it gives nan"),
        "nothing": (lambda a, b, y: None, "as one number, not NoneType"),
    },
    checks.share_of_target: {
        "of all": (lambda a, b, y, t: (a == t).float().mean(), "answers that became wrong"),
        "divided by all": (
            lambda a, b, y, t: ((a == t) & newly_wrong(a, b, y)).float().mean(),
            "not by all",
        ),
        "wrong before too": (
            lambda a, b, y, t: (a == t)[a != y].float().mean(),
            "did not become wrong",
        ),
        "the others": (lambda *arguments: 1 - of_target(*arguments), "count the target"),
        "errors": (
            lambda a, b, y, t: newly_wrong(a, b, y).float().mean(),
            "how many of them are the target",
        ),
        "percent": (lambda *arguments: 100 * of_target(*arguments), "it should be "),
        "sign": (lambda *arguments: -of_target(*arguments), "it gives -"),
        "each": (lambda a, b, y, t: a == t, "one number, not 60"),
        "not a number": (lambda *arguments: float("nan"), "it gives nan"),
        "nothing": (lambda *arguments: None, "as one number, not NoneType"),
    },
    checks.possible_of: {
        "always": (
            lambda printed, n: True,
            "11.7 % of 255 images: it says True; what do 29 or 30 of 255 give when rounded",
        ),
        "never": (lambda printed, n: False, "it says False"),
        "exactly": (lambda printed, n: (printed * n / 100).is_integer(), "it says False"),
        "cut off": (
            lambda printed, n: any(int(1000 * k / n) / 10 == printed for k in range(n + 1)),
            "rounded to one decimal",
        ),
        "rounded down alone": (
            lambda printed, n: round(100 * int(printed * n / 100) / n, 1) == printed,
            "rounded to one decimal",
        ),
        "share for percent": (
            lambda printed, n: any(round(k / n, 1) == printed for k in range(n + 1)),
            "it says False",
        ),
        "near": (
            lambda printed, n: abs(round(printed * n / 100) * 100 / n - printed) < 0.2,
            "True",
        ),
        "none left out": (
            lambda printed, n: any(round(100 * k / n, 1) == printed for k in range(1, n + 1)),
            "0.0 % of 7 images",
        ),
        "nothing": (lambda printed, n: None, "it says False"),
    },
    checks.wrong_targets: {
        "any": (lambda y, g: torch.randint(10, y.shape, generator=g), "none may be"),
        "next": (lambda y, g: (y + 1) % 10, "the generator"),
        "no remainder": (lambda y, g: y + torch.randint(1, 10, y.shape, generator=g), "0 to 9"),
        "never the last": (
            lambda y, g: (y + torch.randint(1, 9, y.shape, generator=g)) % 10,
            "more frequent",
        ),
        "own luck": (lambda y, g: (y + torch.randint(1, 10, y.shape)) % 10, "the generator"),
        "next where equal": (
            lambda y, g: (lambda t: torch.where(t == y, (t + 1) % 10, t))(
                torch.randint(10, y.shape, generator=g)
            ),
            "more frequent",
        ),
        "list": (lambda y, g: wrong_targets(y, g).tolist(), "not list"),
    },
    checks.row_of_errors: {
        "share": (lambda *a: row_of_errors(*a) / 100, "in percent"),
        "right": (lambda *a: 100 - row_of_errors(*a), "count the wrong ones"),
        "counts": (lambda *a: 0.6 * row_of_errors(*a), "these are counts"),
        "mean": (lambda *a: row_of_errors(*a).mean().expand(3), "its own entry"),
        "first": (lambda *a: row_of_errors(*a)[:1].expand(3), "every network"),
        "one": (lambda *a: row_of_errors(*a)[:1], "not (1,)"),
    },
    checks.noise_of_same_size: {
        "alone": (lambda x, y, g: noise_of_same_size(x, y, g) - x, "add it to x"),
        "L2": (lambda x, y, g: noise_of_same_size(x, y, g, root=20.0), "√n times"),
        "one size": (one_size, "its own size"),
        "unscaled": (lambda x, y, g: x + torch.randn(x.shape, generator=g), "its own size"),
        "the change": (lambda x, y, g: y, "the generator"),
        "signs of the change": (
            lambda x, y, g: x + (y - x) * torch.randn(4, 1, 1, 1, generator=g).sign(),
            "draw a random direction",
        ),
        "even": (even_noise, "not Gaussian"),
        "own luck": (
            lambda x, y, g: noise_of_same_size(x, y, torch.Generator().manual_seed(9)),
            "the generator",
        ),
    },
}

UNUSUAL = {
    checks.noise_of_same_size: {
        "half along the change": (
            lambda x, y, g: (
                noise_of_same_size(x, y, g) * 0.75**0.5 + x * (1 - 0.75**0.5) + 0.5 * (y - x)
            ),
            "",
        ),
    },
}

ROUNDING = {
    checks.error_where_right: (1e-4, 0),
    checks.share_of_target: (1e-4, 0),
    checks.row_of_errors: (1.11e-4, 0),
}


class TestCrossModel(EveryCheck):
    right, mistakes, unusual, rounding = RIGHT, MISTAKES, UNUSUAL, ROUNDING
