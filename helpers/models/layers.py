"""Layers that PyTorch has not, and the layers of a network that have weights."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


def weight_layers(model: nn.Sequential) -> list[nn.Module]:
    """Return the layers of `model` that have a weight, from the input to the logits."""
    return [layer for layer in model if hasattr(layer, "weight")]


class Standardise(nn.Module):
    """Map each channel's pixels to (x − mean) / deviation: the preprocessing of ImageNet networks.

    Parameters
    ----------
    mean, deviation : sequence of float
        One for each channel.
    """

    def __init__(self, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(-1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, C, H, W) to images of the same shape."""
        return (x - self.mean) / self.deviation


class Residual(nn.Module):
    """Add what a block makes of its input to the input itself: x + body(x), the shortcut.

    Parameters
    ----------
    body : nn.Sequential
        The block; it puts out the shape of its input.
    """

    def __init__(self, body: nn.Sequential) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (N, ...) to outputs of the same shape."""
        return x + self.body(x)


class ContrastNormalisation(nn.Module):
    """Divide each image by a power of its length: x / (ε + ‖x‖²)^γ (section 4.3).

    Parameters
    ----------
    epsilon : float
        ε > 0.
    gamma : float
        γ in [1/2, 1].
    """

    def __init__(self, epsilon: float, gamma: float) -> None:
        super().__init__()
        if not epsilon > 0 or not 0.5 <= gamma <= 1:
            raise ValueError(f"epsilon must be > 0 and gamma in [0.5, 1], got {epsilon}, {gamma}")
        self.epsilon, self.gamma = epsilon, gamma

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (N, ...) to outputs of the same shape."""
        squares = x.square().sum(tuple(range(1, x.ndim)), keepdim=True)
        return x / (self.epsilon + squares) ** self.gamma
