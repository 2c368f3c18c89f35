"""How likely a recipe makes the paper's tables: entry by entry, and all of them together.

Counts of misread images are beta-binomial, mean distortions Gaussian, see
`helpers.evaluation.likelihood`. The entries are multiplied as if they were independent, which those
of one row, read off the same images, are not quite: differences of a few units say nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from helpers.evaluation import (
    count_log_likelihood,
    mean_log_likelihood,
    network_spread,
    predicted_share,
)
from helpers.studies.paper_tables import (
    DISTORTION_ERROR,
    IMAGES,
    TABLE_1,
    TABLE_2,
    TABLE_3,
    TABLE_4_MINIMAL,
    TABLE_4_STRETCHED,
)

NETWORKS = tuple(TABLE_3)
BLOCKS = {"minimal": TABLE_4_MINIMAL, "stretched": TABLE_4_STRETCHED}
# between sets of networks, where there is one set only: what the course's five sets have
SHARE_SPREAD, ERROR_SPREAD, DISTORTION_SPREAD = 0.001, 3e-5, 0.0007
HALF, TEST = 30_000, 10_000  # images that errors of Tables 1 and 3 are of
DRAWS = 4000


@dataclass(frozen=True)
class ScoredEntry:
    """One entry of a table: what is predicted for it, and what the paper has.

    Attributes
    ----------
    name : str
        Such as ``"FC100-100-10 → FC123-456-10, minimal"``.
    paper, ours : float
        A count of `images`, or a mean.
    images : int
        Of the paper's count; 0 for a mean.
    spread : (float, float) or float
        The `predicted_share` of a count; the standard error of a mean.
    """

    name: str
    paper: float
    ours: float
    images: int
    spread: tuple[float, float] | float

    @property
    def log_likelihood(self) -> float:
        """Of the paper's figure."""
        if self.images:
            return count_log_likelihood(int(self.paper), self.images, self.spread)
        return mean_log_likelihood(self.paper, self.ours, (self.spread,))

    def draw(self, generator: np.random.Generator) -> np.ndarray:
        """Return the log-likelihoods of figures drawn from the prediction itself, (DRAWS,)."""
        if self.images:
            counts = np.arange(self.images + 1)
            logs = scipy.stats.betabinom.logpmf(counts, self.images, *self.spread)
            return generator.choice(logs, DRAWS, p=np.exp(logs) / np.exp(logs).sum())
        drawn = generator.standard_normal(DRAWS)
        return -(drawn**2) / 2 - np.log(self.spread * np.sqrt(2 * np.pi))


def counted(
    name: str, percent: float, ours: Sequence[float], of: int, spread: float, images: int = IMAGES
) -> ScoredEntry:
    """Return the entry of a share of images; `ours` are counts, one for each set of networks."""
    mean = float(np.mean(ours))
    share = predicted_share(mean, of, spread=spread, networks=len(ours))
    return ScoredEntry(name, round(percent / 100 * images), mean / of * images, images, share)


def averaged(name: str, paper: float, ours: Sequence[Sequence[float]], of: int) -> ScoredEntry:
    """Return the entry of a mean distortion; `ours` are pairs of mean and standard deviation."""
    means, deviations = np.transpose(ours)
    between = means.std(ddof=1) if len(means) > 1 else DISTORTION_SPREAD
    errors = (DISTORTION_ERROR, deviations.mean() / of**0.5, between * (1 + 1 / len(means)) ** 0.5)
    return ScoredEntry(name, paper, float(means.mean()), 0, float(np.linalg.norm(errors)))


