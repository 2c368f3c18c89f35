"""A small network of AlexNet's shape that tells photographs apart: colour without a download.

`trained_small_alexnet` reads its checkpoint, or trains it in two minutes.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers import data
from helpers.data import load_or_make
from helpers.models import Standardise, seeded, signature, weight_layers
from helpers.training.sgd import batch_loss

PHOTO_SIDE = 64  # pixels


@dataclass(frozen=True)
class PhotoRecipe:
    """How the network is trained; part of the key of its checkpoint.

    Attributes
    ----------
    steps : int
        Steps of AdamW.
    batch_size : int
        Crops in a step, each from a random place.
    learning_rate : float
        The largest; it rises and falls along one cycle.
    weight_decay : float
        AdamW's.
    contrast, brightness : float
        Pixels are multiplied by up to 1 ± contrast and moved by up to ± brightness.
    """

    steps: int = 1000
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    contrast: float = 0.4
    brightness: float = 0.2


def build_small_alexnet(seed: int = 0) -> nn.Sequential:
    """Build the untrained network: five convolutions and three dense layers, as in AlexNet.

    Parameters
    ----------
    seed : int
        Seed of the random weights; the global random state is left as it was.

    Returns
    -------
    nn.Sequential
        Maps images (N, 3, 64, 64) with pixels in [0, 1] to logits (N, 18); in eval mode.
    """
    with seeded(seed):
        model = nn.Sequential(
            Standardise((0.5,) * 3, (0.25,) * 3),
            *[nn.Conv2d(3, 32, 7, stride=2, padding=3), nn.ReLU(), nn.MaxPool2d(3, 2)],
            *[nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)],
            *[nn.Conv2d(64, 96, 3, padding=1), nn.ReLU()],
            *[nn.Conv2d(96, 96, 3, padding=1), nn.ReLU()],
            *[nn.Conv2d(96, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)],
            *[nn.Flatten(), nn.Dropout(), nn.Linear(9 * 64, 128), nn.ReLU()],
            *[nn.Dropout(), nn.Linear(128, 128), nn.ReLU()],
            nn.Linear(128, len(data.PHOTOGRAPHS)),
        )
        for layer in weight_layers(model):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    return model.eval()


def train_small_alexnet(
    model: nn.Sequential, *, recipe: PhotoRecipe = PhotoRecipe(), seed: int = 0, progress: str = ""
) -> nn.Sequential:
    """Train the network on the photographs' training parts.

    Parameters
    ----------
    model : nn.Sequential
        What `build_small_alexnet` returns; trained in place.
    recipe : PhotoRecipe
        Optimiser settings and augmentation.
    seed : int
        Seed of the crops, their changes and the dropout; the global random state is left as it
        was.
    progress : str
        Title of a progress bar; none by default.

    Returns
    -------
    nn.Sequential
        `model`, in eval mode.
    """
    device = next(model.parameters()).device
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.learning_rate, total_steps=recipe.steps
    )
    generator = torch.Generator().manual_seed(seed)
    model.train()
    with seeded(seed):  # of the dropout
        for _ in tqdm(range(recipe.steps), desc=progress, disable=not progress):
            labels = torch.randint(len(data.PHOTOGRAPHS), (recipe.batch_size,), generator=generator)
            inputs = data.crops(labels, "train", side=PHOTO_SIDE, generator=generator)
            inputs = _altered(inputs, recipe, generator).to(device)
            optimizer.zero_grad()
            batch_loss(model, inputs, labels.to(device)).backward()
            optimizer.step()
            schedule.step()
    return model.eval()


def trained_small_alexnet(*, seed: int = 0, keep: Path | None = None) -> nn.Sequential:
    """Return the network, from a checkpoint or trained now.

    The key of the checkpoint names the photographs and not their pixels: those of a JPEG differ
    a little from one decoder to another.

    Parameters
    ----------
    seed : int
        Seed of the weights and of the training.
    keep : Path, optional
        Where a new checkpoint is kept; ``trained/`` in the data folder by default.

    Returns
    -------
    nn.Sequential
        In eval mode.
    """
    model = build_small_alexnet(seed)
    key = {
        "network": signature(model),
        "data": [data.PHOTOGRAPHS, data.PHOTOGRAPH_SHORTER_SIDE, data.TRAINING_SHARE, PHOTO_SIDE],
        "seed": seed,
        "recipe": asdict(PhotoRecipe()),
    }

    def make(model: nn.Sequential) -> None:
        train_small_alexnet(model, seed=seed, progress="training the small AlexNet on photographs")

    return load_or_make(model, f"small_AlexNet.photographs.seed{seed}", key, make, keep=keep).eval()


def _altered(inputs: Tensor, recipe: PhotoRecipe, generator: torch.Generator) -> Tensor:
    """Mirror half of the images, and change the contrast and the brightness of all."""
    amounts = torch.rand(3, len(inputs), 1, 1, 1, generator=generator)
    inputs = torch.where(amounts[0] < 0.5, inputs, inputs.flip(3))
    inputs = inputs * (1 + recipe.contrast * (2 * amounts[1] - 1))
    return (inputs + recipe.brightness * (2 * amounts[2] - 1)).clamp(0, 1)
