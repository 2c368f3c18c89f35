"""Adversarial training with a pool per layer (section 4.2).

The paper's recipe in one paragraph: keep a pool of adversarial examples for each layer, which are
outputs of *that layer*; replace a random part of it all the time; mix it into the training set;
alternate over the layers, and let the pool of a layer train all layers above it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from helpers.attack import random_targets
from helpers.linearised import linearised_adversarial

TARGETS = ("nearest", "random")


@dataclass(frozen=True)
class PoolSettings:
    """Which pools are kept, and how.

    Attributes
    ----------
    layers : tuple of int
        Numbers of the layers that have a pool: 0 is the image, 1 the first hidden layer, …
    strength : float
        How much of the way from the output to the closest adversarial output is gone, in (0, 1].
    target : {"nearest", "random"}
        Of the attack: the wrong label with the largest logit, or any wrong label.
    share : float
        Weight of the pool in the loss, in [0, 1); the rest is that of the training images.
    size : int
        Entries of each pool.
    every : int
        After so many steps on its pool a layer's pool takes in the batch of images at hand.
    steps : int
        Gradients of each attack; see `linearised_adversarial`.
    """

    layers: tuple[int, ...]
    strength: float = 0.5
    target: str = "nearest"
    share: float = 0.5
    size: int = 2000
    every: int = 3
    steps: int = 2


class Pool:
    """Adversarial outputs of one layer, with the labels of the images that they come from.

    Parameters
    ----------
    layer : int
        Number of the layer; 0 is the image.
    settings : PoolSettings
        For this pool and those of other layers.
    """

    def __init__(self, layer: int, settings: PoolSettings):
        self.layer, self.settings = layer, settings
        self.outputs = self.labels = None

    def take_in(
        self, model: nn.Sequential, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> None:
        """Attack the layer's outputs for some images; they replace a random part of the pool."""
        k = place(model, self.layer)
        with torch.no_grad():
            outputs = model[:k](images)
        outputs = part_of_the_way(
            model[k:], outputs, labels, self.settings, box=reach(model[:k]), generator=generator
        )
        if self.outputs is None:
            self.outputs, self.labels = outputs, labels
            return
        free = self.settings.size - len(self.labels)
        if free > 0:
            self.outputs = torch.cat([self.outputs, outputs[:free]])
            self.labels = torch.cat([self.labels, labels[:free]])
            return
        rows = torch.randperm(len(self.labels), generator=generator)[: len(labels)]
        self.outputs[rows], self.labels[rows] = outputs, labels

    def loss(self, model: nn.Sequential, count: int, generator: torch.Generator) -> Tensor:
        """Return the cross-entropy of `count` entries drawn at random; it trains what is above."""
        rows = torch.randint(len(self.labels), (count,), generator=generator)
        above = model[place(model, self.layer) :]
        return functional.cross_entropy(above(self.outputs[rows]), self.labels[rows])


def with_pools(
    settings: PoolSettings, *, seed: int = 0
) -> Callable[[nn.Sequential, Tensor, Tensor], Tensor]:
    pools = [Pool(layer, settings) for layer in settings.layers]
    generator = torch.Generator().manual_seed(seed)
    step = 0

    def loss(model: nn.Sequential, images: Tensor, labels: Tensor) -> Tensor:
        nonlocal step
        pool = pools[step % len(pools)]
        if step // len(pools) % settings.every == 0:
            pool.take_in(model, images, labels, generator)
        step += 1
        clean = functional.cross_entropy(model(images), labels)
        mixed_in = pool.loss(model, len(labels), generator)
        return (1 - settings.share) * clean + settings.share * mixed_in

    return loss


def part_of_the_way(tail, outputs, labels, settings, *, box, generator):
    tail.eval()
    if settings.target == "random":
        targets = random_targets(labels, generator=generator)
    else:
        with torch.no_grad():
            targets = tail(outputs).scatter(1, labels[:, None], -torch.inf).argmax(1)
    edge = linearised_adversarial(tail, outputs, targets, steps=settings.steps, box=box)
    tail.train()
    return outputs + settings.strength * (edge - outputs)


def place(model: nn.Sequential, layer: int) -> int:
    """Return k such that ``model[:k]`` gives the output of a layer and ``model[k:]`` is above."""
    places = [k for k, module in enumerate(model) if hasattr(module, "weight")]
    return places[layer]


def reach(below: nn.Sequential) -> tuple[float, float]:
    for module in reversed(below):
        if isinstance(module, nn.Sigmoid):
            return 0.0, 1.0
        if isinstance(module, nn.ReLU):
            return 0.0, torch.inf
    return 0.0, 1.0
