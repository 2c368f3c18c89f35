"""Lipschitz constants of networks (section 4.3): how far an output can move for an input's move.

‖φ(x) − φ(x + r)‖ ≤ L ‖r‖ for all x and r, with the product of the layers' constants as L. All
constants here are upper bounds; what a network really does is bounded from below in
`helpers.spectral.ascend`.
"""

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers import models
from helpers.spectral.norms import conv_norm_bound, dense_norm


@dataclass(frozen=True)
class Constant:
    """The Lipschitz constant of one layer of a network.

    Attributes
    ----------
    name : str
        The layer's position, such as ``"0"``, or ``"1.0"`` within another ``nn.Sequential``.
    layer : nn.Module
        The layer.
    bound : Tensor, shape ()
        ‖φ_k(x) − φ_k(x + r)‖ ≤ bound · ‖r‖; differentiable in the layer's weights.
    """

    name: str
    layer: nn.Module
    bound: Tensor


def lipschitz_constants(
    model: nn.Sequential,
    shape: tuple[int, ...],
) -> list[Constant]:
    """Bound the Lipschitz constant of every layer of a network.

    Parameters
    ----------
    model : nn.Sequential
        Of blocks that `layer_constant` knows.
    shape : tuple of int
        Of one input, without the batch: (C, H, W).

    Returns
    -------
    list of Constant
        In the order of the layers; those of an inner ``nn.Sequential`` one by one.

    Raises
    ------
    ValueError
        If the network has a block whose constant is not known.
    """
    like = like_of(model)
    x = torch.zeros(1, *shape, dtype=like.dtype, device=like.device)
    found = []
    for name, layer in _leaves(model, ""):
        found.append(Constant(name, layer, layer_constant(layer, x.shape[1:]).to(like)))
        with torch.no_grad():
            x = layer(x)
    return found


def lipschitz_bound(
    model: nn.Sequential,
    shape: tuple[int, ...],
) -> Tensor:
    """Bound the Lipschitz constant of a network by the product over its layers, L = Π L_k.

    Parameters and errors are those of `lipschitz_constants`; the result, of shape (), can be
    differentiated.
    """
    bounds = [one.bound for one in lipschitz_constants(model, shape)]
    return torch.stack(bounds).prod() if bounds else like_of(model).new_ones(())


def squared_norms(model: nn.Sequential, shape: tuple[int, ...]) -> Tensor:
    """Return Σ L_k² / 2 over the layers with weights: the penalty that the paper suggests to try.

    Parameters and errors are those of `lipschitz_constants`; the result, of shape (), can be
    differentiated.
    For a dense layer it is what weight decay is with the operator norm for the Frobenius norm.

    References
    ----------
    Yoshida and Miyato, "Spectral norm regularization for improving the generalizability of deep
    learning", 2017.
    """
    layers = [
        one.bound for one in lipschitz_constants(model, shape) if hasattr(one.layer, "weight")
    ]
    return sum((bound.square() for bound in layers), like_of(model).new_zeros(())) / 2


def layer_constant(
    layer: nn.Module,
    shape: tuple[int, ...],
) -> Tensor:
    """Bound the Lipschitz constant of one block.

    Parameters
    ----------
    layer : nn.Module
        The block.
    shape : tuple of int
        Of one input, without the batch.

    Returns
    -------
    Tensor, shape ()
        The bound; differentiable in the block's weights.

    Raises
    ------
    ValueError
        If the block is not known, or it is a known block in a form that is not.
    """
    match layer:
        case nn.Linear():
            return dense_norm(layer.weight)
        case nn.Conv2d():
            return _convolution(layer, shape[1:])
        case nn.Sequential():
            return lipschitz_bound(layer, shape)
        case models.Residual():  # ‖x − x'‖ + ‖body(x) − body(x')‖
            return 1 + lipschitz_bound(layer.body, shape)
        case nn.AvgPool2d():
            return _average_pool(layer, shape)
        case nn.AdaptiveAvgPool2d():
            return _average_pool(_as_average_pool(layer, shape), shape)
        case nn.MaxPool2d():
            value = _max_pool(layer)
        case nn.Dropout():
            value = 1 / (1 - layer.p) if layer.training and layer.p < 1 else 1.0
        case nn.ReLU() | nn.ReLU6() | nn.Tanh() | nn.Flatten() | nn.Identity() | nn.ZeroPad2d():
            value = 1.0
        case nn.Sigmoid():
            value = 0.25
        case models.Standardise():
            value = 1 / layer.deviation.min().item()
        case models.ContrastNormalisation():
            value = layer.epsilon**-layer.gamma
        case _:
            raise ValueError(
                "layer must be a block whose Lipschitz constant is known: Linear, Conv2d, ReLU, "
                "ReLU6, Sigmoid, Tanh, MaxPool2d, AvgPool2d, AdaptiveAvgPool2d, ZeroPad2d, "
                "Dropout, Flatten, Identity, Standardise, ContrastNormalisation, and Residual or "
                f"Sequential of these; got {type(layer).__name__}"
            )
    return torch.tensor(value, dtype=torch.double)


