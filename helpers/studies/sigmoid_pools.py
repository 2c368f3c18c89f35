"""Pools on the network of the paper's tables: 100-100-10 with sigmoids (section 4.2).

`helpers.studies.pool_comparison` chooses among many settings of a network with ReLU units. The
paper's 1.6 % is of its sigmoid network, and its claims about pools are judged on that one here:
the gain came with pools for every layer only, and those for higher layers seemed more useful. The
entries of all pools go the same part of their own way, and every pool is renewed equally often.

Weight decay and dropout are chosen on held-out images, `choose`; then `sigmoid_finals` trains every
method on all images from five seeds. How their test errors are compared, `compare`, and when a
claim of the paper's holds, `only_with_all` and `higher_is_better`, was fixed before any of them was
seen.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from torch import nn

from helpers import models
from helpers.attack import closest_adversarial
from helpers.data import Dataset, load_or_make, measured, prepare
from helpers.evaluation import Estimate, holm, p_of_gap
from helpers.studies.adversarial_training import RECIPE, Method, trial
from helpers.studies.layer_pools import PoolLoss
from helpers.studies.measures import held_out, measure, misread
from helpers.studies.pool_comparison import LAYERS, SEEDS, differences, pools
from helpers.training import Recipe, recipe_for, train_dense

SCREENING = replace(RECIPE, epochs=30)
LONG = replace(RECIPE, epochs=60, batch_size=200, learning_rate=0.2)
DECAYS = (1e-5, 1e-4)
DROPOUTS = ((0.0, 0.1, 0.1), (0.1, 0.1, 0.1), (0.1, 0.2, 0.2))
STRENGTH = 0.5  # of its own way
SIZE, RENEWED_EVERY = 400, 24  # entries of a pool, and steps after which a part of them is replaced
POOLED = {  # by the paper's names of the layers
    "input pool": LAYERS["input"],
    "first hidden pool": LAYERS["first hidden"],
    "second hidden pool": LAYERS["second hidden"],
    "all pools": LAYERS["all"],
}
COMPARED = (  # of which the first is asked whether it has the smaller test error
    *((name, "weight decay") for name in POOLED),
    ("dropout", "weight decay"),
    ("all pools", "dropout"),
    *(("all pools", name) for name in list(POOLED)[:-1]),
    ("first hidden pool", "input pool"),
    ("second hidden pool", "input pool"),
)
LEVEL = 0.05  # of all comparisons together
FEW_ATTACKED = 400  # test images


def with_pools(name: str, decay: float) -> Method:
    """Return the method with the pools called `name`, a key of `POOLED`."""
    layers = POOLED[name]
    settings = pools(layers, STRENGTH, "own", size=SIZE, every=RENEWED_EVERY // len(layers))
    return Method("sigmoid", decay, pools=settings)


def trained_with(
    method: Method, dataset: Dataset, *, recipe: Recipe, seed: int = 0
) -> nn.Sequential:
    """Train FC100-100-10 by a method with sigmoids, or load it.

    The share of a pool is its share of the rows of every batch. Parameters and result are those of
    `helpers.studies.adversarial_training.trained_by`; fewer than 10,000 images get ten times as
    many epochs.
    """
    recipe = recipe_for(recipe, dataset)
    model = models.build("FC100-100-10", seed=seed)
    key = {
        "study": "sigmoid pools",
        "method": asdict(method),
        "data": dataset.digest,
        "seed": seed,
        "recipe": asdict(recipe),
    }

    def make(model: nn.Sequential) -> None:
        entries = [PoolLoss(method.pools, seed=seed).entries] if method.pools else []
        with models.seeded(seed):  # dropout draws from the global generator
            train_dense(
                [model.to(dataset.inputs.device)],
                [dataset],
                weight_decay=(method.weight_decay,) * 3,
                recipe=recipe,
                seeds=(seed,),
                rates=method.dropout,
                entries=entries,
            )

    title = f"pools.on_sigmoid.{dataset.name}.seed{seed}"
    return load_or_make(model, title, key, make).to(dataset.inputs.device).eval()


def choose(train: Dataset) -> tuple[list[dict], dict[str, Method]]:
    """Choose weight decay and dropout on the last images of the training set.

    One seed and 30 epochs each. The weight decay is chosen without pools and dropout, and holds for
    all. Nothing about the pools is chosen.

    Returns
    -------
    rows : list of dict
        What was tried, and its held-out error and loss.
    methods : dict of str to Method
        The six that are compared.
    """
    shown, hidden = held_out(train)
    rows = []

    def tried(method: Method) -> tuple[float, float]:
        found = trial(method, shown, hidden, recipe=SCREENING)
        rows.append({"decay": method.weight_decay, "dropout": list(method.dropout), **found})
        return found["error"], found["loss"]

    def together(candidates: list[Method]) -> list[Method]:
        calls = {
            f"sigmoids, λ = {method.weight_decay:g}, dropout {method.dropout}": functools.partial(
                trial, method, shown, hidden, recipe=SCREENING
            )
            for method in candidates
        }
        prepare(calls)
        return candidates

    best = min(together([Method("sigmoid", decay) for decay in DECAYS]), key=tried)
    dropouts = together([replace(best, dropout=rates) for rates in DROPOUTS])
    methods = {
        "weight decay": best,
        "dropout": min(dropouts, key=tried),
        **{name: with_pools(name, best.weight_decay) for name in POOLED},
    }
    return rows, methods


def sigmoid_finals(methods: Mapping[str, Method], train: Dataset, test: Dataset) -> Iterator[dict]:
    """Yield a row for each seed and each method: errors, distortion, and the images it misreads.

    Every network and its measurement are kept in the data folder's ``trained/``, so that a run that
    was cut off goes on where it was. On a cluster those that are missing are made at once.
    """
    cells = {
        (name, seed): functools.partial(sigmoid_final, method, seed, train, test)
        for seed in SEEDS
        for name, method in methods.items()
    }
    prepare({f"{name} on sigmoids, seed {seed}": cell for (name, seed), cell in cells.items()})
    for (name, seed), cell in cells.items():
        yield {"name": name, "seed": seed, **cell()}


def sigmoid_final(method: Method, seed: int, train: Dataset, test: Dataset) -> dict:
    """Train and measure one network of `sigmoid_finals`, or read what an earlier run measured."""
    key = {
        "method": asdict(method),
        "recipe": asdict(LONG),
        "seed": seed,
        "data": [train.digest, test.digest, FEW_ATTACKED],
        "misread": "the numbers of the test images",
    }
    return measured(
        "pools.sigmoid.final", key, functools.partial(_final, method, seed, train, test)
    )


def _final(method: Method, seed: int, train: Dataset, test: Dataset) -> dict:
    model = trained_with(method, train, recipe=LONG, seed=seed)
    found = measure(model, train, test, count=FEW_ATTACKED, attack=closest_adversarial)
    return {**found, "misread": misread(model, test), "tested": len(test)}


@dataclass(frozen=True)
class Comparison:
    """Two methods beside each other.

    Attributes
    ----------
    gap : Estimate
        The second's test error minus the first's, in points, with its interval.
    p, adjusted : float
        Of that difference, alone and after Holm's correction.
    """

    gap: Estimate
    p: float
    adjusted: float

    @property
    def first_is_better(self) -> bool:
        """Whether the first method's test error is smaller, beyond all doubt that is allowed."""
        return bool(self.gap.value > 0 and self.adjusted < LEVEL)


