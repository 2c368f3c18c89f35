"""The exercises of chapter 8."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.course.checks._report import NotYetError, attempted, drawn, report, seeded, tensor


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
