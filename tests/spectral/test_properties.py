"""Bounds on layers, for every size, stride and padding: none is below the norm of the matrix."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers import spectral


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    seed=st.integers(0, 10**6),
    channels=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    size=st.tuples(st.integers(4, 7), st.integers(4, 7)),
)
def test_bound_of_a_convolution_is_not_below_its_norm(
    seed, channels, kernel, stride, padding, size
):
    conv = nn.Conv2d(*channels, kernel, stride=stride, padding=padding, bias=False).double()
    conv.weight.data = torch.randn(
        conv.weight.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.double
    )
    shape = (channels[0], *size)
    inputs = torch.eye(channels[0] * size[0] * size[1], dtype=torch.double).view(-1, *shape)
    norm = torch.linalg.matrix_norm(conv(inputs).flatten(1).detach(), 2).item()
    bound = spectral.conv_norm_bound(conv, size).item()
    assert bound >= norm * (1 - 1e-9)
    assert spectral.lipschitz_bound(nn.Sequential(conv), shape).item() == pytest.approx(bound)
