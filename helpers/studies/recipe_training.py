"""Ways in which the networks of Tables 1 to 4 may have been trained: starts, optimisers, stopping.

The paper gives shapes and weight decay, and nothing else. What a start leaves in the weights of
pixels that are always black is never unlearnt; see `helpers.studies.recipes` for what follows.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from helpers import models
from helpers.data import Dataset, load_or_make
from helpers.training import Recipe, batch_loss, recipe_for, train_dense, trained

INPUTS_PER_UNIT = 15  # of the sparse start
STARTS = ("glorot", "wide", "gaussian", "sparse")
OPTIMISERS = ("nesterov", "sgd", "lbfgs")
MEMORY = 20  # pairs that L-BFGS keeps


@dataclass(frozen=True)
class Candidate:
    """One way to train the networks; part of the key of their checkpoints.

    Attributes
    ----------
    start : {"glorot", "wide", "gaussian", "sparse"}
        Of the weights: the course's, see `models.build`; the same with a first layer that is
        `scale` times as large; N(0, scale²) for all; N(0, scale²) for 15 inputs of each unit.
    scale : float
        See `start`.
    shared : bool
        Whether networks of one seed start alike as far as their shapes allow: unit by unit.
    optimiser : {"nesterov", "sgd", "lbfgs"}
        Batches of 50 images with Nesterov momentum 0.9 or without, or all images at once.
    rate : float
        Step size; L-BFGS looks for its own.
    decaying : bool
        Whether the step size falls to zero along a cosine; else it is constant.
    averaging : float
        Decay, per step, of the running average of the weights; 0 for the last weights.
    epochs : int
        Passes over the data; iterations of L-BFGS.
    decay : float
        Factor of the paper's weight decay.
    """

    start: str = "glorot"
    scale: float = 1.0
    shared: bool = False
    optimiser: str = "nesterov"
    rate: float = 0.1
    decaying: bool = False
    averaging: float = 0.0
    epochs: int = 20
    decay: float = 1.0

    def __post_init__(self):
        """Refuse what there is not."""
        if self.start not in STARTS:
            raise ValueError(f"start must be one of {', '.join(STARTS)}; got {self.start!r}")
        if self.optimiser not in OPTIMISERS:
            raise ValueError(
                f"optimiser must be one of {', '.join(OPTIMISERS)}; got {self.optimiser!r}"
            )


COURSE_RECIPE = Candidate(decaying=True, averaging=0.999)  # the course's recipe


def start_weights(candidate: Candidate, name: str, *, seed: int = 0) -> nn.Sequential:
    """Build a network of the paper, untrained, as a candidate starts it.

    Parameters
    ----------
    candidate : Candidate
        Its `start`, `scale` and `shared`.
    name : str
        A key of `models.ARCHITECTURES`.
    seed : int
        Seed of the weights.

    Returns
    -------
    nn.Sequential
        Biases are 0 except for the course's own start, see `models.build`.
    """
    model = models.build(name, seed=seed)
    layers = models.weight_layers(model)
    if candidate.start == "wide":
        for parameter in layers[0].parameters():
            parameter.data *= candidate.scale
    if candidate.start not in ("gaussian", "sparse"):
        return model
    own = 0 if candidate.shared else sum(len(layer.weight) for layer in layers)
    for depth, layer in enumerate(layers):
        generator = torch.Generator().manual_seed(1_000_000 * seed + 10 * own + depth)
        draw = _sparse if candidate.start == "sparse" else _dense
        layer.weight.data.copy_(candidate.scale * draw(*layer.weight.shape, generator))
        layer.bias.data.zero_()
    return model


def _dense(units: int, inputs: int, generator: torch.Generator) -> Tensor:
    return torch.stack([torch.randn(inputs, generator=generator) for _ in range(units)])


def _sparse(units: int, inputs: int, generator: torch.Generator) -> Tensor:
    """Return weights of which each unit has 15 that are not 0 (Martens, ICML 2010)."""
    weights = torch.zeros(units, inputs)
    for row in weights:
        chosen = torch.randperm(inputs, generator=generator)[:INPUTS_PER_UNIT]
        row[chosen] = torch.randn(len(chosen), generator=generator)
    return weights


def trained_as(
    candidate: Candidate, name: str, dataset: Dataset, *, seed: int = 0
) -> nn.Sequential:
    """Train a network of the paper as a candidate says, or load it.

    Parameters
    ----------
    candidate : Candidate
        How.
    name : str
        A key of `models.ARCHITECTURES` whose layers are all trained by gradients.
    dataset : Dataset
        Training images; fewer than 10,000 get ten times as many epochs.
    seed : int
        Seed of the weights and of the order of the images.

    Returns
    -------
    nn.Sequential
        In eval mode, on the device of the data.
    """
    if candidate == COURSE_RECIPE:
        return trained(name, dataset=dataset, seed=seed)
    model = start_weights(candidate, name, seed=seed)
    key = {
        "study": "recipes",
        "network": models.signature(model),
        "recipe": asdict(candidate),
        "data": dataset.digest,
        "seed": seed,
    }
    decay = [candidate.decay * each for each in models.architecture(name).weight_decay]

    def make(model: nn.Sequential) -> None:
        train = _full_batch if candidate.optimiser == "lbfgs" else _descend
        train(model.to(dataset.inputs.device), dataset, candidate, decay, seed)

    title = f"recipe.{candidate.start}.{name}.{dataset.name}.seed{seed}"
    return load_or_make(model, title, key, make).to(dataset.inputs.device).eval()


def _descend(
    model: nn.Sequential, dataset: Dataset, candidate: Candidate, decay: list[float], seed: int
) -> None:
    """Train by steps on batches of 50 images."""
    recipe = Recipe(
        epochs=candidate.epochs,
        learning_rate=candidate.rate,
        momentum=0.9 if candidate.optimiser == "nesterov" else 0.0,
        averaging=candidate.averaging,
    )
    train_dense(
        [model],
        [dataset],
        weight_decay=decay,
        recipe=recipe_for(recipe, dataset),
        seeds=(seed,),
        decaying=candidate.decaying,
    )


def _full_batch(
    model: nn.Sequential, dataset: Dataset, candidate: Candidate, decay: list[float], seed: int
) -> None:
    """Train by L-BFGS on all images at once, whose order does not matter."""
    layers = models.weight_layers(model)
    optimizer = torch.optim.LBFGS(
        model.parameters(),
        max_iter=candidate.epochs,
        history_size=MEMORY,
        line_search_fn="strong_wolfe",
        tolerance_change=0.0,
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = batch_loss(model, dataset.inputs, dataset.labels)
        for layer, each in zip(layers, decay, strict=True):
            loss = loss + each / 2 * layer.weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
