"""What every attack does first: refuse what it cannot work with, and see that gradients flow."""

import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from helpers.evaluation import check_targets, number_of_classes

PRECISIONS = (torch.float32, torch.float64)


def differentiable(attack: Callable) -> Callable:
    """Let an attack compute gradients wherever it is called from.

    That may be inside ``torch.no_grad()`` or ``torch.inference_mode()``, and the images may have a
    history of their own: the attack gets them, and all other tensors, without it.
    """

    @functools.wraps(attack)
    def attacked(model: nn.Module, *arguments, **options):
        with torch.inference_mode(False), torch.enable_grad():
            plain = {name: _plain(value) for name, value in options.items()}
            return attack(model, *map(_plain, arguments), **plain)

    return attacked


def _plain(value):
    """Return a tensor that gradients can be computed for, and anything else as it is."""
    if not isinstance(value, Tensor):
        return value
    return value.clone() if value.is_inference() else value.detach()


def check_attack(
    model: nn.Module, inputs: Tensor, targets: Tensor, *, box: tuple[float, float] = (0.0, 1.0)
) -> None:
    """Refuse a model, inputs and targets that no attack can work with.

    Parameters
    ----------
    model : nn.Module
        Maps inputs to logits (N, K); in eval mode, and so are all its parts.
    inputs : Tensor, shape (N, ...)
        Images, or activations of a layer, in the box; float32 or float64, as the model's weights
        are, and on their device.
    targets : Tensor, shape (N,)
        Labels from 0 to K − 1, int64, on the device of the inputs.
    box : (float, float)
        The least and the largest value that the inputs may have; the first is the smaller.

    Raises
    ------
    TypeError
        If `model` is no module, or `inputs` or `targets` is no tensor.
    ValueError
        If one of them is not as described above; the message names it, and what it was.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be an nn.Module, got {type(model).__name__}")
    for name, value in (("inputs", inputs), ("targets", targets)):
        if not isinstance(value, Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(value).__name__}")
    if inputs.dtype not in PRECISIONS:
        raise ValueError(f"inputs must be float32 or float64, got {inputs.dtype}")
    lower, upper = box
    if not lower < upper:
        raise ValueError(f"box must be (lower, upper) with lower < upper, got {box}")
    check_targets(inputs, targets, number_of_classes(model, inputs), box=box)
