"""Do examples cross from one activation to another? Networks of one shape (section 4.2).

The paper's networks of Table 2 have sigmoids, or no hidden units. Here 100-100-10 networks with
sigmoids, with ReLUs and with tanh read each other's examples. The yardstick is another network with
the same activation: examples made for the network of one seed are read by those of the next seed,
with this activation and with the others.
"""

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import torch
from torch import Tensor, nn

from helpers import models
from helpers.data import Dataset, load_or_make
from helpers.evaluation import Estimate, crossed_difference, holm, p_of_gap, predict
from helpers.training import Recipe, train_dense

# With these step sizes all three misread about as many of the last training images, which none of
# them had seen; chosen with other seeds, before any example was made.
RATES = {"sigmoid": 0.4, "ReLU": 0.05, "tanh": 0.1}
_MODULES = {"sigmoid": nn.Sigmoid, "ReLU": nn.ReLU, "tanh": nn.Tanh}
_DECAY = models.architecture("FC100-100-10").weight_decay


def build_with(activation: str, *, seed: int = 0) -> nn.Sequential:
    """Build an untrained 100-100-10 network, started as is usual for its activation.

    Parameters
    ----------
    activation : {"sigmoid", "ReLU", "tanh"}
        Of the hidden units. Sigmoids start as in `models.build`, ReLUs as He and tanh as Glorot
        and Bengio propose.
    seed : int
        Of the weights.

    Raises
    ------
    ValueError
        If there is no such activation.

    References
    ----------
    He, Zhang, Ren and Sun, arXiv 1502.01852; Glorot and Bengio, "Understanding the difficulty of
    training deep feedforward neural networks", AISTATS 2010.
    """
    if activation not in _MODULES:
        raise ValueError(f"activation must be one of {', '.join(_MODULES)}; got {activation!r}")
    model = models.build("FC100-100-10", seed=seed)
    if activation == "sigmoid":
        return model
    with models.seeded(seed):
        for layer in models.weight_layers(model):
            if activation == "ReLU":
                nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            else:
                nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    changed = _MODULES[activation]
    return nn.Sequential(*(changed() if isinstance(m, nn.Sigmoid) else m for m in model))


def networks_with(
    activation: str, dataset: Dataset, *, seeds: Sequence[int], epochs: int
) -> list[nn.Sequential]:
    """Train 100-100-10 networks with one activation side by side, or load them.

    Parameters
    ----------
    activation : {"sigmoid", "ReLU", "tanh"}
        Of the hidden units.
    dataset : Dataset
        Training images.
    seeds : sequence of int
        Of the weights and of the order of the images, one for each network.
    epochs : int
        Passes over the data.

    Returns
    -------
    list of nn.Sequential
        In eval mode, on the device of the data.
    """
    stack = nn.ModuleList(build_with(activation, seed=seed) for seed in seeds)
    recipe = Recipe(epochs, batch_size=100, learning_rate=RATES[activation], averaging=0.98)
    key = {
        "study": "activations",
        "network": models.signature(stack[0]),
        "weight decay": _DECAY,
        "data": dataset.digest,
        "seeds": list(seeds),
        "recipe": asdict(recipe),
    }

    def make(stack: nn.ModuleList) -> None:
        train_dense(
            list(stack.to(dataset.inputs.device)),
            [dataset] * len(stack),
            weight_decay=_DECAY,
            recipe=recipe,
            seeds=seeds,
        )

    title = f"activations.{activation}.{dataset.name}"
    return list(load_or_make(stack, title, key, make).to(dataset.inputs.device).eval())


def misread_by_the_next(
    changed: Mapping[str, Sequence[Tensor]],
    networks: Mapping[str, Sequence[nn.Module]],
    images: Dataset,
) -> Tensor:
    """Return which changed images the networks of the next seed misread.

    Parameters
    ----------
    changed : mapping of str to sequence of Tensor, shape (N, ...)
        For each of A activations, the images made for each of its K networks.
    networks : mapping of str to sequence of nn.Module
        For each activation, its K networks.
    images : Dataset
        The images as they were, with their labels.

    Returns
    -------
    Tensor, shape (A, A, K, N), bool
        What was made for activation a and seed k, read with activation b and seed k + 1; the
        first seed follows the last.
    """
    wrong = [
        predict(reader, made).cpu() != images.labels.cpu()
        for sets in changed.values()
        for readers in networks.values()
        for made, reader in zip(sets, [*readers[1:], readers[0]], strict=True)
    ]
    shape = len(changed), len(networks), -1, len(images)
    return torch.stack(wrong).view(shape)


def lost_by_crossing(
    wrong: Tensor, first: int, second: int, *, confidence: float = 0.95
) -> Estimate:
    """Return how much less examples fool across two activations than within each of them.

    (first → first + second → second)/2 − (first → second + second → first)/2: that one of them is
    easily fooled, or that its examples fool every reader, is in both halves and cancels. So do the
    clean errors. The differences of the K seeds are taken to be independent, though each network is
    the source in one of them and a reader in another.

    Parameters
    ----------
    wrong : Tensor, shape (A, A, K, N)
        From `misread_by_the_next`, with K ≥ 2 seeds.
    first, second : int
        Two of the activations.
    confidence : float
        Of the interval, which allows for other seeds and other images.
    """
    errors = wrong.double()
    within = (errors[first, first] + errors[second, second]) / 2
    across = (errors[first, second] + errors[second, first]) / 2
    return crossed_difference(within, across, confidence=confidence)


def crossings(wrong: Tensor) -> dict[tuple[int, int], tuple[Estimate, float]]:
    """Return what is lost between every two activations, with p values by Holm's method.

    Parameters
    ----------
    wrong : Tensor, shape (A, A, K, N)
        From `misread_by_the_next`, with K ≥ 2 seeds.

    Returns
    -------
    dict
        Two activations → the estimate of `lost_by_crossing`, and its p among those of all pairs.
    """
    pairs = list(itertools.combinations(range(len(wrong)), 2))
    lost = [functools.partial(lost_by_crossing, wrong, *pair) for pair in pairs]
    adjusted = holm([p_of_gap(lambda level, one=one: one(confidence=level)) for one in lost])
    return {pair: (one(), p) for pair, one, p in zip(pairs, lost, adjusted, strict=True)}
