"""Every figure that the paper and a full-scale run both have, with the ledger's verdict on it.

The figures are the entries of the tables that `Ledger.compare` kept; the verdicts are those of the
ledger's lines. `JUDGES` says which line judges which entry.
"""

import hashlib
import json
from dataclasses import astuple, dataclass
from fnmatch import fnmatchcase

import numpy as np

from helpers.course import results
from helpers.course.samples import STRETCHED
from helpers.course.verdicts import BOUND, DIFFERS, FITTED, NO_POWER, REPRODUCED

OTHERS = "others"  # the columns of the networks that a row's examples were not made for

# table, row, column of an entry; chapter and words of the ledger's line; * stands for anything,
# {row} and {column} for the entry's
JUDGES = (
    ("Table 1", "*", "training error, %", 2, "train error of {row}"),
    ("Table 1", "*", "test error, %", 2, "test error of {row}"),
    ("Table 1", "*", "av. min. distortion", 6, "average minimum distortion of {row}"),
    ("Table 2", "*", "distortion", 6, "average minimum distortion of {row}"),
    ("Table 2", "*", OTHERS, 7, "Table 2, row {row}: error of {column}"),
    ("Table 3", "*", "* error, %", 2, "Table 3, {row}: {column}"),
    ("Table 3", "*", "min. av. distortion", 8, "mean distortion for {row}"),
    ("Table 4", "*", OTHERS, 8, "Table 4, row {row}: error of {column}"),
    ("Figure 7", "noise*", "accuracy, %", 6, "accuracy of FC200-200-10 under noise*"),
    ("Adversarial training*", "*", "test error, %", 9, "test error with {row}, mean of *"),
)
# an entry that several lines judge has the first of these verdicts that one of them has
JUDGED = (DIFFERS, REPRODUCED, BOUND, FITTED, NO_POWER)


def full_runs(*, comparable: bool) -> list[dict]:
    """Return the stored full-scale runs on the paper's data, or those on other data."""
    files = sorted(results.RESULTS.glob("[0-9][0-9]_*.full.json"))  # no appendix: 08b, …
    runs = [results.read_results(path) for path in files]
    return [run for run in runs if run["comparable"] == comparable]


def chapter_number(run: dict) -> int:
    """Return the number of a run's chapter."""
    return int(run["chapter"][:2])


@dataclass(frozen=True)
class Entry:
    """A figure of the paper's and ours; the verdict is empty where no line judges it."""

    table: str
    row: str
    column: str
    paper: float
    ours: float
    verdict: str

    @property
    def is_share(self) -> bool:
        """Whether it counts images, in per cent; else it is a distortion."""
        return self.column.endswith("%")

    @property
    def is_own(self) -> bool:
        """Whether the column's network is the one that the row's examples were made for."""
        return _is_own(self.row, self.column)

    @property
    def distance(self) -> float:
        """How far apart the two are, on a scale where sampling errors are the same everywhere."""
        return float(abs(arcsine(self.ours) - arcsine(self.paper)))


def _is_own(row: str, column: str) -> bool:
    return column == f"{row.removesuffix(STRETCHED)}, %"


def arcsine(percent):
    """Return arcsin √p of shares in per cent: from N images its standard error is 1 / (2 √N)."""
    return np.arcsin(np.sqrt(np.clip(percent, 0, 100) / 100))


def merged(runs: list[dict]) -> list[dict]:
    """Return the tables of all runs, those of one title side by side, the numbered ones first.

    A row that one of them has not gets None there.
    """
    tables = [table for run in runs for table in run["tables"]]
    titles = {table["title"] for table in tables}
    titles = sorted(titles, key=lambda title: (not title.startswith("Table"), title))
    return [_side_by_side([t for t in tables if t["title"] == title]) for title in titles]


def _side_by_side(tables: list[dict]) -> dict:
    names = list(dict.fromkeys(name for table in tables for name in table["rows"]))
    rows = {name: {"paper": [], "ours": []} for name in names}
    for table in tables:
        for name, row in rows.items():
            for side, values in row.items():
                empty = {side: [None] * len(table["columns"])}
                values += table["rows"].get(name, empty)[side]
    columns = [column for table in tables for column in table["columns"]]
    return {"title": tables[0]["title"], "columns": columns, "rows": rows}


def compared(runs: list[dict]) -> list[Entry]:
    """Return all entries of the tables of some runs, with verdicts from the ledgers of these."""
    return [
        Entry(table["title"], row, column, paper, ours, _verdict(runs, table["title"], row, column))
        for table in merged(runs)
        for row, sides in table["rows"].items()
        for column, paper, ours in zip(table["columns"], *sides.values(), strict=True)
        if paper is not None and ours is not None
    ]


def _verdict(runs: list[dict], table: str, row: str, column: str) -> str:
    """Return what the lines that judge the entry say, *differs* before all else."""
    others = column.endswith("%") and not _is_own(row, column)
    lines = [
        (chapter, line.format(row=row, column=column.removesuffix(", %")))
        for titles, names, judged, chapter, line in JUDGES
        if fnmatchcase(table, titles) and fnmatchcase(row, names)
        if fnmatchcase(column, judged) or (judged == OTHERS and others)
    ]
    verdicts = {
        claim["verdict"]
        for run in runs
        for claim in run["claims"]
        for chapter, line in lines
        if chapter_number(run) == chapter and fnmatchcase(claim["claim"], line)
    }
    return next((verdict for verdict in JUDGED if verdict in verdicts), "")


def fingerprint(entries: list[Entry]) -> str:
    """Return a hash of the entries, which a picture of them bears."""
    text = json.dumps([astuple(entry) for entry in entries])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
