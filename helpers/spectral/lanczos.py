"""The largest singular value of a linear map that is known by what it does; knows no layers.

Lanczos iterations on AᵀA: an estimate of the operator norm ‖A‖ = max ‖A x‖ / ‖x‖ *from below*,
with a residual that says how good it is.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-10}


@dataclass(frozen=True)
class SingularValue:
    """What `largest_singular_value` found: an estimate of ‖A‖ from below.

    Attributes
    ----------
    value : float
        ‖A x‖ of the unit `input` x, which no rounding-free ‖A‖ is below.
    residual : float
        ‖AᵀA x − value² x‖ / value². The square of some singular value of A is no further than
        this, relatively, from value².
    converged : bool
        Whether the residual met the tolerance.
    applications : int
        How often AᵀA was applied from the start that won.
    input : Tensor
        The unit vector x that is stretched the most, in the shape that A takes.
    """

    value: float
    residual: float
    converged: bool
    applications: int
    input: Tensor


def largest_singular_value(
    linear: Callable[[Tensor], Tensor],
    like: Tensor,
    *,
    tolerance: float | None = None,
    max_applications: int = 1000,
    basis: int = 24,
    starts: int = 2,
    seed: int = 0,
) -> SingularValue:
    """Estimate the operator norm of a linear map A from below, by Lanczos iterations on AᵀA.

    The Krylov space of a random start is searched for the vector that A stretches the most. When
    `basis` vectors are held, the best third of what they span is kept and the search goes on
    ("thick restart"), so that memory does not grow. A start could be orthogonal to the answer,
    and then a smaller singular value would be found: so there are several, and the largest counts.

    Parameters
    ----------
    linear : callable
        Maps a tensor of the shape of `like` to A x; differentiable, since Aᵀ is its pullback.
    like : Tensor
        Gives shape, dtype (float32 or float64) and device of x.
    tolerance : float, optional
        Stop when the residual is at most this; 1e-4 in float32, 1e-10 in float64 by default. The
        value is closer than that, by a factor of residual / (relative gap to the next one).
    max_applications : int
        Applications of AᵀA allowed to each start.
    basis : int
        Vectors held in memory, at least 2.
    starts : int
        Independent random starts, at least 1.
    seed : int
        Seed of the starts.

    Returns
    -------
    SingularValue
        The largest that was found.

    Raises
    ------
    ValueError
        If `like` is of no known type, `basis` is less than 2 or `starts` less than 1.

    References
    ----------
    Golub and Kahan, "Calculating the singular values and pseudo-inverse of a matrix", 1965; Wu
    and Simon, "Thick-restart Lanczos method for large symmetric eigenvalue problems", 2000.
    """
    if like.dtype not in TOLERANCE:
        raise ValueError(f"like must be float32 or float64, got {like.dtype}")
    if basis < 2:
        raise ValueError(f"basis must be at least 2, got {basis}")
    if starts < 1:
        raise ValueError(f"starts must be at least 1, got {starts}")
    tolerance = TOLERANCE[like.dtype] if tolerance is None else tolerance
    generator = torch.Generator().manual_seed(seed)

    def search() -> SingularValue:
        start = torch.randn(like.numel(), generator=generator, dtype=like.dtype).to(like.device)
        scale = linear(start.view_as(like)).abs().max()  # of A: the squares of A / scale are near 1
        scale = scale.where(scale > 0, torch.ones_like(scale))

        def gram(x: Tensor) -> Tensor:
            stretched, pullback = torch.func.vjp(linear, x.view_as(like))
            return (pullback(stretched / scale)[0] / scale).flatten()

        found = _lanczos(gram, start, tolerance, max_applications, min(basis, like.numel()))
        return replace(found, value=found.value * scale.item())

    with torch.no_grad():
        best = max((search() for _ in range(starts)), key=lambda found: found.value)
    return SingularValue(
        best.value, best.residual, best.converged, best.applications, best.input.view_as(like)
    )


def _lanczos(gram, start: Tensor, tolerance: float, limit: int, size: int) -> SingularValue:
    """Search one start's Krylov space of the symmetric map `gram`; `size` vectors at a time."""
    vectors = start.new_zeros(size + 1, len(start))
    vectors[0] = start / start.norm()
    projected = torch.zeros(size, size, dtype=torch.float64)
    applications = first = 0
    while True:
        for j in range(first, size):
            new = gram(vectors[j])
            applications += 1
            spanned = vectors[: j + 1]
            shares = spanned @ new
            new = new - shares @ spanned
            again = spanned @ new  # twice is enough to be orthogonal to rounding
            new = new - again @ spanned
            projected[: j + 1, j] = projected[j, : j + 1] = (shares + again).double().cpu()
            rest = new.norm().item()
            squares, turn = torch.linalg.eigh(projected[: j + 1, : j + 1])
            square = max(squares[-1].item(), 0.0)
            residual = rest * abs(turn[-1, -1].item()) / square if square else 0.0
            if residual <= tolerance or applications >= limit:
                best = turn[:, -1].to(vectors) @ vectors[: j + 1]
                done = residual <= tolerance
                return SingularValue(math.sqrt(square), residual, done, applications, best)
            vectors[j + 1] = new / rest
        first = max(1, size // 3)
        last = vectors[size].clone()
        vectors[:first] = turn[:, -first:].T.to(vectors) @ vectors[:size]
        vectors[first] = last
        projected.zero_()
        projected[:first, :first] = torch.diag(squares[-first:])
