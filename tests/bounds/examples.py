"""A softmax model, and images some of whose pixels are at the ends of the box."""

import torch

from ..examples import generator, linear, uniform

PIXELS = 16


def random_model(classes=5, pixels=PIXELS, seed=0):
    weight = torch.randn(classes, pixels, generator=generator(seed)).double()
    return linear(weight, -weight.sum(1) / 2)  # no class wins everywhere


def images(count=8, side=4, seed=1):
    """Return images a third of whose pixels are at a bound, as in MNIST."""
    random = uniform(count, 1, side, side, seed=seed).double()
    return (1.5 * random - 0.25).clamp(0, 1)
