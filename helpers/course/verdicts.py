"""The kinds of verdict, and what each of them says.

Only *reproduced* and *differs* are about claims of the paper's that this run tests: the headline
counts these two. Each other kind is counted by itself.
"""

import re

REPRODUCED = "reproduced"
DIFFERS = "differs"
BOUND = "bound holds"
CORRECTION = "correction"
EXTENSION = "extension"
SELF_CHECK = "self-check"
NO_POWER = "no power"
FITTED = "fitted"
NOT_TESTABLE = "not testable on this data"

MEANINGS = {
    REPRODUCED: "a claim of the paper's that this run confirms",
    DIFFERS: "a claim of the paper's that this run does not confirm",
    BOUND: "the paper's figure is an upper bound, and ours is smaller by more than the errors",
    CORRECTION: "the paper slipped, and this run shows it",
    EXTENSION: "not in the paper",
    SELF_CHECK: "must hold, or this course is wrong: an identity, or a proof",
    NO_POWER: "the paper's own sample cannot tell the figure from that of noise",
    FITTED: "a recipe was chosen by this figure of the paper's, so that it tests nothing",
    NOT_TESTABLE: "a number of the paper's on other data, or of a network that is not here",
}
VERDICTS = tuple(MEANINGS)

_SILENT = re.compile(
    r"^(none\b|not (in the paper|looked at|said|shown|reported)|does not say|no figure|"
    r"a later method|without these)",
    re.IGNORECASE,
)


def is_silent(paper: str) -> bool:
    """Return whether what stands for the paper says that the paper has no such claim."""
    return _SILENT.match(paper.strip()) is not None


def said(verdict: str, holds: bool) -> str:
    """Return a verdict, with *not so* behind a kind that did not come out as its line says."""
    return verdict if holds or verdict == DIFFERS else f"{verdict}, not so"
