"""What every training by gradient steps shares: order of the images, loss and weight decay."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm.auto import tqdm

from helpers import models
from helpers.data import Dataset
from helpers.evaluation import check_device

DECAY_FORMS = ("half", "per unit")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained by `train`; part of the key of its checkpoint.

    Attributes
    ----------
    epochs : int
        Passes over the data.
    batch_size : int
        Images per step.
    learning_rate : float
        Step size at the start; it falls to zero along a cosine.
    momentum : float
        Nesterov momentum.
    averaging : float
        Decay, per step, of the running average of the weights that becomes the network.
    """

    epochs: int = 20
    batch_size: int = 50
    learning_rate: float = 0.1
    momentum: float = 0.9
    averaging: float = 0.999


def train(
    model: nn.Sequential,
    dataset: Dataset,
    *,
    weight_decay: tuple[float, ...],
    decay_form: str = "half",
    recipe: Recipe,
    loss: Callable[[nn.Sequential, Tensor, Tensor], Tensor] | None = None,
    seed: int = 0,
    progress: str = "",
    watch: Callable[[nn.Sequential], None] | None = None,
) -> nn.Sequential:
    """Train a network with cross-entropy and the paper's per-layer weight decay (section 2).

    Parameters
    ----------
    model : nn.Sequential
        Trained in place.
    dataset : Dataset
        Training images and labels, on the device of `model`.
    weight_decay : tuple of float
        λ of each weight layer.
    decay_form : {"half", "per unit"}
        How λ is meant, see `decay_coefficients`.
    recipe : Recipe
        Optimiser settings.
    loss : callable, optional
        ``loss(model, images, labels)``, of shape (), in place of the cross-entropy of a batch.
    seed : int
        Seed of the order of the images.
    progress : str
        Title of a progress bar; none by default.
    watch : callable, optional
        ``watch(network)``, in eval mode, after each epoch: the average so far.

    Returns
    -------
    nn.Sequential
        `model`, in eval mode.

    Raises
    ------
    ValueError
        If the data do not fit the model, see `check_data`, there is no such form, or there is not
        one λ for each weight layer.
    """
    check_data(model, dataset)
    loss = batch_loss if loss is None else loss
    layers = models.weight_layers(model)
    decays = decay_coefficients(model, weight_decay, decay_form)
    groups = [  # SGD adds weight_decay·W to the gradient: the penalty is weight_decay·‖W‖²/2
        {"params": [layer.weight], "weight_decay": decay}
        for layer, decay in zip(layers, decays, strict=True)
    ]
    groups.append({"params": [layer.bias for layer in layers], "weight_decay": 0.0})
    optimizer = torch.optim.SGD(
        groups, lr=recipe.learning_rate, momentum=recipe.momentum, nesterov=True
    )
    in_epoch = math.ceil(len(dataset) / recipe.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs * in_epoch)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging))
    model.train()
    order = batches(dataset, recipe.epochs, recipe.batch_size, seed, progress)
    for step, rows in enumerate(order, start=1):
        optimizer.zero_grad()
        loss(model, dataset.inputs[rows], dataset.labels[rows]).backward()
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        if watch is not None and step % in_epoch == 0:
            watch(average.module.eval())
    model.load_state_dict(average.module.state_dict())
    return model.eval()


def batches(
    dataset: Dataset, epochs: int, batch_size: int, seed: int, progress: str
) -> Iterator[Tensor]:
    """Yield the rows of each batch, in a new random order in each epoch, under a progress bar."""
    generator = torch.Generator().manual_seed(seed)
    for _ in tqdm(range(epochs), desc=progress, unit="epoch", disable=not progress):
        order = torch.randperm(len(dataset), generator=generator)
        yield from order.to(dataset.labels.device).split(batch_size)


def batch_loss(model: nn.Sequential, images: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross-entropy of a batch, shape ()."""
    return functional.cross_entropy(model(images), labels)


def check_images(model: nn.Sequential, dataset: Dataset) -> None:
    """Refuse images of another device than the model, and pixels that are not finite numbers.

    Raises
    ------
    ValueError
        If the dataset is on another device, or an image has a pixel that is not finite.
    """
    check_device(model, dataset.inputs)
    bad = (~dataset.inputs.flatten(1).isfinite().all(1)).sum().item()
    if bad:
        raise ValueError(f"dataset must have finite pixels; {bad} of {len(dataset)} images do not")


def check_data(model: nn.Sequential, dataset: Dataset) -> None:
    """Refuse what a network cannot be trained on, before it has been.

    Parameters
    ----------
    model : nn.Sequential
        Its last layer has a unit for each label.
    dataset : Dataset
        Images and labels, on the device of the model; pixels are finite numbers.

    Raises
    ------
    ValueError
        If the dataset is on another device, a pixel is not finite, or a label has no unit.
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
