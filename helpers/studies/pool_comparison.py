"""The comparison that section 4.2 leaves open: pools of which layers help, and against what else.

`SCREEN` is tried on images held out from the training set, one seed and 20 epochs each. What looked
best there is in `FINALISTS`: trained on all training images for 60 epochs, from five seeds.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from helpers import evaluation
from helpers.attack import closest_adversarial, random_targets
from helpers.data import Dataset, measured, prepare
from helpers.evaluation import (
    Estimate,
    crossed_difference,
    paired_difference,
    rescale_to_mean,
)
from helpers.studies.adversarial_training import RECIPE, Gradients, Method, trained_by, trial
from helpers.studies.layer_pools import PoolSettings
from helpers.studies.measures import held_out, measure, misread
from helpers.training import recipe_for

FINAL_RECIPE = replace(RECIPE, epochs=60)
SEEDS = (0, 1, 2, 3, 4)
ATTACKED = 1000  # test images
AMPLIFIED = 0.1  # mean distortion of the examples that were made for another network
LAYERS = {
    "input": (0,),
    "first hidden": (1,),
    "second hidden": (2,),
    "both hidden": (1, 2),
    "all": (0, 1, 2),
}
LARGE_POOL = {"size": 2000, "every": 6}  # entries stay for longer
DECAY = {"ReLU": 5e-4, "sigmoid": 1e-5}


def pools(
    layers: tuple[int, ...], strength: float = 0.5, length: str = "mean", share: float = 0.5, **more
) -> PoolSettings:
    """Return settings with one strength, equal shares, and the same number of attacks for all."""
    count = len(layers)
    return PoolSettings(
        layers,
        (strength,) * count,
        (share / count,) * count,
        length=length,
        **{"size": 200, "every": 3 // count, "steps": 1, **more},
    )


def _with(layers: str, activation: str = "ReLU", **settings) -> Method:
    return Method(activation, DECAY[activation], pools=pools(LAYERS[layers], **settings))


def _unequal(strengths: tuple[float, ...], **settings) -> Method:
    """Return a method with pools for all layers, most of the weight on that of the image."""
    some = pools(LAYERS["all"], **settings)
    return Method(
        weight_decay=DECAY["ReLU"],
        pools=replace(some, strengths=strengths, shares=(0.4, 0.1, 0.1)),
    )


WAYS = {  # columns of the table: how far an entry of a pool goes
    "own way, half": {"strength": 0.5, "length": "own"},
    "own way, whole": {"strength": 1.0, "length": "own"},
    "mean way, half": {"strength": 0.5, "length": "mean"},
}
SCREEN: dict[str, dict[str, Method]] = {
    "nothing": {f"λ = {decay:g}": Method(weight_decay=decay) for decay in (1e-5, 1e-4, 5e-4, 1e-3)},
    "dropout": {
        f"{rates}, λ = {decay:g}": Method(weight_decay=decay, dropout=rates)
        for rates, decay in (
            ((0, 0.2, 0.2), 1e-5),
            ((0.1, 0.1, 0.1), 1e-5),
            ((0.1, 0.1, 0.1), 1e-4),
            ((0.1, 0.1, 0.1), 5e-4),
            ((0.2, 0.2, 0.2), 1e-5),
        )
    },
    "gradients at the input": {
        "FGSM, ε = 0.05": Method(weight_decay=1e-4, gradients=Gradients(0.05)),
        "FGSM, ε = 0.1": Method(weight_decay=1e-4, gradients=Gradients(0.1)),
        "one step, ‖r‖ = 1": Method(weight_decay=5e-4, gradients=Gradients(1.0, "2", 1)),
        "PGD of 3 steps, ‖r‖ ≤ 1": Method(weight_decay=1e-4, gradients=Gradients(1.0, "2", 3)),
        "PGD of 3 steps, ‖r‖ ≤ 1.5": Method(weight_decay=1e-4, gradients=Gradients(1.5, "2", 3)),
    },
    **{way: {name: _with(name, **how) for name in LAYERS} for way, how in WAYS.items()},
    "other settings": {
        "input, random targets": _with("input", target="random"),
        "all, random targets": _with("all", target="random"),
        "input, 2,000 entries": _with("input", **LARGE_POOL),
        "input, 2,000 entries, 0.6 of the way": _with("input", strength=0.6, **LARGE_POOL),
        "all, unequal shares": _unequal((0.5, 0.5, 0.5)),
        "all, unequal shares, 2,000 entries": _unequal((0.5, 0.5, 0.5), **LARGE_POOL),
        "all, unequal shares and ways": _unequal((0.5, 0.3, 0.3)),
    },
    "sigmoid": {
        "nothing": Method("sigmoid", DECAY["sigmoid"]),
        **{name: _with(name, "sigmoid") for name in ("input", "all")},
    },
}

FINALISTS: dict[str, Method] = {
    "weight decay": Method(weight_decay=DECAY["ReLU"]),
    "dropout": Method(weight_decay=1e-4, dropout=(0.1, 0.1, 0.1)),
    "input pool": _with("input"),
    "pools for all layers": _unequal((0.5, 0.3, 0.3)),
    "one gradient step": SCREEN["gradients at the input"]["one step, ‖r‖ = 1"],
}
BASELINE, BEST = "weight decay", "pools for all layers"


def finalist(
    name: str, train: Dataset, *, seed: int = 0, keep: Path | None = None
) -> nn.Sequential:
    """Train one of the `FINALISTS`, or load it; parameters as for `trained_by`.

    Fewer than 10,000 images get ten times as many epochs.
    """
    recipe = recipe_for(FINAL_RECIPE, train)
    return trained_by(FINALISTS[name], train, recipe=recipe, seed=seed, keep=keep)


def screen(train: Dataset) -> Iterator[dict]:
    """Yield a row for each cell of `SCREEN`: of its last images, what was found.

    Every network and its measurement are kept in the data folder's ``trained/``.
    """
    shown, hidden = held_out(train)
    trials = {
        (group, name): functools.partial(trial, method, shown, hidden)
        for group, cells in SCREEN.items()
        for name, method in cells.items()
    }
    prepare({": ".join(key): call for key, call in trials.items()})
    for (group, name), call in trials.items():
        yield {"group": group, "name": name, **call()}


def finals(train: Dataset, test: Dataset) -> Iterator[dict]:
    """Yield a row for each of the `FINALISTS` and each seed: its errors, and what else changed.

    Every network and its measurement are kept in the data folder's ``trained/``. On a cluster
    those that are missing are made at once.
    """
    cells = {
        f"{name}, seed {seed}": functools.partial(final, name, seed, train, test)
        for seed in SEEDS
        for name in FINALISTS
    }
    prepare(
        {  # first, as a finalist's examples are made for another one
            f"training {name}, seed {seed}": functools.partial(finalist, name, train, seed=seed)
            for seed in SEEDS
            for name in FINALISTS
        }
    )
    prepare(cells)
    for cell in cells.values():
        yield cell()


def final(name: str, seed: int, train: Dataset, test: Dataset) -> dict:
    """Return the row of a finalist and a seed; a network of another seed makes the examples."""
    key = {
        "method": asdict(FINALISTS[name]),
        "seed": seed,
        "data": [train.digest, test.digest, ATTACKED, AMPLIFIED],
        "misread": "the numbers of the test images",
    }
    make = functools.partial(_final, name, seed, train, test)
    return {"name": name, "seed": seed, **measured("pools.final", key, make)}


def _final(name: str, seed: int, train: Dataset, test: Dataset) -> dict:
    """Train and measure a finalist, and let it read examples that were made for another network."""
    model = finalist(name, train, seed=seed)
    # trained without pools from another seed: no method has seen it
    other = finalist(BASELINE, train, seed=SEEDS[SEEDS.index(seed) - 1])
    found = measure(model, train, test, count=ATTACKED, attack=closest_adversarial)
    transfer = transfer_error(model, other, test[:ATTACKED])
    return {**found, "transfer": transfer, "misread": misread(model, test), "tested": len(test)}


def transfer_error(model: nn.Module, other: nn.Module, dataset: Dataset) -> float:
    """Return a network's error on examples made for another, at a mean distortion of 0.1."""
    targets = random_targets(dataset.labels, generator=torch.Generator().manual_seed(0))
    foreign = closest_adversarial(other, dataset.inputs, targets).adversarial
    stretched = rescale_to_mean(dataset.inputs, foreign, AMPLIFIED)
    return evaluation.error_rate(model, stretched, dataset.labels)


def by_name(rows: Sequence[Mapping], quantity: str) -> dict[str, list[float]]:
    """Return name → that quantity for each seed, in the order of the rows."""
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(row["name"], []).append(row[quantity])
    return found


def differences(
    rows: Sequence[Mapping], name: str, *, confidence: float = 0.95
) -> dict[str, Estimate]:
    """Return each other finalist → its test error minus that of `name`, with its interval.

    Seed by seed: the networks of a seed share initial weights and order of the images. Rows that
    say which images were misread have intervals over seeds and images, others over seeds only.
    """
    of_images = all("misread" in row for row in rows)
    errors = _wrong(rows) if of_images else by_name(rows, "test_error")
    interval = crossed_difference if of_images else paired_difference
    return {
        other: interval(values, errors[name], confidence=confidence)
        for other, values in errors.items()
        if other != name
    }


def _wrong(rows: Sequence[Mapping]) -> dict[str, list[np.ndarray]]:
    """Return name → for each seed, which test images are misread: booleans of shape (N,)."""
    found: dict[str, list[np.ndarray]] = {}
    for row in rows:
        wrong = np.zeros(row["tested"], dtype=bool)
        wrong[row["misread"]] = True
        found.setdefault(row["name"], []).append(wrong)
    return found
