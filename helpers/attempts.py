"""What comes of several attempts of an attack: for each image the best of them."""

import math

import torch
from torch import Tensor, nn

from helpers.adversarial import Adversarial
from helpers.evaluation import distortion
from helpers.losses import target_margin


def untouched(model: nn.Module, inputs: Tensor, targets: Tensor) -> Adversarial:
    """Return the images as they are, which is the closest where they have the target."""
    success = target_margin(model, inputs, targets) > 0
    nothing = distortion(inputs, inputs)
    return Adversarial(
        adversarial=inputs.clone(),
        targets=targets,
        success=success,
        distortion=nothing,
        c=torch.full_like(nothing, math.nan).masked_fill(success, math.inf),
        converged=success.clone(),
        iterations=torch.zeros_like(targets),
        evaluations=torch.zeros_like(targets),
    )


def keep_better(model: nn.Module, found: Adversarial, rows: Tensor, again: Adversarial) -> None:
    """Put into some rows what is better: the closer success, or else the larger margin."""

    def score(image: Tensor, success: Tensor, size: Tensor) -> Tensor:
        return torch.where(success, 1 / size, target_margin(model, image, again.targets))

    before = score(found.adversarial[rows], found.success[rows], found.distortion[rows])
    better = score(again.adversarial, again.success, again.distortion) > before
    for name in ("adversarial", "success", "distortion", "c", "converged"):
        getattr(found, name)[rows[better]] = getattr(again, name)[better]
    found.iterations[rows] += again.iterations
    found.evaluations[rows] += again.evaluations
