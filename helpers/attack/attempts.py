"""What comes of several attempts of an attack: for each image the best of them."""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from helpers.attack.losses import target_margin
from helpers.attack.result import Adversarial
from helpers.evaluation import distortion


@dataclass(frozen=True)
class Attempt(Adversarial):
    """What an attack found for each image, and how good that is.

    Attributes
    ----------
    margin : Tensor, shape (N,)
        The margin of the target: positive where the attempt succeeded.
    residual : Tensor, shape (N,)
        What is amiss of the conditions of the closest image, as a share of ‖r‖.
    """

    margin: Tensor
    residual: Tensor

    def score(self) -> Tensor:
        """Return what is larger for a better attempt: 1 / ‖r‖, or a failure's margin, below 0."""
        return torch.where(self.success, 1 / self.distortion, self.margin)

    def result(self) -> Adversarial:
        """Return what the attack's caller wants to know."""
        return Adversarial(**{f.name: getattr(self, f.name) for f in fields(Adversarial)})


def untouched(model: nn.Module, inputs: Tensor, targets: Tensor) -> Attempt:
    """Return the images as they are, which is the closest where they have the target."""
    margin, nothing = target_margin(model, inputs, targets), distortion(inputs, inputs)
    success = margin > 0
    return Attempt(
        adversarial=inputs.clone(),
        targets=targets,
        success=success,
        distortion=nothing,
        c=torch.full_like(nothing, math.nan).masked_fill(success, math.inf),
        converged=success.clone(),
        iterations=torch.zeros_like(targets),
        evaluations=torch.zeros_like(targets),
        margin=margin,
        residual=nothing.clone(),
    )


def keep_better(found: Attempt, rows: Tensor, again: Attempt) -> None:
    """Put another attempt at some rows in its place where it is better; add up what both cost."""
    better = again.score() > found.score()[rows]
    for name in ("adversarial", "success", "distortion", "c", "converged", "margin", "residual"):
        getattr(found, name)[rows[better]] = getattr(again, name)[better]
    found.iterations[rows] += again.iterations
    found.evaluations[rows] += again.evaluations
