"""The paper's attack (section 4.1): the closest image in the box that gets a chosen label.

D(x, l) is the smallest ‖r‖₂ with f(x + r) = l and x + r in [0, 1]^m. The paper approximates it:

    minimise  c·‖r‖² + loss(x + r, l)  over r  with  x + r in [0, 1]^m,    by L-BFGS in a box,

and searches over c. A large c buys a small r, so the search is for the *largest* c whose
minimiser still has the label l. The paper writes c·|r|; the square is smooth at r = 0, and apart
from r = 0 the stationary points over all c are the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers.attack.entry import check_attack, differentiable
from helpers.attack.losses import cross_entropy, logit_range, smooth_margin, target_margin
from helpers.attack.result import Adversarial
from helpers.evaluation import distortion
from helpers.lbfgsb import Result, minimize

LOSSES = ("cross_entropy", "margin")
SMOOTHING = 0.01  # τ of the margin loss, as a share of the range of an image's logits

Solver = Callable[..., Result]


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of c·‖r‖² + loss(x + r, l), for the images that were still at work.

    The point of least value among those of one image and one c is where its minimisation ended.

    Attributes
    ----------
    rows : Tensor, shape (k,)
        Which of the images.
    c : Tensor, shape (k,)
        The weight of ‖r‖² for each.
    points : Tensor, shape (k, ...)
        The images x + r.
    values : Tensor, shape (k,)
        The objective there.
    """

    rows: Tensor
    c: Tensor
    points: Tensor
    values: Tensor


@differentiable
def penalised_adversarial(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    c: Tensor | float,
    *,
    start: Tensor | None = None,
    loss: str = "cross_entropy",
    solver: Solver = minimize,
    max_iterations: int = 200,
    record: list[Evaluation] | None = None,
) -> Adversarial:
    """Minimise c·‖r‖² + loss(x + r, l) in the box for a given c (section 4.1).

    Parameters
    ----------
    model : nn.Module
        Maps images to logits (N, K); in eval mode.
    inputs : Tensor, shape (N, ...)
        Images x with pixels in [0, 1].
    targets : Tensor, shape (N,)
        Labels l, int64.
    c : float or Tensor, shape (N,)
        Weight of the squared norm, for all images or for each; positive and finite.
    start : Tensor, shape (N, ...), optional
        Where to start; the images themselves by default, as in the paper.
    loss : {"cross_entropy", "margin"}
        The loss of the target label: the paper's, or `smooth_margin` with τ a hundredth of
        max_j z_j − min_j z_j at x, so that it means the same for logits of any scale.
    solver : callable
        `helpers.lbfgsb.minimize`, or `minimize_scipy`, the reference, image by image.
    max_iterations : int
        Iterations allowed for each image.
    record : list, optional
        Every evaluation is appended to it, in order.

    Returns
    -------
    Adversarial
        The minimisers, whether or not they have the label l.

    Raises
    ------
    ValueError
        If `c`, `start` or `loss` is not as described above, or model, inputs and targets are not
        what `check_attack` takes; the message names the argument, and what it was.
    """
    check_attack(model, inputs, targets)
    check_loss(loss)
    c = torch.as_tensor(c, dtype=inputs.dtype, device=inputs.device)
    if c.shape not in ((), targets.shape):
        raise ValueError(
            f"c must be one number or have shape ({len(inputs)},), got {tuple(c.shape)}"
        )
    c = c.broadcast_to(targets.shape)
    bad = c[~((c > 0) & c.isfinite())]
    if len(bad) > 0:
        raise ValueError(f"c must be positive and finite, got {bad[0].item()}")
    if start is not None and start.shape != inputs.shape:
        raise ValueError(
            f"start must have the shape of inputs, {tuple(inputs.shape)}, got {tuple(start.shape)}"
        )
    return minimise_penalty(
        model,
        inputs,
        targets,
        c,
        start=inputs if start is None else start,
        loss=loss,
        solver=solver,
        max_iterations=max_iterations,
        record=record,
    )


def minimise_penalty(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    c: Tensor,
    *,
    start: Tensor,
    loss: str,
    solver: Solver,
    max_iterations: int,
    record: list[Evaluation] | None,
) -> Adversarial:
    """Do what `penalised_adversarial` says, for arguments that were checked before."""
    x = inputs.flatten(1)
    temperature = SMOOTHING * logit_range(model, inputs) if loss == "margin" else None

    def objective(points: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        points = points.detach().requires_grad_()
        logits = model(points.view(-1, *inputs.shape[1:]))
        if loss == "margin":
            losses = smooth_margin(logits, targets[rows], temperature[rows])
        else:
            losses = cross_entropy(logits, targets[rows])
        (gradient,) = torch.autograd.grad(losses.sum(), points)
        r = points.detach() - x[rows]
        values = c[rows] * r.square().sum(1) + losses.detach()  # c·‖r‖² + loss(x + r, l)
        if record is not None:
            images = points.detach().clone().view(-1, *inputs.shape[1:])  # solvers reuse memory
            record.append(Evaluation(rows, c[rows], images, values))
        return values, 2 * c[rows, None] * r + gradient

    if len(x) == 0:  # a solver need not know what to do with nothing
        none = torch.zeros_like(targets)
        found = Result(x, x.sum(1), none.bool(), none, none)
    else:
        found = solver(
            objective,
            start.flatten(1),
            torch.zeros_like(x[:1]),
            torch.ones_like(x[:1]),
            max_iterations=max_iterations,
        )
    adversarial = found.x.view_as(inputs)
    return Adversarial(
        adversarial=adversarial,
        targets=targets,
        success=target_margin(model, adversarial, targets) > 0,
        distortion=distortion(inputs, adversarial),
        c=c,
        converged=found.converged,
        iterations=found.iterations,
        evaluations=found.evaluations,
    )


def check_loss(loss: str) -> None:
    """Refuse a loss that is none of `LOSSES` with a ValueError."""
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {loss!r}")
