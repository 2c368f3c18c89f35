"""The closest adversarial image (section 4.1), faster: a sequence of problems solved exactly.

The paper approximates D(x, l) = min ‖r‖₂ with f(x + r) = l and x + r in the box by a penalty and
a search over its weight (`helpers.attack.minimal_adversarial`): a hundred gradients and more.
Here the condition itself is made linear. With m the smooth margin of the target and g its
gradient at the image y_k, the image of the box closest to x whose linear margin is κ,

(1)  ŷ = P(x + μg),  with μ such that  m(y_k) + g·(ŷ − y_k) = κ,

needs no search but for one number, μ. The next image lies a part of the way there, with momentum:

(2)  y_{k+1} = P(y_k + β (ŷ − y_k) + θ (y_k − y_{k−1})).

Where ŷ = y, r = y − x meets the conditions of Karush, Kuhn and Tucker for the least ‖r‖ of
margin κ. They are those of the penalty c·‖r‖² − m(x + r) with c = 1 / 2μ.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.linalg import vecdot

from helpers.attack.attempts import Attempt, keep_better, untouched
from helpers.attack.border import fit_multiplier, project, pull_back
from helpers.attack.chunks import in_chunks
from helpers.attack.entry import check_attack, differentiable
from helpers.attack.margins import scale_of_margins, smooth_margin_gradient
from helpers.attack.masked import NOISES, see_through
from helpers.attack.result import Adversarial
from helpers.evaluation import distortion

VERSION = 4  # of the method: kept results of another are not used
# From the first step to the last, in geometric progression:
STEP = (0.2, 0.03)  # β
TEMPERATURE = (0.1, 0.005)  # τ of the smooth margin, as a share of an image's scale of margins
# κ as a share of the same scale: so much at first, then times SHRINK after each success and more
# by GROWTH after each failure. It brings every image into the target's region, then to its border.
OVERSHOOT, SHRINK, GROWTH = 0.1, 0.8, 0.01
LARGEST_FACTOR = 3.0  # by which μ changes in a step
CONVERGED = 0.1  # the largest ‖ŷ − y‖ / ‖y − x‖ of an image that has
RESTARTED = 240  # from so many steps on, three fifths of them begin elsewhere
RETRIES, RETRY_STEPS = 2, 4  # of what failed: how often, and times how many steps
MASKED, SETTLED = 0.5, 40  # ‖ŷ − y‖ / ‖y − x‖ of a masked gradient, after so many steps or more


@differentiable
def closest_adversarial(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    steps: int = 60,
    box: tuple[float, float] = (0.0, 1.0),
    batch_size: int | None = None,
) -> Adversarial:
    """Approximate D(x, l): the smallest perturbation that gives each image its target label.

    Parameters
    ----------
    model : nn.Module
        Maps images, or activations if it is the tail ``model[k:]`` of a network, to logits
        (N, K); in eval mode.
    inputs : Tensor, shape (N, ...)
        Images x, or activations; in the box.
    targets : Tensor, shape (N,)
        Labels l, int64.
    steps : int
        Gradients for each image without its target; four times as many where it fails, up to
        twice; and, from 40 steps on, up to 25 times as many where gradients are masked
        (`helpers.attack.masked`). 30 are as tight as DDN's 100, 60 tighter than DDN's 1,000 on
        the course's dense networks; more pay on the convolutional one. From 240 on, three fifths
        of them are three runs that begin elsewhere, and the closest success is kept.
    box : (float, float)
        The range of x + r: (0, 1) for pixels and for what a sigmoid puts out, (0, inf) for what
        a ReLU does.
    batch_size : int, optional
        Images at a time; see `helpers.attack.chunks.in_chunks`.

    Returns
    -------
    Adversarial
        For each image the closest success, moved to the border of the target's region along the
        line from x, or else the attempt with the largest margin. `c` is 1 / 2μ there, nan where
        no μ > 0 fits, and `converged` says whether ŷ is within a tenth of ‖r‖ of x + r. An image
        that has its target is returned as it is, with c = ∞ and without a gradient.

    Raises
    ------
    ValueError
        If `steps` or `batch_size` is less than 1, or model, inputs, targets and box are not what
        every attack takes, see `helpers.attack.entry.check_attack`.

    References
    ----------
    Szegedy et al., arXiv 1312.6199, section 4.1, for D(x, l). Linearising the condition is
    DeepFool's idea (Moosavi-Dezfooli et al., arXiv 1511.04599); aiming beyond the border and
    coming back is DDN's (Rony et al., arXiv 1811.09600).

    The nearest ancestor is FAB (Croce and Hein, arXiv 1907.02044), which projects onto a linear
    border within the box, extrapolates, and goes back towards x after a success. What differs: the
    border is the target's against all rivals at once, smooth at a temperature that falls, not the
    nearest of the linear borders between two classes; μ follows by one secant step where FAB solves
    for it each time; x alone is projected, and y goes there by β, where FAB projects both and mixes
    them by an α of at most 0.1; the way back is by κ, not along the line to x; there is momentum.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    check_attack(model, inputs, targets, box=box)

    def attack(rows: slice) -> Attempt:
        return _attack(model, inputs[rows], targets[rows], steps, box)

    found = in_chunks(attack, inputs, batch_size)
    if steps >= SETTLED:
        _see_through(model, inputs, targets, found, steps, box, batch_size)
    return found.result()


