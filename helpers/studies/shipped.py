"""The checkpoints that the repository ships: which networks they are, and how they are made."""

from helpers import data, models, training
from helpers.data import SHIPPED
from helpers.studies import pool_comparison, quocnet


def make_shipped() -> None:
    """Make the shipped checkpoints that are missing in ``data/checkpoints``.

    Those of digits are made for the digits at hand: MNIST where the data folder has it, else those
    that scikit-learn ships.
    """
    dataset = data.digits("train")
    for name in models.ARCHITECTURES:
        training.trained(name, dataset=dataset, keep=SHIPPED)
        if name.startswith("FC10("):
            training.trained(name, dataset=dataset, decay_form="per unit", keep=SHIPPED)
    for name, half, seed in training.cross_training_set(dataset).values():
        training.trained(name, dataset=half, seed=seed, keep=SHIPPED)
    for name in (pool_comparison.BASELINE, pool_comparison.BEST):
        pool_comparison.finalist(name, dataset, keep=SHIPPED)
    quocnet.detection_task("faces").network(keep=SHIPPED)
