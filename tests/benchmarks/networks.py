"""The networks of the attack's benchmark.

They are trained here, from a seed that no default of an attack was chosen on, and are kept.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from helpers import data, models
from helpers.studies.robust_training import train_against
from helpers.training import Recipe, batches, train, trained

SEED = 6199
ROBUST = {"rms": 0.05, "steps": 5, "epochs": 3}  # of the network trained against L2-PGD
ROBUST_IMAGES = 10_000
SQUEEZENET = "squeezenet1_0"


@dataclass(frozen=True)
class Network:
    """A network of the benchmark, and how much of it there can be.

    Attributes
    ----------
    make : callable
        ``make(folder)`` returns the network, from what is kept in the folder where it is.
    images : int
        Images at the most; slow attacks get a tenth of them.
    gradients : int
        The most gradients an image that an attack may take here.
    """

    make: Callable[[Path], nn.Module]
    images: int = 100
    gradients: int = 100_000


def fc(folder: Path) -> nn.Sequential:
    """Return the paper's FC100-100-10, trained as the course does it but not for as long."""
    dataset, recipe = data.digits("train"), Recipe(epochs=5)
    model = models.build("FC100-100-10", seed=SEED)
    decay = models.architecture("FC100-100-10").weight_decay

    def make(model: nn.Sequential) -> None:
        options = {"weight_decay": decay, "recipe": recipe, "seed": SEED}
        train(model, dataset, **options, progress="training FC100-100-10")

    key = {"network": models.signature(model), "data": dataset.digest, "recipe": asdict(recipe)}
    key |= {"seed": SEED}
    return data.load_or_make(model, "FC100-100-10", key, make, keep=folder).eval()


def saturated(folder: Path) -> nn.Sequential:
    """Return FC100-100-10 with its first layer ten times as large: gradients vanish."""
    model = copy.deepcopy(fc(folder))
    return scale(model, model[1], 10)


def scaled(factor: float) -> Callable[[Path], nn.Sequential]:
    """Return a maker of the dense ReLU network with its logits multiplied."""

    def make(folder: Path) -> nn.Sequential:
        model = copy.deepcopy(relu(folder))
        return scale(model, model[-1], factor)

    return make


def scale(model: nn.Sequential, layer: nn.Linear, factor: float) -> nn.Sequential:
    """Multiply what a layer puts out; return the network."""
    with torch.no_grad():
        layer.weight.mul_(factor)
        layer.bias.mul_(factor)
    return model


def relu(folder: Path) -> nn.Sequential:
    """Return a dense network of ReLUs, 784-256-256-10."""
    return fitted(
        "ReLU 784-256-256-10",
        lambda: [
            nn.Flatten(),
            nn.Linear(784, 256),
            nn.ReLU(),
            nn.Linear(256, 256),
            nn.ReLU(),
            nn.Linear(256, 10),
        ],
        folder,
    )


def batch_norm(folder: Path) -> nn.Sequential:
    """Return the course's convolutional network with batch normalisation."""
    return fitted(
        "Conv with batch norm",
        lambda: [
            nn.Conv2d(1, 16, 5),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 5),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(512, 100),
            nn.ReLU(),
            nn.Linear(100, 10),
        ],
        folder,
        epochs=2,
    )


def fitted(
    title: str, layers: Callable[[], list[nn.Module]], folder: Path, *, epochs: int = 3
) -> nn.Sequential:
    """Return a network trained by Adam, batch normalisation included, or the one that was kept."""
    dataset = data.digits("train")
    with models.seeded(SEED):
        model = nn.Sequential(*layers())

    def make(model: nn.Sequential) -> None:
        optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
        total = epochs * math.ceil(len(dataset) / 100)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
        model.train()
        for rows in batches(dataset, epochs, 100, SEED, f"training {title}"):
            optimizer.zero_grad()
            functional.cross_entropy(model(dataset.inputs[rows]), dataset.labels[rows]).backward()
            optimizer.step()
            schedule.step()

    key = {"network": models.signature(model), "data": dataset.digest, "epochs": epochs}
    return data.load_or_make(model, title, key | {"seed": SEED}, make, keep=folder).eval()


def robust(folder: Path) -> nn.Sequential:
    """Return the course's convolutional network, trained against L2-PGD."""
    dataset = data.digits("train")[:ROBUST_IMAGES]
    model = models.build("Conv", seed=SEED)
    title = "Conv against L2-PGD"

    def make(model: nn.Sequential) -> None:
        train_against(model, dataset, **ROBUST, seed=SEED, progress=f"training {title}")

    key = {"network": models.signature(model), "data": dataset.digest, "recipe": ROBUST}
    return data.load_or_make(model, title, key | {"seed": SEED}, make, keep=folder).eval()


def softmax(folder: Path) -> nn.Sequential:
    """Return the paper's softmax model, for which D(x, l) is known."""
    return trained("FC10(1e-4)", keep=folder)


def squeezenet(folder: Path) -> nn.Sequential:
    """Return SqueezeNet with ImageNet's classes; OSError where its weights cannot be had."""
    return models.classifier(SQUEEZENET, weights=models.weights_file(SQUEEZENET))


NETWORKS = {
    "FC100-100-10": Network(fc),
    "saturated": Network(saturated),
    "ReLU": Network(relu),
    "ReLU, logits / 1000": Network(scaled(1e-3)),
    "ReLU, logits × 1000": Network(scaled(1e3)),
    "softmax": Network(softmax),
    "Conv, batch norm": Network(batch_norm, images=50),
    "Conv, L2-PGD": Network(robust, images=50),
    "SqueezeNet": Network(squeezenet, images=10, gradients=100),
}
