"""Norms of many matrices at once, through their Gram matrices AᴴA: exact, and bounds from above."""

import torch
from torch import Tensor

KRYLOV = (4, 3)  # vectors, and products with each, to guess an eigenvalue


def gram_bound(matrices: Tensor, iterations: int) -> Tensor:
    """Bound operator norms from above, by squaring: ‖A‖ ≤ ‖(AᴴA)^(2^(k−1))‖_F^(1/2^k).

    The Frobenius norm is the root of the sum of all squared singular values. Each squaring
    raises the singular values to the second power, and the largest takes over.

    Parameters
    ----------
    matrices : Tensor, shape (..., D, C)
        Real or complex. The result is differentiable in them.
    iterations : int
        The number k of squarings; 0 gives the Frobenius norm.

    Returns
    -------
    Tensor, shape (...)
        Upper bounds, at most rank^(1/2^(k+1)) times the norm.

    References
    ----------
    Delattre et al., "Efficient bound of Lipschitz constant for convolutional layers by Gram
    iteration", 2023.
    """
    first = largest_entry(matrices)
    power = (matrices if matrices.shape[-2] >= matrices.shape[-1] else matrices.mH) / first
    log_scale = torch.zeros(matrices.shape[:-2]).to(matrices.real)
    tiny = torch.finfo(matrices.dtype).tiny
    for _ in range(iterations):
        scale = torch.linalg.matrix_norm(power.detach()).clamp_min(tiny)  # against overflow
        power = power / scale[..., None, None]
        power = power.mH @ power
        log_scale = 2 * (log_scale + scale.log())
    norm = torch.linalg.matrix_norm(power).clamp_min(tiny)
    return first.squeeze((-1, -2)) * ((log_scale + norm.log()) / 2**iterations).exp()


def largest_eigenvalue(grams: Tensor, square: float) -> tuple[float, int]:
    """Return the largest eigenvalue above `square` and whose it is; (square, −1) if none is.

    Eigenvalues are computed for very few of the matrices (N, m, m): the others are proved to have
    none above, which costs much less.
    """
    left, winner = torch.arange(len(grams), device=grams.device), -1
    while len(left := left[any_above(grams[left], square)]):
        best = likeliest(grams[left])
        found = torch.linalg.eigvalsh(grams[left[best]])[-1].item()
        if found > square:
            square, winner = found, left[best].item()
        left = left[torch.arange(len(left), device=left.device) != best]
    return square, winner


def any_above(grams: Tensor, square: float) -> Tensor:
    """Return whether each Hermitian matrix G has an eigenvalue above λ, shape (N,), bool.

    It has none, up to rounding, where λI − G has a Cholesky factor.
    """
    if square < 0:
        return torch.ones(len(grams), dtype=torch.bool, device=grams.device)
    if grams.shape[-1] == 1:
        return grams.real.flatten() > square
    slack = -grams
    slack.diagonal(dim1=1, dim2=2).add_(square)
    return torch.linalg.cholesky_ex(slack).info > 0


def likeliest(grams: Tensor) -> Tensor:
    """Return the index of a matrix G whose largest eigenvalue is likely to be the largest, ().

    It is judged by the largest Rayleigh quotient in a small Krylov space.
    """
    count, size, _ = grams.shape
    if count == 1 or size == 1:
        return grams.real.flatten().argmax() if size == 1 else torch.zeros((), dtype=torch.long)
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(size, min(KRYLOV[0], size), generator=generator).to(grams)
    blocks = [start.expand(count, -1, -1)]
    for _ in range(KRYLOV[1]):
        block = grams @ blocks[-1]
        blocks.append(block / largest_entry(block))
    basis = torch.linalg.qr(torch.cat(blocks[1:], 2))[0]
    return torch.linalg.eigvalsh(basis.mH @ (grams @ basis))[:, -1].argmax()


def gram(matrices: Tensor) -> Tensor:
    """Return AAᴴ or AᴴA of each matrix (..., D, C), whichever is smaller."""
    wide = matrices.shape[-2] < matrices.shape[-1]
    return matrices @ matrices.mH if wide else matrices.mH @ matrices


def spectral_norms(matrices: Tensor) -> Tensor:
    """Return the largest singular values of matrices (..., D, C), differentiably."""
    scale = largest_entry(matrices)
    tiny = torch.finfo(matrices.dtype).tiny  # the root has no slope at zero
    squares = torch.linalg.eigvalsh(gram(matrices / scale))[..., -1]
    return scale.squeeze((-1, -2)) * squares.clamp_min(tiny).sqrt()


def largest_entry(matrices: Tensor) -> Tensor:
    """Return max |a| of each matrix (..., D, C), shape (..., 1, 1); 1 where all are 0.

    Divided by it, a matrix has squares that neither over- nor underflow. It counts as a constant:
    the slope of s·‖A/s‖ is that of ‖A‖.
    """
    largest = matrices.detach().abs().amax((-1, -2), keepdim=True)
    return largest.where(largest > 0, torch.ones_like(largest))
