"""Train the paper's networks (section 2), and keep what was trained.

``trained(name)`` gives a network of Table 1 or 3, from a checkpoint where there is one and
trained now where there is none. ``python -m helpers.training`` makes the shipped checkpoints.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from helpers import models
from helpers.autoencoder import AutoencoderRecipe, fit_readout, pretrain_autoencoder
from helpers.checkpoints import SHIPPED, load_or_make
from helpers.data import Dataset, digits, disjoint_halves
from helpers.descent import (
    DECAY_FORMS,
    batches,
    check_data,
    cross_entropy,
    decay_coefficients,
)

__all__ = [
    "DECAY_FORMS",
    "RECIPES",
    "AutoencoderRecipe",
    "Recipe",
    "cross_entropy",
    "cross_training_set",
    "decay_coefficients",
    "fit_readout",
    "pretrain_autoencoder",
    "train",
    "trained",
]

CONVEX = "solved to convergence"


@dataclass(frozen=True)
class Recipe:
    """How a network is trained by `train`; part of the key of its checkpoint.

    Attributes
    ----------
    epochs : int
        Passes over the data.
    batch_size : int
        Images per step.
    learning_rate : float
        Step size at the start; it falls to zero along a cosine.
    momentum : float
        Nesterov momentum.
    averaging : float
        Decay, per step, of the running average of the weights that becomes the network.
    """

    epochs: int = 20
    batch_size: int = 50
    learning_rate: float = 0.1
    momentum: float = 0.9
    averaging: float = 0.999


# Chosen on the last 10,000 of MNIST's training images, never on its test set.
RECIPES: dict[str, Recipe | AutoencoderRecipe] = {
    "FC100-100-10": Recipe(),
    "FC200-200-10": Recipe(),
    "FC123-456-10": Recipe(),
    "AE400-10": AutoencoderRecipe(),
    "Conv": Recipe(epochs=10, learning_rate=0.02),
}
SMALL_DATA = 10_000  # fewer images than this get ten times as many epochs


def train(
    model: nn.Sequential,
    dataset: Dataset,
    *,
    weight_decay: tuple[float, ...],
    decay_form: str = "half",
    recipe: Recipe,
    loss: Callable[[nn.Sequential, Tensor, Tensor], Tensor] | None = None,
    seed: int = 0,
    progress: str = "",
    watch: Callable[[nn.Sequential], None] | None = None,
) -> nn.Sequential:
    """Train a network with cross-entropy and the paper's per-layer weight decay (section 2).

    Parameters
    ----------
    model : nn.Sequential
        Trained in place.
    dataset : Dataset
        Training images and labels, on the device of `model`.
    weight_decay : tuple of float
        λ of each weight layer.
    decay_form : {"half", "per unit"}
        How λ is meant, see `decay_coefficients`.
    recipe : Recipe
        Optimiser settings.
    loss : callable, optional
        ``loss(model, images, labels)``, of shape (), in place of the cross-entropy of a batch.
    seed : int
        Seed of the order of the images.
    progress : str
        Title of a progress bar; none by default.
    watch : callable, optional
        ``watch(network)``, in eval mode, after each epoch: the average so far.

    Returns
    -------
    nn.Sequential
        `model`, in eval mode.
    """
    check_data(model, dataset)
    loss = cross_entropy if loss is None else loss
    layers = models.weight_layers(model)
    decays = decay_coefficients(model, weight_decay, decay_form)
    groups = [  # SGD adds weight_decay·W to the gradient: the penalty is weight_decay·‖W‖²/2
        {"params": [layer.weight], "weight_decay": decay}
        for layer, decay in zip(layers, decays, strict=True)
    ]
    groups.append({"params": [layer.bias for layer in layers], "weight_decay": 0.0})
    optimizer = torch.optim.SGD(
        groups, lr=recipe.learning_rate, momentum=recipe.momentum, nesterov=True
    )
    in_epoch = math.ceil(len(dataset) / recipe.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs * in_epoch)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging))
    model.train()
    order = batches(dataset, recipe.epochs, recipe.batch_size, seed, progress)
    for step, rows in enumerate(order, start=1):
        optimizer.zero_grad()
        loss(model, dataset.inputs[rows], dataset.labels[rows]).backward()
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        if watch is not None and step % in_epoch == 0:
            watch(average.module.eval())
    model.load_state_dict(average.module.state_dict())
    return model.eval()


def trained(
    name: str,
    *,
    dataset: Dataset | None = None,
    seed: int = 0,
    decay_form: str = "half",
    keep: Path | None = None,
) -> nn.Sequential:
    """Return a network of the paper, from a checkpoint or trained now.

    Parameters
    ----------
    name : str
        A key of `models.ARCHITECTURES`.
    dataset : Dataset, optional
        Training data; ``digits("train")`` by default.
    seed : int
        Seed of the initial weights and of the order of the images.
    decay_form : {"half", "per unit"}
        How the paper's λ is meant, see `decay_coefficients`.
    keep : Path, optional
        Where a new checkpoint is kept; ``trained/`` in the data folder by default.

    Returns
    -------
    nn.Sequential
        In eval mode, on the device of the data.

    Raises
    ------
    ValueError
        If there is no network of that name, or no such `decay_form`.
    """
    decay = models.architecture(name).weight_decay
    dataset = digits("train") if dataset is None else dataset
    recipe = RECIPES.get(name, CONVEX)
    if recipe is not CONVEX and len(dataset) < SMALL_DATA:
        recipe = replace(recipe, epochs=10 * recipe.epochs)
    seed = 0 if recipe is CONVEX else seed  # the solution does not depend on the start
    device = dataset.inputs.device
    model = models.build(name, seed=seed)
    key = {
        "network": repr(model),
        "weight decay": [decay, decay_form],
        "data": dataset.digest,
        "seed": seed,
        "recipe": recipe if recipe is CONVEX else asdict(recipe),
    }

    def make(model: nn.Sequential) -> None:
        progress = f"training {name} on {dataset.name}"
        model.to(device)
        if isinstance(recipe, Recipe):
            train(
                model,
                dataset,
                weight_decay=decay,
                decay_form=decay_form,
                recipe=recipe,
                seed=seed,
                progress=progress,
            )
        else:
            if isinstance(recipe, AutoencoderRecipe):
                pretrain_autoencoder(model, dataset, recipe=recipe, seed=seed, progress=progress)
            fit_readout(model, dataset, weight_decay=decay[-1], decay_form=decay_form)

    title = f"{name}.{dataset.name}.seed{seed}"
    return load_or_make(model, title, key, make, keep=keep).to(device).eval()


def cross_training_set(dataset: Dataset) -> dict[str, tuple[str, Dataset, int]]:
    """Return Table 3's networks: the paper's name → architecture, training data and seed.

    Parameters
    ----------
    dataset : Dataset
        All training images, of which P1 and P2 are the halves.

    Returns
    -------
    dict
        FC100-100-10′ starts from other weights than FC100-100-10: that it should share nothing
        but its shape is the point of the study.
    """
    p1, p2 = disjoint_halves(dataset)
    return {
        "FC100-100-10": ("FC100-100-10", p1, 0),
        "FC123-456-10": ("FC123-456-10", p1, 0),
        "FC100-100-10′": ("FC100-100-10", p2, 1),
    }


def main() -> None:
    """Make the checkpoints that are shipped, for the digits at hand: ``data/checkpoints``."""
    dataset = digits("train")
    for name in models.ARCHITECTURES:
        trained(name, dataset=dataset, keep=SHIPPED)
        if name.startswith("FC10("):
            trained(name, dataset=dataset, decay_form="per unit", keep=SHIPPED)
    for name, half, seed in cross_training_set(dataset).values():
        trained(name, dataset=half, seed=seed, keep=SHIPPED)


if __name__ == "__main__":
    main()
