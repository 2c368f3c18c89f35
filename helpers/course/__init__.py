"""What a notebook stands on: its session, its ledger of claims, checks, explorers and figures.

`setup` chooses the device and the scale, and says so in one line. `Ledger` sets the paper's claims
beside what this run found and computes the verdicts; `table` shows rows as Markdown. `checks` tell
students whether their answers to the exercises are right, `classroom` hands them out and grades
them, `explorers` are the widgets. A chapter
imports its own module of `helpers.course.figures`, whose code teaches nothing, and `plotting` draws
what all of them share.
"""

from helpers.course import checks, classroom, explorers, plotting, results_page, timings
from helpers.course.ledger import Ledger
from helpers.course.results import (
    DIFFERS,
    NOT_TESTABLE,
    NOTEBOOKS,
    REPRODUCED,
    RESULTS,
    VERDICTS,
    best_runs,
    counts,
    load_results,
    rows,
)
from helpers.course.session import SCALES, printable, setup
from helpers.course.tables import table

__all__ = [
    "DIFFERS",
    "NOTEBOOKS",
    "NOT_TESTABLE",
    "REPRODUCED",
    "RESULTS",
    "SCALES",
    "VERDICTS",
    "Ledger",
    "best_runs",
    "checks",
    "classroom",
    "counts",
    "explorers",
    "load_results",
    "plotting",
    "printable",
    "results_page",
    "rows",
    "setup",
    "table",
    "timings",
]