def like_of(model: nn.Module) -> Tensor:
    """Return a tensor of a model's dtype and device; float64 on the CPU if it holds nothing."""
    held = itertools.chain(model.parameters(), model.buffers())
    return next(held, torch.zeros((), dtype=torch.double))


def _leaves(model: nn.Sequential, prefix: str):
    """Yield name and layer of each block, those of inner ``nn.Sequential`` one by one."""
    for name, layer in model.named_children():
        if isinstance(layer, nn.Sequential):
            yield from _leaves(layer, f"{prefix}{name}.")
        else:
            yield prefix + name, layer


def _pair(value: int | tuple[int, int] | None) -> tuple[int | None, int | None]:
    return tuple(value) if isinstance(value, tuple | list) else (value, value)


def _convolution(conv: nn.Conv2d, size: tuple[int, int]) -> Tensor:
    """Bound a convolution; easier ones are a matrix, or for each frequency ξ a row a channel."""
    if conv.kernel_size == (1, 1) and conv.groups == 1:
        return dense_norm(conv.weight.flatten(1))
    if conv.groups == conv.in_channels == conv.out_channels:  # a row's norm is its length
        return conv_norm_bound(conv, size, iterations=0)
    return conv_norm_bound(conv, size)


def _max_pool(layer: nn.MaxPool2d) -> float:
    """Return √(⌈k_y/s_y⌉·⌈k_x/s_x⌉): a pixel can win in that many windows at once.

    |max x − max (x + r)| ≤ max |r| in a window, and r_i² is summed once for each window of pixel i.
    """
    if _pair(layer.dilation) != (1, 1) or layer.return_indices:
        raise ValueError(f"MaxPool2d must have dilation 1 and return values only, got {layer}")
    sides = zip(_pair(layer.kernel_size), _pair(layer.stride), strict=True)
    return math.sqrt(math.prod(math.ceil(side / stride) for side, stride in sides))


def _average_pool(layer: nn.AvgPool2d, shape: tuple[int, ...]) -> Tensor:
    """Return the bound of average pooling: a convolution of each channel with 1 / (k_y k_x)."""
    kernel = _pair(layer.kernel_size)
    padding = _pair(layer.padding)
    plain = not layer.ceil_mode and (layer.count_include_pad or padding == (0, 0))
    if not plain or layer.divisor_override is not None:
        raise ValueError(f"AvgPool2d must divide by the window's size everywhere, got {layer}")
    conv = nn.Conv2d(1, 1, kernel, _pair(layer.stride), padding, bias=False).double()
    nn.init.constant_(conv.weight, 1 / math.prod(kernel))
    return conv_norm_bound(conv, shape[-2:]).detach()


def _as_average_pool(layer: nn.AdaptiveAvgPool2d, shape: tuple[int, ...]) -> nn.AvgPool2d:
    """Return the average pooling with disjoint windows that an adaptive one is at this size."""
    sides = _pair(layer.output_size)
    if None in sides:
        raise ValueError(f"AdaptiveAvgPool2d must have numbers as its output size, got {layer}")
    if any(size % side for size, side in zip(shape[-2:], sides, strict=True)):
        raise ValueError(f"AdaptiveAvgPool2d must divide its input, got {layer} for {tuple(shape)}")
    return nn.AvgPool2d(tuple(size // side for size, side in zip(shape[-2:], sides, strict=True)))
