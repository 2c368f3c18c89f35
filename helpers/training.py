"""Train the paper's networks (section 2), and keep what was trained.

``trained(name)`` gives a network of Table 1 or 3, from a checkpoint where there is one and
trained now where there is none. ``python -m helpers.training`` makes the shipped checkpoints.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import scipy.optimize
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm.auto import tqdm

from helpers import models
from helpers.checkpoints import SHIPPED, load_or_make
from helpers.data import Dataset, digits, disjoint_halves

DECAY_FORMS = ("half", "per unit")
CONVEX = "solved to convergence"


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


# Chosen on the last 10,000 of MNIST's training images, never on its test set.
RECIPES: dict[str, Recipe | AutoencoderRecipe] = {
    "FC100-100-10": Recipe(),
    "FC200-200-10": Recipe(),
    "FC123-456-10": Recipe(),
    "AE400-10": AutoencoderRecipe(),
    "Conv": Recipe(epochs=10, learning_rate=0.02),
}
SMALL_DATA = 10_000  # fewer images than this get ten times as many epochs


def train(
    model: nn.Sequential,
    dataset: Dataset,
    *,
    weight_decay: tuple[float, ...],
    decay_form: str = "half",
    recipe: Recipe,
    seed: int = 0,
    progress: str = "",
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
    seed : int
        Seed of the order of the images.
    progress : str
        Title of a progress bar; none by default.

    Returns
    -------
    nn.Sequential
        `model`, in eval mode.
    """
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
    steps = recipe.epochs * math.ceil(len(dataset) / recipe.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.averaging))
    model.train()
    for rows in _batches(dataset, recipe.epochs, recipe.batch_size, seed, progress):
        optimizer.zero_grad()
        functional.cross_entropy(model(dataset.inputs[rows]), dataset.labels[rows]).backward()
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
    model.load_state_dict(average.module.state_dict())
    return model.eval()


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
    encoder = model[1]
    with torch.no_grad():
        weights = torch.randn(encoder.weight.shape, generator=torch.Generator().manual_seed(seed))
        encoder.weight.copy_(0.05 * weights)
        encoder.bias.zero_()
    offset = torch.zeros(encoder.in_features, device=encoder.weight.device, requires_grad=True)
    optimizer = torch.optim.Adam([encoder.weight, encoder.bias, offset], lr=recipe.learning_rate)
    steps = recipe.epochs * math.ceil(len(dataset) / recipe.batch_size)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for rows in _batches(dataset, recipe.epochs, recipe.batch_size, seed, progress):
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


def fit_readout(
    model: nn.Sequential, dataset: Dataset, *, weight_decay: float, decay_form: str = "half"
) -> nn.Sequential:
    """Solve for the last layer, with all before it frozen: a convex problem, to convergence.

    Full-batch L-BFGS on the mean cross-entropy plus the penalty. The unknowns are the weights
    on *whitened* features, scaled as if the loss had a curvature of 1/10 everywhere: that
    makes the problem well conditioned and leaves the objective what it is.

    Parameters
    ----------
    model : nn.Sequential
        Its last module is an ``nn.Linear`` and is set in place.
    dataset : Dataset
        Training images and labels.
    weight_decay : float
        λ of the last layer.
    decay_form : {"half", "per unit"}
        How λ is meant, see `decay_coefficients`.

    Returns
    -------
    nn.Sequential
        `model`, in eval mode.

    Raises
    ------
    ValueError
        If `weight_decay` is not positive, or there is no such `decay_form`.
    """
    if not weight_decay > 0:
        raise ValueError(f"weight_decay must be positive, got {weight_decay}")
    readout = model[-1]
    (decay,) = decay_coefficients(model[-1:], (weight_decay,), decay_form)
    model.eval()
    with torch.no_grad():
        features = torch.cat([model[:-1](batch) for batch in dataset.inputs.split(1000)])
    mean = features.mean(0)
    eigenvalues, basis = torch.linalg.eigh((features - mean).double().T.cov(correction=0))
    whiten = basis / (eigenvalues.clamp_min(0) + 10 * decay).sqrt()  # W = weights @ whitenᵀ
    whitened = (features - mean) @ whiten.to(features)

    def objective(unknowns: np.ndarray) -> tuple[float, np.ndarray]:
        unknowns = torch.as_tensor(unknowns).view(readout.out_features, -1)
        unknowns = unknowns.to(features.device).requires_grad_()
        weights, bias = unknowns[:, :-1], unknowns[:, -1]
        logits = functional.linear(whitened, weights.to(features), bias.to(features))
        penalty = decay / 2 * (weights @ whiten.T).square().sum()
        value = functional.cross_entropy(logits, dataset.labels) + penalty
        (gradient,) = torch.autograd.grad(value, unknowns)
        return value.item(), gradient.cpu().numpy().ravel()

    solution = scipy.optimize.minimize(
        objective,
        np.zeros((readout.in_features + 1) * readout.out_features),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 1000, "maxcor": 20, "ftol": 1e-10, "gtol": 1e-6},
    )
    unknowns = torch.as_tensor(solution.x).view(readout.out_features, -1).to(features.device)
    with torch.no_grad():
        readout.weight.copy_(unknowns[:, :-1] @ whiten.T)
        readout.bias.copy_(unknowns[:, -1] - readout.weight @ mean)
    return model


