"""What every training by gradient steps shares: order of the images, loss and weight decay."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm.auto import tqdm

from helpers import models
from helpers.data import Dataset
from helpers.evaluation import check_device

DECAY_FORMS = ("half", "per unit")


def batches(
    dataset: Dataset, epochs: int, batch_size: int, seed: int, progress: str
) -> Iterator[Tensor]:
    """Yield the rows of each batch, in a new random order in each epoch, under a progress bar."""
    generator = torch.Generator().manual_seed(seed)
    for _ in tqdm(range(epochs), desc=progress, unit="epoch", disable=not progress):
        order = torch.randperm(len(dataset), generator=generator)
        yield from order.to(dataset.labels.device).split(batch_size)


def cross_entropy(model: nn.Sequential, images: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross-entropy of a batch, shape ()."""
    return functional.cross_entropy(model(images), labels)


def check_images(model: nn.Sequential, dataset: Dataset) -> None:
    """Refuse images of another device than the model, and pixels that are not finite numbers."""
    check_device(model, dataset.inputs)
    bad = (~dataset.inputs.flatten(1).isfinite().all(1)).sum().item()
    if bad:
        raise ValueError(f"dataset must have finite pixels; {bad} of {len(dataset)} images do not")


def check_data(model: nn.Sequential, dataset: Dataset) -> None:
    """Refuse what a network can not be trained on, before it has been.

    Parameters
    ----------
    model : nn.Sequential
        Its last layer has a unit for each label.
    dataset : Dataset
        Images and labels, on the device of the model; pixels are finite numbers.

    Raises
    ------
    ValueError
        If they are not what is written above.
    """
    check_images(model, dataset)
    classes = len(models.weight_layers(model)[-1].weight)
    wrong = dataset.labels[(dataset.labels < 0) | (dataset.labels >= classes)]
    if len(wrong):
        raise ValueError(
            f"dataset must have labels from 0 to {classes - 1}, as model has; got {wrong[0].item()}"
        )


def decay_coefficients(
    model: nn.Sequential, weight_decay: tuple[float, ...], decay_form: str
) -> list[float]:
    """Return μ_k such that the paper's penalty on layer k is μ_k ‖W_k‖² / 2.

    Parameters
    ----------
    model : nn.Sequential
        The network.
    weight_decay : tuple of float
        The paper's λ of each weight layer.
    decay_form : {"half", "per unit"}
        The paper writes λ Σ w²/k without saying what k is. ``"half"`` takes λ‖W‖²/2, which
        reproduces Table 1; ``"per unit"`` takes k as the number of units of the layer.

    Returns
    -------
    list of float
        One coefficient for each weight layer.

    Raises
    ------
    ValueError
        If there is no such form, or not one λ for each weight layer.
    """
    if decay_form not in DECAY_FORMS:
        raise ValueError(f"decay_form must be one of {', '.join(DECAY_FORMS)}; got {decay_form!r}")
    layers = models.weight_layers(model)
    if len(weight_decay) != len(layers):
        raise ValueError(
            f"weight_decay must have one λ for each of {len(layers)} layers, got {weight_decay}"
        )
    if decay_form == "half":
        return list(weight_decay)
    return [
        2 * decay / len(layer.weight) for layer, decay in zip(layers, weight_decay, strict=True)
    ]
