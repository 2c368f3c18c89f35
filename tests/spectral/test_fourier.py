import math

import pytest
import torch
from torch import nn

from helpers import spectral
from helpers.spectral import conv_norm_fourier, fourier


def layer(stride=1, groups=1, seed=0):
    conv = nn.Conv2d(2, 4, 3, stride=stride, groups=groups, dtype=torch.float64)
    nn.init.normal_(conv.weight, generator=torch.Generator().manual_seed(seed))
    return conv.requires_grad_(False)


@pytest.mark.parametrize("grid", [(6, 6), (7, 5), (5, 8)])
def test_spectrum_is_that_of_the_fft(grid):
    conv = layer()
    transform = torch.fft.fft2(conv.weight, grid).permute(2, 3, 0, 1)
    expected = torch.fft.fftshift(torch.linalg.svdvals(transform)[..., 0])
    torch.testing.assert_close(spectral.spectrum(conv, grid), expected)


@pytest.mark.parametrize("stride", [1, 2, (3, 1)])
@pytest.mark.parametrize("groups", [1, 2])
def test_largest_of_the_spectrum_is_the_norm(stride, groups):
    conv = layer(stride, groups)
    found = spectral.spectrum(conv, (6, 12))
    assert found.shape == (6 // conv.stride[0], 12 // conv.stride[1])
    assert found.max().item() == pytest.approx(conv_norm_fourier(conv, (6, 12)).item())


def test_blur_keeps_the_mean_and_stops_the_checkerboard():
    conv = nn.Conv2d(1, 1, 2, bias=False, dtype=torch.float64).requires_grad_(False)
    conv.weight.fill_(0.25)
    found = spectral.spectrum(conv, (8, 8))
    assert found[4, 4].item() == pytest.approx(1)  # ξ = 0
    assert found[0].max().item() == pytest.approx(0, abs=1e-12)  # the highest frequency
    assert found[4, 5].item() == pytest.approx(math.cos(math.pi / 8))


def test_matrices_come_in_parts_of_bounded_size(monkeypatch):
    conv = layer(2)
    whole = torch.cat(list(fourier.frequency_matrices(conv, (12, 12))))
    monkeypatch.setattr(fourier, "NUMBERS_AT_ONCE", 100)
    parts = list(fourier.frequency_matrices(conv, (12, 12)))
    assert len(parts) == 6
    torch.testing.assert_close(torch.cat(parts), whole)


@pytest.mark.parametrize("kernel", [3, (1, 3), (3, 1)])
@pytest.mark.parametrize("stride", [(3, 1), (1, 3)])
def test_no_part_has_more_numbers_than_are_made_at_once(monkeypatch, kernel, stride):
    monkeypatch.setattr(fourier, "NUMBERS_AT_ONCE", 1500)
    conv = nn.Conv2d(2, 4, kernel, stride=stride).requires_grad_(False)
    parts = [part.numel() for part in fourier.frequency_matrices(conv, (24, 24))]
    assert 750 < max(parts) <= 1500