def compare(rows: Sequence[Mapping]) -> dict[tuple[str, str], Comparison]:
    """Compare the pairs of methods in `COMPARED`, over seeds and images.

    Parameters
    ----------
    rows : sequence of mapping
        What `sigmoid_finals` yields, of at least two seeds.

    Returns
    -------
    dict
        (first, second) → how far the second's test error lies above the first's.
    """

    def gap(pair: tuple[str, str], confidence: float) -> Estimate:
        first, second = pair
        two = [row for row in rows if row["name"] in pair]
        found = differences(two, first, confidence=confidence)[second]
        return Estimate(*(100 * value for value in found))

    p_values = [p_of_gap(functools.partial(gap, pair)) for pair in COMPARED]
    return {
        pair: Comparison(gap(pair, 1 - LEVEL), p, adjusted)
        for pair, p, adjusted in zip(COMPARED, p_values, holm(p_values), strict=True)
    }


def only_with_all(found: Mapping[tuple[str, str], Comparison]) -> bool:
    """Return whether pools for all layers gain on weight decay, and no single pool does."""
    gains = {name: found[name, "weight decay"].first_is_better for name in POOLED}
    return gains.pop("all pools") and not any(gains.values())


def higher_is_better(found: Mapping[tuple[str, str], Comparison]) -> bool:
    """Return whether a pool of a hidden layer has a smaller test error than that of the input."""
    hidden = ("first hidden pool", "second hidden pool")
    return any(found[name, "input pool"].first_is_better for name in hidden)
