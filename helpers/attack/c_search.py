"""The search over c (section 4.1): for the largest c whose minimiser has the target label."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from helpers.attack.chunks import in_chunks
from helpers.attack.entry import check_attack, differentiable
from helpers.attack.losses import target_margin
from helpers.attack.penalty import Evaluation, Solver, check_loss, minimise_penalty
from helpers.attack.result import Adversarial
from helpers.evaluation import distortion
from helpers.lbfgsb import minimize

FIRST_C = 1.0
C_STEP = 10.0  # from one c to the next while there is no bracket
SMALLEST_C, LARGEST_C = 1e-8, 1e8


@differentiable
def minimal_adversarial(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    loss: str = "cross_entropy",
    solver: Solver = minimize,
    max_iterations: int = 200,
    c_tolerance: float = 0.005,
    max_searches: int = 30,
    batch_size: int | None = None,
    record: list[Evaluation] | None = None,
) -> Adversarial:
    """Approximate D(x, l): the smallest perturbation that gives each image its target label.

    The search moves c by factors of ten until one c succeeds and a larger one fails, then looks
    for the root of the target's margin at the minimiser, as a function of log c, between them.
    Each minimisation starts where the last success of that image ended. For a network the
    margin may jump in c, so the bracket and the best success are kept throughout.

    Parameters
    ----------
    model, inputs, targets, loss, solver, max_iterations, record
        As for `penalised_adversarial`.
    c_tolerance : float
        The search ends when the smallest c that failed is within this share of the largest
        that succeeded.
    max_searches : int
        Values of c tried at the most.
    batch_size : int, optional
        Images at a time, which changes nothing but speed and memory; see
        `helpers.attack.chunks.in_chunks`.

    Returns
    -------
    Adversarial
        The success of least distortion for each image, or else its best attempt. Two kinds of
        images have r = 0 and no c: it is inf if the image had the target label from the start,
        nan if no c tried brought it closer to it. `converged` says whether the minimisation at
        that c met a stopping test.

    Raises
    ------
    ValueError
        If an argument is not what `penalised_adversarial` takes.

    References
    ----------
    Szegedy et al., arXiv 1312.6199, section 4.1.
    """
    check_attack(model, inputs, targets)
    check_loss(loss)

    def search_chunk(chunk: slice) -> Adversarial:
        x, goals = inputs[chunk], targets[chunk]
        search = Search.start(x, target_margin(model, x, goals))
        kept = []  # a chunk that runs out of memory begins anew, and so must its record
        for _ in range(max_searches):
            rows = search.unfinished(c_tolerance)
            if len(rows) == 0:
                break
            evaluated = None if record is None else []
            tried = minimise_penalty(
                model,
                x[rows],
                goals[rows],
                search.next_c(rows),
                start=search.best[rows],
                record=evaluated,
                loss=loss,
                solver=solver,
                max_iterations=max_iterations,
            )
            if record is not None:  # with the row numbers of all images
                kept.extend(replace(one, rows=chunk.start + rows[one.rows]) for one in evaluated)
            search.update(rows, tried, target_margin(model, tried.adversarial, goals[rows]))
        if record is not None:
            record.extend(kept)
        return Adversarial(
            adversarial=search.best,
            targets=goals,
            success=search.best_margin > 0,
            distortion=distortion(x, search.best),
            c=search.best_c,
            converged=search.converged,
            iterations=search.iterations,
            evaluations=search.evaluations,
        )

    return in_chunks(search_chunk, inputs, batch_size)


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
