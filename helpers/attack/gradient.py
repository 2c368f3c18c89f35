"""Attacks of later papers, which move an image up its own loss, by no more than a given size."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from helpers.attack.entry import differentiable
from helpers.evaluation import per_image

NORMS = ("max", "2")
STRIDE = 2.5  # of ε, over the number of steps: enough to reach the edge of the ball and go along it


@differentiable
def loss_gradient(model: nn.Module, inputs: Tensor, labels: Tensor) -> Tensor:
    """Return ∂loss/∂x of each image's cross-entropy, shape (N, ...)."""
    at = inputs.detach().requires_grad_()
    loss = functional.cross_entropy(model(at), labels, reduction="sum")
    return torch.autograd.grad(loss, at)[0]


@differentiable
def pgd(
    model: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    *,
    epsilon: float,
    norm: str = "max",
    steps: int = 1,
) -> Tensor:
    """Raise the cross-entropy of the true label, at most ε away from each image and in [0, 1].

    One step of size ε in the maximum norm is the fast gradient sign method (FGSM); more steps, of
    2.5 ε / steps each, are projected gradient descent (PGD), here from the image itself.

    Parameters
    ----------
    model : nn.Module
        Maps images to logits.
    inputs : Tensor, shape (N, ...)
        Images in [0, 1].
    labels : Tensor, shape (N,)
        True labels, int64.
    epsilon : float
        Radius of the ball, at least 0; in the Euclidean norm √n times the distortion.
    norm : {"max", "2"}
        Whether the ball is one of the largest pixel or of the Euclidean norm.
    steps : int
        Gradients for each image.

    Returns
    -------
    Tensor, shape (N, ...)
        The changed images.

    Raises
    ------
    ValueError
        If there is no such norm, `epsilon` is negative or `steps` less than 1.

    References
    ----------
    Goodfellow, Shlens and Szegedy, arXiv 1412.6572 (FGSM); Madry et al., arXiv 1706.06083 (PGD).
    """
    if norm not in NORMS:
        raise ValueError(f"norm must be one of {', '.join(NORMS)}; got {norm!r}")
    if not epsilon >= 0:
        raise ValueError(f"epsilon must be at least 0, got {epsilon}")
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    size = epsilon if steps == 1 else STRIDE * epsilon / steps
    moved = inputs
    for _ in range(steps):
        gradient = loss_gradient(model, moved, labels)
        if norm == "max":
            r = (moved + size * gradient.sign() - inputs).clamp(-epsilon, epsilon)
        else:
            r = moved + size * gradient / _length(gradient) - inputs
            r = r * (epsilon / _length(r)).clamp(max=1)
        moved = (inputs + r).clamp(0, 1)
    return moved


def _length(r: Tensor) -> Tensor:
    """Return ‖r‖₂ of each image, never 0, in a shape that r can be divided by."""
    lengths = r.flatten(1).norm(dim=1).clamp_min(1e-12)
    return per_image(lengths, r)
