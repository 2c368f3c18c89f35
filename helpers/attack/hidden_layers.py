"""Adversarial outputs of a layer (section 4.2): the tail of a network, attacked."""

import torch
from torch import Tensor, nn

from helpers.attack.deepfool import targeted_deepfool
from helpers.attack.targets import TARGETS, random_targets, runner_up
from helpers.evaluation import per_image

LENGTHS = ("own", "mean")
RANGES = {nn.Sigmoid: (0.0, 1.0), nn.ReLU: (0.0, torch.inf), nn.Tanh: (-1.0, 1.0)}


def adversarial_outputs(
    model: nn.Sequential,
    images: Tensor,
    labels: Tensor,
    layer: int,
    *,
    strength: float,
    target: str = "nearest",
    length: str = "own",
    steps: int = 2,
    generator: torch.Generator,
) -> Tensor:
    """Go a part of the way from a layer's outputs to the closest adversarial ones.

    Parameters
    ----------
    model : nn.Sequential
        The network.
    images : Tensor, shape (N, ...)
        Images.
    labels : Tensor, shape (N,)
        Their true labels.
    layer : int
        Number of the layer; 0 is the image.
    strength : float
        How much of the way to the closest adversarial output is gone.
    target : {"nearest", "random"}
        The wrong label with the largest logit, or any wrong label.
    length : {"own", "mean"}
        Of the whole way: the one of each output, or their mean for all of them.
    steps : int
        Gradients of each attack; see `targeted_deepfool`.
    generator : torch.Generator
        Source of random targets.

    Returns
    -------
    Tensor, shape (N, ...)
        Outputs that the layer can have, as far as their range says.

    Raises
    ------
    ValueError
        If the network has no such layer, or there is no such target or length.
    """
    if target not in TARGETS:
        raise ValueError(f"target must be one of {', '.join(TARGETS)}; got {target!r}")
    if length not in LENGTHS:
        raise ValueError(f"length must be one of {', '.join(LENGTHS)}; got {length!r}")
    k = split_index(model, layer)
    below, above = model[:k], model[k:]
    with torch.no_grad():
        outputs = below(images)
        logits = above(outputs)
    if target == "random":
        targets = random_targets(labels, classes=logits.shape[1], generator=generator)
    else:
        targets = runner_up(logits, labels)
    box = output_range(below)
    way = targeted_deepfool(above, outputs, targets, steps=steps, box=box) - outputs
    if length == "mean":
        lengths = per_image(way.flatten(1).norm(dim=1), way)
        way = way * (lengths.mean() / lengths.clamp_min(1e-9))
    return (outputs + strength * way).clamp(*box)


def split_index(model: nn.Sequential, layer: int) -> int:
    """Return k such that ``model[:k]`` gives the outputs of a layer and ``model[k:]`` is above it.

    Raises
    ------
    ValueError
        If the network has no such layer.
    """
    weighted = [k for k, module in enumerate(model) if hasattr(module, "weight")]
    if not 0 <= layer < len(weighted):
        raise ValueError(f"layer must be from 0 to {len(weighted) - 1}, got {layer}")
    return weighted[layer]


def output_range(below: nn.Sequential) -> tuple[float, float]:
    """Return the least and the largest value that outputs can have: [0, 1] for pixels."""
    for module in reversed(below):
        if type(module) in RANGES:
            return RANGES[type(module)]
        if hasattr(module, "weight"):
            return (-torch.inf, torch.inf)
    return (0.0, 1.0)
