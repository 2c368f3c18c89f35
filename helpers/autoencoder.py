"""AE400-10's parts (section 2): a sparse autoencoder, then frozen, and a softmax on top."""

import math
from dataclasses import dataclass

import numpy as np
import scipy.optimize
import torch
from torch import nn
from torch.nn import functional

from helpers.data import Dataset
from helpers.descent import batches, check_data, check_images, decay_coefficients


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
    check_data(model, dataset)
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
