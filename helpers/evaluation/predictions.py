"""What a network says of images: outputs, logits, answers, and the share that is wrong."""

import torch
from torch import Tensor, nn

from helpers.evaluation.validation import check_fit, check_model


def forward(module: nn.Module, inputs: Tensor, *, batch_size: int = 1000) -> Tensor:
    """Return what a network or a part of it makes of its inputs, without gradients.

    Parameters
    ----------
    module : nn.Module
        Maps inputs (N, ...) to outputs (N, ...).
    inputs : Tensor, shape (N, ...)
        Images, or activations of a layer.
    batch_size : int
        Inputs per forward pass; bounds the memory, changes nothing else.

    Returns
    -------
    Tensor, shape (N, ...)
        The outputs.

    Raises
    ------
    ValueError
        If module and inputs do not fit, see `check_fit`, or the outputs are no tensor.
    """
    check_fit(module, inputs)
    with torch.no_grad():
        outputs = [module(batch) for batch in inputs.split(batch_size)]
    if not isinstance(outputs[0], Tensor):
        raise ValueError(f"model must give a tensor, got {type(outputs[0]).__name__}")
    return torch.cat(outputs)


def logits(model: nn.Module, inputs: Tensor, *, batch_size: int = 1000) -> Tensor:
    """Return the logits (N, K) of `inputs` (N, ...), `batch_size` images at a time.

    Raises
    ------
    ValueError
        If model and inputs do not fit, see `check_fit`, or the model gives anything else.
    """
    found = forward(model, inputs, batch_size=batch_size)
    if found.ndim != 2:
        raise ValueError(
            f"model must give logits of shape ({len(inputs)}, K), got {tuple(found.shape)}"
        )
    return found


def predict(model: nn.Module, inputs: Tensor, *, batch_size: int = 1000) -> Tensor:
    """Return the class with the largest logit for each input.

    Parameters
    ----------
    model : nn.Module
        Maps inputs to logits of shape (N, K).
    inputs : Tensor, shape (N, ...)
        Images.
    batch_size : int
        Images per forward pass; bounds the memory, changes nothing else.

    Returns
    -------
    Tensor, shape (N,)
        Class indices.

    Raises
    ------
    ValueError
        If an image's logits are not numbers, as those of one with a pixel that is not; or if model
        and inputs do not fit, see `check_fit`.
    """
    found = logits(model, inputs, batch_size=batch_size)
    bad = found.isnan().any(1).sum().item()
    if bad:
        raise ValueError(
            f"inputs must have logits that are numbers; {bad} of {len(inputs)} have nan, "
            "from a pixel or a weight that is nan"
        )
    return found.argmax(1)


def error_rate(model: nn.Module, inputs: Tensor, labels: Tensor) -> float:
    """Return the share of `inputs` (N, ...) whose prediction is not the label, in [0, 1].

    Raises
    ------
    ValueError
        If there is no input, there is not one label (N,) for each, or `predict` refuses them.
    """
    if len(inputs) == 0:
        raise ValueError("inputs must hold at least one image, got none")
    if labels.shape != inputs.shape[:1]:
        raise ValueError(
            f"labels must have shape ({len(inputs)},), one for each input, "
            f"got {tuple(labels.shape)}"
        )
    return (predict(model, inputs) != labels).double().mean().item()


def number_of_classes(model: nn.Module, inputs: Tensor) -> int:
    """Return how many labels a model has.

    Raises
    ------
    ValueError
        If `check_model` or `logits` refuses the model or the inputs.
    """
    check_model(model)
    return logits(model, inputs[:1]).shape[1]
