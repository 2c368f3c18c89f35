"""The ledger of the whole course: what each chapter's best stored run says of its claims."""

import json
from pathlib import Path

from helpers.course.session import SCALES
from helpers.data import ROOT

REPRODUCED, DIFFERS, NOT_TESTABLE = "reproduced", "differs", "not testable on this data"
VERDICTS = (REPRODUCED, DIFFERS, NOT_TESTABLE)
RESULTS = ROOT / "data" / "results"
NOTEBOOKS = ROOT / "notebooks"


def results_file(chapter: str, dataset: str, scale: str) -> Path:
    """Return the path of the results of a chapter on some data at some scale."""
    return RESULTS / f"{chapter}.{dataset.replace(' ', '_')}.{scale}.json"


def load_results(chapter: str, dataset: str, scale: str = "full") -> dict:
    """Return what `Ledger.save` wrote; an empty dict where there is no such run.

    Raises
    ------
    RuntimeError
        If the file is damaged; the message names it and the remedy.
    """
    path = results_file(chapter, dataset, scale)
    return read_results(path) if path.exists() else {}


def read_results(path: Path) -> dict:
    """Return what `Ledger.save` wrote to a file.

    Raises
    ------
    RuntimeError
        If the file is damaged; the message names it and the remedy.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or not content.keys() >= {
            "claims",
            "results",
            "comparable",
        }:
            raise ValueError("it holds something else")
        return content
    except ValueError as error:
        chapter, scale = path.name[:2], path.name.split(".")[-2]
        raise RuntimeError(
            f"{path} is damaged ({error}): delete it and run "
            f"COURSE_SCALE={scale} python -m helpers.reproduce {chapter}"
        ) from error


def best_runs(*, without: str = "") -> list[dict]:
    """Return one run of each chapter, in the order of the chapters.

    Runs on the paper's data come before others, and of those ``full`` before ``class`` before
    ``ci``. A file that cannot be read is an error that names it.

    Parameters
    ----------
    without : str
        Name of a chapter that is left out.

    Returns
    -------
    list of dict
        What `Ledger.save` wrote.

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
            *(claim[key] for key in ("claim", "paper", "ours")),
            f"{claim['verdict']}: {claim['reason']}" if claim["reason"] else claim["verdict"],
        )
        for run in runs
        for claim in run["claims"]
        if claim["verdict"] in (verdicts or VERDICTS)
    ]
