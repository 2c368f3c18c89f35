"""The exercises of chapter 11."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from helpers.course.checks._report import NotYetError, attempted, report, seeded, tensor


def difference_picture(answer: Callable[[Tensor, Tensor, float], Tensor]) -> None:
    """Chapter 11: Figure 5's middle, ``answer(original, adversarial, gain)`` → pixels in [0, 1]."""
    generator = seeded(11)
    x = torch.rand(3, 4, 4, generator=generator)
    changed = (x + 0.05 * torch.randn(3, 4, 4, generator=generator)).clamp(0, 1)

    def check(answer):
        for gain in (10.0, 3.0):
            found = tensor(answer(x, changed, gain), (3, 4, 4), "the picture")
            r = (changed - x).double()
            mistakes = {
                "without mid-grey: what is taken away cannot be seen": gain * r,
                "the size of the change without its sign": gain * r.abs(),
                "with the wrong sign: the change is x' − x": 0.5 - gain * r,
                "not clipped: pixels are in [0, 1]": 0.5 + gain * r,
                "around 1/2 and then magnified: mid-grey is to stay as it is": gain * (0.5 + r),
            }
            if torch.allclose(found, (0.5 + gain * r).clamp(0, 1), atol=1e-5):
                continue
            for why, value in mistakes.items():
                if any(torch.allclose(found, v, atol=1e-5) for v in (value, value.clamp(0, 1))):
                    raise NotYetError(f"this is {why}")
            raise NotYetError(f"for a gain of {gain:g} the picture should be 1/2 + {gain:g} · r")

    if attempted(answer, x, changed, 10.0):
        report(check, answer)


def from_pixels(answer: Callable[[nn.Module, Tensor, Tensor], nn.Module]) -> None:
    """Chapter 11: a network that takes pixels, ``answer(network, mean, deviation)`` → module."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 3).requires_grad_(False)).eval()
    generator = seeded(5)
    mean = 0.3 + 0.3 * torch.rand(3, generator=generator)
    deviation = 0.2 + 0.3 * torch.rand(3, generator=generator)
    pixels = torch.rand(5, 3, 2, 2, generator=generator)
    m, s = mean.view(3, 1, 1), deviation.view(3, 1, 1)

    def check(answer):
        made = answer(network, mean, deviation)
        if not isinstance(made, nn.Module):
            raise NotYetError(f"return a module, not {type(made).__name__}")
        found = tensor(made(pixels), (5, 3), "the logits")
        mistakes = {
            "the network without its preprocessing": pixels,
            "without the mean": pixels / s,
            "without the deviation": pixels - m,
            "multiplied by the deviation; divide": (pixels - m) * s,
            "divided before the mean is taken off": pixels / s - m,
        }
        # the network may have been copied, so ask the one that was handed in
        if torch.allclose(found, network((pixels - m) / s).double(), atol=1e-4):
            return
        for why, images in mistakes.items():
            if torch.allclose(found, network(images).double(), atol=1e-4):
                raise NotYetError(f"this is {why}")
        raise NotYetError("the logits are not those of the network at (x − mean) / deviation")

    if attempted(answer, network, mean, deviation):
        report(check, answer)


def pixel_distortion(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Chapter 11: the distortion of pixels from standardised changes, ``answer(r, deviation)``."""
    r = torch.randn(4, 3, 5, 5, generator=seeded(4))
    deviation = torch.tensor([0.1, 0.2, 0.6])
    in_pixels = r * deviation.view(3, 1, 1)

    def size(changes: Tensor) -> Tensor:
        return changes.flatten(1).double().square().mean(1).sqrt()

    def check(answer):
        found = tensor(answer(r, deviation), (4,), "one distortion for each image")
        mistakes = {
            "the distortion of what the network sees; a pixel moves by r · deviation": size(r),
            "divided by the deviations; the preprocessing did that, undo it": size(
                r / deviation.view(3, 1, 1)
            ),
            "with one mean deviation for all channels": size(r * deviation.mean()),
            "the norm; the distortion is a root mean square": in_pixels.flatten(1)
            .double()
            .norm(dim=1),
        }
        if torch.allclose(found, size(in_pixels), rtol=1e-4):
            return
        for why, value in mistakes.items():
            if torch.allclose(found, value, rtol=1e-4):
                raise NotYetError(f"this is {why}")
        raise NotYetError(
            f"for the first image it gives {found[0]:.4f}, it should be {size(in_pixels)[0]:.4f}"
        )

    if attempted(answer, r, deviation):
        report(check, answer)
