"""What an attack found."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Adversarial:
    """What an attack found for each image.

    Attributes
    ----------
    adversarial : Tensor, shape (N, ...)
        The perturbed images, in [0, 1]. Where the attack failed, its best attempt: the image
        with the largest margin of the target.
    targets : Tensor, shape (N,)
        The labels that were asked for.
    success : Tensor, shape (N,), bool
        Whether the model gives the target.
    distortion : Tensor, shape (N,)
        Root mean square of the perturbation over all pixels.
    c : Tensor, shape (N,)
        The weight of ‖r‖² at which `adversarial` was found. Two kinds of images have r = 0 and
        no such c: inf if the image had the target label from the start, nan if no c tried
        brought it closer to it.
    converged : Tensor, shape (N,), bool
        Whether the minimisation at that c met a stopping test.
    iterations, evaluations : Tensor, shape (N,), int64
        Iterations and gradients spent on the image, over all c.
    """

    adversarial: Tensor
    targets: Tensor
    success: Tensor
    distortion: Tensor
    c: Tensor
    converged: Tensor
    iterations: Tensor
    evaluations: Tensor
