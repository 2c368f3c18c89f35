"""A bound-constrained problem to compare minimisers on, in float64."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

MARGIN = 0.1  # of the box that start and minimiser span, on every side


@dataclass
class Problem:
    """A function in a box, with a start and, where one is published, a minimum.

    The function takes points (k, n) and returns values (k,). Bounds are numbers or lists.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    start: list[float]
    lower: float | list[float]
    upper: float | list[float]
    minimum: float | None = field(default=None, kw_only=True)

    def objective(self, x: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Return values (k,) and gradients (k, n)."""
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            values = self.function(x)
            (gradient,) = torch.autograd.grad(values.sum(), x)
        return values.detach(), gradient

    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return start, lower and upper, each of shape (1, n)."""
        start = torch.tensor([self.start]).double()
        bounds = (torch.tensor(bound).double() for bound in (self.lower, self.upper))
        return start, *(bound.broadcast_to(start.shape) for bound in bounds)


def cutting_box(
    start: Sequence[float], minimiser: Sequence[float]
) -> tuple[list[float], list[float]]:
    """Return bounds that hold the start and cut off the minimiser, by one rule for all problems.

    The box is what start and minimiser span, wider by a tenth of that on each side (by a tenth of
    max(1, |start|) where they agree). In the first, third, fifth … variable the side towards the
    minimiser is moved back to the middle between the two.
    """
    lower, upper = [], []
    for i, (x, y) in enumerate(zip(start, minimiser, strict=True)):
        margin = MARGIN * (abs(y - x) or max(1, abs(x)))
        low, high = min(x, y) - margin, max(x, y) + margin
        if i % 2 == 0 and x != y:
            low, high = (low, (x + y) / 2) if y > x else ((x + y) / 2, high)
        lower.append(low)
        upper.append(high)
    return lower, upper


def in_cutting_box(
    name: str, function: Callable[[Tensor], Tensor], start: list[float], minimiser: list[float]
) -> Problem:
    """Return a problem whose minimum without bounds is not in its box."""
    return Problem(name, function, start, *cutting_box(start, minimiser))
