import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers.spectral import (
    conv_norm,
    conv_norm_bound,
    conv_norm_fourier,
    conv_singular_value,
    dense_norm,
)

from ..examples import generator
from .examples import dense_matrix, exact, tall_kernel, zero_padded


def wrapped_around(conv):
    """Return the convolution whose edges wrap around, tap by tap."""

    def linear(x):
        padded, total = x, 0
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
    random = generator(seed)

    def pick(*options):
        return options[torch.randint(len(options), (), generator=random).item()]

    while count:
        groups = pick(1, 1, 1, 2)
        kernel, dilation = (pick(1, 2, 3, 5), pick(1, 2, 3)), (pick(1, 1, 2), pick(1, 1, 2))
        padding = pick("same", "valid", (pick(0, 1, 2), pick(0, 1, 2)), (1, 1), (2, 2))
        stride = (1, 1) if padding == "same" else (pick(1, 1, 2, 3), pick(1, 1, 2, 3))
        size = (pick(3, 4, 6, 7), pick(3, 5, 6, 8))
        channels = groups * pick(1, 2, 3), groups * pick(1, 2, 4)
        conv = nn.Conv2d(*channels, kernel, stride, padding, dilation, groups, dtype=torch.float64)
        nn.init.normal_(conv.weight, generator=random)
        reach = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        pad = [r if padding == "same" else 0 for r in reach]
        pad = [2 * p for p in padding] if isinstance(padding, tuple) else pad
        if all(s + p > r for s, p, r in zip(size, pad, reach, strict=True)):
            count -= 1
            yield conv.requires_grad_(False), size


CONVOLUTIONS = list(random_convolutions(250))


@pytest.fixture(scope="module")
def exact_norms():
    return [exact(conv, size) for conv, size in CONVOLUTIONS]


def test_lanczos_finds_the_norm_of_every_convolution(exact_norms):
    for (conv, size), expected in zip(CONVOLUTIONS, exact_norms, strict=True):
        found = conv_singular_value(conv, size)
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


def spoilt(value=math.nan):
    conv = tall_kernel()
    conv.weight.data[1, 2, 3, 0] = value
    return conv


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("grid", [9, 12, 24])
def test_coarse_grid_bounds_every_size(stride, grid):
    conv = tall_kernel(stride)
    fine = conv_norm_fourier(conv, (96 * 3, 96 * 3)).item()  # nearly all frequencies
    bound = conv_norm_bound(conv, (10**6, 10**6), grid=grid).item()
    reach = [math.cos(math.pi * 2 / grid), math.cos(math.pi * 1 / grid)]
    assert fine <= bound <= fine / math.prod(reach) * (1 + 1e-6)
    assert conv_norm(conv, (40, 40), max_applications=300) <= bound


def test_wrap_around_norm_on_the_images_own_grid_is_no_bound_and_on_the_enlarged_grid_is(
    exact_norms,
):
    ratios = []
    for (conv, size), expected in zip(CONVOLUTIONS, exact_norms, strict=True):
        if conv.padding == "same" and size[0] > 4:
            ratios.append(conv_norm_fourier(conv, size).item() / expected)
            assert conv_norm_bound(conv, size).item() >= expected * (1 - 1e-12)
    assert len(ratios) > 20
    assert min(ratios) < 1 < max(ratios)


def test_stride_constant_is_one_over_the_stride():
    conv = nn.Conv2d(1, 1, 1, stride=3, bias=False, dtype=torch.float64)
    nn.init.ones_(conv.weight)  # it only picks pixels, so its norm is 1
    assert conv_norm_fourier(conv, (9, 9)).item() == pytest.approx(1, rel=1e-12)
    assert exact(conv, (9, 9)) == pytest.approx(1)


def test_identity_shift_and_blur_have_norm_one():
    for taps in ([0, 1, 0], [1, 0, 0], [0.25, 0.5, 0.25]):
        conv = nn.Conv2d(1, 1, (1, 3), padding=(0, 1), bias=False, dtype=torch.float64)
        conv.weight.data = torch.tensor(taps, dtype=torch.float64).view(1, 1, 1, 3)
        assert conv_norm_fourier(conv, (8, 8)).item() == pytest.approx(1)
        assert conv_norm(conv, (8, 64)) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (5, 5), (1, 4)])
def test_dense_norm_against_svd(shape):
    weight = torch.randn(20, *shape, generator=generator(1)).double()
    found = torch.stack([dense_norm(one) for one in weight])
    torch.testing.assert_close(found, torch.linalg.svdvals(weight)[:, 0], rtol=1e-12, atol=0)


def test_norms_of_nothing_are_zero_and_have_a_gradient():
    weight = torch.zeros(3, 2, requires_grad=True)
    norm = dense_norm(weight)
    assert norm.item() < 1e-15
    assert torch.autograd.grad(norm, weight)[0].isfinite().all()
    conv = nn.Conv2d(1, 1, 3)
    nn.init.zeros_(conv.weight)
    assert conv_norm(conv, (5, 5)) == 0


@pytest.mark.parametrize("options", [{}, {"iterations": 4}, {"grid": 10}])
def test_bound_of_a_convolution_has_the_right_gradient(options):
    conv = tall_kernel(stride=2)

    def bound(weight):
        conv.weight = nn.Parameter(weight, requires_grad=False)
        del conv.weight
        conv.weight = weight
        return conv_norm_bound(conv, (12, 12), **options)

    weight = conv.weight.detach().clone().requires_grad_()
    del conv.weight
    assert torch.autograd.gradcheck(bound, weight, atol=1e-6)


def test_dense_norms_gradient_is_that_of_the_singular_vectors():
    weight = torch.randn(4, 6, generator=generator(2)).double()
    u, _, v = torch.linalg.svd(weight)
    (found,) = torch.autograd.grad(dense_norm(weight.requires_grad_()), weight)
    torch.testing.assert_close(found, torch.outer(u[:, 0], v[0]))


def test_worst_input_is_stretched_by_the_norm():
    conv = tall_kernel(stride=2)
    found = conv_singular_value(conv, (9, 11))
    assert found.input.shape == (3, 9, 11)
    assert found.input.norm().item() == pytest.approx(1)
    stretched = zero_padded(conv)(found.input[None]).norm().item()
    assert stretched == pytest.approx(found.value, rel=1e-9)
    assert found.residual <= 1e-10


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: dense_norm(torch.ones(3)), r"weight must be a matrix \(D, C\), got shape \(3,\)"),
        (lambda: conv_norm(tall_kernel(), (1, 0)), "size must hold the kernel with its padding"),
        (lambda: conv_norm_bound(tall_kernel(padding=0), (4, 8)), "size must hold the kernel"),
        (lambda: dense_norm(torch.tensor([[1.0, math.nan]])), "weight must be finite, got nan"),
        (lambda: conv_norm(spoilt(), (9, 9)), "weight must be finite, got nan"),
        (lambda: conv_norm_bound(spoilt(math.inf), (9, 9)), "weight must be finite, got inf"),
        (lambda: conv_norm_fourier(spoilt(), (9, 9)), "weight must be finite, got nan"),
        (lambda: conv_norm_fourier(tall_kernel(2), (8, 7)), r"multiple of the stride \(2, 2\)"),
        (lambda: conv_norm_bound(tall_kernel(), (9, 9), grid=4), "larger than .* reach 4, got 4"),
        (
            lambda: conv_norm(nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"), (5, 5)),
            "padding_mode 'zeros', got 'circular'",
        ),
    ],
)
def test_what_has_no_norm_is_refused(function, message):
    with pytest.raises(ValueError, match=message):
        function()
