"""The last layer on frozen features: a convex problem, solved to convergence."""

import numpy as np
import scipy
import torch
from torch import nn
from torch.nn import functional

from helpers.data import Dataset
from helpers.evaluation import forward
from helpers.training.sgd import check_data, decay_coefficients


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
    features = forward(model[:-1], dataset.inputs)
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
