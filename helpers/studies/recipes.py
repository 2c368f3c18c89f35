"""What recipe did Tables 1 to 4 come from? Candidates, and how likely each makes the tables.

The paper says nothing about how its networks started and were trained, and Table 4's stretched rows
are far from what the course's own recipe gives. Every candidate is a guess at the missing lines.
Recipes are chosen by Table 4 alone: `screen` tries all of them on one set of networks and a few
images, `finals` the best of them on five sets. What was chosen is then judged by the other tables,
on networks with new seeds.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from helpers.data import Dataset
from helpers.studies.recipe_tables import ATTACKS, table_4
from helpers.studies.recipe_training import TODAY, Candidate

SPARSE, GAUSSIAN = Candidate("sparse"), Candidate("gaussian", 0.2)
SCREEN: dict[str, Candidate] = {
    "the course's: Glorot, averaged": TODAY,
    "sparse, N(0, 1)": SPARSE,
    "all N(0, 0.2²)": GAUSSIAN,
    "sparse, N(0, 1), shared start": replace(SPARSE, shared=True),
    "all N(0, 0.2²), shared start": replace(GAUSSIAN, shared=True),
    "sparse, N(0, 1), averaged": replace(SPARSE, decaying=True, averaging=0.999),
    "all N(0, 0.2²), averaged": replace(GAUSSIAN, decaying=True, averaging=0.999),
    "sparse, N(0, 1.5²)": replace(SPARSE, scale=1.5),
    "sparse, N(0, 1), L-BFGS": replace(SPARSE, optimiser="lbfgs", epochs=150),
    "all N(0, 0.1²)": replace(GAUSSIAN, scale=0.1),
    "sparse, N(0, 1), plain SGD": replace(SPARSE, optimiser="sgd", rate=0.5),
    "sparse, N(0, 1), 5 epochs": replace(SPARSE, epochs=5),
    "all N(0, 0.2²), L-BFGS": replace(GAUSSIAN, optimiser="lbfgs", epochs=150),
    "Glorot": Candidate(),
    "first layer × 3": Candidate("wide", 3.0),
    "all N(0, 0.3²), shared start": replace(GAUSSIAN, scale=0.3, shared=True),
    "sparse, N(0, 1), λ × 10": replace(SPARSE, decay=10.0),
    "sparse, N(0, 1), decaying": replace(SPARSE, decaying=True),
    "sparse, N(0, 1), constant, averaged": replace(SPARSE, averaging=0.999),
}
SCREENED, FINAL = 400, 2000  # test images


def screen(train: Dataset, test: Dataset) -> Iterator[dict]:
    """Yield Table 4 of one set of networks for every candidate and attack."""
    for name, candidate in SCREEN.items():
        for attack in ATTACKS:
            found = table_4(candidate, attack, train, test, count=SCREENED)
            yield {"name": name, "attack": attack, **found}
