"""What tests of several rooms make up: seeded generators, random images, softmax models."""

import torch
from torch import Tensor, nn

from helpers.evaluation import predict


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def uniform(*shape: int, seed: int = 0) -> Tensor:
    """Return images, or anything else, of random numbers from 0 to 1."""
    return torch.rand(*shape, generator=generator(seed))


def linear(weight, bias, dtype: torch.dtype = torch.float64) -> nn.Sequential:
    """Return the softmax model with logits W x + b."""
    weight, bias = (torch.as_tensor(part, dtype=dtype) for part in (weight, bias))
    layer = nn.Linear(weight.shape[1], weight.shape[0]).to(dtype)
    layer.load_state_dict({"weight": weight, "bias": bias})
    return nn.Sequential(nn.Flatten(), layer).eval()


def others(model: nn.Sequential, inputs: Tensor) -> Tensor:
    """Return the class after the predicted one: a target that no image has yet."""
    return (predict(model, inputs) + 1) % model[-1].out_features
