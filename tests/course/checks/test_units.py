"""The exercises of chapter 3: right answers and typical mistakes."""

import math

import torch

from helpers.course import checks

from .shared import EveryCheck


def shares(labels):
    return labels.unique(return_counts=True)[1] / len(labels)


def cosines(vectors):
    vectors = vectors / vectors.norm(dim=1, keepdim=True)
    return vectors @ vectors.T


def pairs(matrix):
    return matrix[torch.triu(torch.ones_like(matrix), 1).bool()]


def best_images(responses, count):
    return responses.topk(count, dim=0).indices.T


def purity_of_rows(labels):
    most = labels.mode(1, keepdim=True).values
    return (labels == most).float().mean(1)


def directions_of_length_1(count, width, generator):
    v = torch.randn(count, width, generator=generator)
    return v / v.norm(dim=1, keepdim=True)


def from_a_cube(count, width, generator):
    v = 2 * torch.rand(count, width, generator=generator) - 1
    return v / v.norm(dim=1, keepdim=True)


def shuffled_p(own, other, times, generator, *, size=torch.abs):
    real = size(own.mean() - other.mean())
    both = torch.cat([own, other])
    orders = [torch.randperm(len(both), generator=generator) for _ in range(times)]
    mixed = both[torch.stack(orders)]
    gaps = size(mixed[:, : len(own)].mean(1) - mixed[:, len(own) :].mean(1))
    return int((gaps >= real).sum()) / times


def by_matrix(own, other, times, generator):
    keys = torch.rand(times, len(own) + len(other), generator=generator).argsort(1)
    mixed = torch.cat([own, other])[keys]
    gaps = mixed[:, : len(own)].mean(1) - mixed[:, len(own) :].mean(1)
    return (gaps.abs() >= (own.mean() - other.mean()).abs()).float().mean()


RIGHT = {
    checks.label_entropy: [
        lambda labels: -(shares(labels) * shares(labels).log2()).sum(),
        lambda labels: -(shares(labels) * shares(labels).log2()).sum().item(),
        lambda labels: torch.distributions.Categorical(shares(labels)).entropy() / math.log(2),
    ],
    checks.mean_similarity: [
        lambda vectors: pairs(cosines(vectors)).mean(),
        lambda vectors: (cosines(vectors).sum().item() - 6) / 30,
        lambda vectors: pairs(cosines(vectors.double())).mean().view(1),
    ],
    checks.counter_rotation: [
        lambda weight, rotation: weight @ rotation.T,
        lambda weight, rotation: weight @ rotation.inverse(),
        lambda weight, rotation: (rotation.double() @ weight.T.double()).T,
    ],
    checks.best_images: [
        best_images,
        lambda responses, count: responses.argsort(0, descending=True)[:count].T,
        lambda responses, count: responses.T.sort(1).indices[:, -count:],
    ],
    checks.purity_of_rows: [
        purity_of_rows,
        lambda labels: torch.nn.functional.one_hot(labels).double().mean(1).amax(1),
    ],
    checks.directions_of_length_1: [
        directions_of_length_1,
        lambda m, n, g: torch.nn.functional.normalize(torch.randn(m, n, generator=g).double()),
    ],
    checks.shuffled_p: [by_matrix, shuffled_p],
}

