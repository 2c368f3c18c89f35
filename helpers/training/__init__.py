"""How the networks were trained (section 2).

`trained` returns one of the paper's networks, from a checkpoint or trained now; `train` is the
stochastic gradient descent behind it, `fit_readout` solves for a last layer on frozen features.
"""

from helpers.training.dense import Stack, backpropagate, train_dense
from helpers.training.readout import fit_readout
from helpers.training.rica import RicaRecipe, pretrain_quocnet, trained_quocnet
from helpers.training.sgd import DECAY_FORMS, Recipe, batch_loss, batches, check_data, train
from helpers.training.zoo import RECIPES, cross_training_set, recipe_for, trained, trained_all

__all__ = [
    "DECAY_FORMS",
    "RECIPES",
    "Recipe",
    "RicaRecipe",
    "Stack",
    "backpropagate",
    "batch_loss",
    "batches",
    "check_data",
    "cross_training_set",
    "fit_readout",
    "pretrain_quocnet",
    "recipe_for",
    "train",
    "train_dense",
    "trained",
    "trained_all",
    "trained_quocnet",
]
