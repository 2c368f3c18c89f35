"""Tables 2 and 4 for networks trained in another way: what `helpers.studies.recipes` scores."""

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict

import torch
from torch import nn

from helpers.attack import Adversarial, choose_targets, closest_adversarial, minimal_adversarial
from helpers.data import Dataset, measured
from helpers.evaluation import error_rate, gaussian_noise, predict, rescale_to_mean
from helpers.studies.paper_tables import TABLE_1
from helpers.studies.recipe_training import Candidate, trained_as
from helpers.training import cross_training_set, trained

RETRAINED = ("FC100-100-10", "FC200-200-10")  # the networks of Tables 1 and 2 that a recipe makes
STRETCHED_TO = 0.1  # mean distortion of the lower half of Table 4
NOISE_OF_TABLE_4 = {"minimal": 0.06, "stretched": 0.1}
FACTORS_OF_TEN = 9.01  # c_tolerance: the search ends once two neighbours in 10^k are known


def coarse_adversarial(
    model: nn.Module, inputs: torch.Tensor, targets: torch.Tensor
) -> Adversarial:
    """Attack as loosely as the paper may have: cross-entropy, c in factors of ten, few steps."""
    return minimal_adversarial(
        model, inputs, targets, c_tolerance=FACTORS_OF_TEN, max_iterations=15
    )


ATTACKS: dict[str, Callable[..., Adversarial]] = {
    "tight": closest_adversarial,
    "coarse": coarse_adversarial,
}


def networks_of_table_4(
    candidate: Candidate, train: Dataset, *, run: int = 0
) -> dict[str, tuple[nn.Sequential, Dataset]]:
    """Return the three networks and the half that each has not seen, for one set of seeds."""
    halves = cross_training_set(train)
    p1, p2 = (halves[name][1] for name in ("FC100-100-10", "FC100-100-10′"))
    return {
        name: (
            trained_as(candidate, shape, half, seed=seed + 2 * run),
            p2 if half is p1 else p1,
        )
        for name, (shape, half, seed) in halves.items()
    }


def table_4(
    candidate: Candidate,
    attack: str,
    train: Dataset,
    test: Dataset,
    *,
    count: int,
    run: int = 0,
) -> dict:
    """Measure Table 4 for a candidate, or read what an earlier run measured.

    Parameters
    ----------
    candidate : Candidate
        How the networks are trained.
    attack : str
        A key of `ATTACKS`.
    train, test : Dataset
        The images of which P1 and P2 are the halves, and those that are attacked.
    count : int
        So many test images, the first ones, are attacked.
    run : int
        Which set of three networks: it changes their seeds.

    Returns
    -------
    dict
        ``minimal`` and ``stretched``: for each network, how many of the `count` examples made for
        it each of the three misreads; ``noise``: the same of all test images for either size;
        ``distortion``: mean and standard deviation for each; ``errors``: for each, on the half that
        it was not trained on and on the test set; ``failed``: attacks without success.
    """
    key = {
        "recipe": asdict(candidate),
        "attack": attack,
        "run": run,
        "data": [train.digest, test.digest, count],
    }
    make = functools.partial(_table_4, candidate, attack, train, test, count, run)
    return measured("recipes.table4", key, make)


def _table_4(
    candidate: Candidate, attack: str, train: Dataset, test: Dataset, count: int, run: int
) -> dict:
    trained = networks_of_table_4(candidate, train, run=run)
    networks = {name: network for name, (network, _) in trained.items()}
    images = test[:count]
    result = {"minimal": {}, "stretched": {}, "distortion": {}, "failed": {}}
    for name, found in _examples(networks, attack, images):
        stretched = rescale_to_mean(images.inputs, found.adversarial, STRETCHED_TO)
        result["minimal"][name] = misread_by(networks, found.adversarial, images)
        result["stretched"][name] = misread_by(networks, stretched, images)
        result["distortion"][name] = _mean_and_deviation(found.distortion)
        result["failed"][name] = int((~found.success).sum())
    generator = torch.Generator().manual_seed(0)
    result["noise"] = {
        block: misread_by(networks, gaussian_noise(test.inputs, size, generator=generator), test)
        for block, size in NOISE_OF_TABLE_4.items()
    }
    result["errors"] = {
        name: [error_rate(network, part.inputs, part.labels) for part in (other, test)]
        for name, (network, other) in trained.items()
    }
    return result


def _examples(
    networks: Mapping[str, nn.Module], attack: str, images: Dataset
) -> Iterator[tuple[str, Adversarial]]:
    """Attack the same images on each network, with the same kind of random targets."""
    for name, network in networks.items():
        targets = choose_targets(network, images, "random", seed=0)
        yield name, ATTACKS[attack](network, images.inputs, targets)


def _mean_and_deviation(values: torch.Tensor) -> list[float]:
    return [values.mean().item(), values.std().item()]


def misread_by(
    networks: Mapping[str, nn.Module], inputs: torch.Tensor, images: Dataset
) -> list[int]:
    """Return how many of some changed images each network misreads."""
    return [int((predict(model, inputs) != images.labels).sum()) for model in networks.values()]


def table_2(
    candidate: Candidate, attack: str, train: Dataset, test: Dataset, *, count: int, seed: int
) -> dict:
    """Measure Table 2 with a candidate's FC100-100-10 and FC200-200-10, or read what was measured.

    The four other networks have one solution each, or another recipe, and are the course's.

    Parameters
    ----------
    candidate, attack, train, test
        As for `table_4`; the first `count` training images are attacked.
    seed : int
        Of the two networks.

    Returns
    -------
    dict
        ``misread``: for each network, how many of the examples made for it each of the six
        misreads; ``distortion``: mean and standard deviation, and ``errors``: on the training and
        the test set, for each of the two.
    """
    key = {
        "recipe": asdict(candidate),
        "attack": attack,
        "seed": seed,
        "data": [train.digest, test.digest, count],
    }
    make = functools.partial(_table_2, candidate, attack, train, test, count, seed)
    return measured("recipes.table2", key, make)


def _table_2(
    candidate: Candidate, attack: str, train: Dataset, test: Dataset, count: int, seed: int
) -> dict:
    networks = {
        name: trained_as(candidate, name, train, seed=seed)
        if name in RETRAINED
        else trained(name, dataset=train)
        for name in TABLE_1
    }
    images = train[:count]
    result = {"misread": {}, "distortion": {}, "errors": {}}
    for name, found in _examples(networks, attack, images):
        result["misread"][name] = misread_by(networks, found.adversarial, images)
        if name in RETRAINED:
            result["distortion"][name] = _mean_and_deviation(found.distortion)
            result["errors"][name] = [
                error_rate(networks[name], part.inputs, part.labels) for part in (train, test)
            ]
    return result
