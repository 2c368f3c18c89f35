"""The exercises of chapter 11: right answers and typical mistakes."""

import torch
from torch import nn

from helpers.course import checks
from helpers.models import Standardise

from .shared import EveryCheck, rms


def behind_standardising(network, mean, deviation):
    """Return the network behind its preprocessing."""

    class FromPixels(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network
            self.mean = mean.view(3, 1, 1).clone()
            self.deviation = deviation.view(3, 1, 1).clone()

        def forward(self, x):
            return self.network((x - self.mean) / self.deviation)

    return FromPixels()


def before(network, change):
    """Return a builder of the network behind a change of its images, from mean and deviation."""

    class Behind(nn.Module):
        def __init__(self, mean, deviation):
            super().__init__()
            self.network = network
            self.mean, self.deviation = mean.view(3, 1, 1), deviation.view(3, 1, 1)

        def forward(self, x):
            return self.network(change(x, self.mean, self.deviation))

    return Behind


def standardised(x, mean, deviation):
    return (x - mean) / deviation


RIGHT = {
    checks.difference_picture: [
        lambda x, y, gain: (0.5 + gain * (y - x)).clamp(0, 1),
        lambda x, y, gain: 0.5 + (gain * (y - x)).clamp(-0.5, 0.5),
    ],
    checks.from_pixels: [
        behind_standardising,
        lambda network, mean, deviation: before(network, standardised)(
            mean.clone(), deviation.clone()
        ),
    ],
    checks.pixel_distortion: [
        lambda r, deviation: rms(r * deviation.view(3, 1, 1)),
        lambda r, deviation: (r * deviation[:, None, None]).flatten(1).norm(dim=1) / 75**0.5,
    ],
}

MISTAKES = {
    checks.difference_picture: {
        "no grey": (lambda x, y, gain: (gain * (y - x)).clamp(0, 1), "without mid-grey"),
        "size": (lambda x, y, gain: (gain * (y - x).abs()).clamp(0, 1), "without its sign"),
        "sign": (lambda x, y, gain: (0.5 + gain * (x - y)).clamp(0, 1), "the wrong sign"),
        "no clip": (lambda x, y, gain: 0.5 + gain * (y - x), "not clipped"),
        "grey magnified": (lambda x, y, gain: (gain * (0.5 + y - x)).clamp(0, 1), "mid-grey is"),
        "always ten": (lambda x, y, gain: (0.5 + 10 * (y - x)).clamp(0, 1), "a gain of 3"),
        "one channel": (
            lambda x, y, gain: (0.5 + gain * (y - x))[0],
            "should have shape (3, 4, 4)",
        ),
        "a list": (lambda x, y, gain: (y - x).tolist(), "as a tensor"),
    },
    checks.from_pixels: {
        "as it is": (lambda network, mean, deviation: network, "without its preprocessing"),
        "logits": (lambda network, mean, deviation: mean, "return a module, not Tensor"),
        "behind": (
            lambda network, mean, deviation: nn.Sequential(
                network, before(nn.Identity(), standardised)(mean, deviation)
            ),
            "should have shape (5, 3)",
        ),
        "swapped": (
            lambda network, mean, deviation: before(network, standardised)(deviation, mean),
            "the logits are not those",
        ),
        "the course's own": (
            lambda network, mean, deviation: nn.Sequential(
                Standardise(mean.tolist(), deviation.tolist()), network
            ),
            "this calls the course's own helpers.models.layers.Standardise; write it yourself",
        ),
        "no mean": (
            lambda network, mean, deviation: before(network, lambda x, m, s: x / s)(
                mean, deviation
            ),
            "without the mean",
        ),
        "no deviation": (
            lambda network, mean, deviation: before(network, lambda x, m, s: x - m)(
                mean, deviation
            ),
            "without the deviation",
        ),
        "multiplied": (
            lambda network, mean, deviation: before(network, lambda x, m, s: (x - m) * s)(
                mean, deviation
            ),
            "multiplied",
        ),
        "order": (
            lambda network, mean, deviation: before(network, lambda x, m, s: x / s - m)(
                mean, deviation
            ),
            "divided before",
        ),
    },
    checks.pixel_distortion: {
        "as it is": (lambda r, deviation: rms(r), "what the network sees"),
        "divided": (lambda r, deviation: rms(r / deviation.view(3, 1, 1)), "undo it"),
        "mean": (lambda r, deviation: rms(r) * deviation.mean(), "one mean deviation"),
        "norm": (
            lambda r, deviation: (r * deviation.view(3, 1, 1)).flatten(1).norm(dim=1),
            "the norm",
        ),
        "all images": (
            lambda r, deviation: rms(r * deviation.view(3, 1, 1)).mean(),
            "should have shape (4,)",
        ),
        "square": (lambda r, deviation: rms(r * deviation.view(3, 1, 1)) ** 2, "it gives"),
    },
}

UNUSUAL = {
    checks.pixel_distortion: {
        "counted": (
            lambda r, deviation: torch.arange(4.0) + 7,
            "for the first image it gives 7.0000, it should be ",
        ),
    },
}

ROUNDING = {
    checks.difference_picture: (0, 1e-5),
    checks.pixel_distortion: (1e-4, 0),
}


class TestImagenet(EveryCheck):
    right, mistakes, unusual, rounding = RIGHT, MISTAKES, UNUSUAL, ROUNDING
