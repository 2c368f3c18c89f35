"""Softmax models, small networks and their images."""

import torch
from torch import nn

from ..examples import generator, linear, uniform

PIXELS = 16


def two_classes(bias=(0.3, 0.0), seed=0):
    return linear(torch.randn(2, PIXELS, generator=generator(seed)), bias)


def several_classes(classes=4, seed=0):
    weight = torch.randn(classes, PIXELS, generator=generator(seed))
    return linear(weight, torch.zeros(classes))


def network(seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = nn.Flatten(), nn.Linear(PIXELS, 12), nn.Tanh(), nn.Linear(12, 4)
        model = nn.Sequential(*layers).double().eval()
        for parameter in model.parameters():
            parameter.data *= 3
    return model


def images(count=6, *, low=0.0, high=1.0, side=4, seed=1):
    random = uniform(count, 1, side, side, seed=seed).double()
    return low + (high - low) * random


def towards(model, targets):
    """Return what r must do in a two-class model: (w, b) with the target's margin w·x + b."""
    weight, bias = model[1].weight.detach(), model[1].bias.detach()
    return weight[targets] - weight[1 - targets], bias[targets] - bias[1 - targets]
