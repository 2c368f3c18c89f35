"""The experiments of chapters 7 to 13 that train many networks, a module each.

`activations` asks whether examples cross from sigmoids to ReLUs and tanh. `layer_pools` and
`adversarial_training` are the paper's training on adversarial examples and the
methods that chapter 9 compares, `pool_comparison` the comparison itself, and `sigmoid_pools` the
part of it that needs the paper's own network; `spectral_penalty` tries the regulariser of section
4.3, `penalty_gains` says what it gained; `robust_training` is what came later. `imagenet` has
chapter 11's network, EfficientNet-Lite0 or another one, and its images; `quocnet` what chapter 12
detects. `measures` has what the studies measure of every network, `proofs` keeps what chapter 6
proves, `shipped` makes the networks that the repository ships.

`recipes` asks how the networks of Tables 1 to 4 were trained: `recipe_training` has the candidates,
`recipe_tables` measures their tables, `recipe_scores` says how likely they make those in
`paper_tables`, and `softmax_recipes` tries FC10(1).
"""

from helpers.studies import (
    activations,
    adversarial_training,
    imagenet,
    layer_pools,
    measures,
    paper_tables,
    penalty_gains,
    pool_comparison,
    proofs,
    quocnet,
    recipe_scores,
    recipe_tables,
    recipe_training,
    recipes,
    robust_training,
    shipped,
    sigmoid_pools,
    softmax_recipes,
    spectral_penalty,
)

__all__ = [
    "activations",
    "adversarial_training",
    "imagenet",
    "layer_pools",
    "measures",
    "paper_tables",
    "penalty_gains",
    "pool_comparison",
    "proofs",
    "quocnet",
    "recipe_scores",
    "recipe_tables",
    "recipe_training",
    "recipes",
    "robust_training",
    "shipped",
    "sigmoid_pools",
    "softmax_recipes",
    "spectral_penalty",
]
