"""The experiments of chapters 8 to 13 that train many networks, a module each.

`layer_pools` and `adversarial_training` are the paper's training on adversarial examples and the
methods that chapter 9 compares, `pool_comparison` the comparison itself; `spectral_penalty` tries
the regulariser of section 4.3, `penalty_gains` says what it gained; `robust_training` is what came
later. `imagenet` has chapter 11's network, AlexNet or another of torchvision's or a small one, and
its images; `quocnet` what chapter 12 detects. `measures` has what the studies measure of every
network, `shipped` makes the networks that the repository ships.
"""

from helpers.studies import (
    adversarial_training,
    imagenet,
    layer_pools,
    measures,
    penalty_gains,
    pool_comparison,
    quocnet,
    robust_training,
    shipped,
    spectral_penalty,
)

__all__ = [
    "adversarial_training",
    "imagenet",
    "layer_pools",
    "measures",
    "penalty_gains",
    "pool_comparison",
    "quocnet",
    "robust_training",
    "shipped",
    "spectral_penalty",
]