def entries_of_table_4(runs: Sequence[dict], count: int, test_images: int) -> list[ScoredEntry]:
    """Return what a recipe's networks predict for Table 4, without its diagonal.

    Parameters
    ----------
    runs : sequence of dict
        What `helpers.studies.recipe_tables.table_4` returned for each set of networks.
    count : int
        How many images were attacked.
    test_images : int
        How many images the noise was tried on.
    """
    off = [(block, i, j) for block in BLOCKS for i in range(3) for j in range(3) if i != j]

    def errors(block: str, i: int, j: int) -> list[int]:
        return [run[block][NETWORKS[i]][j] for run in runs]

    spread = SHARE_SPREAD
    if len(runs) > 1:
        spread = network_spread(np.transpose([errors(*place) for place in off]), count)
    entries = [
        counted(
            f"{NETWORKS[i]} → {NETWORKS[j]}, {block}",
            BLOCKS[block][NETWORKS[i]][j],
            errors(block, i, j),
            count,
            spread,
        )
        for block, i, j in off
    ]
    for block, rows in BLOCKS.items():
        for j, percent in enumerate(rows["noise"]):
            ours = [run["noise"][block][j] for run in runs]
            name = f"noise → {NETWORKS[j]}, {block}"
            entries.append(counted(name, percent, ours, test_images, spread))
    for name in NETWORKS:
        ours = [run["distortion"][name] for run in runs]
        entries.append(averaged(f"distortion for {name}", TABLE_3[name][2], ours, count))
    return entries


def entries_of_other_tables(
    tables: Sequence[dict], halves: Sequence[dict], count: int
) -> list[ScoredEntry]:
    """Return what a recipe's networks predict for Tables 1 to 3, as far as it changes them.

    Parameters
    ----------
    tables : sequence of dict
        What `helpers.studies.recipe_tables.table_2` returned for each seed.
    halves : sequence of dict
        For each set of Table 3's networks, name → error on the other half and on the test set.
    count : int
        How many images were attacked.
    """
    names = list(TABLE_1)
    retrained = list(tables[0]["distortion"])
    places = [
        (i, j)
        for i, made_for in enumerate(names)
        for j, reader in enumerate(names)
        if i != j and {made_for, reader} & set(retrained)
    ]
    errors = {(i, j): [run["misread"][names[i]][j] for run in tables] for i, j in places}
    spread = SHARE_SPREAD
    if len(tables) > 1:
        spread = network_spread(np.transpose(list(errors.values())), count)
    entries = [
        counted(f"Table 2, {names[i]} → {names[j]}", TABLE_2[names[i]][j], ours, count, spread)
        for (i, j), ours in errors.items()
    ]
    for name in retrained:
        sizes = [run["distortion"][name] for run in tables]
        entries.append(averaged(f"Table 1, distortion for {name}", TABLE_1[name][1], sizes, count))
        tested = [run["errors"][name][1] for run in tables]
        entries.append(_error(f"Table 1, test error of {name}", TABLE_1[name][0], tested, TEST))
    for name, (other, test, _) in TABLE_3.items():
        runs = [run[name] for run in halves]
        entries += [
            _error(f"Table 3, {name} on the other half", other, [run[0] for run in runs], HALF),
            _error(f"Table 3, test error of {name}", test, [run[1] for run in runs], TEST),
        ]
    return entries


def _error(name: str, percent: float, ours: Sequence[float], images: int) -> ScoredEntry:
    """Return the entry of an error on unchanged images, as if ours were of as many."""
    counts = [share * images for share in ours]
    spread = network_spread([[one] for one in counts], images) if len(ours) > 1 else ERROR_SPREAD
    return counted(name, percent, counts, images, spread, images)


def score(entries: Iterable[ScoredEntry], *, seed: int = 0) -> dict:
    """Return how likely the entries are together, and whether that is as good as luck allows.

    Returns
    -------
    dict
        ``log_likelihood`` of the paper's figures; ``p``, how often figures drawn from the
        prediction itself are no likelier; ``entries``, the paper's, ours and the log-likelihood
        of each.
    """
    entries = list(entries)
    total = sum(entry.log_likelihood for entry in entries)
    generator = np.random.default_rng(seed)
    drawn = sum(entry.draw(generator) for entry in entries)
    rows = {entry.name: [entry.paper, entry.ours, entry.log_likelihood] for entry in entries}
    return {"log_likelihood": total, "p": float((drawn <= total).mean()), "entries": rows}
