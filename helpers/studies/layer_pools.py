"""Adversarial training with a pool per layer (section 4.2).

The paper's recipe: keep a pool of adversarial examples for each layer, which are outputs *of that
layer*; replace a random part of it all the time, the layers in turn; mix the pools into the
training set, and let the pool of a layer train all layers above it.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers.attack import LENGTHS, TARGETS, adversarial_outputs, split_index
from helpers.training import batch_loss


@dataclass(frozen=True)
class PoolSettings:
    """Which pools there are, and how they are used.

    Attributes
    ----------
    layers : tuple of int
        Numbers of the layers that have a pool: 0 is the image, 1 the first hidden layer, …
    strengths : tuple of float
        For each of them, how much of the way to the closest adversarial output is gone: in (0, 1].
    shares : tuple of float
        For each of them, its weight in the loss: more than 0, and less than 1 in all. The rest is
        the weight of the training images.
    target : {"nearest", "random"}
        Of the attacks: the wrong label with the largest logit, or any wrong label.
    length : {"own", "mean"}
        Of the whole way: the one of each output, or their mean in the batch for all of them, so
        that those near the border end beyond it.
    size : int
        Entries of each pool.
    every : int
        After so many steps the images of a batch replace a part of one pool, then of the next.
    steps : int
        Gradients of each attack; see `targeted_deepfool`.
    """

    layers: tuple[int, ...]
    strengths: tuple[float, ...]
    shares: tuple[float, ...]
    target: str = "nearest"
    length: str = "own"
    size: int = 2000
    every: int = 3
    steps: int = 2

    def __post_init__(self):
        """Refuse settings that make no sense."""
        if not self.layers or min(self.layers) < 0:
            raise ValueError(f"layers must be at least one number from 0 on, got {self.layers}")
        for name in ("strengths", "shares"):
            if len(getattr(self, name)) != len(self.layers):
                raise ValueError(
                    f"{name} must have one number for each of the layers {self.layers}, "
                    f"got {getattr(self, name)}"
                )
        if not all(0 < strength <= 1 for strength in self.strengths):
            raise ValueError(f"strengths must be in (0, 1], got {self.strengths}")
        if self.length not in LENGTHS:
            raise ValueError(f"length must be one of {', '.join(LENGTHS)}; got {self.length!r}")
        if not (min(self.shares) > 0 and sum(self.shares) < 1):
            raise ValueError(f"shares must be > 0 and less than 1 in all, got {self.shares}")
        if self.target not in TARGETS:
            raise ValueError(f"target must be one of {', '.join(TARGETS)}; got {self.target!r}")
        for name in ("size", "every", "steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")


class PoolLoss:
    """The loss of a batch with adversarial examples mixed in; it keeps the pools.

    Parameters
    ----------
    settings : PoolSettings
        Which pools, and how.
    seed : int
        Of what is replaced, what is drawn, and random targets.
    """

    def __init__(self, settings: PoolSettings, *, seed: int = 0):
        self.settings, self.step = settings, 0
        self.pools = [
            Pool(layer, strength, settings)
            for layer, strength in zip(settings.layers, settings.strengths, strict=True)
        ]
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, model: nn.Sequential, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of a batch, shape (); images (N, ...) and labels (N,)."""
        self._renew(model, images, labels)
        loss = (1 - sum(self.settings.shares)) * batch_loss(model, images, labels)
        for pool, share in zip(self.pools, self.settings.shares, strict=True):
            loss = loss + share * pool.loss(model, len(labels), self.generator)
        return loss

    def entries(
        self, model: nn.Sequential, images: Tensor, labels: Tensor
    ) -> dict[int, tuple[Tensor, Tensor]]:
        """Return as many entries of each pool as give it its share of the batch, by layer.

        For `helpers.training.train_dense`, where every row of a batch has the same weight.
        """
        self._renew(model, images, labels)
        whole = len(labels) / (1 - sum(self.settings.shares))
        return {
            pool.layer: pool.draw(round(share * whole), self.generator)
            for pool, share in zip(self.pools, self.settings.shares, strict=True)
        }

    def _renew(self, model: nn.Sequential, images: Tensor, labels: Tensor) -> None:
        """Count a step; at its time, let the images replace a part of the next pool."""
        if self.step == 0:
            renewed = self.pools
        elif self.step % self.settings.every == 0:
            renewed = [self.pools[self.step // self.settings.every % len(self.pools)]]
        else:
            renewed = []
        for pool in renewed:
            pool.take_in(model, images, labels, self.generator)
        self.step += 1


class Pool:
    """Adversarial outputs of one layer, with the labels of the images that they come from.

    Parameters
    ----------
    layer : int
        Number of the layer; 0 is the image.
    strength : float
        How much of the way to the closest adversarial output is gone.
    settings : PoolSettings
        Target, size and steps.

    Attributes
    ----------
    outputs : Tensor, shape (size, ...)
        What is in the pool; fewer entries at first.
    labels : Tensor, shape (size,)
        True labels of the images, int64.
    """

    def __init__(self, layer: int, strength: float, settings: PoolSettings):
        self.layer, self.strength, self.settings = layer, strength, settings
        self.outputs = self.labels = None

    def take_in(
        self, model: nn.Sequential, images: Tensor, labels: Tensor, generator: torch.Generator
    ) -> None:
        """Attack the layer's outputs for some images; they replace a random part of the pool."""
        outputs = adversarial_outputs(
            model,
            images,
            labels,
            self.layer,
            strength=self.strength,
            target=self.settings.target,
            length=self.settings.length,
            steps=self.settings.steps,
            generator=generator,
        )
        if self.outputs is None:
            self.outputs, self.labels = outputs, labels
        elif len(self.labels) < self.settings.size:
            self.outputs = torch.cat([self.outputs, outputs])[: self.settings.size]
            self.labels = torch.cat([self.labels, labels])[: self.settings.size]
        else:
            rows = torch.randperm(len(self.labels), generator=generator)[: len(labels)]
            self.outputs[rows], self.labels[rows] = outputs[: len(rows)], labels[: len(rows)]

    def loss(self, model: nn.Sequential, count: int, generator: torch.Generator) -> Tensor:
        """Return the cross-entropy of `count` entries drawn at random, shape ().

        The entries are numbers, so that only the layers above them have a gradient.
        """
        above = model[split_index(model, self.layer) :]
        return batch_loss(above, *self.draw(count, generator))

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return `count` entries drawn at random, shape (count, ...), and their labels."""
        rows = torch.randint(len(self.labels), (count,), generator=generator)
        return self.outputs[rows], self.labels[rows]
