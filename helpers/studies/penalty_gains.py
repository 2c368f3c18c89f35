"""What the measurements of `spectral_penalty` say: means over the seeds, and gains."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from statistics import mean, stdev

from helpers.evaluation import Estimate, paired_difference
from helpers.studies.spectral_penalty import Measurement


def summarise(rows: Sequence[dict]) -> dict[str, dict[float, dict[str, tuple[float, float]]]]:
    """Return network → strength → quantity → mean and standard deviation over the seeds.

    Parameters
    ----------
    rows : sequence of dict
        Measurements as dictionaries, such as a stored sweep.
    """
    quantities = [field.name for field in fields(Measurement)][3:]
    found: dict[str, dict[float, dict[str, tuple[float, float]]]] = {}
    for name, strength in dict.fromkeys((row["network"], row["strength"]) for row in rows):
        same = [row for row in rows if (row["network"], row["strength"]) == (name, strength)]
        found.setdefault(name, {})[strength] = {
            quantity: (mean(values), stdev(values) if len(values) > 1 else 0.0)
            for quantity in quantities
            for values in [[row[quantity] for row in same]]
        }
    return found


def chosen_strength(errors: Mapping[str, float]) -> float:
    """Return the strength of a penalty, not 0, whose held-out error is the smallest."""
    return min((float(mu) for mu in errors if float(mu)), key=lambda mu: errors[f"{mu:g}"])


def gain(rows: Sequence[dict], network: str, strength: float) -> Estimate:
    """Return by how much a penalty lowers the test error, with Student's interval over the seeds.

    Seed by seed against the network without a penalty: the seeds' common luck cancels.

    Parameters
    ----------
    rows : sequence of dict
        Measurements as dictionaries; at least two seeds.
    network : str
        Which of the networks.
    strength : float
        Of the penalty, chosen without the test set.
    """
    without, penalised = (
        {r["seed"]: r["test_error"] for r in rows if (r["network"], r["strength"]) == (network, mu)}
        for mu in (0, strength)
    )
    return paired_difference(
        *([errors[seed] for seed in without] for errors in (without, penalised))
    )
