"""Operator norms of dense and convolutional layers (section 4.3), named for what they are.

The operator norm ‖A‖ of a linear map is its largest stretch, max ‖A x‖ / ‖x‖.

* `dense_norm`: of a matrix, exact (to rounding), from its singular values.
* `conv_norm`: of a convolution as PyTorch computes it, estimated *from below* (`largest_stretch`).
* `conv_norm_fourier`: the paper's formula; exact for wrap-around edges, which zero padding has not.
* `conv_norm_bound`, `gram_bound`: guaranteed *upper bounds*, which is what a certificate needs.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

CHUNK = 2**22  # numbers of the frequencies' matrices that are held at once
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


@dataclass(frozen=True)
class Stretch:
    """What `largest_stretch` found: an estimate of ‖A‖ from below.

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
        How often AᵀA was applied.
    input : Tensor
        The unit vector x that is stretched the most, in the shape that A takes.
    """

    value: float
    residual: float
    converged: bool
    applications: int
    input: Tensor


def dense_norm(weight: Tensor) -> Tensor:
    """Return the operator norm of a matrix: its largest singular value, from an SVD.

    Parameters
    ----------
    weight : Tensor, shape (D, C)
        Such as the weight of an ``nn.Linear``. The result is differentiable in it.

    Returns
    -------
    Tensor, shape ()
        ‖W‖, exact to rounding.

    Raises
    ------
    ValueError
        If `weight` is not a matrix.
    """
    if weight.ndim != 2:
        raise ValueError(f"weight must be a matrix (D, C), got shape {tuple(weight.shape)}")
    return torch.linalg.matrix_norm(weight, 2)


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
    gram = matrices if matrices.shape[-2] >= matrices.shape[-1] else matrices.mH
    log_scale = torch.zeros(matrices.shape[:-2]).to(matrices.real)
    tiny = torch.finfo(matrices.dtype).tiny
    for _ in range(iterations):
        scale = torch.linalg.matrix_norm(gram.detach()).clamp_min(tiny)  # against overflow
        gram = gram / scale[..., None, None]
        gram = gram.mH @ gram
        log_scale = 2 * (log_scale + scale.log())
    norm = torch.linalg.matrix_norm(gram).clamp_min(tiny)
    return ((log_scale + norm.log()) / 2**iterations).exp()


def largest_stretch(
    linear: Callable[[Tensor], Tensor],
    like: Tensor,
    *,
    tolerance: float | None = None,
    max_applications: int = 1000,
    basis: int = 24,
    starts: int = 2,
    seed: int = 0,
) -> Stretch:
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
        Gives shape, dtype and device of x.
    tolerance : float, optional
        Stop when the residual is at most this; 1e-5 in float32, 1e-10 in float64 by default.
    max_applications : int
        Applications of AᵀA allowed to each start.
    basis : int
        Vectors held in memory.
    starts : int
        Independent random starts.
    seed : int
        Seed of the starts.

    Returns
    -------
    Stretch
        The largest that was found.

    References
    ----------
    Golub and Kahan, "Calculating the singular values and pseudo-inverse of a matrix", 1965; Wu
    and Simon, "Thick-restart Lanczos method for large symmetric eigenvalue problems", 2000.
    """
    tolerance = TOLERANCE[like.dtype] if tolerance is None else tolerance
    generator = torch.Generator().manual_seed(seed)

    def gram(x: Tensor) -> Tensor:
        stretched, pullback = torch.func.vjp(linear, x.view_as(like))
        return pullback(stretched)[0].flatten()

    def search() -> Stretch:
        start = torch.randn(like.numel(), generator=generator, dtype=like.dtype).to(like.device)
        return _lanczos(gram, start, tolerance, max_applications, min(basis, like.numel()))

    with torch.no_grad():
        best = max((search() for _ in range(starts)), key=lambda found: found.value)
    return Stretch(
        best.value, best.residual, best.converged, best.applications, best.input.view_as(like)
    )


