import math

import pytest
import torch
from torch import nn

from helpers.spectral.autocorrelation import GramPolynomial, polyphase, transform
from helpers.spectral.fourier import frequency_matrices

from ..examples import generator

LAYERS = [  # channels in and out, kernel, stride, padding, dilation, groups
    (3, 5, 3, 1, 0, 1, 1),
    (5, 3, (2, 4), 1, 0, (1, 2), 1),
    (3, 4, 5, 2, 0, 1, 1),
    (2, 9, 3, (2, 3), 0, (2, 1), 1),
    (6, 4, 1, 2, 0, 1, 2),
    (4, 4, 3, 1, 0, 1, 4),
]


@pytest.mark.parametrize("arguments", LAYERS)
@pytest.mark.parametrize("coarse", [(5, 7), (8, 6)])
def test_matrices_have_the_singular_values_of_the_frequencies(arguments, coarse):
    conv = nn.Conv2d(*arguments, dtype=torch.double).requires_grad_(False)
    nn.init.normal_(conv.weight, generator=generator())
    grid = tuple(side * stride for side, stride in zip(coarse, conv.stride, strict=True))
    halves = torch.cat(list(frequency_matrices(conv, grid)))
    expected = torch.linalg.svdvals(halves)
    kernels, steps = polyphase(conv, unit=2.0)
    polynomial = GramPolynomial(kernels, steps)
    size = min(kernels.shape[1:3])  # the smaller of A Aᴴ and AᴴA
    assert polynomial.shape == (conv.groups, size, size)
    for row in range(coarse[0]):
        for column in range(coarse[1] // 2 + 1):
            angles = [2 * math.pi * row / coarse[0], 2 * math.pi * column / coarse[1]]
            (grams,) = polynomial.at(torch.tensor([angles], dtype=torch.double))
            torch.testing.assert_close(grams, grams.mH)
            for group in range(conv.groups):
                values = expected[row, column, group]
                found = torch.linalg.svdvals(2 * transform(kernels[group], steps, angles))
                torch.testing.assert_close(found[: len(values)], values[: len(found)])
                squares = torch.linalg.eigvalsh(4 * grams[group]).flip(0)
                kept = min(len(squares), len(values))
                torch.testing.assert_close(squares[:kept], values[:kept].square())


def test_channels_that_no_tap_meets_are_left_out():
    kernels, _ = polyphase(nn.Conv2d(3, 8, 1, stride=2))
    assert kernels.shape == (1, 8, 3, 1, 1)
    kernels, _ = polyphase(nn.Conv2d(3, 8, 3, stride=2))
    assert kernels.shape == (1, 8, 12, 2, 2)


def test_kernels_of_a_layer_without_stride_are_its_weights():
    conv = nn.Conv2d(4, 6, (3, 2), dilation=(1, 2), groups=2)
    kernels, steps = polyphase(conv)
    assert torch.equal(kernels.flatten(0, 1), conv.weight)
    assert (kernels.shape[0], steps) == (2, (1, 2))


def test_axis_without_stride_keeps_its_taps_however_far_they_are_apart():
    conv = nn.Conv2d(3, 4, (3, 3), stride=(2, 1), dilation=(1, 2))
    kernels, steps = polyphase(conv)
    assert (kernels.shape, steps) == ((1, 4, 6, 2, 3), (1, 2))
