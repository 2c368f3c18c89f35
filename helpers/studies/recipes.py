"""What recipe did Tables 1 to 4 come from? Candidates, and how likely each makes the tables.

The paper says nothing about how its networks started and were trained, and Table 4's stretched rows
are far from what the course's own recipe gives. Every candidate is a guess at the missing lines.
Recipes are chosen by Table 4 alone: `line_up` tries all of them on one set of networks and a few
images, `on_trial` the best of them on five sets. What was chosen is then judged by the other
tables, `judge`, on networks with new seeds.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from helpers.data import Dataset, prepare
from helpers.studies.recipe_scores import entries_of_other_tables, entries_of_table_4, score
from helpers.studies.recipe_tables import ATTACKS, networks_of_table_4, table_2, table_4
from helpers.studies.recipe_training import COURSE_RECIPE, Candidate

SPARSE, GAUSSIAN = Candidate("sparse"), Candidate("gaussian", 0.2)
OURS = "the course's: Glorot, averaged"
CANDIDATES: dict[str, Candidate] = {
    OURS: COURSE_RECIPE,
    "sparse, N(0, 1)": SPARSE,
    "all N(0, 0.2²)": GAUSSIAN,
    "sparse, N(0, 1), shared start": replace(SPARSE, shared=True),
    "sparse, N(0, 1), λ × 10": replace(SPARSE, decay=10.0),
    "sparse, N(0, 1), 5 epochs": replace(SPARSE, epochs=5),
    "sparse, N(0, 1.5²), λ × 10": replace(SPARSE, scale=1.5, decay=10.0),
    "sparse, N(0, 1.5²), λ × 10, averaged": replace(
        SPARSE, scale=1.5, decay=10.0, decaying=True, averaging=0.999
    ),
    "sparse, N(0, 1), averaged": replace(SPARSE, decaying=True, averaging=0.999),
    "sparse, N(0, 2²), λ × 10, averaged": replace(
        SPARSE, scale=2.0, decay=10.0, decaying=True, averaging=0.999
    ),
    "all N(0, 0.2²), shared start": replace(GAUSSIAN, shared=True),
    "sparse, N(0, 1.5²)": replace(SPARSE, scale=1.5),
    "sparse, N(0, 1), L-BFGS": replace(SPARSE, optimiser="lbfgs", epochs=150),
    "sparse, N(0, 1), plain SGD": replace(SPARSE, optimiser="sgd", rate=0.5),
    "all N(0, 0.1²)": replace(GAUSSIAN, scale=0.1),
    "all N(0, 0.2²), L-BFGS": replace(GAUSSIAN, optimiser="lbfgs", epochs=150),
    "all N(0, 0.2²), averaged": replace(GAUSSIAN, decaying=True, averaging=0.999),
    "Glorot": Candidate(),
    "first layer × 3": Candidate("wide", 3.0),
    "sparse, N(0, 1), decaying": replace(SPARSE, decaying=True),
    "sparse, N(0, 1), constant, averaged": replace(SPARSE, averaging=0.999),
}
LINE_UP_IMAGES, FINAL_IMAGES, JUDGED_IMAGES = 400, 2000, 400  # images that are attacked
SETS, NEW_SETS = (0, 1, 2, 3, 4), (5, 6, 7, 8, 9)


def line_up(train: Dataset, test: Dataset) -> Iterator[dict]:
    """Yield Table 4 of one set of networks for every candidate and attack, and its score."""
    recipes = [(name, attack) for name in CANDIDATES for attack in ATTACKS]
    _prepare_table_4(recipes, train, test, count=LINE_UP_IMAGES, runs=SETS[:1])
    for name, candidate in CANDIDATES.items():
        for attack in ATTACKS:
            found = table_4(candidate, attack, train, test, count=LINE_UP_IMAGES)
            scored = score(entries_of_table_4([found], LINE_UP_IMAGES, len(test)))
            yield {"name": name, "attack": attack, "runs": [found], **scored}


def best_two(screened: Sequence[Mapping]) -> list[tuple[str, str]]:
    """Return name and attack of the two likeliest recipes, not two of one name."""
    ordered = sorted(screened, key=lambda row: -row["log_likelihood"])
    found: dict[str, str] = {}
    for row in ordered:
        found.setdefault(row["name"], row["attack"])
    return list(found.items())[:2]


def on_trial(
    chosen: Sequence[tuple[str, str]], train: Dataset, test: Dataset, *, runs: Sequence[int] = SETS
) -> Iterator[dict]:
    """Yield Table 4 of several sets of networks for each of the chosen recipes, and its score."""
    _prepare_table_4(chosen, train, test, count=FINAL_IMAGES, runs=runs)
    for name, attack in chosen:
        found = [
            table_4(CANDIDATES[name], attack, train, test, count=FINAL_IMAGES, run=run)
            for run in runs
        ]
        scored = score(entries_of_table_4(found, FINAL_IMAGES, len(test)))
        yield {"name": name, "attack": attack, "runs": found, **scored}


def judge(
    chosen: Sequence[tuple[str, str]],
    train: Dataset,
    test: Dataset,
    *,
    runs: Sequence[int] = NEW_SETS,
) -> Iterator[dict]:
    """Yield Tables 1 to 3 of networks with new seeds for each recipe, and the score of what is new.

    The distortions of Table 3 are those of Table 4, by which recipes are chosen: they are left out.
    """
    _prepare_table_4(chosen, train, test, count=JUDGED_IMAGES, runs=runs)
    prepare(
        {
            f"Table 2 of {name}, {attack}, set {run}": functools.partial(
                table_2, CANDIDATES[name], attack, train, test, count=JUDGED_IMAGES, seed=run
            )
            for name, attack in chosen
            for run in runs
        }
    )
    for name, attack in chosen:
        candidate = CANDIDATES[name]
        tables = [
            table_2(candidate, attack, train, test, count=JUDGED_IMAGES, seed=run) for run in runs
        ]
        halves = [
            table_4(candidate, attack, train, test, count=JUDGED_IMAGES, run=run)["errors"]
            for run in runs
        ]
        entries = entries_of_other_tables(tables, halves, JUDGED_IMAGES)
        yield {"name": name, "attack": attack, "runs": tables, "halves": halves, **score(entries)}


def _prepare_table_4(
    chosen: Sequence[tuple[str, str]],
    train: Dataset,
    test: Dataset,
    *,
    count: int,
    runs: Sequence[int],
) -> None:
    """Let a cluster train the networks of several recipes, and then measure Table 4 of them."""
    names = dict.fromkeys(name for name, _ in chosen)
    prepare(
        {
            f"networks of {name}, set {run}": functools.partial(
                networks_of_table_4, CANDIDATES[name], train, run=run
            )
            for name in names
            for run in runs
        }
    )
    prepare(
        {
            f"Table 4 of {name}, {attack}, set {run}": functools.partial(
                table_4, CANDIDATES[name], attack, train, test, count=count, run=run
            )
            for name, attack in chosen
            for run in runs
        }
    )
