"""What a notebook stands on: its session, its ledger of claims, checks, explorers and figures."""

from helpers.course import checks, explorers, plotting, results_page, timings
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
