"""What a notebook stands on: its session, its ledger of claims, checks, explorers and figures.

`setup` chooses the device and the scale, and says so in one line. `Ledger` sets the paper's claims
beside what this run found and computes the verdicts, whose kinds `MEANINGS` explains; `table` shows
rows as Markdown. `checks` tell students whether their answers to the exercises are right,
`classroom` hands them out and grades them, `explorers` are the widgets. A chapter imports its own
module of `helpers.course.figures`, whose code teaches nothing, and `plotting` draws what all of
them share.
"""

from helpers.course import (
    checks,
    classroom,
    explorers,
    plotting,
    results_page,
    stock,
    timings,
)
from helpers.course.building import ready
from helpers.course.ledger import Ledger
from helpers.course.questions import Prediction, Quiz
from helpers.course.results import (
    NOTEBOOKS,
    RESULTS,
    best_runs,
    counts,
    load_results,
    rows,
)
from helpers.course.session import SCALES, printable, setup
from helpers.course.tables import table
from helpers.course.verdicts import (
    BOUND,
    CORRECTION,
    DIFFERS,
    EXTENSION,
    FITTED,
    MEANINGS,
    NO_POWER,
    NOT_TESTABLE,
    REPRODUCED,
    SELF_CHECK,
    VERDICTS,
    said,
)
from helpers.course.widget_output import WIDGET_VIEW
from helpers.course.yours import disagreements, own_runs, side_by_side

__all__ = [
    "BOUND",
    "CORRECTION",
    "DIFFERS",
    "EXTENSION",
    "FITTED",
    "MEANINGS",
    "NOTEBOOKS",
    "NOT_TESTABLE",
    "NO_POWER",
    "REPRODUCED",
    "RESULTS",
    "SCALES",
    "SELF_CHECK",
    "VERDICTS",
    "WIDGET_VIEW",
    "Ledger",
    "Prediction",
    "Quiz",
    "best_runs",
    "checks",
    "classroom",
    "counts",
    "disagreements",
    "explorers",
    "load_results",
    "own_runs",
    "plotting",
    "printable",
    "ready",
    "results_page",
    "rows",
    "said",
    "setup",
    "side_by_side",
    "stock",
    "table",
    "timings",
]
