"""The lines of a ledger for figures of the paper's tables, whose sampling errors are known.

How far apart two samples may be is computed from their sizes and spreads: `Sampled.proportion` for
shares of images, `Sampled.mean` for means over images. No width is chosen by hand.
"""

import math
from collections.abc import Mapping, Sequence

from helpers import evaluation
from helpers.course.claims import Claim, Claims
from helpers.course.verdicts import BOUND, DIFFERS, FITTED, NO_POWER, NOT_TESTABLE, REPRODUCED
from helpers.studies import paper_tables

PAPER_IMAGES = paper_tables.IMAGES
CONFIDENCE = 0.95  # of every line's interval
STRETCHED = " to 0.1"  # behind the name of a row of Table 4: its examples were amplified


class Sampled(Claims):
    """Collects lines, those for two samples among them."""

    def proportion(
        self,
        claim: str,
        *,
        paper: float,
        ours: float,
        images: int,
        paper_images: int = PAPER_IMAGES,
        seeds: Sequence[float] = (),
        noise: float | None = None,
        rounding: float = 0.0,
        fitted: bool = False,
        reason: str,
        settle: str = "",
    ) -> None:
        """Compare two shares of images: reproduced if their difference's 95 % interval holds 0.

        Parameters
        ----------
        claim : str
            What the share is.
        paper, ours : float
            The two, in per cent.
        images, paper_images : int
            How many images ours and the paper's are a share of.
        seeds : sequence of float
            Ours from networks of several seeds, in per cent; `ours` is then their mean.
        noise : float, optional
            The paper's share for noise, in per cent. If its own sample cannot tell the two apart
            (two shares of `paper_images`, 95 %), the line has no power, whatever ours is.
        rounding : float
            Half a unit of the paper's last digit, in per cent; 0 where a count of `paper_images`
            is all that fits.
        fitted : bool
            Whether a recipe was chosen by this figure.
        reason, settle : str
            As for `phenomenon`.
        """

        def interval(confidence):
            found = evaluation.share_gap(
                paper / 100,
                ours / 100,
                images=(paper_images, images),
                runs=[value / 100 for value in seeds],
                rounding=rounding / 100,
                confidence=confidence,
            )
            return evaluation.Estimate(*(100 * value for value in found))

        powerless = noise is not None and not told_apart(paper, noise, paper_images)
        sizes = f"N = {paper_images:,} and {images:,}{_networks(seeds)}"
        self._gap(
            claim,
            (f"{paper:g} %", f"{ours:.3g} %"),
            interval if math.isfinite(ours) else None,
            f"points ({sizes})",
            FITTED if fitted else NO_POWER if powerless else "",
            (reason, settle),
        )

    def mean(
        self,
        claim: str,
        *,
        paper: float,
        ours: float,
        images: int,
        spread: float,
        paper_images: int = PAPER_IMAGES,
        seeds: Sequence[float] = (),
        noise: float | None = None,
        rounding: float = 0.0,
        bound: bool = False,
        unit: str = "",
        fitted: bool = False,
        reason: str,
        settle: str = "",
    ) -> None:
        """Compare two means over images: reproduced if their difference's 95 % interval holds 0.

        Parameters
        ----------
        claim, images, paper_images, seeds, noise, fitted, reason, settle
            As for `proportion`, in `unit`.
        paper, ours : float
            The two means.
        spread : float
            Standard deviation over our images, taken to be that of the paper's, too.
        rounding : float
            Half a unit of the paper's last digit.
        bound : bool
            Whether the paper's figure only bounds the true one from above, as the size of a
            minimum that was searched for does: a smaller one is then no difference.
        unit : str
            Printed behind the values.
        """
        theirs = spread / math.sqrt(paper_images)

        def interval(confidence):
            return evaluation.mean_gap(
                paper,
                ours,
                errors=(theirs, spread / math.sqrt(images)),
                runs=seeds,
                rounding=rounding,
                confidence=confidence,
            )

        smaller = bound and math.isfinite(ours) and interval(CONFIDENCE).high < 0
        powerless = noise is not None and _holds_zero(
            evaluation.mean_gap(paper, noise, errors=(theirs, theirs))
        )
        sizes = f"N = {paper_images:,} and {images:,}{_networks(seeds)}"
        self._gap(
            claim,
            (f"{paper:g}{unit}", f"{ours:.3g}{unit}"),
            interval if math.isfinite(ours) else None,
            f"{unit} ({sizes})".strip(),
            FITTED if fitted else NO_POWER if powerless else BOUND if smaller else "",
            (reason, settle),
        )

    def entries(
        self,
        title: str,
        columns: Sequence[str],
        *,
        paper: Mapping[str, Sequence[float]],
        ours: Mapping[str, Sequence[float]],
        images: int,
        noise: str = "",
        seeds: Mapping[tuple[str, str], Sequence[float]] | None = None,
        reason: str,
        settle: str = "",
    ) -> None:
        """Compare the entries of some rows of a table of errors, a line each, as `proportion` does.

        Parameters
        ----------
        title : str
            The table's name.
        columns : sequence of str
            The networks that read. The one that a row's examples were made for, whose name the
            row's begins with, is left out: it is wrong on purpose.
        paper, ours : mapping of str to sequence of float
            For each row the networks' errors, in per cent; `paper` may have more rows.
        noise : str
            The row of `paper` that an entry must be told apart from, or it has no power.
        seeds : mapping of (row, column) to sequence of float, optional
            Ours from networks of several seeds, whose mean is then compared.
        images, reason, settle
            As for `proportion`.
        """
        control = paper[noise] if noise else [None] * len(columns)
        for row, errors in ours.items():
            for j, column in enumerate(columns):
                if row.removesuffix(STRETCHED) == column:
                    continue
                runs = (seeds or {}).get((row, column), ())
                self.proportion(
                    f"{title}, row {row}: error of {column}",
                    paper=paper[row][j],
                    ours=math.fsum(runs) / len(runs) if len(runs) else errors[j],
                    images=images,
                    seeds=runs,
                    noise=control[j],
                    reason=reason,
                    settle=settle,
                )

    def _gap(self, claim, values, interval, unit, verdict, why):
        """Add a line whose rule is an interval of a difference; None where there is no figure."""
        found = interval(CONFIDENCE) if interval else evaluation.Estimate(*[math.nan] * 3)
        holds = verdict == BOUND or _holds_zero(found)
        rule = f"0 in the 95 % interval {found.low:+.2g} to {found.high:+.2g} {unit}"
        p = evaluation.p_of_gap(interval) if interval and self.comparable else None
        verdict = verdict or (REPRODUCED if holds else DIFFERS)
        verdict = verdict if self.comparable else NOT_TESTABLE
        holds = holds or verdict in (NO_POWER, NOT_TESTABLE)
        self._add(Claim(claim, *values, rule, verdict, False, *why, holds, p))


def told_apart(first: float, second: float, images: int) -> bool:
    """Return whether two shares, in per cent, of `images` each differ at 95 %."""
    gap = evaluation.share_gap(first / 100, second / 100, images=(images, images))
    return not _holds_zero(gap)


def _holds_zero(gap: evaluation.Estimate) -> bool:
    return bool(gap.low <= 0 <= gap.high)


def _networks(seeds: Sequence[float]) -> str:
    return f", {len(seeds)} networks" if len(seeds) > 1 else ""
