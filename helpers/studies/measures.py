"""What the studies measure of every network that they train, and on which images they choose."""

from collections.abc import Callable

import torch
from torch import nn

from helpers import spectral
from helpers.attack import Adversarial, random_targets
from helpers.bounds import certified
from helpers.data import Dataset
from helpers.evaluation import error_rate, number_of_classes, predict

HELD_OUT = 6  # one in so many training images, the last ones, are for choosing


def held_out(train: Dataset) -> tuple[Dataset, Dataset]:
    """Split training images into those to train on and the last sixth, by which one chooses."""
    border = len(train) - len(train) // HELD_OUT
    return train[:border], train[border:]


def misread(model: nn.Module, images: Dataset) -> list[int]:
    """Return the numbers of the images that a network misreads."""
    wrong = predict(model, images.inputs) != images.labels
    return wrong.nonzero().squeeze(1).tolist()


def measure(
    model: nn.Sequential,
    train_set: Dataset,
    test: Dataset,
    *,
    count: int,
    attack: Callable[..., Adversarial],
) -> dict[str, float]:
    """Measure a network: errors, Lipschitz bound, and both distortions of some test images.

    Parameters
    ----------
    model : nn.Sequential
        The network, with at least one hidden layer.
    train_set, test : Dataset
        Images that it was trained on, and others.
    count : int
        So many test images, the first ones, are attacked, with random wrong targets that are the
        same for every network.
    attack : callable
        ``attack(model, inputs, targets)``, such as `helpers.attack.closest_adversarial`.

    Returns
    -------
    dict of str to float
        ``train_error`` and ``test_error``, in [0, 1]; ``bound``, of the Lipschitz constant;
        ``distortion``, the mean minimal distortion of the images that have not the target already;
        ``certified``, the mean certified radius of the same images; ``failed``, how many attacks
        did not reach the target: they do not count in the two means, which are nan without any.
    """
    some = test[:count]
    classes = number_of_classes(model, some.inputs)
    generator = torch.Generator().manual_seed(0)
    targets = random_targets(some.labels, classes=classes, generator=generator)
    found = attack(model, some.inputs, targets)
    counted = found.success & (found.distortion > 0)
    radii = certified(model, some.inputs, targets)
    with torch.no_grad():
        bound = spectral.lipschitz_bound(model, tuple(test.inputs.shape[1:]))
    return {
        "train_error": error_rate(model, train_set.inputs, train_set.labels),
        "test_error": error_rate(model, test.inputs, test.labels),
        "bound": bound.item(),
        "distortion": found.distortion[counted].mean().item(),
        "certified": radii[counted].mean().item(),
        "failed": int((~found.success).sum()),
    }
