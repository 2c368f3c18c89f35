"""The Gram matrices of a convolution at all frequencies, from its autocorrelation (section 4.3).

A convolution followed by its transpose is again a convolution, and its kernel is the first one's
autocorrelation. So the Gram matrix G(ξ) is a trigonometric polynomial in ξ with few coefficients:
13 real matrices for 3 × 3 taps, however fine the grid is.
"""

import math

import torch
from torch import Tensor, nn


def polyphase(conv: nn.Conv2d, *, unit: float = 1.0) -> tuple[Tensor, tuple[int, int]]:
    """Write a convolution as one with stride 1, on the pixels that the stride keeps apart.

    With a stride Δ, the pixels whose coordinates leave the same remainder by Δ meet the same taps.
    Each remainder becomes an input channel of its own; those that no tap meets are left out.

    Parameters
    ----------
    conv : nn.Conv2d
        Its padding is ignored.
    unit : float
        The weights are counted in this unit.

    Returns
    -------
    tuple of Tensor and (int, int)
        The kernels, shape (groups, D / groups, channels, taps_y, taps_x), differentiable in the
        weights, and how far apart the taps are, in pixels of the output.
    """
    if max(conv.stride) == 1:
        kernels = conv.weight.view(conv.groups, -1, *conv.weight.shape[1:])
        return kernels / unit, tuple(conv.dilation)
    remainders, places, steps = [], [], []
    for stride, dilation, taps in zip(conv.stride, conv.dilation, conv.kernel_size, strict=True):
        apart = dilation if stride > 1 else 1
        position = apart * torch.arange(taps)
        remainders.append((position % stride).unique(return_inverse=True)[1])
        places.append(position // stride)
        steps.append(dilation // apart)
    weight = conv.weight.view(conv.groups, -1, *conv.weight.shape[1:]) / unit
    sides = [int(part.max()) + 1 for part in remainders + places]
    kernels = weight.new_zeros(*weight.shape[:3], *sides)
    kernels[:, :, :, remainders[0][:, None], remainders[1], places[0][:, None], places[1]] = weight
    return kernels.flatten(2, 4), tuple(steps)


class GramPolynomial:
    """G(ξ) = A(ξ)A(ξ)ᴴ or A(ξ)ᴴA(ξ) of a convolution with stride 1, whichever is smaller.

    Along an axis with k taps the degree is k − 1, so 2k − 1 values determine it.

    Parameters
    ----------
    kernels : Tensor, shape (groups, D, C, taps_y, taps_x)
        The taps.
    steps : (int, int)
        How far apart the taps are.

    Attributes
    ----------
    shape : (int, int, int)
        Of G at one frequency: groups, and m × m with m = min(D, C).
    degrees : (int, int)
        Of the polynomial in ξ, along each axis.
    """

    def __init__(self, kernels: Tensor, steps: tuple[int, int]) -> None:
        if kernels.shape[1] > kernels.shape[2]:
            kernels = kernels.transpose(1, 2).flip(3, 4)
        taps = kernels.shape[3:]
        self.shape = (len(kernels), kernels.shape[1], kernels.shape[1])
        self.steps, self.degrees = steps, [(k - 1) * s for k, s in zip(taps, steps, strict=True)]
        self.sides = [2 * k - 1 for k in taps]
        axes = [torch.arange(1 - k, k) for k in taps]
        places = torch.cartesian_prod(*axes)[: math.prod(self.sides) // 2 + 1]  # up to ξ = 0
        self.nodes = 2 * torch.pi * places.double() / torch.tensor(self.sides)
        turns = self.nodes @ torch.cartesian_prod(*map(torch.arange, taps)).double().T
        rows = kernels.flatten(3).movedim(3, 0).flatten(1)  # a row for each tap
        real, imaginary = (
            (wave.to(rows) @ rows).view(len(places), *kernels.shape[:3])
            for wave in (turns.cos(), -turns.sin())
        )
        mixed, both = real @ imaginary.mT, real + imaginary
        self.real = (both @ both.mT - mixed - mixed.mT).flatten(1)
        self.imaginary = (mixed.mT - mixed).flatten(1)

    def at(self, angles: Tensor) -> Tensor:
        """Return G at frequencies (F, 2) in radians a pixel: shape (F, groups, m, m), complex."""
        angles = angles * torch.tensor(self.steps)
        ahead, behind = (self._weights(angles[:, None] + sign * self.nodes) for sign in (-1, 1))
        behind[:, -1] = 0  # ξ = 0 is its own mirror image
        real = (ahead + behind).to(self.real) @ self.real
        imaginary = (ahead - behind).to(self.real) @ self.imaginary
        return torch.complex(real, imaginary).view(-1, *self.shape)

    def _weights(self, apart: Tensor) -> Tensor:
        """Return how much a node counts at some distance (..., 2): Dirichlet's kernel."""
        weights = torch.ones_like(apart[..., 0])
        for distance, side in zip(apart.unbind(-1), self.sides, strict=True):
            orders = torch.arange(1, side // 2 + 1)
            weights *= (1 + 2 * (distance[..., None] * orders).cos().sum(-1)) / side
        return weights


def transform(kernels: Tensor, steps: tuple[int, int], angles: tuple[float, float]) -> Tensor:
    """Return A at one frequency, in radians a pixel, from kernels (D, C, taps_y, taps_x)."""
    turns = [
        angle * step * torch.arange(taps, dtype=torch.double)
        for taps, step, angle in zip(kernels.shape[2:], steps, angles, strict=True)
    ]
    turn = (turns[0][:, None] + turns[1]).flatten()
    taps = kernels.flatten(2)
    return torch.complex(taps @ turn.cos().to(taps), taps @ -turn.sin().to(taps))
