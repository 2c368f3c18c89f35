"""The margin of a target: what it is measured in, and its gradient where it is made smooth."""

import math

import torch
from torch import Tensor, nn

from helpers.attack.losses import negative_margin

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
    """Return the target's margin, the smooth margin m, both (N,), and the gradient of m, (N, n).

    With z the logits, m = z_l − τ log Σ_{j≠l} exp(z_j / τ), so that its gradient by them is 1 at l
    and −softmax(z / τ) of the rivals elsewhere: the model alone is left to autograd.
    """
    images, of_target = images.detach().requires_grad_(), targets[:, None]
    logits = model(images)
    z, tau = logits.detach(), temperature[:, None]
    rivals = z.scatter(1, of_target, -math.inf)
    largest = rivals.amax(1, keepdim=True)
    shares = torch.exp((rivals - largest) / tau)  # of the softmax
    total = shares.sum(1, keepdim=True)
    margin = z.gather(1, of_target) - largest
    slopes = (-shares / total).scatter(1, of_target, 1)
    (gradient,) = torch.autograd.grad(logits, images, slopes)
    smooth = margin - tau * total.log()
    return margin.squeeze(1), smooth.squeeze(1), gradient.flatten(1)