def _attack(
    model: nn.Module, inputs: Tensor, targets: Tensor, steps: int, box: tuple[float, float]
) -> Attempt:
    """Attempt what has not its target, again with more steps what fails, then from elsewhere."""
    found = untouched(model, inputs, targets)
    once = steps if steps < RESTARTED else 2 * steps // 5
    for retry in range(1 + RETRIES):
        failed = (~found.success).nonzero().squeeze(1)
        if len(failed) > 0:
            x, more = inputs[failed], once * RETRY_STEPS**retry
            keep_better(found, failed, _attempt(model, x, x, targets[failed], more, box))
    rows = (found.success & (found.evaluations > 0)).nonzero().squeeze(1)
    if once < steps and len(rows) > 0:
        for start in _starts(inputs[rows], found.adversarial[rows], box):
            again = _attempt(model, inputs[rows], start, targets[rows], steps // 5, box)
            keep_better(found, rows, again)
    return found


def _starts(x: Tensor, y: Tensor, box: tuple[float, float]) -> Iterator[Tensor]:
    """Return where three more runs begin: twice as far, and as far as that from y at random."""
    yield (2 * y - x).clamp(*box)
    length = 2 * (y - x).flatten(1).norm(dim=1, keepdim=True)
    for seed in range(2):
        e = torch.randn(x[0].numel(), generator=torch.Generator().manual_seed(seed)).to(x)
        yield (y.flatten(1) + length * e / e.norm()).clamp(*box).view_as(x)


def _attempt(
    model: nn.Module, inputs: Tensor, start: Tensor, targets: Tensor, steps: int, box: tuple
) -> Attempt:
    """Approach the target from a start, and return what comes of it at the border."""
    scale = scale_of_margins(model, inputs, targets)
    y = _approach(model, inputs, start, targets, scale, steps, box).view_as(inputs)
    return _end(model, inputs, y, targets, steps, box)


def _end(
    model: nn.Module, inputs: Tensor, y: Tensor, targets: Tensor, steps: int | Tensor, box: tuple
) -> Attempt:
    """Go back to the border after so many steps, and see how well (1) is met there."""
    y = pull_back(model, inputs, y, targets, box)
    temperature = TEMPERATURE[1] * scale_of_margins(model, inputs, targets)
    margin, _, g = smooth_margin_gradient(model, y, targets, temperature)
    mu, residual = fit_multiplier(inputs.flatten(1), y.flatten(1), g, box)
    return Attempt(
        adversarial=y,
        targets=targets,
        success=margin > 0,
        distortion=distortion(inputs, y),
        c=(1 / (2 * mu)).masked_fill(~(mu > 0), math.nan),
        converged=(margin > 0) & (residual <= CONVERGED),
        iterations=torch.zeros_like(targets) + steps,
        evaluations=torch.zeros_like(targets) + steps + 1,
        margin=margin,
        residual=residual,
    )


def _see_through(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    found: Attempt,
    steps: int,
    box: tuple[float, float],
    batch_size: int | None,
) -> None:
    """Improve what has a masked gradient: all such images together, as they are few."""
    masked = (found.success & (found.residual > MASKED)).nonzero().squeeze(1)
    if len(masked) == 0:
        return
    x, y, wanted = inputs[masked], found.adversarial[masked], targets[masked]

    def descend(rows: slice) -> Attempt:
        closer, gradients = see_through(model, x[rows], y[rows], wanted[rows], steps, box)
        return _end(model, x[rows], closer, wanted[rows], gradients, box)

    runs = x[:, None].expand(-1, len(NOISES), *x.shape[1:])  # what is in memory at once
    keep_better(found, masked, in_chunks(descend, runs, batch_size))


def _approach(
    model: nn.Module,
    inputs: Tensor,
    start: Tensor,
    targets: Tensor,
    scale: Tensor,
    steps: int,
    box: tuple[float, float],
) -> Tensor:
    """Repeat (1) and (2); return the closest y that succeeded, or that of largest margin."""
    x, y = inputs.flatten(1), start.flatten(1)  # (N, n)
    previous = y
    theta = min(max(1 - 16 / steps, 0.6), 0.8)  # a longer run can afford more
    kappa, mu = OVERSHOOT * scale, None  # (N,), as all that has no pixels
    best, best_score = x.clone(), torch.full_like(scale, -math.inf)
    for k in range(steps):
        done = k / max(steps - 1, 1)
        temperature = _geometric(TEMPERATURE, done) * scale
        margin, smooth, g = smooth_margin_gradient(model, y.view_as(inputs), targets, temperature)
        r, success = y - x, margin > 0
        score = torch.where(success, 1 / r.norm(dim=1), margin)  # a failure's is at most 0
        better = score > best_score
        best[better] = y[better]
        best_score = torch.where(better, score, best_score)
        growth = GROWTH * (1 - done) * scale
        kappa = torch.where(success, SHRINK * kappa, kappa + growth)
        wanted = (kappa - smooth + vecdot(g, r)).clamp(min=0)  # g·(ŷ − x) of (1)
        mu = wanted / vecdot(g, g) if mu is None else mu
        reached = vecdot(g, project(x, mu, g, box).sub_(x))
        factor = (wanted / reached).nan_to_num(1)  # of one secant step, from 0, where both are 0
        mu = mu * factor.clamp(1 / LARGEST_FACTOR, LARGEST_FACTOR)
        y_hat, beta = project(x, mu, g, box), _geometric(STEP, done)
        y, previous = y.lerp(y_hat, beta).add_(y - previous, alpha=theta).clamp_(*box), y  # (2)
    return best


def _geometric(ends: tuple[float, float], done: float) -> float:
    """Return what is reached after a share of a geometric progression from one end to the other."""
    first, last = ends
    return first * (last / first) ** done
