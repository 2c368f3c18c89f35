"""Small networks and images on a device, and what to call with them."""

import dataclasses
import itertools

import numpy as np
import torch
from torch import Tensor, nn

from helpers.data import Dataset

from ..examples import generator, linear, uniform

CLASSES = 3
SIDE = 6


class Things:
    """Images and networks on a device, the same numbers on each."""

    def __init__(self, device: torch.device):
        self.device = device
        inputs, labels = uniform(8, 1, SIDE, SIDE), torch.arange(8) % CLASSES
        for label in range(CLASSES):
            inputs[labels == label, 0, 2 * label] += 1
        self.images = Dataset(inputs / 2, labels, "stripes", "made here").to(device)
        self.x, self.y = self.images.inputs, self.images.labels
        self.targets = (self.y + 1) % CLASSES
        stripes = torch.zeros(CLASSES, SIDE, SIDE)
        stripes[range(CLASSES), range(0, 2 * CLASSES, 2)] = 1
        self.softmax = linear(stripes.flatten(1), torch.zeros(CLASSES), torch.float32).to(device)
        self.deep = self.dense(nn.ReLU)
        self.conv = self.made(lambda: nn.Conv2d(1, 2, 3, padding=1))
        self.convolutional = self.made(
            lambda: nn.Sequential(
                nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, CLASSES)
            ).eval()
        )
        self.rms = torch.linspace(0.05, 0.2, 3, device=device)

    def dense(self, activation: type[nn.Module]) -> nn.Sequential:
        """Return a network of two hidden layers."""
        sizes = SIDE * SIDE, 12, 8
        layers = [nn.Flatten()]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            for before, after in itertools.pairwise(sizes):
                layers += [nn.Linear(before, after), activation()]
            layers.append(nn.Linear(sizes[-1], CLASSES))
        return nn.Sequential(*layers).eval().to(self.device)

    def made(self, make) -> nn.Module:
        """Return a module with its own seed, on the device."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return make().to(self.device)

    def numbers(self, *shape: int, seed: int = 0) -> Tensor:
        """Return random numbers from 0 to 1, on the device."""
        return uniform(*shape, seed=seed).to(self.device)

    generator = staticmethod(generator)


def plain(value):
    """Return what there is in a result, as tensors of the CPU, numbers and words."""
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    if isinstance(value, nn.Module):
        return {key: plain(part) for key, part in value.state_dict().items()}
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def same(first, second) -> bool:
    """Whether two results of `plain` are the same, nan included."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, Tensor):
        return bool(torch.allclose(first, second, rtol=1e-4, atol=1e-6, equal_nan=True))
    if isinstance(first, float):
        return same(torch.tensor(first), torch.tensor(second))
    return bool(first == second)
