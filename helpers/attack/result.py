"""What an attack found."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Adversarial:
    """What an attack found for each image.

    Attributes
    ----------
    adversarial : Tensor, shape (N, ...)
        The perturbed images, in the attack's box. Where the attack failed, its best attempt:
        the image with the largest margin of the target.
    targets : Tensor, shape (N,)
        The labels that were asked for.
    success : Tensor, shape (N,), bool
        Whether the model gives the target.
    distortion : Tensor, shape (N,)
        Root mean square of the perturbation over all pixels.
    c : Tensor, shape (N,)
        The weight of ‖r‖² to which `adversarial` belongs; what it is where there is none, the
        attack says.
    converged : Tensor, shape (N,), bool
        Whether the attack's own test of convergence was met.
    iterations, evaluations : Tensor, shape (N,), int64
        Iterations and gradients spent on the image, in all.
    """

    adversarial: Tensor
    targets: Tensor
    success: Tensor
    distortion: Tensor
    c: Tensor
    converged: Tensor
    iterations: Tensor
    evaluations: Tensor
