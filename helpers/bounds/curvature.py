"""Enclose a dense network in a ball between parabolas: how far it can bend (section 4.2).

Lines let every sigmoid err by as much as it can anywhere in the ball, all at once. But the error
of a tangent grows with the square of how far its unit moves, and in a ball not all units can move
far. The sum of such errors is a quadratic form in the perturbation, whose largest value in the
ball is an eigenvalue.
"""

import torch
from torch import Tensor, nn

from helpers.bounds.crown import reduced_weight

POINTS = 33  # of an interval, at which the curvature is computed
THIRD_DERIVATIVE = 1 / 8  # of the sigmoid, at the most
SMALLEST_STEP = 1e-3  # d: below it the quotient is all rounding
MULTIPLIERS = 81  # that are tried in the dual, the best one for H = 0 among them


def least_margin(
    model: nn.Sequential,
    inputs: Tensor,
    targets: Tensor,
    radii: Tensor,
    intervals: list[tuple[Tensor, Tensor]],
) -> Tensor:
    """Bound z_p − z_l from below in a ball around each input, p being the predicted label.

    From the logits back to the image, one inequality is kept true: z_p − z_l is at least its value
    at x plus g·u − uᵀHu, where u is how far the units of a layer have moved.

    Parameters
    ----------
    model : nn.Sequential
        As for `helpers.bounds.crown.enclosures`, in float64.
    inputs, targets, radii : Tensor
        Images x, shape (N, ...); labels l and radii in the 2-norm, shape (N,).
    intervals : list of (Tensor, Tensor)
        For each sigmoid layer, between which ends its arguments lie in the ball, (N, units) each.

    Returns
    -------
    Tensor, shape (N,)
        No image in the ball has a smaller z_p − z_l.
    """
    layers = [layer for layer in model if not isinstance(layer, nn.Flatten)]
    values = [inputs.flatten(1)]
    for layer in layers:
        values.append(layer(values[-1]))
    logits, rows = values[-1], torch.arange(len(inputs), device=inputs.device)
    predicted, ends = logits.argmax(1), list(intervals)
    one_hot = torch.eye(logits.shape[1]).to(logits)
    gradient, form = one_hot[predicted] - one_hot[targets], None
    for k in reversed(range(len(layers))):
        if isinstance(layers[k], nn.Linear):
            weight = layers[k].weight if k else reduced_weight(layers[k])
            gradient = gradient @ weight
            form = None if form is None else weight.T @ form @ weight
        else:
            interval = ends.pop()
            gradient, form = _before(values[k], interval, gradient, form, inner=len(ends) > 0)
    margin = logits[rows, predicted] - logits[rows, targets]
    return margin - trust_region_bound(gradient, form, radii)


def parabolas(at: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Enclose the sigmoid between two parabolas that touch it at a point.

    lowest·d² ≤ σ(at + d) − σ(at) − slope·d ≤ highest·d²  for at + d in [low, high].

    The quotient of the middle and d² is computed at some points. It is ∫ (1 − t) σ''(at + td) dt
    over [0, 1], so between them it cannot change faster than by max |σ'''| / 6.

    Parameters
    ----------
    at, low, high : Tensor
        The points and the intervals around them, of one shape.

    Returns
    -------
    tuple of Tensor
        slope, lowest and highest, of that shape.
    """
    value = at.sigmoid()
    slope = value * (1 - value)
    shares = torch.linspace(0, 1, POINTS).to(at)
    d = (low - at)[..., None] + (high - low)[..., None] * shares
    d = torch.where(d.abs() < SMALLEST_STEP, SMALLEST_STEP, d)
    errors = (at[..., None] + d).sigmoid() - value[..., None] - slope[..., None] * d
    curvature = errors / d.square()
    to_the_next = (high - low) / (POINTS - 1) / 2 + 2 * SMALLEST_STEP
    slack = THIRD_DERIVATIVE / 6 * to_the_next
    return slope, curvature.amin(-1) - slack, curvature.amax(-1) + slack


def trust_region_bound(gradient: Tensor, form: Tensor, radii: Tensor) -> Tensor:
    """Bound max rᵀHr − g·r over ‖r‖ ≤ ρ from above, by its dual.

    Every μ > max(λ_1, 0) gives the bound μρ² + ¼ gᵀ(μI − H)⁻¹g, and the least one is the maximum
    [1]_.

    Parameters
    ----------
    gradient, form, radii : Tensor, shapes (N, m), (N, m, m), (N,)
        g, the symmetric H with eigenvalues λ_1 ≥ λ_2 …, and ρ.

    Returns
    -------
    Tensor, shape (N,)
        The least of the bounds for some μ.

    References
    ----------
    .. [1] S. Boyd and L. Vandenberghe, *Convex optimization*, 2004, appendix B.1.
    """
    eigenvalues, vectors = torch.linalg.eigh(form)
    squares = (gradient[:, None] @ vectors).squeeze(1).square()
    scale = gradient.norm(dim=1) / (2 * radii.clamp_min(1e-30)) + 1e-12
    mu = torch.logspace(-3, 1, MULTIPLIERS).to(scale)[:, None] * scale
    mu = mu + eigenvalues[:, -1].clamp_min(0)
    quotients = (squares / (mu[..., None] - eigenvalues)).sum(2)
    return (mu * radii.square() + quotients / 4).amin(0)


def _before(
    at: Tensor,
    interval: tuple[Tensor, Tensor],
    gradient: Tensor,
    form: Tensor | None,
    *,
    inner: bool,
) -> tuple[Tensor, Tensor]:
    """Return g and H in what sigmoids get, from g and H in what they give.

    When their arguments move by α, they move by s·α + e, with slopes s and errors e of the
    tangents. Then g·e is at least −Σ ω_i α_i², and the old H, which has no negative eigenvalue,
    counts at most (1 + τ) (s·α)ᵀH(s·α) + (1 + 1/τ) λ_1(H) ‖e‖², for every τ > 0. The new H has no
    negative eigenvalue either if it is an `inner` one.
    """
    slope, lowest, most = parabolas(at, *interval)
    omega = torch.where(gradient > 0, -gradient * lowest, -gradient * most)
    bent = torch.diag_embed(omega.clamp_min(0) if inner else omega)
    if form is not None:
        tilted = slope[:, :, None] * form * slope[:, None, :]
        reach = torch.maximum(at - interval[0], interval[1] - at)
        share = torch.maximum(lowest.abs(), most.abs()) * reach  # |e_i| is at most that of |α_i|
        errors = torch.linalg.eigvalsh(form)[:, -1:].clamp_min(0) * share.square()
        size = torch.linalg.eigvalsh(tilted)[:, -1].clamp_min(1e-30)
        tau = ((errors.amax(1) + 1e-30) / size).sqrt()[:, None]
        bent = bent + (1 + tau)[..., None] * tilted + torch.diag_embed((1 + 1 / tau) * errors)
    return slope * gradient, bent
