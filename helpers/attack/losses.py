"""What an attack makes small: losses of a target label, from the logits of a network."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the paper's loss_f(x, l) = −log softmax(logits)_l of each image, shape (N,)."""
    return functional.cross_entropy(logits, targets, reduction="none")


def negative_margin(logits: Tensor, targets: Tensor) -> Tensor:
    """Return max_{j≠l} z_j − z_l of each image, shape (N,): negative where the label is l.

    Its level set at 0 is the region of the label itself, which no level set of the
    cross-entropy is.
    """
    of_target = targets[:, None]
    rivals = logits.scatter(1, of_target, -math.inf)
    return rivals.amax(1) - logits.gather(1, of_target).squeeze(1)


def smooth_margin(logits: Tensor, targets: Tensor, temperature: Tensor) -> Tensor:
    """Return τ log Σ_{j≠l} exp(z_j / τ) − z_l of each image, shape (N,), with a τ for each.

    It tends to `negative_margin` as τ → 0, whose maximum has a kink wherever rivals tie, as they
    do at the closest image: L-BFGS stalls there.
    """
    of_target = targets[:, None]
    rivals = logits.scatter(1, of_target, -math.inf) / temperature[:, None]
    return temperature * rivals.logsumexp(1) - logits.gather(1, of_target).squeeze(1)


def target_margin(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return z_l − max_{j≠l} z_j of each image, shape (N,): positive where the label is l."""
    with torch.no_grad():
        return -negative_margin(model(inputs), targets)


def logit_range(model: nn.Module, inputs: Tensor) -> Tensor:
    """Return max_j z_j − min_j z_j of each image, shape (N,), or 1 where all logits are equal."""
    with torch.no_grad():
        logits = model(inputs)
    spread = logits.amax(1) - logits.amin(1)
    return spread.masked_fill(spread == 0, 1)
