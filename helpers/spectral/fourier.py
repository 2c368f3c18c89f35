"""Convolutions in Fourier space (section 4.3): a small matrix A(ξ) for each frequency ξ.

With wrap-around edges a convolution mixes channels, never frequencies. A stride Δ makes Δ × Δ
frequencies of the input one frequency of the output ("aliasing"), and A(ξ) stacks them.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

NUMBERS_AT_ONCE = 2**20  # numbers of the A(ξ) that are made at once


def frequency_matrices(
    conv: nn.Conv2d, grid: tuple[int, int], *, unit: float = 1.0
) -> Iterator[Tensor]:
    """Yield the A(ξ) of a convolution on a grid with wrap-around edges, some rows ξ_y at a time.

    Parameters
    ----------
    conv : nn.Conv2d
        Its padding is ignored.
    grid : (int, int)
        Height and width of the grid, multiples of the stride.
    unit : float
        The weights are counted in this unit, so that squares of large or small ones can be had.

    Yields
    ------
    Tensor, shape (rows, columns, groups, D / groups, C·Δ_y·Δ_x / groups)
        Complex. All rows ξ_y, from 0 on, but only the columns up to half of the output's grid:
        A(−ξ) is the complex conjugate of A(ξ).
    """
    weight, groups = conv.weight / unit, conv.groups
    # not `to_complex`: in PyTorch 2.3.0 each call of it brings the type nearer to its destruction
    dtype = torch.promote_types(weight.dtype, torch.complex32)
    waves = []  # for each axis (frequency of the output, alias, tap)
    for side, stride, dilation, taps in zip(
        grid, conv.stride, conv.dilation, conv.kernel_size, strict=True
    ):
        frequency = torch.arange(side, dtype=torch.double).view(stride, side // stride).T
        angle = (-2 * torch.pi / side) * (frequency[..., None] * torch.arange(taps) * dilation)
        wave = torch.polar(torch.full_like(angle, stride**-0.5), angle)
        waves.append(wave.to(weight.device, dtype))
    kernels = weight.view(groups, -1, *weight.shape[1:]).to(waves[0])  # (g, D/g, C/g, ky, kx)
    columns = waves[1].shape[0] // 2 + 1
    across = torch.einsum("gdcab,tlb->atgdcl", kernels, waves[1][:columns])
    rows = max(1, NUMBERS_AT_ONCE // (across[0].numel() * waves[0].shape[1]))
    for part in waves[0].split(rows):
        matrices = part.flatten(0, 1) @ across.flatten(1)  # over the taps a
        matrices = matrices.view(*part.shape[:2], *across.shape[1:])  # (r, j, t, g, d, c, l)
        yield matrices.movedim(1, -1).flatten(4)


def spectrum(conv: nn.Conv2d, grid: tuple[int, int]) -> Tensor:
    """Return ‖A(ξ)‖ at every frequency of the output, with ξ = 0 in the middle.

    Parameters
    ----------
    conv : nn.Conv2d
        Its padding is ignored.
    grid : (int, int)
        Height and width of the grid, multiples of the stride.

    Returns
    -------
    Tensor, shape (grid_y / Δ_y, grid_x / Δ_x)
        How much each frequency can be stretched.
    """
    with torch.no_grad():
        parts = [torch.linalg.matrix_norm(part, 2) for part in frequency_matrices(conv, grid)]
    half = torch.cat(parts).amax(2)  # over the groups
    rows, columns = (side // stride for side, stride in zip(grid, conv.stride, strict=True))
    mirrored = half.roll(-1, 0).flip(0)[:, 1 : columns - half.shape[1] + 1].flip(1)
    whole = torch.cat([half, mirrored], 1)
    return whole.roll((rows // 2, columns // 2), (0, 1))
