"""The attack (section 4.1): the smallest change that gives an image another label.

`minimal_adversarial` is the paper's way: a penalty c·‖r‖² + loss, minimised by L-BFGS in a box, and
a search over c. `closest_adversarial` finds the same or less in a fraction of the time, by making
the condition linear. `attack_dataset` does so for whole data sets and keeps what it has found.
`targeted_deepfool` and `pgd` are the quick attacks that training needs, and `adversarial_outputs`
attacks the output of a layer in place of an image.
"""

from helpers.attack.c_search import minimal_adversarial
from helpers.attack.dataset import attack_dataset
from helpers.attack.deepfool import targeted_deepfool
from helpers.attack.gradient import loss_gradient, pgd
from helpers.attack.hidden_layers import (
    LENGTHS,
    adversarial_outputs,
    output_range,
    split_index,
)
from helpers.attack.linearised import closest_adversarial
from helpers.attack.losses import cross_entropy, negative_margin, target_margin
from helpers.attack.penalty import LOSSES, Evaluation, penalised_adversarial
from helpers.attack.result import Adversarial
from helpers.attack.targets import TARGETS, choose_targets, random_targets, runner_up

__all__ = [
    "LENGTHS",
    "LOSSES",
    "TARGETS",
    "Adversarial",
    "Evaluation",
    "adversarial_outputs",
    "attack_dataset",
    "choose_targets",
    "closest_adversarial",
    "cross_entropy",
    "loss_gradient",
    "minimal_adversarial",
    "negative_margin",
    "output_range",
    "penalised_adversarial",
    "pgd",
    "random_targets",
    "runner_up",
    "split_index",
    "target_margin",
    "targeted_deepfool",
]
