"""The ledger of a chapter: the paper's claim, this run's figure, the rule, the verdict.

A verdict is computed, never typed; `helpers.course.verdicts` says what each kind means. Claims
about the *phenomenon* (an order, a ratio, a sign) must come out the same on MNIST and on the
shipped digits, at every scale; `Ledger.verdicts` prints them without figures, so that continuous
integration can compare the lines. Claims about *numbers* are compared on the paper's own data only,
by the errors of both samples where these are known: `Sampled.proportion`, `Sampled.mean`.
"""

import json
import platform
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date

import torch
from IPython.display import Markdown

from helpers.course.results import plain, results_file
from helpers.course.samples import Sampled
from helpers.course.session import SEED, Session, hardware
from helpers.course.tables import shown, table
from helpers.course.verdicts import said
from helpers.data import Dataset, write_atomically


class Ledger(Sampled):
    """Collects a chapter's claims and results.

    Parameters
    ----------
    chapter : str
        The notebook's name without its ending, such as ``"02_framework"``.
    session : Session
        What `course.setup` returned.
    *datasets : Dataset
        The data that the figures come from; the first gives the results their name.
    paper_data : str
        Name of the data that the paper's numbers come from.
    """

    def __init__(
        self, chapter: str, session: Session, *datasets: Dataset, paper_data: str = "MNIST"
    ):
        super().__init__(comparable=datasets[0].name == paper_data)
        self.chapter = chapter
        self.scale = session.scale.name
        self.dataset = datasets[0].name
        self.source = "; ".join(dataset.source for dataset in datasets)
        self.tables: list[dict] = []

    def compare(
        self,
        title: str,
        columns: Sequence[str],
        *,
        paper: Mapping[str, Sequence[float | None]],
        ours: Mapping[str, Sequence[float]],
    ) -> Markdown:
        """Put a table of the paper beside this run's: saved with the results, for docs/results.md.

        Parameters
        ----------
        title : str
            The paper's name for it, such as ``"Table 2"``; the same in chapters that measure
            other columns of it, and so are the names of its rows.
        columns : sequence of str
            Names of the columns, with their units.
        paper, ours : mapping of str to sequence of float
            For each row, one value a column; None where the paper has none.

        Raises
        ------
        ValueError
            If a row is missing on one side, or has not one value for each column.
        TypeError
            If a value is no number that JSON can hold, such as a tensor.
        """
        if list(paper) != list(ours):
            raise ValueError(f"ours must have the rows {', '.join(paper)}; got {', '.join(ours)}")
        counts = {len(row) for side in (paper, ours) for row in side.values()}
        if counts != {len(columns)}:
            raise ValueError(f"each row must have {len(columns)} values, got {counts}")
        rows = {name: {"paper": list(paper[name]), "ours": list(ours[name])} for name in paper}
        compared = {"title": title, "columns": list(columns), "rows": rows}
        self.tables.append(plain(compared, title))
        return Markdown(f"{comparison(compared)}\n\nData: {self.source}.")

    def verdicts(self) -> None:
        """Print the verdicts about the phenomenon, a line each and without figures."""
        for claim in self.claims:
            if claim.phenomenon:
                print(f"{said(claim.verdict, claim.holds)}: {claim.claim}")

    def table(self) -> Markdown:
        """Return the whole ledger as a table for the notebook."""
        rows = [
            (c.claim, c.paper, c.ours, c.tolerance, verdict)
            for c in self.claims
            for verdict in [": ".join(filter(None, (said(c.verdict, c.holds), c.reason)))]
        ]
        headers = ("claim", "paper", f"ours ({self.scale})", "rule", "verdict")
        return Markdown(f"{table(rows, headers).data}\n\nData: {self.source}.")

    def save(self, **results) -> None:
        """Write claims and `results` (anything JSON can hold) to ``data/results``.

        The file is ``CHAPTER.DATA.SCALE.json``, so that a run never replaces one on other data
        or at another scale; only those at ``full`` are meant to be kept in the repository. JSON
        has no word for a number that is not finite: it becomes null.

        Raises
        ------
        TypeError
            If a result is something else, such as a tensor; the message names it, and a file of
            an earlier run stays as it is.
        """
        content = {
            "chapter": self.chapter,
            "dataset": self.dataset,
            "comparable": self.comparable,
            "source": self.source,
            "scale": self.scale,
            "seed": SEED,
            "hardware": hardware(),
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
            "date": date.today().isoformat(),
            "claims": [asdict(claim) for claim in self.claims],
            "tables": self.tables,
            "results": {name: plain(value, name) for name, value in results.items()},
        }
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        path = results_file(self.chapter, self.dataset, self.scale)
        try:
            write_atomically(path, text.encode())
        except OSError as error:  # a full disk, a read-only folder
            print(
                f"{path} could not be written ({error}): the results are not kept", file=sys.stderr
            )


def comparison(compared: dict) -> str:
    """Return a table that `Ledger.compare` kept as Markdown, each entry *paper → ours*."""
    rows = [
        (name, *(f"{shown(p)} → {shown(o)}" for p, o in zip(*row.values(), strict=True)))
        for name, row in compared["rows"].items()
    ]
    headers = ("paper → ours", *compared["columns"])
    return table(rows, headers).data
