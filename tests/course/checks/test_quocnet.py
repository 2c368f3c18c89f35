"""The exercises of chapter 12: right answers and typical mistakes."""

import torch

from helpers.course import checks

from .shared import EveryCheck


def pooled(h, size, epsilon, inside=True):
    squares = h.square().unfold(2, size, size).unfold(3, size, size).sum((4, 5))
    return (squares + epsilon).sqrt() if inside else squares.sqrt() + epsilon


def rica(weight, x, windows, sparsity, images=torch.mean, norm=torch.square):
    h = x @ weight.T
    error = norm((h @ weight - x).norm(dim=1))
    return images(error + sparsity * (h.square() @ windows.T + 1e-4).sqrt().sum(1))


def pairs_won(scores, labels, tie=0.5):
    ahead = scores[labels == 1][:, None] - scores[labels == 0]
    return ((ahead > 0).double() + tie * (ahead == 0)).mean()


RIGHT = {
    checks.l2_pool: [
        pooled,
        lambda h, size, e: (
            torch.nn.functional.avg_pool2d(h.double() ** 2, size) * size**2 + e
        ).sqrt(),
    ],
    checks.reconstruction_cost: [
        rica,
        lambda *arguments: rica(*arguments).item(),
        lambda w, x, windows, sparsity: (
            sum(rica(w, one[None], windows, sparsity) for one in x) / len(x)
        ),
    ],
    checks.ranking: [
        pairs_won,
        lambda scores, labels: float(pairs_won(scores, labels)),
    ],
}

MISTAKES = {
    checks.l2_pool: {
        "mean": (lambda h, size, e: pooled(h / size, size, e), "this is their mean"),
        "ε outside": (lambda h, size, e: pooled(h, size, e, inside=False), "inside the root"),
        "no root": (lambda h, size, e: pooled(h, size, e).square(), "the root is missing"),
        "ε in every term": (lambda h, size, e: pooled(h, size, 4 * e), "ε counts once"),
        "|h|": (
            lambda h, size, e: torch.nn.functional.avg_pool2d(h.abs(), size) * size**2,
            "its square is wanted",
        ),
        "max": (lambda h, size, e: torch.nn.functional.max_pool2d(h, size), "max-pooling"),
        "overlapping": (
            lambda h, size, e: torch.nn.functional.avg_pool2d(h, size, 1),
            "should have shape (2, 3, 2, 3)",
        ),
        "another ε": (lambda h, size, e: pooled(h, size, 0), "the first value is"),
    },
    checks.reconstruction_cost: {
        "sum": (lambda *a: rica(*a, images=torch.sum), "the mean is wanted"),
        "no λ": (lambda w, x, windows, _: rica(w, x, windows, 1.0), "λ is missing"),
        "no sparsity": (lambda w, x, windows, _: rica(w, x, windows, 0.0), "pooled units are"),
        "no error": (
            lambda w, x, windows, s: rica(w, x, windows, s) - rica(w, x, windows, 0.0),
            "the reconstruction is missing",
        ),
        "norm": (lambda *a: rica(*a, norm=lambda d: d), "the error is squared"),
        "|h|": (
            lambda w, x, windows, s: (
                rica(w, x, windows, 0.0) + s * ((x @ w.T).abs() @ windows.T).sum(1).mean()
            ),
            "under a root",
        ),
        "mean of the errors": (
            lambda w, x, windows, s: rica(w, x, windows, s) - 5 / 6 * rica(w, x, windows, 0.0),
            "do not average them",
        ),
        "one for each image": (lambda *a: rica(*a, images=lambda costs: costs), "one number"),
        "zero": (lambda *a: 0.0, "it should be"),
    },
    checks.ranking: {
        "ties lose": (lambda s, y: pairs_won(s, y, tie=0), "not nothing"),
        "ties win": (lambda s, y: pairs_won(s, y, tie=1), "not as a win"),
        "the other way": (lambda s, y: pairs_won(-s, y), "the 0 is ahead"),
        "all pairs": (lambda s, y: pairs_won(s, y) * 12 / 21, "a 1 and a 0"),
        "count": (lambda s, y: pairs_won(s, y) * 12, "this is a count"),
        "one for each": (lambda s, y: s, "one number, not 7"),
        "accuracy": (lambda s, y: ((s > 2) == y).double().mean(), "it should be"),
    },
}

UNUSUAL = {
    checks.l2_pool: {
        "counted": (
            lambda h, size, e: torch.arange(36.0).view(2, 3, 2, 3) + 7,
            "the first value is 7.0000, it should be ",
        ),
    },
}

ROUNDING = {
    checks.l2_pool: (1e-4, 0),
    checks.reconstruction_cost: (1e-4, 0),
    checks.ranking: (1e-4, 0),
}


class TestQuocnet(EveryCheck):
    right, mistakes, unusual, rounding = RIGHT, MISTAKES, UNUSUAL, ROUNDING
