"""The exercises of chapter 7: right answers and typical mistakes."""

from helpers.course import checks

from .shared import EveryCheck


def where_right(answers, before, labels):
    return (answers != labels)[before == labels].float().mean()


def newly_wrong(answers, before, labels):
    return (answers != labels) & (before == labels)


def of_target(answers, before, labels, targets):
    return (answers == targets)[newly_wrong(answers, before, labels)].float().mean()


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
        "nothing": (lambda a, b, y: None, "it raised "),
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
        "nothing": (lambda *arguments: None, "it raised "),
    },
    checks.possible_of: {
        "always": (lambda printed, n: True, "it says True"),
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
}


class TestCrossModel(EveryCheck):
    right, mistakes = RIGHT, MISTAKES
