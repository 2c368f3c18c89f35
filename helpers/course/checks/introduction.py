"""The exercises of chapter 1."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers import evaluation, units
from helpers.course.checks._report import NotYetError, attempted, report, seeded, tensor


def distortion(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Chapter 1: the distortion of each image, ``answer(x, x_adversarial)`` → (N,)."""
    generator = seeded(1)
    x = torch.rand(5, 3, 4, 6, generator=generator)
    other = torch.rand(5, 3, 4, 6, generator=generator)

    def check(answer):
        found = tensor(answer(x, other), (5,), "one distortion for each image")
        expected = evaluation.distortion(x, other).double()
        if torch.allclose(found, expected * (3 * 4 * 6) ** 0.5, rtol=1e-4):
            raise NotYetError("this is the L2 norm ‖x' − x‖₂; divide the sum by n before the root")
        if torch.allclose(found, expected**2, rtol=1e-4):
            raise NotYetError("this is the mean square; the root is missing")
        if torch.allclose(found, (other - x).abs().flatten(1).mean(1).double(), rtol=1e-4):
            raise NotYetError("this is the mean absolute difference; square first, then the root")
        if not torch.allclose(found, expected, rtol=1e-4):
            raise NotYetError(
                f"for one image it gives {found[0]:.4f}, it should be {expected[0]:.4f}; "
                "n counts all C·H·W values"
            )

    if attempted(answer, x, other):
        report(check, answer)


def noise_of_size(answer: Callable[[Tensor, float], Tensor]) -> None:
    """Chapter 1: random noise of exactly a given distortion, ``answer(x, rms)`` → like x."""
    x = torch.rand(4, 1, 6, 6, generator=seeded(2)) * 0.1

    def check(answer):
        first = tensor(answer(x, 0.1), (4, 1, 6, 6), "the noisy images")
        second = tensor(answer(x, 0.1), (4, 1, 6, 6), "the noisy images")
        size = evaluation.distortion(x.double(), first)
        if torch.equal(first, second):
            raise NotYetError("two calls give the same noise; draw it with torch.randn_like")
        if torch.allclose(evaluation.distortion(0 * first, first), torch.tensor(0.1).double()):
            raise NotYetError("this is the noise alone; add it to x")
        if (first >= 0).all():
            raise NotYetError("no pixel is below 0: do not clip, it would shrink the noise")
        if not torch.allclose(size, size.new_full((4,), 0.1), rtol=1e-3):
            raise NotYetError(
                f"the distortion of an image is {size[0]:.4f}, it should be 0.1 for every image: "
                "divide each image's noise by its own root mean square"
            )
        draws = torch.stack([answer(x, 0.1).detach().double() - x for _ in range(20)]) / 0.1
        if not 2.4 < draws.pow(4).mean() < 3.6:  # 3 for a bell, 1.8 for an even spread
            raise NotYetError(
                "the size is right, but this is not Gaussian noise: draw it with torch.randn_like"
            )

    if attempted(answer, x, 0.1):
        report(check, answer)


def top_images(answer: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    """Chapter 1: the images along a direction, ``answer(features, direction, count)`` → rows."""
    generator = seeded(3)
    features = torch.randn(50, 8, generator=generator) + 1
    direction = torch.randn(8, generator=generator)
    responses = features @ direction

    def check(answer):
        found = tensor(answer(features, direction, 6), (6,), "six row numbers")
        if torch.equal(found.long(), units.top_images(responses[:, None], 6)[0]):
            return
        if torch.isin(found.float(), responses).all():
            raise NotYetError(
                "these are the responses themselves (topk's .values); wanted is which rows they "
                "stand in (.indices)"
            )
        if torch.equal(found.long(), (-responses).sort(stable=True, descending=True).indices[:6]):
            raise NotYetError("these respond least: argmax wants the largest ⟨φ(x), v⟩")
        if torch.equal(found.long(), responses.abs().sort(descending=True).indices[:6]):
            raise NotYetError("⟨φ(x), v⟩ has a sign: −5 is a smaller response than 1")
        raise NotYetError("order the rows of features by features @ direction, largest first")

    if attempted(answer, features, direction, 6):
        report(check, answer)
