"""The exercises of chapter 9."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.course.checks._report import (
    NotYetError,
    alike,
    attempted,
    drawn,
    network_weight,
    report,
    seeded,
    tensor,
)


def part_of_the_way(answer: Callable[..., Tensor]) -> None:
    """Chapter 9: outputs of the last hidden layer, moved towards the border of two labels."""
    generator = seeded(91)
    h = 5 + torch.rand(6, generator=generator)  # far from 0, so that the range does not matter
    weight = torch.randn(3, 6, generator=generator)
    bias = torch.randn(3, generator=generator)
    z = weight @ h + bias
    label, target, strength = int(z.argmax()), int(z.argmin()), 0.5
    w, gap = weight[target] - weight[label], z[label] - z[target]
    way = gap / w.dot(w) * w
    expected = h + strength * way
    mistakes = {
        "this is the whole way; go only the part that `strength` says": h + way,
        "divide by ‖w‖² and not by ‖w‖: μw has to change the gap of the logits by μ‖w‖²": (
            h + strength * gap / w.norm() * w
        ),
        "this goes away from the target: check the sign": h - strength * way,
        "the target's row alone also changes the label's logit; take the difference of the rows": (
            h + strength * gap / weight[target].dot(weight[target]) * weight[target]
        ),
        "this is the way alone; add it to h": strength * way,
        "the bias is missing in the logits": (
            h + strength * (weight[label] - weight[target]).dot(h) / w.dot(w) * w
        ),
    }

    def check(answer):
        found = answer(h, weight, bias, label, target, strength)
        found = tensor(found, (6,), "the moved outputs of one image: h is one vector, and they")
        for why, value in mistakes.items():
            if torch.allclose(found, value.double(), atol=1e-5):
                raise NotYetError(why)
        if not torch.allclose(found, expected.double(), atol=1e-5):
            left = (weight.double() @ found + bias.double())[[label, target]]
            raise NotYetError(
                f"the gap of the two logits is {left[0] - left[1]:.3f} there, "
                f"it should be {(1 - strength) * gap:.3f}"
            )

    if attempted(answer, h, weight, bias, label, target, strength):
        report(check, answer)


def renewed(answer: Callable[[Tensor, Tensor, torch.Generator], Tensor]) -> None:
    """Chapter 9: new entries replace a random part of a pool, in any order."""
    first = int(drawn(0, 99, seeded(92)))
    pool = (first + torch.arange(40.0))[:, None].repeat(1, 3)
    new = -1 - torch.arange(15.0)[:, None].repeat(1, 3)

    def check(answer):
        replaced = []
        for seed in (1, 2):
            found = answer(pool.clone(), new, torch.Generator().manual_seed(seed))
            if isinstance(found, Tensor) and len(found) == len(pool) + len(new):
                raise NotYetError("the pool grew; new entries take the places of old ones")
            found = tensor(found, (40, 3), "the pool")
            kept = sum(bool((found == entry.double()).all(1).any()) for entry in new)
            old = found[(found >= 0).all(1)]
            if kept < len(new):
                raise NotYetError(
                    f"of {len(new)} new entries {kept} are in the pool: draw places without "
                    "repetition, such as the first of a random permutation"
                )
            if len(old) != len(pool) - len(new):
                raise NotYetError(f"{len(pool) - len(new)} old entries stay, not {len(old)}")
            stay = torch.tensor([bool((old == entry.double()).all(1).any()) for entry in pool])
            if int(stay.sum()) != len(old):
                raise NotYetError("the old entries that stay are those of the pool, each once")
            replaced.append(~stay)
        if torch.equal(*replaced):
            raise NotYetError("the same entries are replaced each time: draw them at random")

    if attempted(answer, pool, new, torch.Generator()):
        report(check, answer)


def mixed_loss(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
    """Chapter 9: the loss of one step, from those of the batch and of each pool."""
    generator = seeded(93)
    clean, pools = torch.rand((), generator=generator), 1 + torch.rand(3, generator=generator)
    shares = 0.02 + 0.25 * torch.rand(3, generator=generator)
    rest = 1 - shares.sum()
    expected = rest * clean + (shares * pools).sum()
    mistakes = {
        "the training images keep the share that is left, not all of it": (
            clean + (shares * pools).sum()
        ),
        "the training images are missing": (shares * pools).sum(),
        "each pool has a share of its own": rest * clean + shares.sum() * pools.mean(),
        "shares are not to be averaged: add up what each pool contributes": (
            rest * clean + (shares * pools).mean()
        ),
        "the shares are the wrong way round: they are those of the pools": (
            shares.sum() * clean + rest * pools.mean()
        ),
    }

    def check(answer):
        value = answer(clean, pools, shares)
        found = tensor(value, (), "the loss")
        for why, wrong in mistakes.items():
            if torch.allclose(found, wrong.double(), atol=1e-6):
                raise NotYetError(why)
        if not torch.allclose(found, expected.double(), atol=1e-6):
            raise NotYetError(f"the loss is {found:.4f}, it should be {expected:.4f}")

    if attempted(answer, clean, pools, shares):
        report(check, answer)


def mean_way(answer: Callable[..., Tensor]) -> None:
    """Chapter 9: all go the same distance, a part of the mean way, ``answer(x, far, strength)``."""
    generator = seeded(96)
    x = torch.rand(5, 8, generator=generator)
    r = torch.randn(5, 8, generator=generator) * torch.linspace(0.1, 1, 5)[:, None]
    length = r.norm(dim=1, keepdim=True)
    expected = x + 0.5 * length.mean() * r / length
    mistakes = {
        "each goes a part of its own way here; all go the same distance, a part of the mean way": (
            x + 0.5 * r
        ),
        "this is the whole mean way; go only the part that `strength` says": (
            x + length.mean() * r / length
        ),
        "divide each r by its own length, so that only its direction is left": (
            x + 0.5 * length.mean() * r
        ),
        "the distance is a part of the mean length of the ways": x + 0.5 * r / length,
        "this is the way alone; add it to x": 0.5 * length.mean() * r / length,
        "the way leads from x to the adversarial entry, not from it": (
            x - 0.5 * length.mean() * r / length
        ),
    }

    def check(answer):
        found = answer(x, x + r, 0.5)
        alike(tensor(found, (5, 8), "the moved entries"), expected, mistakes)

    if attempted(answer, x, x + r, 0.5):
        report(check, answer)


def drawn_entries(answer: Callable[..., tuple]) -> None:
    """Chapter 9: a batch from a pool, ``answer(pool, labels, count, generator)`` → both."""
    first = int(drawn(0, 99, seeded(94)))
    labels = first + torch.arange(200)
    pool = labels[:, None].repeat(1, 3).float()

    def check(answer):
        batches = []
        for seed in (1, 2):
            found = answer(pool, labels, 50, torch.Generator().manual_seed(seed))
            if not isinstance(found, tuple) or len(found) != 2:
                raise NotYetError("return two things: the entries and their labels")
            entries = tensor(found[0], (50, 3), "the entries")
            theirs = tensor(found[1], (50,), "their labels")
            if not torch.isin(entries[:, 0], pool[:, 0].double()).all():
                raise NotYetError("these are no entries of the pool: index it with row numbers")
            if not torch.equal(entries[:, 0], theirs):
                raise NotYetError("entries and labels must come from the same rows of the pool")
            batches.append(entries)
        if torch.equal(*batches):
            raise NotYetError("the same batch each time: draw the rows with the generator")
        rows = torch.cat(batches) - first
        if rows.max() < 120 or rows.min() > 80:
            raise NotYetError("only a part of the pool is ever drawn")

    if attempted(answer, pool, labels, 50, torch.Generator()):
        report(check, answer)


def one_pass(answer: Callable[..., torch.nn.Module]) -> None:
    """Chapter 9: a step downhill for each batch, ``answer(network, batches, loss, rate)``."""
    generator = seeded(95)
    start = torch.randn(1, 3, generator=generator)
    batches = [torch.randn(6, 3, generator=generator) for _ in range(4)]

    def fresh() -> torch.nn.Module:
        network = torch.nn.Linear(3, 1, bias=False)
        network.weight.data = start.clone()
        return network

    def loss(network: torch.nn.Module, batch: Tensor) -> Tensor:
        return (network(batch) - 1).square().mean()

    def trained(rate: float, *, keep: bool = False, only: slice = slice(None)) -> Tensor:
        network = fresh()
        for batch in batches[only]:
            if not keep:
                network.zero_grad()
            loss(network, batch).backward()
            network.weight.data -= rate * network.weight.grad
        return network.weight.detach()

    expected = trained(0.1)
    mistakes = {
        "the network is as it was: take a step after each backward": start,
        "gradients add up: set them to zero before each backward": trained(0.1, keep=True),
        "this goes uphill: subtract rate · gradient": trained(-0.1),
        "only the last batch has been learnt from: a step for each": trained(0.1, only=slice(3, 4)),
        "only the first batch has been learnt from: a step for each": trained(0.1, only=slice(1)),
        "the step has another size: it is rate · gradient": trained(1.0),
    }

    def check(answer):
        found = answer(fresh(), batches, loss, 0.1)
        alike(network_weight(found, (1, 3)), expected, mistakes)

    if attempted(answer, fresh(), batches, loss, 0.1):
        report(check, answer)
