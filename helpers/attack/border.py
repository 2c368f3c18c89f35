"""Where an attempt of an attack ends: at the border of the target's region, and how well there."""

import torch
from torch import Tensor, nn
from torch.linalg import vecdot

from helpers.attack.losses import negative_margin, target_margin

LENGTHENINGS = 10  # of the line beyond a y that fails
LENGTHENED_BY = 1.1  # each time
SECANTS = 8  # evaluations that then find the border
NEAR_END = 1e-3  # of a bracket: no closer to an end, lest rounding keeps both where they are
# Of the margin, in last places of the largest logit: another machine, or another batch, adds up in
# another order. Of AE400-10, whose logits are small beside their terms, 27 were seen.
SLACK = 128
FITS = 6  # of μ, each to the pixels that P leaves alone at the μ before


def pull_back(
    model: nn.Module, inputs: Tensor, attempts: Tensor, targets: Tensor, box: tuple[float, float]
) -> Tensor:
    """Return the image on the line x → y at which the label becomes the target's.

    The root of the margin, between x and y or, where y fails, up to 2.6 times as far, by the
    Illinois method: secants of the bracket, whose end counts half each time that it stays again.

    Parameters
    ----------
    model : nn.Module
        Maps images to logits (N, K).
    inputs, attempts : Tensor, shape (N, ...)
        Images x without the target, and what an attack made of them, y.
    targets : Tensor, shape (N,)
        Labels, int64.
    box : (float, float)
        The range of the images.

    Returns
    -------
    Tensor, shape (N, ...)
        Images with the target, just inside its region; y where no image of the line has it.
    """
    r = (attempts - inputs).flatten(1)

    def along(share: Tensor) -> Tensor:
        moved = torch.addcmul(inputs.flatten(1), share[:, None], r)
        return moved.clamp_(*box).view_as(inputs)

    with torch.no_grad():
        logits = model(inputs)
    slack = SLACK * torch.finfo(logits.dtype).eps * logits.abs().amax(1)

    def margin(share: Tensor) -> Tensor:
        return target_margin(model, along(share), targets) - slack

    low, high = torch.zeros_like(r[:, 0]), torch.ones_like(r[:, 0])
    outside, inside = -negative_margin(logits, targets) - slack, margin(high)
    for _ in range(LENGTHENINGS):
        found = inside > 0
        if found.all():
            break
        low, outside = torch.where(found, low, high), torch.where(found, outside, inside)
        high = torch.where(found, high, LENGTHENED_BY * high)
        inside = margin(high)
    found = inside > 0
    success = None
    for _ in range(SECANTS):
        part = (outside / (outside - inside)).clamp(NEAR_END, 1 - NEAR_END)
        share = torch.where(found, low.lerp(high, part), 1)
        reached, before = margin(share), success
        success = reached > 0
        weight = 1.0 if before is None else torch.where(success == before, 0.5, 1.0)
        low, high = torch.where(success, low, share), torch.where(success, share, high)
        outside = torch.where(success, weight * outside, reached)
        inside = torch.where(success, reached, weight * inside)
    return along(torch.where(found, high, 1))


def project(x: Tensor, mu: Tensor, g: Tensor, box: tuple[float, float]) -> Tensor:
    """Return P(x + μg), shape (N, n), of x and g of that shape and μ (N,)."""
    return torch.addcmul(x, mu[:, None], g).clamp_(*box)


def fit_multiplier(
    x: Tensor, y: Tensor, g: Tensor, box: tuple[float, float]
) -> tuple[Tensor, Tensor]:
    """Say how near y is to being the closest image of its margin, as far as that is linear.

    Parameters
    ----------
    x, y, g : Tensor, shape (N, n)
        Images, attempts, and the gradient of the margin there.
    box : (float, float)
        The range of the images.

    Returns
    -------
    mu : Tensor, shape (N,)
        The μ at which P(x + μg) fits y best, among the pixels that P leaves alone.
    residual : Tensor, shape (N,)
        ‖P(x + μg) − y‖ / ‖y − x‖: 0 where the conditions of Karush, Kuhn and Tucker hold.
    """
    lower, upper = box
    r, y_hat = y - x, y
    free = r != 0
    for _ in range(FITS):
        slope = g * free
        mu = vecdot(slope, r) / vecdot(slope, slope)
        y_hat = project(x, mu, g, box)
        free = (y_hat > lower) & (y_hat < upper)
    return mu, (y_hat - y).norm(dim=1) / r.norm(dim=1)
