"""Softmax models, sigmoid networks, and images some of whose pixels are at the ends of the box."""

from itertools import pairwise

import torch
from torch import nn

from ..examples import generator, linear, uniform

PIXELS = 16


def random_model(classes=5, pixels=PIXELS, seed=0):
    weight = torch.randn(classes, pixels, generator=generator(seed)).double()
    return linear(weight, -weight.sum(1) / 2)  # no class wins everywhere


def images(count=8, side=4, seed=1):
    """Return images a third of whose pixels are at a bound, as in MNIST."""
    random = uniform(count, 1, side, side, seed=seed).double()
    return (1.5 * random - 0.25).clamp(0, 1)


def network(*widths, seed=0, scale=3.0):
    """A dense sigmoid network with weights large enough to bend."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = [nn.Flatten()]
        for fan_in, fan_out in pairwise(widths):
            layers += [nn.Linear(fan_in, fan_out), nn.Sigmoid()]
            layers[-2].weight.data.mul_(scale)
        return nn.Sequential(*layers[:-1]).eval()


def problem(model, count, pixels, seed=1):
    inputs = torch.rand(count, 1, 1, pixels, generator=torch.Generator().manual_seed(seed))
    return inputs, model(inputs).topk(2).indices[:, 1]
