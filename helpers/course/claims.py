"""The lines of a ledger: a claim, the paper's words, ours, the rule, and the verdict on the two.

Each method is a rule. These here are for what has no sampling error, or none that is known.
"""

from dataclasses import asdict, dataclass

from helpers.course.results import plain
from helpers.course.verdicts import (
    BOUND,
    CORRECTION,
    DIFFERS,
    EXTENSION,
    NOT_TESTABLE,
    REPRODUCED,
    SELF_CHECK,
    is_silent,
)

# what would settle a line that differs, where its chapter knows nothing better
SETTLE = "the paper's own networks, or a word of its authors on how they were trained"
UNTESTED = "none"  # the tolerance of what no run can test


@dataclass(frozen=True)
class Claim:
    """One line of the ledger; `phenomenon` lines are the ones that are checked.

    `holds` is whether the line came out as it says; `p` is that of the difference where the rule
    is an interval, and `settle` says what would settle a line that differs.
    """

    claim: str
    paper: str
    ours: str
    tolerance: str
    verdict: str
    phenomenon: bool
    reason: str = ""
    settle: str = ""
    holds: bool = True
    p: float | None = None


class Claims:
    """Collects lines; numbers are compared where `comparable` says that the data is the paper's."""

    def __init__(self, *, comparable: bool):
        self.comparable = comparable
        self.claims: list[Claim] = []

    # --- orders, ratios and signs, which any data can test

    def phenomenon(
        self, claim: str, *, paper: str, ours: str, holds: bool, reason: str, settle: str = ""
    ) -> None:
        """Add a claim of the paper's about an order, a ratio or a sign.

        Parameters
        ----------
        claim : str
            The claim as a sentence.
        paper, ours : str
            What the paper and what this run has to say for it.
        holds : bool
            Whether it holds in this run.
        reason : str
            Why it may fail; shown only when it does.
        settle : str
            What would settle it; shown only when it fails.

        Raises
        ------
        ValueError
            If `paper` says that the paper has no such claim: it is an extension, then.
        """
        if is_silent(paper):
            raise ValueError(
                f"paper must be what the paper says, got {paper!r}: a claim that it does not make "
                "is an extension, or a self-check"
            )
        verdict = REPRODUCED if holds else DIFFERS
        self._order(verdict, claim, paper, ours, holds, reason, settle)

    def correction(self, claim: str, *, paper: str, ours: str, holds: bool, reason: str) -> None:
        """Add a slip of the paper's, with what shows it; parameters as for `phenomenon`."""
        self._order(CORRECTION, claim, paper, ours, holds, reason)

    def extension(
        self, claim: str, *, paper: str = "not in the paper", ours: str, holds: bool, reason: str
    ) -> None:
        """Add a claim that the paper does not make; parameters as for `phenomenon`."""
        self._order(EXTENSION, claim, paper, ours, holds, reason)

    def self_check(self, claim: str, *, ours: str, holds: bool, reason: str) -> None:
        """Add what must hold whatever the paper says; parameters as for `phenomenon`."""
        self._order(SELF_CHECK, claim, "not in the paper", ours, holds, reason)

    def _order(self, verdict, claim, paper, ours, holds, reason, settle=""):
        self._add(Claim(claim, paper, ours, "holds", verdict, True, reason, settle, bool(holds)))

    # --- numbers without a known error

    def number(
        self,
        claim: str,
        *,
        paper: float,
        ours: float,
        within: float,
        rule: str,
        unit: str = "",
        reason: str,
        settle: str = "",
    ) -> None:
        """Compare a number whose error is not known: reproduced if no more than `within` away.

        Parameters
        ----------
        claim : str
            What the number is.
        paper, ours : float
            The two values, in `unit`.
        within : float
            Half the width of the band.
        rule : str
            Why the band is this wide; printed in the ledger.
        unit : str
            Printed behind the values.
        reason, settle : str
            As for `phenomenon`.
        """
        close = bool(abs(ours - paper) <= within)
        verdict = (REPRODUCED if close else DIFFERS) if self.comparable else NOT_TESTABLE
        values, band = (f"{paper:g}{unit}", f"{ours:.3g}{unit}"), f"± {within:g}{unit}: {rule}"
        holds = close or not self.comparable
        self._add(Claim(claim, *values, band, verdict, False, reason, settle, holds))

    def bound(
        self, claim: str, *, paper: float, ours: float, unit: str = "", reason: str, settle=""
    ) -> None:
        """Add a figure that must not exceed the paper's; below, the bound holds, and no more.

        Parameters are those of `number`.
        """
        small = bool(ours <= paper)
        verdict = (BOUND if small else DIFFERS) if self.comparable else NOT_TESTABLE
        values, holds = (f"{paper:g}{unit}", f"{ours:.3g}{unit}"), small or not self.comparable
        rule = "no larger than the paper's"
        self._add(Claim(claim, *values, rule, verdict, False, reason, settle, holds))

    def not_testable(self, claim: str, *, paper: str, reason: str) -> None:
        """Add a figure of the paper's that no run of the course can test, and say why."""
        self._add(Claim(claim, paper, "–", UNTESTED, NOT_TESTABLE, False, reason))

    def _add(self, claim: Claim) -> None:
        """Add a line; what is said of a failure is kept only where there is one."""
        fields = asdict(claim)
        if claim.holds and claim.tolerance != UNTESTED:
            fields |= {"reason": "", "settle": ""}
        elif claim.verdict == DIFFERS:
            fields["settle"] = claim.settle or SETTLE
        plain(fields, f"the claim {claim.claim!r}")
        self.claims.append(Claim(**fields))
