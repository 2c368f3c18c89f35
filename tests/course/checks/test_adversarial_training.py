"""The exercises of chapter 9: right answers and typical mistakes."""

import re

import pytest
import torch

from helpers.course import checks

from .shared import EveryCheck, not_two


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


def mean_way(x, far, strength):
    r = far - x
    length = r.norm(dim=1, keepdim=True)
    return x + strength * length.mean() * r / length


def drawn_entries(pool, labels, count, generator):
    rows = torch.randint(len(pool), (count,), generator=generator)
    return pool[rows], labels[rows]


def drawn_without_repetition(pool, labels, count, generator):
    rows = torch.randperm(len(pool), generator=generator)[:count]
    return pool[rows], labels[rows]


def one_pass(network, batches, loss, rate, *, keep=False):
    optimizer = torch.optim.SGD(network.parameters(), lr=rate)
    for batch in batches:
        if not keep:
            optimizer.zero_grad()
        loss(network, batch).backward()
        optimizer.step()
    return network


def pass_by_hand(network, batches, loss, rate):
    for batch in batches:
        gradients = torch.autograd.grad(loss(network, batch), list(network.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(network.parameters(), gradients, strict=True):
                parameter -= rate * gradient
    return network


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
    checks.mean_way: [
        mean_way,
        lambda x, far, s: (
            x + s * (far - x).norm(dim=1).mean() * torch.nn.functional.normalize(far - x)
        ),
    ],
    checks.drawn_entries: [drawn_entries, drawn_without_repetition],
    checks.one_pass: [one_pass, pass_by_hand],
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
    checks.mean_way: {
        "own way": (lambda x, far, s: x + s * (far - x), "a part of its own way"),
        "whole": (lambda x, far, s: mean_way(x, far, 1), "the whole mean way"),
        "not divided": (
            lambda x, far, s: x + s * (far - x).norm(dim=1).mean() * (far - x),
            "its own length",
        ),
        "no mean": (
            lambda x, far, s: x + s * torch.nn.functional.normalize(far - x),
            "mean length",
        ),
        "alone": (lambda x, far, s: mean_way(x, far, s) - x, "add it to x"),
        "back": (lambda x, far, s: mean_way(x, far, -s), "not from it"),
        "twice": (lambda x, far, s: mean_way(x, far, 3 * s), "it should be"),
    },
    checks.drawn_entries: {
        "labels apart": (
            lambda p, y, n, g: (drawn_entries(p, y, n, g)[0], drawn_entries(p, y, n, g)[1]),
            "the same rows",
        ),
        "first": (lambda p, y, n, g: (p[:n], y[:n]), "the same batch"),
        "entries alone": (lambda *a: drawn_entries(*a)[0], "two things"),
        "second half": (lambda p, y, n, g: drawn_entries(p[100:], y[100:], n, g), "only a part"),
        "too few": (lambda p, y, n, g: drawn_entries(p, y, n // 2, g), "not (25, 3)"),
        "half": (lambda p, y, n, g: drawn_entries(p[:100], y[:100], n, g), "only a part"),
        "moved": (
            lambda p, y, n, g: (drawn_entries(p, y, n, g)[0] + 0.5, y[:n]),
            "no entries of the pool",
        ),
        "own luck": (
            lambda p, y, n, g: drawn_entries(p, y, n, torch.Generator().manual_seed(3)),
            "with the generator",
        ),
    },
    checks.one_pass: {
        "no step": (lambda network, *a: network, "as it was"),
        "keeps gradients": (lambda *a: one_pass(*a, keep=True), "gradients add up"),
        "uphill": (lambda n, b, loss, rate: pass_by_hand(n, b, loss, -rate), "uphill"),
        "last": (lambda n, b, loss, rate: one_pass(n, b[-1:], loss, rate), "only the last batch"),
        "first": (lambda n, b, loss, rate: one_pass(n, b[:1], loss, rate), "only the first batch"),
        "own rate": (lambda n, b, loss, rate: one_pass(n, b, loss, 1.0), "another size"),
        "nothing": (lambda *a: None, "not NoneType"),
        "twice": (lambda n, b, loss, rate: one_pass(n, [*b, *b], loss, rate), "it should be"),
    },
}

UNUSUAL = {checks.drawn_entries: not_two(drawn_entries)}

ROUNDING = {
    checks.part_of_the_way: (1.15e-5, 0),
    checks.mixed_loss: (0, 9.35e-6),
    checks.mean_way: (1.08e-4, 0),
}


class TestAdversarialTraining(EveryCheck):
    right, mistakes, unusual, rounding = RIGHT, MISTAKES, UNUSUAL, ROUNDING


def test_gap_that_is_wanted_is_half_of_what_was_there(says):
    printed = says(checks.part_of_the_way, lambda *a: entry(*a[:5], 2.0))  # to −1 times the gap
    there, wanted = map(float, re.findall(r"-?\d+\.\d+", printed))
    assert wanted == pytest.approx(-there / 2, abs=1e-3)
