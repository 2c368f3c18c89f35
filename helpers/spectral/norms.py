"""Operator norms of dense and convolutional layers (section 4.3), named for what they are.

The operator norm ‖A‖ of a linear map is its largest stretch, max ‖A x‖ / ‖x‖.

* `dense_norm`: of a matrix, exact (to rounding).
* `conv_norm`: of a convolution as PyTorch computes it, estimated *from below*.
* `conv_norm_fourier`: the paper's formula; exact for wrap-around edges, which zero padding has not.
* `conv_norm_bound`: a guaranteed *upper bound*, which is what a certificate needs.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from helpers.spectral.autocorrelation import GramPolynomial, polyphase, transform
from helpers.spectral.fourier import frequency_matrices
from helpers.spectral.gram import gram_bound, largest_entry, spectral_norms
from helpers.spectral.lanczos import SingularValue, largest_singular_value
from helpers.spectral.peak import peak_frequency


def dense_norm(weight: Tensor) -> Tensor:
    """Return the operator norm of a matrix: the root of the largest eigenvalue of its Gram matrix.

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
        If `weight` is not a matrix or not finite.
    """
    if weight.ndim != 2:
        raise ValueError(f"weight must be a matrix (D, C), got shape {tuple(weight.shape)}")
    _check_finite(weight)
    return spectral_norms(weight)


def conv_singular_value(conv: nn.Conv2d, size: tuple[int, int], **options) -> SingularValue:
    """Estimate the norm of a convolution as PyTorch computes it, without its bias, from below.

    Parameters
    ----------
    conv : nn.Conv2d
        With zero padding, and any stride, dilation and groups.
    size : (int, int)
        Height and width of the input.
    **options
        For `largest_singular_value`.

    Returns
    -------
    SingularValue
        Its `input` has shape (C, H, W).

    Raises
    ------
    ValueError
        If the padding is not by zeros, the kernel is larger than the padded input, or the weights
        are not finite.
    """
    (top, bottom), (left, right) = _geometry(conv, size)
    weight = conv.weight.detach()

    def linear(x: Tensor) -> Tensor:
        padded = functional.pad(x, (left, right, top, bottom))
        return functional.conv2d(padded, weight, None, conv.stride, 0, conv.dilation, conv.groups)

    return largest_singular_value(linear, weight.new_empty(conv.in_channels, *size), **options)


def conv_norm(conv: nn.Conv2d, size: tuple[int, int], **options) -> float:
    """Return the value of `conv_singular_value`: ‖conv‖, estimated from below."""
    return conv_singular_value(conv, size, **options).value


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
        If `size` is no multiple of the stride, or the weights are not finite.
    """
    _check_finite(conv.weight)
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
        If the padding is not by zeros, the kernel is larger than the padded input, the weights
        are not finite, or `grid` has too few frequencies for the kernel.

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


def _check_finite(weight: Tensor) -> None:
    """Refuse weights that have no norm."""
    bad = weight.detach()[~weight.isfinite()]
    if len(bad) > 0:
        raise ValueError(f"weight must be finite, got {bad[0].item()}")


def _geometry(conv: nn.Conv2d, size: tuple[int, int]) -> list[tuple[int, int]]:
    """Return the zeros added before and after each axis, or refuse what has no norm."""
    _check_finite(conv.weight)
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


def _largest(conv: nn.Conv2d, grid: tuple[int, int], iterations: int | None) -> Tensor:
    """Return the largest norm, or bound of it, of the frequencies' matrices."""
    if iterations is not None:
        parts = frequency_matrices(conv, grid)
        return torch.stack([gram_bound(part, iterations).max() for part in parts]).max()
    unit = largest_entry(conv.weight.flatten(1)).item()
    kernels, steps = polyphase(conv, unit=unit)
    coarse = tuple(side // stride for side, stride in zip(grid, conv.stride, strict=True))
    place, group = peak_frequency(GramPolynomial(kernels.detach(), steps), coarse)
    angles = [2 * math.pi * index / side for index, side in zip(place, coarse, strict=True)]
    return unit * spectral_norms(transform(kernels[group], steps, angles))
