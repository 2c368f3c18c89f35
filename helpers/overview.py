"""The ledger of the whole course: what each chapter's best stored run says of its claims."""

from helpers.claims import DIFFERS, NOT_TESTABLE, REPRODUCED, RESULTS, read_results
from helpers.course import SCALES

VERDICTS = (REPRODUCED, DIFFERS, NOT_TESTABLE)


def best_runs(*, without: str = "") -> list[dict]:
    """Return one run of each chapter, in the order of the chapters.

    Runs on the paper's data come before others, and of those ``full`` before ``class`` before
    ``ci``. A file that can not be read is an error that names it.

    Parameters
    ----------
    without : str
        Name of a chapter that is left out.

    Returns
    -------
    list of dict
        What `claims.Ledger.save` wrote.

    Raises
    ------
    RuntimeError
        If a file is damaged; the message names it and the remedy.
    """
    best: dict[str, dict] = {}
    for path in sorted(RESULTS.glob("[0-9][0-9]_*.json")):
        run = read_results(path)
        kept = best.get(run["chapter"])
        if run["chapter"] != without and (kept is None or _rank(run) > _rank(kept)):
            best[run["chapter"]] = run
    return [best[chapter] for chapter in sorted(best)]


def _rank(run: dict) -> tuple[bool, int]:
    return run["comparable"], SCALES.index(run["scale"])


def counts(run: dict) -> dict[str, int]:
    """Return how many claims of a run have each verdict, in the order of `VERDICTS`."""
    verdicts = [claim["verdict"] for claim in run["claims"]]
    return {verdict: verdicts.count(verdict) for verdict in VERDICTS}


def rows(runs: list[dict], *verdicts: str) -> list[tuple[str, ...]]:
    """Return a row for each claim with one of the verdicts: link, claim, paper, ours, verdict.

    All verdicts by default. The link is to the chapter's notebook; the verdict has its reason.
    """
    return [
        (
            f"[{int(run['chapter'][:2])}]({run['chapter']}.ipynb)",
            *(claim[key].replace("|", r"\|") for key in ("claim", "paper", "ours")),
            f"{claim['verdict']}: {claim['reason']}" if claim["reason"] else claim["verdict"],
        )
        for run in runs
        for claim in run["claims"]
        if claim["verdict"] in (verdicts or VERDICTS)
    ]