def _batches(
    dataset: Dataset, epochs: int, batch_size: int, seed: int, progress: str
) -> Iterator[Tensor]:
    """Yield the rows of each batch, in a new random order in each epoch, under a progress bar."""
    generator = torch.Generator().manual_seed(seed)
    for _ in tqdm(range(epochs), desc=progress, unit="epoch", disable=not progress):
        order = torch.randperm(len(dataset), generator=generator)
        yield from order.to(dataset.labels.device).split(batch_size)


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


def trained(
    name: str,
    *,
    dataset: Dataset | None = None,
    seed: int = 0,
    decay_form: str = "half",
    keep: Path | None = None,
) -> nn.Sequential:
    """Return a network of the paper, from a checkpoint or trained now.

    Parameters
    ----------
    name : str
        A key of `models.ARCHITECTURES`.
    dataset : Dataset, optional
        Training data; ``digits("train")`` by default.
    seed : int
        Seed of the initial weights and of the order of the images.
    decay_form : {"half", "per unit"}
        How the paper's λ is meant, see `decay_coefficients`.
    keep : Path, optional
        Where a new checkpoint is kept; ``trained/`` in the data folder by default.

    Returns
    -------
    nn.Sequential
        In eval mode, on the device of the data.

    Raises
    ------
    ValueError
        If there is no network of that name, or no such `decay_form`.
    """
    decay = models.architecture(name).weight_decay
    dataset = digits("train") if dataset is None else dataset
    recipe = RECIPES.get(name, CONVEX)
    if recipe is not CONVEX and len(dataset) < SMALL_DATA:
        recipe = replace(recipe, epochs=10 * recipe.epochs)
    seed = 0 if recipe is CONVEX else seed  # the solution does not depend on the start
    device = dataset.inputs.device
    model = models.build(name, seed=seed)
    key = {
        "network": repr(model),
        "weight decay": [decay, decay_form],
        "data": dataset.digest,
        "seed": seed,
        "recipe": recipe if recipe is CONVEX else asdict(recipe),
    }

    def make(model: nn.Sequential) -> None:
        progress = f"training {name} on {dataset.name}"
        model.to(device)
        if isinstance(recipe, Recipe):
            train(
                model,
                dataset,
                weight_decay=decay,
                decay_form=decay_form,
                recipe=recipe,
                seed=seed,
                progress=progress,
            )
        else:
            if isinstance(recipe, AutoencoderRecipe):
                pretrain_autoencoder(model, dataset, recipe=recipe, seed=seed, progress=progress)
            fit_readout(model, dataset, weight_decay=decay[-1], decay_form=decay_form)

    title = f"{name}.{dataset.name}.seed{seed}"
    return load_or_make(model, title, key, make, keep=keep).to(device).eval()


def cross_training_set(dataset: Dataset) -> dict[str, tuple[str, Dataset, int]]:
    """Return Table 3's networks: the paper's name → architecture, training data and seed.

    Parameters
    ----------
    dataset : Dataset
        All training images, of which P1 and P2 are the halves.

    Returns
    -------
    dict
        FC100-100-10′ starts from other weights than FC100-100-10: that it should share nothing
        but its shape is the point of the study.
    """
    p1, p2 = disjoint_halves(dataset)
    return {
        "FC100-100-10": ("FC100-100-10", p1, 0),
        "FC123-456-10": ("FC123-456-10", p1, 0),
        "FC100-100-10′": ("FC100-100-10", p2, 1),
    }


def main() -> None:
    """Make the checkpoints that are shipped, for the digits at hand: ``data/checkpoints``."""
    dataset = digits("train")
    for name in models.ARCHITECTURES:
        trained(name, dataset=dataset, keep=SHIPPED)
        if name.startswith("FC10("):
            trained(name, dataset=dataset, decay_form="per unit", keep=SHIPPED)
    for name, half, seed in cross_training_set(dataset).values():
        trained(name, dataset=half, seed=seed, keep=SHIPPED)


if __name__ == "__main__":
    main()
