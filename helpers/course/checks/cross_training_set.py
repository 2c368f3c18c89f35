"""The exercises of chapter 8."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.course.checks._report import (
    NotYetError,
    alike,
    attempted,
    drawn,
    report,
    seeded,
    tensor,
)


def stretched(answer: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    """Chapter 8: one factor for all images, so that the mean distortion is as asked for."""
    generator = seeded(81)
    x = torch.rand(5, 1, 6, 6, generator=generator)
    r = torch.randn(5, 1, 6, 6, generator=generator) * torch.linspace(0.02, 0.2, 5).view(
        -1, 1, 1, 1
    )
    sizes = r.flatten(1).square().mean(1).sqrt()
    each = sizes.view(-1, 1, 1, 1)
    rms = 0.3
    expected = (x + rms / sizes.mean() * r).double()
    mistakes = {
        "divide by the mean distortion; ‖x' − x‖₂ is √n times as large: this shrinks them": (
            x + rms / (6 * each) * r
        ),
        "this divides by the mean of ‖x' − x‖₂, not of the distortion": (
            x + rms / (6 * sizes.mean()) * r
        ),
        "every image has its own factor here; wanted is one for all": x + rms / each * r,
        "do not clip": expected.clamp(0, 1),
        "this is the perturbation alone; add it to x": rms / sizes.mean() * r,
        "this multiplies by the distortion wanted without dividing by what there is": x + rms * r,
        "the images x' were stretched, not the way from x to x'": rms / sizes.mean() * (x + r),
        "divide by the mean distortion of the images, not by the root of the mean square of all": (
            x + rms / sizes.square().mean().sqrt() * r
        ),
    }

    def check(answer):
        found = tensor(answer(x, x + r, rms), tuple(x.shape), "the stretched images")
        for why, value in mistakes.items():
            if torch.allclose(found, value.double(), atol=1e-5):
                raise NotYetError(why)
        if not torch.allclose(found, expected, atol=1e-5):
            size = (found - x).flatten(1).square().mean(1).sqrt().mean()
            raise NotYetError(f"the mean distortion is {size:.3f}, it should be {rms}")

    if attempted(answer, x, x + r, rms):
        report(check, answer)


def resampled_errors(answer: Callable[[Tensor, int], Tensor]) -> None:
    """Chapter 8: errors of images drawn anew, ``answer(wrong, times)`` → (times,)."""
    wrong = torch.arange(400) % int(drawn(12, 20, seeded(82))) == 0
    share, times = wrong.double().mean(), 2000
    spread = (share * (1 - share) / len(wrong)).sqrt()

    def check(answer):
        found = tensor(answer(wrong, times), (times,), "one error for each draw")
        if (found > 1).any():
            raise NotYetError("an error is a share of the images: divide by how many were drawn")
        if (found.mean() - (1 - share)).abs() < 5 * spread / times**0.5:
            raise NotYetError("these are shares of right answers; count the wrong ones")
        if not torch.allclose(found * len(wrong), (found * len(wrong)).round(), atol=1e-3):
            raise NotYetError(
                f"some errors are no share of {len(wrong)} images: draw images, whose errors are "
                "counted, and not numbers from a bell curve"
            )
        if (found == found[0]).all():
            raise NotYetError("all draws give the same error: draw with replacement, and each anew")
        if (found.mean() - share).abs() > 5 * spread / times**0.5:
            raise NotYetError(f"their mean is {found.mean():.4f}, it should be near {share:.4f}")
        if not 0.9 < found.std() / spread < 1.1:
            raise NotYetError(
                f"they scatter by {found.std():.4f}, it should be about {spread:.4f}: draw as many "
                "images as there are"
            )

    if attempted(answer, wrong, times):
        report(check, answer)


def interval_of_draws(answer: Callable[[Tensor, float], tuple]) -> None:
    """Chapter 8: where the middle share of some draws lies, ``answer(errors, level)`` → ends."""
    errors = torch.rand(4001, generator=seeded(82)).double().pow(3)
    mean, spread = errors.mean(), errors.std()

    def ends(level: float) -> Tensor:
        return errors.quantile(torch.tensor([(1 - level) / 2, (1 + level) / 2]).double())

    def check(answer):
        for level in (0.95, 0.5):
            found = answer(errors, level)
            if len(found) != 2:
                raise NotYetError("return two numbers: the lower and the upper end")
            found = torch.tensor([float(end) for end in found]).double()
            expected, case = (
                ends(level),
                f"at {level:.0%} it gives {found[0]:.4f} to {found[1]:.4f}",
            )
            if torch.allclose(found, expected, atol=2e-3):
                continue
            tail = torch.tensor([1 - level, level]).double()
            mistakes = {
                "the ends are the wrong way round": expected.flip(0),
                "this is the mean with two standard deviations; the draws need not be a bell: "
                "count them off": torch.stack([mean - 1.96 * spread, mean + 1.96 * spread]),
                "this cuts that much off at each end; half of it goes at each": (
                    errors.quantile(tail.sort().values)
                ),
                "these are the least and the largest draw; leave out what is beyond the level": (
                    torch.stack([errors.min(), errors.max()])
                ),
                "this is the interval of another level: use `level`": ends(0.95),
            }
            for why, value in mistakes.items():
                if torch.allclose(found, value, atol=2e-3):
                    raise NotYetError(f"{case}; {why}")
            raise NotYetError(f"{case}, it should be {expected[0]:.4f} to {expected[1]:.4f}")

    if attempted(answer, errors, 0.95):
        report(check, answer)


def paired_draws(answer: Callable[..., Tensor]) -> None:
    """Chapter 8: the difference of two errors, redrawn, ``answer(wrong, others, times)``."""
    generator = seeded(83)
    wrong = torch.rand(400, generator=generator) < 0.3
    others = wrong ^ (torch.rand(400, generator=generator) < 0.05)
    each = wrong.double() - others.double()
    mean, spread = each.mean(), each.std() / 20
    apart = ((wrong.double().var() + others.double().var()) / 400).sqrt()

    def check(answer):
        found = tensor(answer(wrong, others, 2000), (2000,), "one difference for each draw")
        centre, scatter = found.mean(), found.std()
        if (found == found[0]).all():
            raise NotYetError("all draws give the same: draw with replacement, and each anew")
        if scatter > 100 * spread:
            raise NotYetError("a difference of two shares: divide by the number of images")
        if abs(scatter / apart - 1) < 0.1:
            raise NotYetError(
                "both errors are redrawn apart from each other: the same images have to be drawn "
                "for both, so that what they share cancels"
            )
        if abs(centre + mean) < 5 * spread / 2000**0.5:
            raise NotYetError("the sign is turned: the first error minus the second")
        if abs(centre - mean) > 5 * spread / 2000**0.5:
            raise NotYetError(f"their mean is {centre:.4f}, it should be near {mean:.4f}")
        if not 0.9 < scatter / spread < 1.1:
            raise NotYetError(
                f"they scatter by {scatter:.4f}, it should be about {spread:.4f}: draw as many "
                "images as there are"
            )

    if attempted(answer, wrong, others, 3):
        report(check, answer)


def widths(answer: Callable[..., Tensor]) -> None:
    """Chapter 8: how wide intervals are for fewer images, ``answer(interval, wrong, sizes)``."""
    wrong = torch.rand(500, generator=seeded(84)) < 0.2
    sizes = [20, 80, 320]

    def interval(part: Tensor) -> tuple[float, float]:
        half = 2 * part.double().var().sqrt() / len(part) ** 0.5
        return (part.double().mean() - half).item(), (part.double().mean() + half).item()

    ends = torch.tensor([interval(wrong[:size]) for size in sizes]).double()
    expected = ends[:, 1] - ends[:, 0]
    mistakes = {
        "this is half of the width: the upper end minus the lower": expected / 2,
        "these are the upper ends; subtract the lower": ends[:, 1],
        "these are the lower ends; subtract them from the upper": ends[:, 0],
        "every interval is of all images here; take the first `size` of them": (
            (interval(wrong)[1] - torch.tensor(interval(wrong)[0])).expand(3)
        ),
        "the sign is turned: the upper end minus the lower": -expected,
    }

    def check(answer):
        found = answer(interval, wrong, sizes)
        if isinstance(found, list | tuple):
            found = torch.tensor([float(value) for value in found])
        alike(tensor(found, (3,), "one width for each size"), expected, mistakes)

    if attempted(answer, interval, wrong, sizes):
        report(check, answer)
