"""The exact D(x, l) of a softmax model (section 4.1).

For argmax_j (W x + b)_j the images with the label l are a polytope, and D is the distance to it: a
convex problem that is solved here exactly, where the attack's penalty on the loss only comes close.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers.evaluation import check_device, check_targets, distortion

DAMPING = 1e-8  # of the largest ‖a_j‖², so that Newton's equations always have a solution
SUFFICIENT = 1e-4  # share of the rise that the slope promises
LAST_PLACES = 1e-15  # of q: smaller changes of it cannot be seen
BISECTIONS = 50


@dataclass(frozen=True)
class ExactDistance:
    """The smallest perturbations of a softmax model, each with its certificate, in float64.

    Attributes
    ----------
    adversarial : Tensor, shape (N, ...)
        The closest images in [0, 1] at which no logit is larger than the target's. Where the
        attack has something to do, the largest logits are *tied* there: D is an infimum that the
        set {f(x') = l} itself need not reach, and argmax may give either label.
    targets : Tensor, shape (N,)
        The labels that were asked for.
    converged : Tensor, shape (N,), bool
        Whether the closest image was found, to the tolerance.
    distortion : Tensor, shape (N,)
        Root mean square of the perturbation over all pixels; inf where no image in the box has
        the target.
    gap : Tensor, shape (N,)
        `distortion` minus the bound from below that the dual gives. Any μ ≥ 0 gives one, so a
        gap of zero proves that no closer image exists.
    violation : Tensor, shape (N,)
        max_j z_j − z_l at `adversarial`: zero, or how far it is from having the target.
    iterations : Tensor, shape (N,), int64
        Newton steps.
    """

    adversarial: Tensor
    targets: Tensor
    converged: Tensor
    distortion: Tensor
    gap: Tensor
    violation: Tensor
    iterations: Tensor


def exact_linear(
    model: nn.Sequential,
    inputs: Tensor,
    targets: Tensor,
    *,
    tolerance: float = 1e-9,
    max_iterations: int = 100,
    batch_size: int = 1000,
) -> ExactDistance:
    """Compute D(x, l) of a softmax model: the projection of x onto the images labelled l.

    minimise ½‖x' − x‖²  over x' in [0, 1]^n  with  a_j·x' + d_j ≤ 0  for all j,

    where a_j = w_j − w_l and d_j = b_j − b_l. One multiplier μ_j ≥ 0 for each rival label makes
    the minimisation over the box trivial, and leaves a concave function of K − 1 variables:

    x'(μ) = clip(x − Σ_j μ_j a_j, 0, 1),    q(μ) = ½‖x'(μ) − x‖² + Σ_j μ_j (a_j·x'(μ) + d_j).

    It is maximised by projected Newton steps. Then x'(μ) is the answer, q(μ) ≤ n·D²/2 its proof.

    Parameters
    ----------
    model : nn.Sequential
        A softmax model: at most an ``nn.Flatten``, and one ``nn.Linear`` to K logits.
    inputs : Tensor, shape (N, ...)
        Images x with pixels in [0, 1].
    targets : Tensor, shape (N,)
        Labels l, int64.
    tolerance : float
        An image is finished when |gap| ≤ tolerance and violation ≤ tolerance · √n · max_j ‖a_j‖:
        both are errors of the distortion.
    max_iterations : int
        Newton steps allowed for each image.
    batch_size : int
        Images at a time; bounds the memory, changes nothing else.

    Returns
    -------
    ExactDistance
        One row for each image.

    Raises
    ------
    ValueError
        If the model is not a softmax model, or an input or a target is not as
        described above.

    References
    ----------
    Bertsekas, "Projected Newton methods for optimization problems with simple constraints", 1982.
    """
    linear = _softmax_layer(model)
    check_device(model, inputs)
    check_targets(inputs, targets, linear.out_features)
    x = inputs.detach().flatten(1).double()
    if x.shape[1] != linear.in_features:
        raise ValueError(
            f"inputs must have {linear.in_features} values an image, as the model takes; "
            f"got {x.shape[1]}"
        )
    parts = [
        _maximise(_Dual(linear, *batch), tolerance, max_iterations)
        for batch in zip(x.split(batch_size), targets.split(batch_size), strict=True)
    ]
    image, bound, violation, solved, iterations = map(torch.cat, zip(*parts, strict=True))
    found = distortion(x, image)
    found[bound > _reach(x)] = math.inf  # the dual proves that no image in the box will do
    return ExactDistance(
        adversarial=image.view(inputs.shape),
        targets=targets,
        converged=solved,
        distortion=found,
        gap=found - bound,
        violation=violation,
        iterations=iterations,
    )


def _softmax_layer(model: nn.Module) -> nn.Linear:
    """Return the one layer of a softmax model, or raise ValueError with what was found."""
    layers = list(model) if isinstance(model, nn.Sequential) else [model]
    kinds = [type(layer) for layer in layers]
    if kinds not in ([nn.Linear], [nn.Flatten, nn.Linear]):
        raise ValueError(
            "model must be a softmax model, nn.Sequential(nn.Flatten(), nn.Linear(n, K)); "
            f"got {', '.join(kind.__name__ for kind in kinds) or 'no layers'}"
        )
    return layers[-1]


def _reach(x: Tensor) -> Tensor:
    """Return the distortion of the farthest image in the box, shape (N,), with some room."""
    return (1 + 1e-9) * torch.maximum(x, 1 - x).square().mean(1).sqrt()


class _Dual:
    """The dual functions q(μ) of a batch of images."""

    def __init__(self, linear: nn.Linear, x: Tensor, targets: Tensor) -> None:
        self.x, self.weight = x, linear.weight.detach().double()
        self.bias = 0.0 if linear.bias is None else linear.bias.detach().double()
        one_hot = torch.eye(len(self.weight)).to(self.weight)
        # Row j of an image's matrix takes its logits z to z_j − z_l; row l is zero.
        self.differences = one_hot - one_hot[targets][:, None]  # (N, K, K)
        self.products = (self.weight[:, None] * self.weight).flatten(0, 1)  # (K², n)

    def image(self, mu: Tensor) -> tuple[Tensor, Tensor]:
        """Return x'(μ), shape (N, n), and where no bound holds it."""
        step = (mu[:, None] @ self.differences).squeeze(1) @ self.weight  # Σ_j μ_j a_j
        image = (self.x - step).clamp(0, 1)
        return image, image == self.x - step

    def value(self, mu: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return q(μ), shape (N,), and its gradient, the a_j·x'(μ) + d_j, shape (N, K)."""
        logits = image @ self.weight.T + self.bias
        gradient = (self.differences @ logits[:, :, None]).squeeze(2)
        return (image - self.x).square().sum(1) / 2 + (mu * gradient).sum(1), gradient

    def curvature(self, free: Tensor) -> Tensor:
        """Return −∇²q: the matrix of the a_j·a_k over the free pixels, shape (N, K, K)."""
        products = (free.double() @ self.products.T).view_as(self.differences)
        return self.differences @ products @ self.differences.mT


def _maximise(dual: _Dual, tolerance: float, max_iterations: int) -> tuple[Tensor, ...]:
    """Maximise q over μ ≥ 0 by projected Newton steps, each cut until q rises by enough.

    A μ_j that is zero and would fall is held there, and Newton's equations are those of the rest.

    Returns
    -------
    tuple of Tensor
        x'(μ); the bound on D; the violation; whether the tolerance was met; Newton steps.
    """
    pixels = dual.x.shape[1]
    mu = dual.x.new_zeros(dual.differences.shape[:2])  # (N, K)
    iterations = torch.zeros_like(mu[:, 0], dtype=torch.long)
    squares = dual.curvature(torch.ones_like(dual.x)).diagonal(dim1=1, dim2=2)  # ‖a_j‖²
    largest = squares.amax(1)
    damping = DAMPING * largest.masked_fill(largest == 0, 1)  # for a constant model, too
    damping = torch.diag_embed(damping[:, None].expand_as(mu))
    while True:
        image, free = dual.image(mu)
        value, gradient = dual.value(mu, image)
        bound = (2 * value.clamp_min(0) / pixels).sqrt()
        violation = gradient.amax(1)
        solved = violation <= tolerance * (pixels * largest).sqrt()
        solved &= (distortion(dual.x, image) - bound).abs() <= tolerance
        finished = solved | (bound > _reach(dual.x)) | (iterations >= max_iterations)
        if finished.all():
            return image, bound, violation, solved, iterations
        held = (mu == 0) & (gradient <= 0)
        curvature = dual.curvature(free).masked_fill(held[:, :, None] | held[:, None], 0)
        newton = torch.linalg.solve(curvature + damping, gradient.masked_fill(held, 0))
        share = torch.ones_like(value)
        for _ in range(BISECTIONS):
            candidate = (mu + share[:, None] * newton).clamp_min(0)
            reached, _ = dual.value(candidate, dual.image(candidate)[0])
            wanted = SUFFICIENT * (gradient * (candidate - mu)).sum(1)
            rises = reached >= value + wanted - LAST_PLACES * value.abs()
            if (rises | finished).all():
                break
            share = torch.where(rises, share, share / 2)
        mu = torch.where(finished[:, None], mu, candidate)
        iterations += ~finished
