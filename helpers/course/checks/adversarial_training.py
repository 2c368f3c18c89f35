"""The exercises of chapter 9."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.course.checks._report import NotYetError, attempted, drawn, report, seeded, tensor


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
        found = tensor(answer(h, weight, bias, label, target, strength), (6,), "the outputs")
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
    """Chapter 9: new entries replace a random part of a pool."""
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
            old = (found >= 0).all(1)
            if kept < len(new):
                raise NotYetError(
                    f"of {len(new)} new entries {kept} are in the pool: draw places without "
                    "repetition, such as the first of a random permutation"
                )
            if int(old.sum()) != len(pool) - len(new):
                raise NotYetError(f"{len(pool) - len(new)} old entries stay, not {int(old.sum())}")
            if not torch.equal(found[old], pool[old].double()):
                raise NotYetError("the old entries that stay keep their places")
            replaced.append(~old)
        if torch.equal(*replaced):
            raise NotYetError("the same places are replaced each time: draw them at random")

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