def _lanczos(gram, start: Tensor, tolerance: float, limit: int, size: int) -> Stretch:
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
                return Stretch(math.sqrt(square), residual, done, applications, best)
            vectors[j + 1] = new / rest
        first = max(1, size // 3)
        last = vectors[size].clone()
        vectors[:first] = turn[:, -first:].T.to(vectors) @ vectors[:size]
        vectors[first] = last
        projected.zero_()
        projected[:first, :first] = torch.diag(squares[-first:])


def conv_stretch(conv: nn.Conv2d, size: tuple[int, int], **options) -> Stretch:
    """Estimate the norm of a convolution as PyTorch computes it, without its bias, from below.

    Parameters
    ----------
    conv : nn.Conv2d
        With zero padding, and any stride, dilation and groups.
    size : (int, int)
        Height and width of the input.
    **options
        For `largest_stretch`.

    Returns
    -------
    Stretch
        Its `input` has shape (C, H, W).

    Raises
    ------
    ValueError
        If the padding is not by zeros, or the kernel is larger than the padded input.
    """
    (top, bottom), (left, right) = _geometry(conv, size)
    weight = conv.weight.detach()

    def linear(x: Tensor) -> Tensor:
        padded = functional.pad(x, (left, right, top, bottom))
        return functional.conv2d(padded, weight, None, conv.stride, 0, conv.dilation, conv.groups)

    return largest_stretch(linear, weight.new_empty(conv.in_channels, *size), **options)


def conv_norm(conv: nn.Conv2d, size: tuple[int, int], **options) -> float:
    """Return the value of `conv_stretch`: an estimate of ‖conv‖ from below that converges to it."""
    return conv_stretch(conv, size, **options).value


def conv_norm_fourier(conv: nn.Conv2d, size: tuple[int, int]) -> Tensor:
    """Compute the paper's norm of a convolution: with wrap-around edges, exact (section 4.3).

    For the frequency ξ of the output's grid, A(ξ) is the D × (C·Δ²) matrix of the kernels' Fourier
    coefficients at the Δ² frequencies of the input that the stride Δ makes one, *divided by Δ*
    (by √(Δ_y Δ_x) for two strides). The norm is the largest ‖A(ξ)‖.

    Parameters
    ----------
    conv : nn.Conv2d
        Its padding is ignored: the edges wrap around.
    size : (int, int)
        Height and width of the input, multiples of the stride.

    Returns
    -------
    Tensor, shape ()
        Differentiable in the weights. Neither an upper nor a lower bound for zero padding.

    Raises
    ------
    ValueError
        If `size` is no multiple of the stride.
    """
    if any(side % stride for side, stride in zip(size, conv.stride, strict=True)):
        raise ValueError(f"size must be a multiple of the stride {conv.stride}, got {size}")
    return _largest(conv, tuple(size), None)


def conv_norm_bound(
    conv: nn.Conv2d,
    size: tuple[int, int],
    *,
    grid: int | None = None,
    iterations: int | None = None,
) -> Tensor:
    """Bound the norm of a convolution with zero padding from above, in Fourier space.

    On a grid enlarged by the padding, the zeros separate the left edge from the right one, and the
    wrap-around convolution reads what the zero-padded one reads. So the latter is a part of the
    former, and its norm is no larger.

    Parameters
    ----------
    conv : nn.Conv2d
        With zero padding, and any stride, dilation and groups.
    size : (int, int)
        Height and width of the input.
    grid : int, optional
        Use only about this many frequencies a side where the enlarged grid has more. The largest
        over *all* frequencies is at most 1 / Π cos(π d / grid) times that on the grid, where d
        is half the kernel's reach: the bound then holds for every `size`.
    iterations : int, optional
        Bound the frequencies' matrices by that many Gram iterations; by default their norms are
        computed from eigenvalues.

    Returns
    -------
    Tensor, shape ()
        Differentiable in the weights; an upper bound up to rounding in their precision.

    Raises
    ------
    ValueError
        If the padding is not by zeros, the kernel is larger than the padded input, or `grid` has
        too few frequencies for the kernel.

    References
    ----------
    Ehlich and Zeller, "Schwankung von Polynomen zwischen Gitterpunkten", 1964 (the factor).
    """
    paddings = _geometry(conv, size)
    sides, factor = [], 1.0
    for axis in range(2):
        reach = conv.dilation[axis] * (conv.kernel_size[axis] - 1)
        side = size[axis] + max(paddings[axis])
        if grid is not None and grid < side:
            if grid <= reach:
                raise ValueError(f"grid must be larger than the kernel's reach {reach}, got {grid}")
            side = grid
            factor /= math.cos(math.pi * reach / 2 / grid)
        sides.append(conv.stride[axis] * math.ceil(side / conv.stride[axis]))
    return factor * _largest(conv, tuple(sides), iterations)


def _geometry(conv: nn.Conv2d, size: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the zeros added before and after each axis, or refuse what has no norm."""
    if conv.padding_mode != "zeros":
        raise ValueError(f"conv must have padding_mode 'zeros', got {conv.padding_mode!r}")
    paddings = []
    for axis in range(2):
        reach = conv.dilation[axis] * (conv.kernel_size[axis] - 1)
        if conv.padding == "same":
            before, after = reach // 2, reach - reach // 2
        elif conv.padding == "valid":
            before = after = 0
        else:
            before = after = conv.padding[axis]
        if size[axis] + before + after <= reach:
            raise ValueError(f"size must hold the kernel with its padding, got {size}")
        paddings.append((before, after))
    return paddings


def frequency_matrices(conv: nn.Conv2d, grid: tuple[int, int]) -> Iterator[Tensor]:
    """Yield the A(ξ) of a convolution on a grid with wrap-around edges, some rows ξ_y at a time.

    Parameters
    ----------
    conv : nn.Conv2d
        Its padding is ignored.
    grid : (int, int)
        Height and width of the grid, multiples of the stride.

    Yields
    ------
    Tensor, shape (rows, columns, groups, D / groups, C·Δ_y·Δ_x / groups)
        Complex. All rows ξ_y, from 0 on, but only the columns up to half of the output's grid:
        A(−ξ) is the complex conjugate of A(ξ).
    """
    weight, groups = conv.weight, conv.groups
    waves = []  # for each axis (frequency of the output, alias, tap)
    for side, stride, dilation, taps in zip(
        grid, conv.stride, conv.dilation, conv.kernel_size, strict=True
    ):
        frequency = torch.arange(side, dtype=torch.double).view(stride, side // stride).T
        angle = (-2 * torch.pi / side) * (frequency[..., None] * torch.arange(taps) * dilation)
        wave = torch.polar(torch.full_like(angle, stride**-0.5), angle)
        waves.append(wave.to(weight.device, weight.dtype.to_complex()))
    kernels = weight.view(groups, -1, *weight.shape[1:]).to(waves[0])  # (g, D/g, C/g, ky, kx)
    columns = waves[1].shape[0] // 2 + 1
    across = torch.einsum("gdcab,tlb->tgdcla", kernels, waves[1][:columns])
    rows = max(1, CHUNK * waves[0].shape[2] // (across.numel() * waves[0].shape[1]))
    for part in waves[0].split(rows):
        matrices = torch.einsum("tgdcla,rja->rtgdclj", across, part)
        yield matrices.flatten(4)


def _largest(conv: nn.Conv2d, grid: tuple[int, int], iterations: int | None) -> Tensor:
    """Return the largest norm, or bound of it, of the frequencies' matrices."""
    found = []
    for matrices in frequency_matrices(conv, grid):
        if iterations is None:
            wide = matrices.shape[-2] < matrices.shape[-1]
            gram = matrices @ matrices.mH if wide else matrices.mH @ matrices
            norms = torch.linalg.eigvalsh(gram)[..., -1].clamp_min(0).sqrt()
        else:
            norms = gram_bound(matrices, iterations)
        found.append(norms.max())
    return torch.stack(found).max()
