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
}


class TestUnits(EveryCheck):
    right, mistakes = RIGHT, MISTAKES
