"""The numbers in the paper's tables: errors, distortions and noise (section 4.2)."""

from itertools import chain

import torch
from torch import Tensor, nn

# what makes answers depend on chance, or on the other images, in training mode
RANDOM = (nn.modules.dropout._DropoutNd, nn.modules.batchnorm._BatchNorm)


def logits(model: nn.Module, inputs: Tensor, *, batch_size: int = 1000) -> Tensor:
    """Return the logits (N, K) of `inputs` (N, ...), `batch_size` images at a time."""
    check_fit(model, inputs)
    with torch.no_grad():
        return torch.cat([model(batch) for batch in inputs.split(batch_size)])


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
    """Return the share of `inputs` (N, ...) whose prediction is not the label, in [0, 1]."""
    if len(inputs) == 0:
        raise ValueError("inputs must hold at least one image, got none")
    if labels.shape != inputs.shape[:1]:
        raise ValueError(
            f"labels must have shape ({len(inputs)},), one for each input, "
            f"got {tuple(labels.shape)}"
        )
    return (predict(model, inputs) != labels).double().mean().item()


def distortion(inputs: Tensor, adversarial: Tensor) -> Tensor:
    """Return the paper's distortion of each image: the root mean square over its pixels.

    sqrt(Σ_i (x'_i − x_i)² / n), with n = C·H·W values an image (section 4.2).

    Parameters
    ----------
    inputs, adversarial : Tensor, shape (N, ...)
        The images and their perturbed versions.

    Returns
    -------
    Tensor, shape (N,)
        Distortions, in units of the pixel range [0, 1].
    """
    if inputs.shape != adversarial.shape:
        raise ValueError(
            f"adversarial must have the shape of inputs, {tuple(inputs.shape)}, "
            f"got {tuple(adversarial.shape)}"
        )
    return (adversarial - inputs).flatten(1).square().mean(1).sqrt()


def gaussian_noise(
    inputs: Tensor, sigma: float, *, generator: torch.Generator, clip: bool = False
) -> Tensor:
    """Add Gaussian noise to images: the baseline of Tables 2 and 4 and of Figure 7(c).

    Parameters
    ----------
    inputs : Tensor, shape (N, ...)
        Images.
    sigma : float
        Standard deviation of the noise, which is also its expected distortion.
    generator : torch.Generator
        Source of the randomness, on the CPU, so that every device sees the same noise.
    clip : bool
        Keep pixels in [0, 1]. The paper does not say; its figures fit unclipped noise, since
        clipping σ = 0.1 on MNIST leaves a distortion of only 0.074.

    Returns
    -------
    Tensor, shape (N, ...)
        The noisy images.
    """
    noise = torch.randn(inputs.shape, generator=generator, dtype=inputs.dtype)
    noisy = inputs + sigma * noise.to(inputs.device)
    return noisy.clamp(0, 1) if clip else noisy


def amplify(inputs: Tensor, adversarial: Tensor, rms: float | Tensor) -> Tensor:
    """Scale each perturbation to a given distortion: x + rms·(x' − x) / distortion(x, x').

    The paper divides by a plain ‖x' − x‖₂, which would shrink the perturbation; its Table 4
    describes what is done here. An image that was not perturbed stays as it is.

    Parameters
    ----------
    inputs, adversarial : Tensor, shape (N, ...)
        Images and their perturbed versions.
    rms : float or Tensor, shape (N,)
        The distortion wanted, for all images or for each.

    Returns
    -------
    Tensor, shape (N, ...)
        The amplified images, not clipped to [0, 1].
    """
    found = distortion(inputs, adversarial)
    factor = torch.where(found > 0, rms / found, torch.zeros_like(found))
    return inputs + factor.view(-1, *[1] * (inputs.ndim - 1)) * (adversarial - inputs)


def check_model(model: nn.Module) -> None:
    """Refuse a model in training mode with a ValueError: its dropout would change the answers."""
    if model.training:
        raise ValueError("model is in training mode: call model.eval() first")


def check_fit(model: nn.Module, inputs: Tensor) -> None:
    """Refuse inputs that a model can not take, and a model whose answers are random.

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
        If they are not what is written above.
    """
    check_device(model, inputs)
    weight = next(model.parameters(), inputs)
    if weight.dtype != inputs.dtype:
        raise ValueError(f"inputs must be {weight.dtype}, as model is; got {inputs.dtype}")
    if any(module.training and isinstance(module, RANDOM) for module in model.modules()):
        check_model(model)


def check_device(model: nn.Module, inputs: Tensor) -> None:
    """Refuse inputs on another device than the model's weights with a ValueError."""
    device = next(chain(model.parameters(), model.buffers()), inputs).device
    if device != inputs.device:
        raise ValueError(
            f"inputs must be on the device of model, {device}; got {inputs.device}: "
            "move one of them with .to(...)"
        )


def number_of_classes(model: nn.Module, inputs: Tensor) -> int:
    """Return how many labels a model has, after `check_model` and `check_fit`."""
    check_model(model)
    return logits(model, inputs[:1]).shape[1]


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
        If they are not what is written above.
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
