"""What a model and its inputs have to be before anything is computed with them."""

from itertools import chain

import torch
from torch import Tensor, nn

# what makes answers depend on chance, or on the other images, in training mode
RANDOM = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)


def check_model(model: nn.Module) -> None:
    """Refuse a model in training mode, whole or in part.

    Dropout would change its answers, and batch normalisation its statistics.

    Raises
    ------
    ValueError
        If the model, or a part that makes answers random, is in training mode.
    """
    if model.training:
        raise ValueError("model is in training mode: call model.eval() first")
    _check_parts(model)


def _check_parts(model: nn.Module) -> None:
    """Refuse a model of which a part with random answers is in training mode."""
    for name, part in model.named_modules():
        if part.training and isinstance(part, RANDOM):
            which = "is" if model.training else f"has a part, {name!r},"
            raise ValueError(f"model {which} in training mode: call model.eval() first")


def check_fit(model: nn.Module, inputs: Tensor) -> None:
    """Refuse inputs that a model cannot take, and a model whose answers are random.

    Parameters
    ----------
    model : nn.Module
        With its weights on the device of the inputs and of their type; in training mode only if
        it has no dropout and no batch normalisation.
    inputs : Tensor, shape (N, ...)
        Images, or activations of a layer.

    Raises
    ------
    ValueError
        If they are on two devices or of two types, or a part that makes answers random is in
        training mode.
    """
    check_device(model, inputs)
    weight = next(model.parameters(), inputs)
    if weight.dtype != inputs.dtype:
        raise ValueError(f"inputs must be {weight.dtype}, as model is; got {inputs.dtype}")
    _check_parts(model)


def check_device(model: nn.Module, inputs: Tensor) -> None:
    """Refuse inputs on another device than the model's weights.

    Raises
    ------
    ValueError
        If the two are on different devices; the message names both.
    """
    device = next(chain(model.parameters(), model.buffers()), inputs).device
    if device != inputs.device:
        raise ValueError(
            f"inputs must be on the device of model, {device}; got {inputs.device}: "
            "move one of them with .to(...)"
        )


def check_targets(
    inputs: Tensor, targets: Tensor, classes: int, *, box: tuple[float, float] = (0.0, 1.0)
) -> None:
    """Refuse images and targets that no attack can work with.

    Parameters
    ----------
    inputs : Tensor, shape (N, ...)
        Images, or activations of a layer.
    targets : Tensor, shape (N,)
        Labels from 0 to classes − 1, int64, on the device of the inputs.
    classes : int
        Number of labels.
    box : (float, float)
        The least and the largest value that the inputs may have.

    Raises
    ------
    ValueError
        If targets are not such labels, one for each input, or an input is outside the box or nan.
    """
    if targets.shape != inputs.shape[:1] or targets.dtype != torch.long:
        raise ValueError(
            f"targets must be int64 of shape ({len(inputs)},), one for each input; "
            f"got {targets.dtype} of shape {tuple(targets.shape)}"
        )
    if targets.device != inputs.device:
        raise ValueError(
            f"targets must be on the device of inputs, {inputs.device}; got {targets.device}"
        )
    lower, upper = box
    if not bool(((inputs >= lower) & (inputs <= upper)).all()):
        raise ValueError(
            f"inputs must be in [{lower:g}, {upper:g}]; got values from "
            f"{inputs.min().item():g} to {inputs.max().item():g}"
        )
    if not bool(((targets >= 0) & (targets < classes)).all()):
        raise ValueError(
            f"targets must be labels from 0 to {classes - 1}; "
            f"got values from {targets.min().item()} to {targets.max().item()}"
        )
