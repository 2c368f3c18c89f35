"""The search over c (section 4.1): for the largest c whose minimiser has the target label."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.adversarial import Adversarial
from helpers.evaluation import distortion

FIRST_C = 1.0
C_STEP = 10.0  # from one c to the next while there is no bracket
SMALLEST_C, LARGEST_C = 1e-8, 1e8


@dataclass
class Search:
    """Each image's bracket in c, and the best that was found for it so far."""

    inputs: Tensor
    best: Tensor
    best_margin: Tensor
    best_c: Tensor
    converged: Tensor
    iterations: Tensor
    evaluations: Tensor
    success_c: Tensor  # the largest c that succeeded; 0 at first
    success_margin: Tensor
    failure_c: Tensor  # the smallest c that failed; inf at first
    failure_margin: Tensor
    bisect: bool = False

    @classmethod
    def start(cls, inputs: Tensor, margin: Tensor) -> "Search":
        """Begin at the images, whose target has this margin."""
        count, zero = torch.zeros_like(margin, dtype=torch.long), torch.zeros_like(margin)
        return cls(
            inputs=inputs,
            best=inputs.clone(),
            best_margin=margin,
            best_c=torch.full_like(margin, math.nan).masked_fill(margin > 0, math.inf),
            converged=margin > 0,
            iterations=count,
            evaluations=count.clone(),
            success_c=torch.where(margin > 0, math.inf, zero),
            success_margin=zero.clone(),
            failure_c=torch.full_like(margin, math.inf),
            failure_margin=zero.clone(),
        )

    def unfinished(self, tolerance: float) -> Tensor:
        """Return the rows whose bracket is still wider than the tolerance."""
        wide = self.failure_c > self.success_c * (1 + tolerance)
        hopeless = (self.success_c == 0) & (self.failure_c < 2 * SMALLEST_C)  # 2: for rounding
        boundless = (self.failure_c == math.inf) & (self.success_c >= LARGEST_C)
        return (wide & ~hopeless & ~boundless).nonzero().squeeze(1)

    def next_c(self, rows: Tensor) -> Tensor:
        """Return the c to try: a step by ten, or the root of the margin in log c, or the middle."""
        low, high = self.success_c[rows], self.failure_c[rows]
        margin_low, margin_high = self.success_margin[rows], self.failure_margin[rows]
        share = (margin_low / (margin_low - margin_high)).clamp(0.1, 0.9)  # regula falsi
        if self.bisect:  # every other time, since regula falsi alone may creep
            share = torch.full_like(share, 0.5)
        self.bisect = not self.bisect
        c = low * (high / low) ** share
        c = torch.where(high == math.inf, low * C_STEP, c)
        c = torch.where(low == 0, high / C_STEP, c)
        return torch.where((low == 0) & (high == math.inf), FIRST_C, c)

    def update(self, rows: Tensor, tried: Adversarial, margin: Tensor) -> None:
        """Narrow the brackets of `rows` and keep what is better than what was there."""
        success = tried.success
        won, lost = rows[success], rows[~success]
        self.success_c[won], self.success_margin[won] = tried.c[success], margin[success]
        self.failure_c[lost], self.failure_margin[lost] = tried.c[~success], margin[~success]
        self.iterations[rows] += tried.iterations
        self.evaluations[rows] += tried.evaluations
        had_success = self.best_margin[rows] > 0
        closer = tried.distortion < distortion(self.inputs[rows], self.best[rows])
        better = torch.where(
            success,
            ~had_success | closer,
            ~had_success & (margin > self.best_margin[rows]),
        )
        kept = rows[better]
        self.best[kept] = tried.adversarial[better]
        self.best_margin[kept] = margin[better]
        self.best_c[kept] = tried.c[better]
        self.converged[kept] = tried.converged[better]
