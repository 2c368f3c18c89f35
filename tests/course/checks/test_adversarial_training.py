"""The exercises of chapter 9: right answers and typical mistakes."""

import torch

from helpers.course import checks

from .shared import EveryCheck


def entry(h, weight, bias, label, target, strength, power=2, sign=1):
    w = weight[target] - weight[label]
    gap = (weight[label] - weight[target]).dot(h) + bias[label] - bias[target]
    return h + sign * strength * gap / w.norm() ** power * w


def renewed(pool, new, generator, places=None):
    pool = pool.clone()
    rows = torch.randperm(len(pool), generator=generator) if places is None else places
    pool[rows[: len(new)]] = new
    return pool


def renewed_with_repetition(pool, new, generator):
    rows = torch.randint(len(pool), (len(new),), generator=generator)
    return renewed(pool, new, generator, rows)


def mixed(clean, losses, shares):
    return (1 - shares.sum()) * clean + shares.dot(losses)


RIGHT = {
    checks.part_of_the_way: [
        entry,
        lambda h, weight, *rest: entry(h.double(), weight.double(), *rest),
    ],
    checks.renewed: [
        renewed,
        lambda pool, new, generator: renewed(
            pool, new, generator, torch.rand(len(pool), generator=generator).argsort()
        ),
        lambda pool, new, generator: renewed(pool, new, generator).double(),
        lambda pool, new, generator: torch.cat(
            [pool[torch.randperm(len(pool), generator=generator)[len(new) :]], new]
        ),
    ],
    checks.mixed_loss: [
        mixed,
        lambda clean, losses, shares: clean + (shares * (losses - clean)).sum(),
    ],
}

MISTAKES = {
    checks.part_of_the_way: {
        "whole way": (lambda *a: entry(*a[:5], 1.0), "the whole way"),
        "norm": (lambda *a: entry(*a, power=1), "divide by ‖w‖²"),
        "sign": (lambda *a: entry(*a, sign=-1), "away from the target"),
        "target's row": (
            lambda h, w, b, y, t, s: (
                h + s * ((w @ h + b)[y] - (w @ h + b)[t]) / w[t].dot(w[t]) * w[t]
            ),
            "the difference of the rows",
        ),
        "way alone": (lambda h, *a: entry(h, *a) - h, "add it to h"),
        "no bias": (lambda h, w, b, *a: entry(h, w, 0 * b, *a), "the bias is missing"),
        "twice": (lambda *a: entry(*a[:5], 2.0), "the gap of the two logits is"),
        "list": (lambda *a: entry(*a).tolist(), "as a tensor"),
        "shape": (lambda *a: entry(*a)[None], "not (1, 6)"),
    },
    checks.renewed: {
        "grows": (lambda pool, new, g: torch.cat([pool, new]), "the pool grew"),
        "only new": (lambda pool, new, g: new, "not (15, 3)"),
        "with repetition": (renewed_with_repetition, "without repetition"),
        "always the first": (
            lambda pool, new, g: renewed(pool, new, g, torch.arange(len(pool))),
            "at random",
        ),
        "unchanged": (lambda pool, new, g: pool, "of 15 new entries 0"),
        "all twice": (
            lambda pool, new, g: renewed(
                pool, new.repeat(2, 1), torch.Generator().manual_seed(g.initial_seed())
            ),
            "25 old entries stay, not 10",
        ),
        "an old one twice": (
            lambda pool, new, g: torch.cat([new, pool[torch.randint(40, (25,), generator=g)]]),
            "each once",
        ),
    },
    checks.mixed_loss: {
        "all of it": (lambda c, p, s: c + s.dot(p), "the share that is left"),
        "no images": (lambda c, p, s: s.dot(p), "the training images are missing"),
        "one share": (lambda c, p, s: (1 - s.sum()) * c + s.sum() * p.mean(), "of its own"),
        "mean": (lambda c, p, s: (1 - s.sum()) * c + (s * p).mean(), "not to be averaged"),
        "swapped": (lambda c, p, s: s.sum() * c + (1 - s.sum()) * p.mean(), "wrong way round"),
        "half": (lambda *a: mixed(*a) / 2, "it should be"),
        "vector": (lambda c, p, s: s * p, "not (3,)"),
    },
}


class TestAdversarialTraining(EveryCheck):
    right, mistakes = RIGHT, MISTAKES
