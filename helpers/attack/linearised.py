"""The closest adversarial image (section 4.1), faster: a sequence of problems solved exactly.

The paper approximates D(x, l) = min ‖r‖₂ with f(x + r) = l and x + r in the box by a penalty and
a search over its weight (`helpers.attack.minimal_adversarial`): a hundred gradients and more.
Here the condition itself is made linear. With m the smooth margin of the target and g its
gradient at x + r_k, the closest point of the box where the linear margin reaches κ,

(1)  r̂ = P(x + μg) − x,  with μ such that  m(x + r_k) + g·(r̂ − r_k) = κ,

needs no search but for one number, μ. The next r lies a part of the way there, with momentum:

(2)  r_{k+1} = P(x + r_k + β (r̂ − r_k) + θ (r_k − r_{k−1})) − x.

Where r̂ = r, r meets the conditions of Karush, Kuhn and Tucker for the least ‖r‖ of margin κ. They
are those of the penalty c·‖r‖² − m(x + r) with c = 1 / 2μ.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from helpers.attack.chunks import in_chunks
from helpers.attack.losses import logit_range, negative_margin, smooth_margin, target_margin
from helpers.attack.result import Adversarial
from helpers.evaluation import check_targets, distortion, number_of_classes

VERSION = 1  # of the method: kept results of another are not used
# From the first step to the last, in geometric progression:
STEP = (0.2, 0.03)  # β
TEMPERATURE = (0.1, 0.005)  # τ of the smooth margin, as a share of the range of an image's logits
# κ as a share of the same range: so much at first, then less after each success and more after
# each failure. It brings every image into the target's region, and then back to its edge.
OVERSHOOT, LESS, MORE = 0.1, 0.8, 0.01
TRUST = 3.0  # μ changes by this factor at the most in a step
NEAR = 0.1  # ‖r̂ − r‖ / ‖r‖ below which an image has converged
LONGER, PATIENCE = 4, 2  # so many times the steps for what failed, at the most so often
FARTHER, STRETCHES, HALVINGS = 1.1, 10, 10  # of the walk to the edge along x → x′
FITS = 6  # of μ there, each to the pixels that P leaves alone at the μ before


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
        Gradients for each image; four times as many where it fails, up to twice. 30 are as tight
        as DDN's 100, 60 tighter than DDN's 1,000 on the course's dense networks; more pay on the
        convolutional one (``tests/benchmarks/attack.py``).
    box : (float, float)
        The range of x + r: (0, 1) for pixels and for what a sigmoid puts out, (0, inf) for what
        a ReLU does.
    batch_size : int, optional
        Images at a time; see `helpers.attack.chunks.in_chunks`.

    Returns
    -------
    Adversarial
        For each image the closest success, moved to the edge of the target's region along the
        line from x, or else the attempt with the largest margin. `c` is 1 / 2μ there, nan where
        no μ > 0 fits, and `converged` says whether r̂ is within a tenth of ‖r‖ of r.

    Raises
    ------
    ValueError
        If an argument is not what is written above.

    References
    ----------
    Szegedy et al., arXiv 1312.6199, section 4.1, for D(x, l). Linearising the condition is
    DeepFool's idea (Moosavi-Dezfooli et al., arXiv 1511.04599); aiming beyond the edge and coming
    back is DDN's (Rony et al., arXiv 1811.09600).
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    lower, upper = box
    if not lower < upper:
        raise ValueError(f"box must be (lower, upper) with lower < upper, got {box}")
    check_targets(inputs, targets, number_of_classes(model, inputs), box=box)

    def attack(rows: slice) -> Adversarial:
        return _attack(model, inputs[rows], targets[rows], steps, box, PATIENCE)

    return in_chunks(attack, inputs, batch_size)


def _attack(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    steps: int,
    box: tuple[float, float],
    patience: int,
) -> Adversarial:
    """Approach the target and find its edge; with more steps for the images that it takes."""
    r = _approach(model, inputs, targets, steps, box)
    found = _at_the_edge(model, inputs, targets, r, steps, box)
    failed = (~found.success).nonzero().squeeze(1)
    if len(failed) == 0 or patience == 0:
        return found
    again = _attack(model, inputs[failed], targets[failed], LONGER * steps, box, patience - 1)
    before, after = (
        target_margin(model, attempt, targets[failed])
        for attempt in (found.adversarial[failed], again.adversarial)
    )
    better = after > before
    for name in ("adversarial", "success", "distortion", "c", "converged"):
        getattr(found, name)[failed[better]] = getattr(again, name)[better]
    found.iterations[failed] += again.iterations
    found.evaluations[failed] += again.evaluations
    return found


def _approach(
    model: nn.Module, inputs: Tensor, targets: Tensor, steps: int, box: tuple[float, float]
) -> Tensor:
    """Repeat (1) and (2); return the smallest r that succeeded, or that of largest margin."""
    lower, upper = box
    x = inputs.flatten(1)  # (N, n)
    spread = logit_range(model, inputs)  # (N,), as all that has no pixels
    momentum = min(max(1 - 16 / steps, 0.6), 0.8)  # θ: a longer run can afford more
    overshoot = OVERSHOOT * spread
    r = previous = best = torch.zeros_like(x)
    best_size, best_margin = torch.zeros_like(spread), torch.full_like(spread, -math.inf)
    mu = None
    for k in range(steps):
        done = k / max(steps - 1, 1)
        temperature = _geometric(TEMPERATURE, done) * spread
        margin, smooth, g = _margin(model, (x + r).view_as(inputs), targets, temperature)

        size, success = _dot(r, r), margin > 0
        better = torch.where(best_margin > 0, success & (size < best_size), margin > best_margin)
        best = torch.where(better[:, None], r, best)
        best_size = torch.where(better, size, best_size)
        best_margin = torch.where(better, margin, best_margin)

        overshoot = torch.where(success, LESS * overshoot, overshoot + MORE * (1 - done) * spread)
        wanted = (overshoot + _dot(g, r) - smooth).clamp(min=0)  # g·r̂ of (1)
        mu = wanted / _dot(g, g) if mu is None else mu
        projected = torch.mul(g, mu[:, None]).add_(x).clamp_(lower, upper).sub_(x)
        # One secant step for μ; r̂ takes the same factor, and (2) puts it back in the box.
        factor = (wanted / _dot(g, projected)).nan_to_num(1).clamp(1 / TRUST, TRUST)
        mu = mu * factor
        beta = _geometric(STEP, done)
        moved = projected.mul_(beta * factor[:, None])  # β r̂
        moved.add_(r, alpha=1 - beta + momentum).sub_(previous, alpha=momentum)
        previous, r = r, moved.add_(x).clamp_(lower, upper).sub_(x)
    return best


def _at_the_edge(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    r: Tensor,
    steps: int,
    box: tuple[float, float],
) -> Adversarial:
    """Walk along x → x + r to where the label changes, and see how near (1) is to being met."""
    lower, upper = box

    def along(share: Tensor) -> Tensor:
        return (inputs + (share[:, None] * r).view_as(inputs)).clamp(lower, upper)

    def succeeds(share: Tensor) -> Tensor:
        with torch.no_grad():
            return negative_margin(model(along(share)), targets) < 0

    low, high = _bracket(succeeds, torch.ones_like(r[:, 0]))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        success = succeeds(middle)
        low, high = torch.where(success, low, middle), torch.where(success, middle, high)
    adversarial = along(high)

    temperature = TEMPERATURE[1] * logit_range(model, inputs)
    margin, _, g = _margin(model, adversarial, targets, temperature)
    x, r = inputs.flatten(1), (adversarial - inputs).flatten(1)
    free = r != 0
    for _ in range(FITS):
        mu = _dot(g * free, r) / _dot(g * free, g)
        image = torch.mul(g, mu[:, None]).add_(x)
        free = (image > lower) & (image < upper)
    residual = image.clamp_(lower, upper).sub_(x).sub_(r)
    untouched, success = (r == 0).all(1), margin > 0
    c = (1 / (2 * mu)).masked_fill(~(mu > 0), math.nan)
    c = c.masked_fill(untouched & success, math.inf)
    return Adversarial(
        adversarial=adversarial,
        targets=targets,
        success=success,
        distortion=distortion(inputs, adversarial),
        c=c,
        converged=success & (untouched | (residual.norm(dim=1) <= NEAR * r.norm(dim=1))),
        iterations=torch.full_like(targets, steps),
        evaluations=torch.full_like(targets, steps + 1),
    )


def _bracket(succeeds: Callable[[Tensor], Tensor], one: Tensor) -> tuple[Tensor, Tensor]:
    """Return shares of r between which the label changes; where none succeeds, 1 and 1."""
    low, high, found = torch.zeros_like(one), one, succeeds(one)
    for _ in range(STRETCHES):
        if found.all():
            break
        low = torch.where(found, low, high)
        high = torch.where(found, high, FARTHER * high)
        found = found | succeeds(high)
    return torch.where(found, low, one), torch.where(found, high, one)


def _margin(
    model: nn.Module, images: Tensor, targets: Tensor, temperature: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the target's margin, the smooth margin m, both (N,), and the gradient of m, (N, n)."""
    images = images.detach().requires_grad_()
    logits = model(images)
    smooth = -smooth_margin(logits, targets, temperature)
    (gradient,) = torch.autograd.grad(smooth.sum(), images)
    return -negative_margin(logits.detach(), targets), smooth.detach(), gradient.flatten(1)


def _geometric(ends: tuple[float, float], done: float) -> float:
    """Return what is reached after a share of a geometric progression from one end to the other."""
    first, last = ends
    return first * (last / first) ** done


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Return the inner product of each row, shape (N,)."""
    return (a * b).sum(1)
