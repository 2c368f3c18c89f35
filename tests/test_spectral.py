import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers.spectral import (
    conv_norm,
    conv_norm_bound,
    conv_norm_fourier,
    conv_stretch,
    dense_norm,
    gram_bound,
)


def dense_matrix(linear, shape):
    """Return the matrix of a linear map, column by column: what it does to each unit vector."""
    basis = torch.eye(math.prod(shape), dtype=torch.float64).view(-1, *shape)
    return linear(basis).flatten(1).T


def zero_padded(conv):
    """Return the layer's own convolution, by PyTorch, without its bias."""
    return lambda x: conv(x) - (0 if conv.bias is None else conv.bias[:, None, None])


def wrapped_around(conv):
    """Return the convolution whose edges wrap around, tap by tap."""

    def linear(x):
        padded, total = x, 0
        rows, columns = x.shape[2:]
        groups = conv.groups
        for a in range(conv.kernel_size[0]):
            for b in range(conv.kernel_size[1]):
                shifts = (-a * conv.dilation[0], -b * conv.dilation[1])
                moved = padded.roll(shifts, (2, 3))[:, :, :: conv.stride[0], :: conv.stride[1]]
                total = total + functional.conv2d(
                    moved, conv.weight[:, :, a : a + 1, b : b + 1], groups=groups
                )
        return total

    return linear


def random_convolutions(count, seed=0):
    """Yield convolutions of all kinds, in float64, each with an input size that it can take."""
    generator = torch.Generator().manual_seed(seed)

    def pick(*options):
        return options[torch.randint(len(options), (), generator=generator).item()]

    while count:
        groups = pick(1, 1, 1, 2)
        kernel, dilation = (pick(1, 2, 3, 5), pick(1, 2, 3)), (pick(1, 1, 2), pick(1, 1, 2))
        padding = pick("same", "valid", (pick(0, 1, 2), pick(0, 1, 2)), (1, 1), (2, 2))
        stride = (1, 1) if padding == "same" else (pick(1, 1, 2, 3), pick(1, 1, 2, 3))
        size = (pick(3, 4, 6, 7), pick(3, 5, 6, 8))
        channels = groups * pick(1, 2, 3), groups * pick(1, 2, 4)
        conv = nn.Conv2d(*channels, kernel, stride, padding, dilation, groups, dtype=torch.float64)
        nn.init.normal_(conv.weight, generator=generator)
        reach = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        pad = [r if padding == "same" else 0 for r in reach]
        pad = [2 * p for p in padding] if isinstance(padding, tuple) else pad
        if all(s + p > r for s, p, r in zip(size, pad, reach, strict=True)):
            count -= 1
            yield conv.requires_grad_(False), size


CONVOLUTIONS = list(random_convolutions(250))


def exact(conv, size):
    matrix = dense_matrix(zero_padded(conv), (conv.in_channels, *size))
    return torch.linalg.svdvals(matrix)[0].item()


@pytest.fixture(scope="module")
def exact_norms():
    return [exact(conv, size) for conv, size in CONVOLUTIONS]


def test_lanczos_finds_the_norm_of_every_convolution(exact_norms):
    for (conv, size), expected in zip(CONVOLUTIONS, exact_norms, strict=True):
        found = conv_stretch(conv, size)
        assert found.converged, conv
        assert found.value == pytest.approx(expected, rel=1e-9), (conv, size)
        assert found.value <= expected * (1 + 1e-13)


@pytest.mark.parametrize("options", [{}, {"iterations": 0}, {"iterations": 3}, {"grid": 12}])
def test_bounds_are_never_below_the_norm(exact_norms, options):
    for (conv, size), expected in zip(CONVOLUTIONS, exact_norms, strict=True):
        assert conv_norm_bound(conv, size, **options).item() >= expected * (1 - 1e-12), (conv, size)


def test_fourier_norm_is_that_of_the_wrap_around_convolution():
    checked = 0
    for conv, size in CONVOLUTIONS:
        if size[0] % conv.stride[0] == size[1] % conv.stride[1] == 0:
            matrix = dense_matrix(wrapped_around(conv), (conv.in_channels, *size))
            expected = torch.linalg.svdvals(matrix)[0].item()
            assert conv_norm_fourier(conv, size).item() == pytest.approx(expected, rel=1e-9)
            checked += 1
    assert checked >= 100
