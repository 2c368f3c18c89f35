"""What FC10(1) of Table 1 may have been: its weight decay, its biases, and where training ended.

A softmax model has one solution, so that its errors on the paper's own images leave no room for
luck: 21.2 % of the training images, 20 % of the test images, and a mean distortion of 0.14. What
explains them must leave FC10(1e-2) and FC10(1e-4) as they are.
"""

import functools
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import torch
from torch import nn

from helpers import models
from helpers.attack import choose_targets, minimal_adversarial
from helpers.bounds import exact_linear
from helpers.data import Dataset, measured, prepare
from helpers.evaluation import error_rate
from helpers.studies.recipe_tables import coarse_adversarial
from helpers.training import batch_loss

ATTACKED_SOFTMAX = 256


@dataclass(frozen=True)
class Softmax:
    """A way to train a softmax model: the penalty is decay · ‖W‖² / 2, the biases' with or without.

    Attributes
    ----------
    decay : float
        λ in the classical reading, λ / 5 where k are the ten units.
    bias : bool
        Whether the biases are penalised, too.
    steps : int
        Steps of gradient descent, of size 0.1 and from weights of 0; 0 for the minimum itself.
    """

    decay: float = 1.0
    bias: bool = False
    steps: int = 0


SOFTMAX = [
    *(Softmax(decay) for decay in (1.0, 0.8, 0.75, 0.6, 0.2)),
    *(Softmax(decay, bias) for decay in (1e-2, 1e-4) for bias in (False, True)),
    Softmax(bias=True),
    *(Softmax(steps=steps) for steps in (5, 10, 20)),
]


def softmax_model(how: Softmax, dataset: Dataset) -> nn.Sequential:
    """Train a softmax model in one of these ways."""
    model = models.build("FC10(1)").to(dataset.inputs.device)
    layer = model[-1]
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)

    def penalised() -> torch.Tensor:
        penalty = layer.weight.square().sum() + how.bias * layer.bias.square().sum()
        return batch_loss(model, dataset.inputs, dataset.labels) + how.decay / 2 * penalty

    if how.steps:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(how.steps):
            optimizer.zero_grad()
            penalised().backward()
            optimizer.step()
        return model.eval()
    optimizer = torch.optim.LBFGS(
        model.parameters(), max_iter=100, tolerance_grad=1e-6, line_search_fn="strong_wolfe"
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = penalised()
        loss.backward()
        return loss

    optimizer.step(closure)
    return model.eval()


def softmax_rows(train: Dataset, test: Dataset) -> Iterator[dict]:
    """Yield, for each way, both errors and the mean distortion of three attacks.

    ``exact`` is D(x, l) itself, ``penalty`` the paper's attack and ``coarse`` the same with c in
    factors of ten.
    """
    rows = {how: functools.partial(softmax_row, how, train, test) for how in SOFTMAX}
    prepare({str(how): row for how, row in rows.items()})
    for how, row in rows.items():
        yield {**asdict(how), **row()}


def softmax_row(how: Softmax, train: Dataset, test: Dataset) -> dict:
    """Measure one of the `softmax_rows`, or read what an earlier run measured."""
    key = {"softmax": asdict(how), "data": [train.digest, test.digest, ATTACKED_SOFTMAX]}
    return measured("recipes.softmax", key, functools.partial(_row, how, train, test))


def _row(how: Softmax, train: Dataset, test: Dataset) -> dict:
    model = softmax_model(how, train)
    images = train[:ATTACKED_SOFTMAX]
    targets = choose_targets(model, images, "random", seed=0)
    found = {
        "exact": exact_linear(model, images.inputs, targets),
        "penalty": minimal_adversarial(model, images.inputs, targets),
        "coarse": coarse_adversarial(model, images.inputs, targets),
    }
    return {
        "train_error": error_rate(model, train.inputs, train.labels),
        "test_error": error_rate(model, test.inputs, test.labels),
        **{name: one.distortion.mean().item() for name, one in found.items()},
    }
