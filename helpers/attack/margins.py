"""The margin of a target: what it is measured in, and its gradient where it is made smooth."""

import torch
from torch import Tensor, nn

from helpers.attack.losses import negative_margin, smooth_margin

ROUNDING = 8  # the least scale, in units of the last place of the largest logit


def scale_of_margins(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return twice what x lacks of the target, or the range of its logits if that is less, (N,).

    But not what rounding leaves of the logits at the border, where nothing is lacking.
    """
    with torch.no_grad():
        logits = model(inputs)
    spread, lacking = logits.amax(1) - logits.amin(1), negative_margin(logits, targets)
    rounding = ROUNDING * torch.finfo(logits.dtype).eps * logits.abs().amax(1)
    scale = torch.minimum(spread, 2 * lacking).maximum(rounding)
    return scale.masked_fill(scale == 0, 1)  # where all logits are 0


def smooth_margin_gradient(
    model: nn.Module, images: Tensor, targets: Tensor, temperature: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the target's margin, the smooth margin m, both (N,), and the gradient of m, (N, n)."""
    images = images.detach().requires_grad_()
    logits = model(images)
    smooth = -smooth_margin(logits, targets, temperature)
    (gradient,) = torch.autograd.grad(smooth.sum(), images)
    return -negative_margin(logits.detach(), targets), smooth.detach(), gradient.flatten(1)
