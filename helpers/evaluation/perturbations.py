"""The size of a change of an image, and changes of a given size: noise, amplified (section 4.2)."""

import torch
from torch import Tensor


def per_image(values: Tensor, like: Tensor) -> Tensor:
    """Return a value for each image, shape (N,), as (N, 1, …, 1): it multiplies images (N, ...)."""
    return values.view(-1, *[1] * (like.ndim - 1))


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

    Raises
    ------
    ValueError
        If the two have different shapes.
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
    return inputs + per_image(factor, inputs) * (adversarial - inputs)


def noise_like(inputs: Tensor, adversarial: Tensor, *, generator: torch.Generator) -> Tensor:
    """Return images with Gaussian noise of exactly the size of each image's perturbation.

    Parameters
    ----------
    inputs, adversarial : Tensor, shape (N, ...)
        Images and their perturbed versions.
    generator : torch.Generator
        Source of the randomness, on the CPU.

    Returns
    -------
    Tensor, shape (N, ...)
        Noisy images, each at the distortion of its adversarial image; not clipped.
    """
    noisy = gaussian_noise(inputs, 1.0, generator=generator)
    return amplify(inputs, noisy, distortion(inputs, adversarial))


def rescale_to_mean(inputs: Tensor, adversarial: Tensor, rms: float) -> Tensor:
    """Stretch all perturbations by the one factor that makes their mean distortion `rms`.

    The small ones stay smaller than the large ones, where `evaluation.amplify` makes all equal.

    Parameters
    ----------
    inputs, adversarial : Tensor, shape (N, ...)
        Images and their perturbed versions, at least one of them perturbed.
    rms : float
        The mean distortion wanted.

    Returns
    -------
    Tensor, shape (N, ...)
        The stretched images, not clipped to [0, 1].
    """
    factor = rms / distortion(inputs, adversarial).mean()
    return inputs + factor * (adversarial - inputs)
