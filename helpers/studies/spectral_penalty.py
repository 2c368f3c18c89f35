"""The regulariser that section 4.3 suggests, tried: networks trained with a penalty on their norms.

The paper ends with the hope that penalising each layer's upper bound may improve generalisation.
"""

import functools
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor, nn

from helpers import models, spectral
from helpers.attack import minimal_adversarial
from helpers.data import Dataset, load_or_make, measured, prepare
from helpers.evaluation import error_rate
from helpers.studies.measures import held_out, measure
from helpers.training import Recipe, batch_loss, train

# Shorter than those of the networks in Table 1, since there are many networks to train.
SWEEP_RECIPES = {
    "FC100-100-10": Recipe(epochs=20, batch_size=100, learning_rate=0.2),
    "Conv": Recipe(epochs=5, batch_size=100, learning_rate=0.06),
}


STRENGTHS = {  # of the penalty, from none to too much
    "FC100-100-10": (0.0, 1e-4, 1e-3, 3e-3, 1e-2),
    "Conv": (0.0, 1e-3, 1e-2, 3e-2),
}


@dataclass(frozen=True)
class Measurement:
    """One network of a sweep.

    Attributes
    ----------
    network : str
        A key of `models.ARCHITECTURES`.
    strength : float
        Of the penalty, strength · Σ L_k² / 2.
    seed : int
        Of the initial weights and of the order of the images.
    train_error, test_error : float
        Shares of wrong answers, in [0, 1].
    bound : float
        L = Π L_k, an upper bound of the Lipschitz constant.
    distortion : float
        Mean minimal distortion of the images that have not the target already; nan without any.
    certified : float
        Mean certified radius of the same images.
    failed : int
        How many of the attacks did not reach the target; they do not count above.
    """

    network: str
    strength: float
    seed: int
    train_error: float
    test_error: float
    bound: float
    distortion: float
    certified: float
    failed: int


def trained_with_penalty(
    name: str,
    strength: float,
    dataset: Dataset,
    *,
    recipe: Recipe,
    seed: int = 0,
    keep: Path | None = None,
) -> nn.Sequential:
    """Train a network of the paper with strength · Σ L_k² / 2 added to its loss, or load it.

    Parameters
    ----------
    name : str
        A key of `models.ARCHITECTURES`; its weight decay is kept.
    strength : float
        Of the penalty on the layers' norms; at least 0.
    dataset : Dataset
        Training images.
    recipe : Recipe
        Optimiser settings.
    seed : int
        Seed of the initial weights and of the order of the images.
    keep : Path, optional
        Where a new checkpoint is kept; ``trained/`` in the data folder by default.

    Returns
    -------
    nn.Sequential
        In eval mode, on the device of the data.

    Raises
    ------
    ValueError
        If there is no network of that name, or `strength` is negative.
    """
    if not strength >= 0:
        raise ValueError(f"strength must be at least 0, got {strength}")
    model = models.build(name, seed=seed)
    shape = tuple(dataset.inputs.shape[1:])
    decay = models.architecture(name).weight_decay
    key = {
        "network": models.signature(model),
        "weight decay": decay,
        "penalty": ["half the squared norms", strength],
        "data": dataset.digest,
        "seed": seed,
        "recipe": asdict(recipe),
    }

    def loss(model: nn.Sequential, images: Tensor, labels: Tensor) -> Tensor:
        penalty = strength * spectral.squared_norms(model, shape)
        return batch_loss(model, images, labels) + penalty

    def make(model: nn.Sequential) -> None:
        train(
            model.to(dataset.inputs.device),
            dataset,
            weight_decay=decay,
            recipe=recipe,
            loss=loss if strength else None,
            seed=seed,
        )

    title = f"{name}.spectral{strength:g}.{dataset.name}.seed{seed}"
    return load_or_make(model, title, key, make, keep=keep).to(dataset.inputs.device).eval()


def sweep(
    name: str,
    train_set: Dataset,
    test: Dataset,
    *,
    strengths: Sequence[float],
    seeds: Sequence[int],
    count: int,
    recipe: Recipe,
) -> list[Measurement]:
    """Train and measure networks with penalties of several strengths.

    Every network and its measurement are kept in the data folder's ``trained/``, so that a sweep
    that was interrupted goes on where it was; on a cluster those that are missing are made at once.

    Parameters
    ----------
    name : str
        A key of `models.ARCHITECTURES`.
    train_set, test : Dataset
        For `trained_with_penalty` and `measure`.
    strengths : sequence of float
        Of the penalty.
    seeds : sequence of int
        One network for each and for each strength.
    count : int
        Test images to attack.
    recipe : Recipe
        Optimiser settings.

    Returns
    -------
    list of Measurement
        Seed by seed, and the strengths of each in order.
    """
    cells = {
        f"{name}, penalty {strength:g}, seed {seed}": functools.partial(
            measurement, name, strength, seed, train_set, test, count=count, recipe=recipe
        )
        for seed in seeds
        for strength in strengths
    }
    prepare(cells)
    return [cell() for cell in cells.values()]


def measurement(
    name: str,
    strength: float,
    seed: int,
    train_set: Dataset,
    test: Dataset,
    *,
    count: int,
    recipe: Recipe,
) -> Measurement:
    """Train and measure one network of a `sweep`, which has the same parameters."""
    key = {
        "network": name,
        "strength": strength,
        "seed": seed,
        "recipe": asdict(recipe),
        "data": [train_set.digest, test.digest, count],
    }

    def make() -> dict[str, float]:
        model = trained_with_penalty(name, strength, train_set, recipe=recipe, seed=seed)
        return measure(model, train_set, test, count=count, attack=minimal_adversarial)

    found = measured(f"{name}.spectral{strength:g}", key, make)
    return Measurement(name, strength, seed, **found)


def held_out_errors(
    name: str, train_set: Dataset, *, strengths: Sequence[float], recipe: Recipe, seed: int = 0
) -> dict[str, float]:
    """Return strength → error on the last training images, of a network trained without them.

    The strength is chosen by these, so that the test set chooses nothing.

    Parameters
    ----------
    name, strengths, recipe, seed
        As for `sweep`.
    train_set : Dataset
        Training images, of which the last sixth is held out.
    """
    calls = {
        f"{strength:g}": functools.partial(_held_out, name, strength, train_set, recipe, seed)
        for strength in strengths
    }
    prepare({f"{name}, penalty {strength}, held out": call for strength, call in calls.items()})
    return {strength: call()["error"] for strength, call in calls.items()}


def _held_out(
    name: str, strength: float, train_set: Dataset, recipe: Recipe, seed: int
) -> dict[str, float]:
    first, last = held_out(train_set)

    def make() -> dict[str, float]:
        model = trained_with_penalty(name, strength, first, recipe=recipe, seed=seed)
        return {"error": error_rate(model, last.inputs, last.labels)}

    key = {
        "network": name,
        "strength": strength,
        "seed": seed,
        "recipe": asdict(recipe),
        "data": train_set.digest,
    }
    return measured(f"{name}.spectral{strength:g}.held_out", key, make)