MISTAKES = {
    checks.label_entropy: {
        "sign": (lambda labels: (shares(labels) * shares(labels).log2()).sum(), "minus sign"),
        "natural": (lambda labels: -(shares(labels) * shares(labels).log()).sum(), "to base 2"),
        "purity": (lambda labels: shares(labels).max(), "this is the purity"),
        "absent labels": (
            lambda labels: -(labels.bincount() / 10 * (labels.bincount() / 10).log2()).sum(),
            "labels that do not occur",
        ),
        "no weights": (lambda labels: -shares(labels).log2().sum(), "it should be 1.5"),
        "how many labels": (lambda labels: math.log2(len(shares(labels))), "it should be 1.5"),
        "always 0": (lambda labels: 0.0, "it should be 1.5"),
    },
    checks.mean_similarity: {
        "self": (lambda vectors: cosines(vectors).mean(), "pair with itself"),
        "products": (lambda vectors: pairs(vectors @ vectors.T).mean(), "both lengths"),
        "sum": (lambda vectors: pairs(cosines(vectors)).sum(), "the sum over the pairs"),
        "half": (lambda vectors: pairs(cosines(vectors)).sum() / 30, "are one pair"),
        "distance": (lambda vectors: 1 - pairs(cosines(vectors)).mean(), "mean distance"),
        "all of them": (lambda vectors: pairs(cosines(vectors)), "one number, not 15"),
        "largest": (lambda vectors: pairs(cosines(vectors)).max(), "it should be 0."),
    },
    checks.counter_rotation: {
        "nothing": (lambda weight, rotation: weight, "the old weights"),
        "once more": (lambda weight, rotation: weight @ rotation, "rotates once more"),
        "the product": (
            lambda weight, rotation: rotation @ weight.T,
            "should have shape (4, 6), not (6, 4)",
        ),
        "sign": (lambda weight, rotation: -weight @ rotation.T, "for every φ"),
        "elementwise": (lambda weight, rotation: weight * rotation[:4], "for every φ"),
    },
    checks.best_images: {
        "values": (lambda r, k: r.topk(k, dim=0).values.T, "not .values"),
        "least": (lambda r, k: best_images(-r, k), "respond least"),
        "absolute": (lambda r, k: best_images(r.abs(), k), "has a sign"),
        "rows": (lambda r, k: r.topk(k, dim=1).indices[:7], "a column"),
        "turned": (lambda r, k: best_images(r, k).T, "not (5, 7)"),
        "too many": (lambda r, k: best_images(r, k + 1), "not (7, 6)"),
        "list": (lambda r, k: best_images(r, k).tolist(), "not list"),
    },
    checks.purity_of_rows: {
        "count": (lambda y: 8 * purity_of_rows(y), "this is a count"),
        "label": (lambda y: y.mode(1).values, "the most frequent label itself"),
        "ten": (lambda y: 0.8 * purity_of_rows(y), "not by the number of labels"),
        "first": (lambda y: (y == y[:, :1]).float().mean(1), "the first image's label"),
        "kinds": (
            lambda y: torch.tensor([len(row.unique()) for row in y]),
            "number of different labels",
        ),
        "rest": (lambda y: 1 - purity_of_rows(y), "the impurity"),
        "one": (lambda y: purity_of_rows(y).mean(), "not ()"),
    },
    checks.directions_of_length_1: {
        "long": (lambda m, n, g: torch.randn(m, n, generator=g), "its own length"),
        "positive": (
            lambda m, n, g: torch.nn.functional.normalize(torch.rand(m, n, generator=g)),
            "signs",
        ),
        "cube": (from_a_cube, "diagonals"),
        "own luck": (
            lambda m, n, g: torch.nn.functional.normalize(torch.randn(m, n)),
            "the generator",
        ),
        "always the same": (
            lambda m, n, g: directions_of_length_1(m, n, torch.Generator().manual_seed(5)),
            "the generator",
        ),
        "axes": (
            lambda m, n, g: (
                torch.eye(n)[torch.randint(n, (m,), generator=g)]
                * (2 * torch.randint(2, (m, 1), generator=g) - 1)
            ),
            "rather than others",
        ),
        "turned": (lambda m, n, g: directions_of_length_1(n, m, g), "not (2, 20"),
    },
    checks.shuffled_p: {
        "one-sided": (lambda *a: shuffled_p(*a, size=lambda gaps: gaps), "of either sign"),
        "other half": (lambda *a: 1 - by_matrix(*a), "at least as far apart"),
        "count": (lambda own, other, n, g: n * by_matrix(own, other, n, g), "a share"),
        "never": (lambda *a: 0.0, "dealt out anew"),
        "bootstrap": (
            lambda own, other, n, g: shuffled_p(own + 5, other, n, g),
            "it should be about",
        ),
        "size of the gap": (
            lambda own, other, n, g: own.mean() - other.mean(),
            "it should be about",
        ),
    },
}

UNUSUAL = {
    checks.label_entropy: {
        "the number": (
            lambda labels: 7.0,
            "the labels [3, 3, 3, 3, 3, 3, 7, 7, 0, 1] give 7, it should be 1.5710",
        ),
    },
    checks.best_images: {
        "none of the images": (
            lambda r, k: best_images(r, k).index_fill(1, torch.tensor(0), 40),
            "no five different",
        ),
        "before the first": (
            lambda r, k: best_images(r, k).index_fill(1, torch.tensor(0), -1),
            "no five different",
        ),
        "one twice": (lambda r, k: best_images(r, k)[:, [0, 1, 2, 3, 3]], "no five different"),
    },
    checks.shuffled_p: {
        "a coin": (lambda *a: 0.5, "deal out all values"),
    },
}

ROUNDING = {
    checks.label_entropy: (1e-4, 0),
    checks.mean_similarity: (1e-4, 0),
    checks.counter_rotation: (0, 1e-5),
    checks.purity_of_rows: (1.1e-4, 0),
    checks.directions_of_length_1: (1.1e-4, 0),
}


class TestUnits(EveryCheck):
    right, mistakes, unusual, rounding = RIGHT, MISTAKES, UNUSUAL, ROUNDING
    easier = (checks.shuffled_p,)
