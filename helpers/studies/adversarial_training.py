"""A 100-100-10 network trained by one method or another (section 4.2).

All methods share initial weights, order of the images, learning rate and averaging of the weights.
What is compared is in `helpers.studies.pool_comparison`.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional

from helpers import evaluation, models
from helpers.attack import pgd
from helpers.data import Dataset, load_or_make, measured
from helpers.studies.layer_pools import PoolLoss, PoolSettings
from helpers.training import Recipe, batch_loss, train

RECIPE = Recipe(epochs=20, batch_size=100, learning_rate=0.1)
ACTIVATIONS = {"ReLU": nn.ReLU, "sigmoid": nn.Sigmoid}


@dataclass(frozen=True)
class Gradients:
    """Training on images changed by `pgd`: its arguments, and their weight."""

    epsilon: float
    norm: str = "max"
    steps: int = 1
    share: float = 0.5


@dataclass(frozen=True)
class Method:
    """How a 100-100-10 network is trained.

    Attributes
    ----------
    activation : {"ReLU", "sigmoid"}
        Of the hidden units.
    weight_decay : float
        λ of every layer.
    dropout : (float, float, float)
        Share of the pixels, and of the units of each hidden layer, that are left out.
    pools : PoolSettings, optional
        Pools of adversarial examples.
    gradients : Gradients, optional
        FGSM or PGD at the input.
    """

    activation: str = "ReLU"
    weight_decay: float = 1e-5
    dropout: tuple[float, float, float] = (0.0, 0.0, 0.0)
    pools: PoolSettings | None = None
    gradients: Gradients | None = None


def build_for(method: Method, *, seed: int = 0) -> nn.Sequential:
    """Build the untrained network of a method; its weights depend on activation and seed only."""
    model = models.build("FC100-100-10", seed=seed)
    if method.activation == "ReLU":
        with models.seeded(seed):
            for layer in models.weight_layers(model):
                nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
    activation = ACTIVATIONS[method.activation]
    layers, rates = [], iter(method.dropout)
    for module in model:
        if isinstance(module, nn.Linear) and (rate := next(rates)):
            layers.append(nn.Dropout(rate))
        layers.append(activation() if isinstance(module, nn.Sigmoid) else module)
    return nn.Sequential(*layers)


def loss_of(method: Method, *, seed: int = 0) -> Callable[[nn.Sequential, Tensor, Tensor], Tensor]:
    """Return the loss of a batch, for `training.train`; the seed is that of the pools."""
    if method.pools is not None:
        return PoolLoss(method.pools, seed=seed)
    if method.gradients is None:
        return batch_loss
    settings = asdict(method.gradients)
    share = settings.pop("share")

    def loss(model: nn.Sequential, images: Tensor, labels: Tensor) -> Tensor:
        changed = pgd(model, images, labels, **settings)
        clean = batch_loss(model, images, labels)
        return (1 - share) * clean + share * batch_loss(model, changed, labels)

    return loss


def trained_by(
    method: Method,
    dataset: Dataset,
    *,
    recipe: Recipe = RECIPE,
    seed: int = 0,
    keep: Path | None = None,
    watch: Callable[[nn.Sequential], None] | None = None,
) -> nn.Sequential:
    """Train a network by a method, or load it.

    Parameters
    ----------
    method : Method
        How.
    dataset : Dataset
        Training images.
    recipe : Recipe
        Optimiser settings.
    seed : int
        Seed of the initial weights, of the order of the images, of pools and of dropout.
    keep : Path, optional
        Where a new checkpoint is kept; ``trained/`` in the data folder by default.
    watch : callable, optional
        As for `training.train`.

    Returns
    -------
    nn.Sequential
        In eval mode, on the device of the data.
    """
    model = build_for(method, seed=seed)
    key = {
        "study": "adversarial training",
        "method": asdict(method),
        "data": dataset.digest,
        "seed": seed,
        "recipe": asdict(recipe),
    }

    def make(model: nn.Sequential) -> None:
        with models.seeded(seed):  # dropout draws from the global generator
            train(
                model.to(dataset.inputs.device),
                dataset,
                weight_decay=(method.weight_decay,) * 3,
                recipe=recipe,
                loss=loss_of(method, seed=seed),
                seed=seed,
                watch=watch,
            )

    title = f"pools.{method.activation}.{dataset.name}.seed{seed}"
    return load_or_make(model, title, key, make, keep=keep).to(dataset.inputs.device).eval()


def trial(
    method: Method, dataset: Dataset, held_out: Dataset, *, recipe: Recipe = RECIPE, seed: int = 0
) -> dict[str, float]:
    """Train a network by a method and measure it, or read what an earlier run measured.

    Returns
    -------
    dict
        ``train_error``, ``error`` and ``loss`` on the images held out, ``seconds`` of training.
    """
    key = {
        "method": asdict(method),
        "recipe": asdict(recipe),
        "seed": seed,
        "data": [dataset.digest, held_out.digest],
    }

    def make() -> dict[str, float]:
        start = time.time()
        model = trained_by(method, dataset, recipe=recipe, seed=seed)
        seconds = time.time() - start
        logits = evaluation.logits(model, held_out.inputs)
        return {
            "train_error": evaluation.error_rate(model, dataset.inputs, dataset.labels),
            "error": evaluation.error_rate(model, held_out.inputs, held_out.labels),
            "loss": functional.cross_entropy(logits, held_out.labels).item(),
            "seconds": seconds,
        }

    return measured("pools.trial", key, make)
