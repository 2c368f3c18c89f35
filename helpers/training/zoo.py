"""Train the paper's networks (section 2), and keep what was trained.

``trained(name)`` gives a network of Table 1 or 3, from a checkpoint where there is one and
trained now where there is none.
"""

import functools
from collections.abc import Hashable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

from torch import nn

from helpers import models
from helpers.data import Dataset, digits, disjoint_halves, load_or_make, prepare
from helpers.training.autoencoder import AutoencoderRecipe, pretrain_autoencoder
from helpers.training.readout import fit_readout
from helpers.training.sgd import Recipe, train

K = TypeVar("K", bound=Hashable)
CONVEX = "solved to convergence"


# Chosen on the last 10,000 of MNIST's training images, never on its test set.
RECIPES: dict[str, Recipe | AutoencoderRecipe] = {
    "FC100-100-10": Recipe(),
    "FC200-200-10": Recipe(),
    "FC123-456-10": Recipe(),
    "AE400-10": AutoencoderRecipe(),
    "Conv": Recipe(epochs=10, learning_rate=0.02),
}
SMALL_DATA = 10_000  # fewer images than this get ten times as many epochs
R = TypeVar("R", Recipe, AutoencoderRecipe)


def recipe_for(recipe: R, dataset: Dataset) -> R:
    """Return a recipe with ten times as many epochs where there are fewer than 10,000 images."""
    if len(dataset) >= SMALL_DATA:
        return recipe
    return replace(recipe, epochs=10 * recipe.epochs)


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
    recipe = recipe if recipe is CONVEX else recipe_for(recipe, dataset)
    seed = 0 if recipe is CONVEX else seed  # the solution does not depend on the start
    device = dataset.inputs.device
    model = models.build(name, seed=seed)
    key = {
        "network": models.signature(model),
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


def trained_all(settings: Mapping[K, Mapping[str, object]]) -> dict[K, nn.Sequential]:
    """Return many networks of the paper; on a cluster those that are missing are trained at once.

    Parameters
    ----------
    settings : mapping
        What a network is called here → the arguments of `trained`, such as
        ``{"name": "Conv", "seed": 3}``.

    Returns
    -------
    dict
        The networks by the same names.
    """
    calls = {key: functools.partial(trained, **each) for key, each in settings.items()}
    prepare({f"training {key}": call for key, call in calls.items()})
    return {key: call() for key, call in calls.items()}


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
