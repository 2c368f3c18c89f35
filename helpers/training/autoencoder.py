"""AE400-10's parts (section 2): a sparse autoencoder, then frozen, and a softmax on top."""

import math
from dataclasses import dataclass

import torch
from torch import nn

from helpers.data import Dataset
from helpers.training.sgd import batches, check_images


@dataclass(frozen=True)
class AutoencoderRecipe:
    """How `pretrain_autoencoder` trains; part of the key of a checkpoint.

    Attributes
    ----------
    epochs, batch_size
        As for `Recipe`.
    learning_rate : float
        Adam's step size at the start; it falls to zero along a cosine.
    active_share : float
        Share of a batch's images that each hidden unit may take part in.
    """

    epochs: int = 20
    batch_size: int = 200
    learning_rate: float = 3e-3
    active_share: float = 0.1


def pretrain_autoencoder(
    model: nn.Sequential,
    dataset: Dataset,
    *,
    recipe: AutoencoderRecipe,
    seed: int = 0,
    progress: str = "",
) -> nn.Sequential:
    """Train the first layer of AE400-10 as a sparse sigmoid autoencoder, without labels.

    minimise ‖Wᵀ g(σ(W x + b)) + a − x‖² / 2, with a linear decoder that shares W. Sparsity is
    per unit: in each batch, g lets a unit take part only in the images that activate it most.
    The classical penalty on the mean activation gave twice the test error here. The paper says
    "sparse" without saying how.

    Parameters
    ----------
    model : nn.Sequential
        ``Flatten, Linear, Sigmoid, …``: the linear layer is the encoder, set in place.
    dataset : Dataset
        Images; their labels are not used.
    recipe : AutoencoderRecipe
        Optimiser settings and sparsity.
    seed : int
        Seed of the initial weights and of the order of the images.
    progress : str
        Title of a progress bar; none by default.

    Returns
    -------
    nn.Sequential
        `model`.

    References
    ----------
    Makhzani and Frey, "Winner-take-all autoencoders", 2015 (lifetime sparsity).
    """
    check_images(model, dataset)
    encoder = model[1]
    with torch.no_grad():
        weights = torch.randn(encoder.weight.shape, generator=torch.Generator().manual_seed(seed))
        encoder.weight.copy_(0.05 * weights)
        encoder.bias.zero_()
    offset = torch.zeros(encoder.in_features, device=encoder.weight.device, requires_grad=True)
    optimizer = torch.optim.Adam([encoder.weight, encoder.bias, offset], lr=recipe.learning_rate)
    steps = recipe.epochs * math.ceil(len(dataset) / recipe.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for rows in batches(dataset, recipe.epochs, recipe.batch_size, seed, progress):
        x = dataset.inputs[rows].flatten(1)
        hidden = torch.sigmoid(encoder(x))
        active = max(1, int(recipe.active_share * len(rows)))
        threshold = hidden.detach().topk(active, dim=0).values[-1]  # one for each unit
        decoded = (hidden * (hidden >= threshold)) @ encoder.weight + offset
        optimizer.zero_grad()
        ((decoded - x).square().sum() / (2 * len(rows))).backward()
        optimizer.step()
        schedule.step()
    return model
