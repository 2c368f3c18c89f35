"""A closest adversarial output in a few gradients, for training: DeepFool with a target and a box.

`closest_adversarial` spends dozens of gradients to be tight. Training wants many examples of which
it goes a part of the way only, so here the margin is made linear and the closest point of the box
is taken where the linear margin is 0; two or three times.
"""

import torch
from torch import Tensor, nn

from helpers.attack.entry import differentiable
from helpers.attack.losses import negative_margin
from helpers.evaluation import check_targets, logits

NEWTON_STEPS = 4  # for μ; exact once the pixels at the box stay the same


@differentiable
def targeted_deepfool(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    steps: int = 2,
    box: tuple[float, float] = (0.0, 1.0),
) -> Tensor:
    """Go to the edge of the target's region, as a linear margin has it.

    With margin m and gradient g at x + r, the next r is P(x + μg) − x, for the μ ≥ 0 at which
    m + g·(r' − r) = 0: the least ‖r'‖ that the box allows.

    Parameters
    ----------
    model : nn.Module
        Maps inputs to logits (N, K), such as the tail ``model[k:]`` of a network.
    inputs : Tensor, shape (N, ...)
        Outputs of a layer, in the box.
    targets : Tensor, shape (N,)
        Labels to reach, int64.
    steps : int
        Gradients for each input.
    box : (float, float)
        The range of x + r: (0, 1) for pixels and for what a sigmoid puts out, (0, inf) for what
        a ReLU does.

    Returns
    -------
    Tensor, shape (N, ...)
        Near the edge, on either side of it; where the target has the largest logit, `inputs`.

    Raises
    ------
    ValueError
        If `steps` is less than 1, an input is outside the box, or `targets` are not labels, one for
        each input.

    References
    ----------
    Moosavi-Dezfooli, Fawzi and Frossard, "DeepFool", arXiv 1511.04599, for all but target and box.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    check_targets(inputs, targets, logits(model, inputs[:1]).shape[1], box=box)
    x = inputs.flatten(1)
    moved = x
    for _ in range(steps):
        at = moved.detach().requires_grad_()
        margin = -negative_margin(model(at.view_as(inputs)), targets)
        (g,) = torch.autograd.grad(margin.sum(), at)
        wanted = (g * (moved - x)).sum(1) - margin.detach()  # g·r' where the linear margin is 0
        moved = _closest(x, g, wanted, box)
    return moved.view_as(inputs)


def _closest(x: Tensor, g: Tensor, wanted: Tensor, box: tuple[float, float]) -> Tensor:
    """Return P(x + μg) with g·(P(x + μg) − x) = wanted, or x where wanted ≤ 0.

    The left side is concave in μ, so Newton's method comes from below and needs no safeguard.
    """
    mu, moved = torch.zeros_like(wanted), x
    for _ in range(NEWTON_STEPS):
        free = (moved > box[0]) & (moved < box[1]) | (mu == 0)[:, None]
        step = (wanted - (g * (moved - x)).sum(1)) / (g * g * free).sum(1)
        mu = mu + step.clamp(min=0).nan_to_num(0, posinf=0)
        moved = (x + mu[:, None] * g).clamp(*box)
    return moved
