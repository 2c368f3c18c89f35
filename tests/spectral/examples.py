"""A convolution, and the exact norm of any from its matrix."""

import math

import torch
from torch import nn

from ..examples import generator


def dense_matrix(linear, shape):
    """Return the matrix of a linear map, column by column: what it does to each unit vector."""
    basis = torch.eye(math.prod(shape), dtype=torch.float64).view(-1, *shape)
    return linear(basis).flatten(1).T


def zero_padded(conv):
    """Return the layer's own convolution, by PyTorch, without its bias."""
    return lambda x: conv(x) - (0 if conv.bias is None else conv.bias[:, None, None])


def exact(conv, size):
    matrix = dense_matrix(zero_padded(conv), (conv.in_channels, *size))
    return torch.linalg.svdvals(matrix)[0].item()


def tall_kernel(stride=1, padding=2, seed=0):
    conv = nn.Conv2d(3, 4, (5, 3), stride=stride, padding=(padding, 1), dtype=torch.float64)
    nn.init.normal_(conv.weight, generator=generator(seed))
    return conv
