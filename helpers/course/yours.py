"""The reader's own runs beside those that are shipped: what chapter 13 begins with.

Shipped are runs at scale ``full``; what is run at ``class`` or ``ci`` is the reader's.
"""

from helpers.course import results
from helpers.course.verdicts import DIFFERS, REPRODUCED, said

SHIPPED_SCALE = "full"


def own_runs(*, without: str = "") -> list[dict]:
    """Return the reader's newest run of each chapter, in the order of the chapters.

    Parameters
    ----------
    without : str
        Name of a chapter that is left out.

    Returns
    -------
    list of dict
        What `Ledger.save` wrote at a scale other than ``full``.

    Raises
    ------
    RuntimeError
        If a file is damaged; the message names it and the remedy.
    """
    newest: dict[str, dict] = {}
    files = results.RESULTS.glob("[0-9][0-9]_*.json")
    for path in sorted(files, key=lambda path: path.stat().st_mtime):
        if path.name.split(".")[-2] != SHIPPED_SCALE:
            run = results.read_results(path)
            newest[run["chapter"]] = run
    return [newest[chapter] for chapter in sorted(newest) if chapter != without]


def side_by_side(own: list[dict], others: list[dict]) -> list[tuple]:
    """Return a row for each chapter: a link, what two runs are of, and their counts.

    Parameters
    ----------
    own, others : list of dict
        Runs, at most one for each chapter.

    Returns
    -------
    list of tuple
        The link; data and scale, how many lines are reproduced and how many differ, of the first
        run; the same of the other. A run that is missing says so.
    """
    runs = [{run["chapter"]: run for run in some} for some in (own, others)]
    return [
        (_link(chapter), *_told(runs[0], chapter), *_told(runs[1], chapter))
        for chapter in sorted(runs[0].keys() | runs[1].keys())
    ]


def _link(chapter: str) -> str:
    return f"[{int(chapter[:2])}]({chapter}.ipynb)"


def _told(runs: dict[str, dict], chapter: str) -> tuple:
    if chapter not in runs:
        return "not run yet", "", ""
    run = runs[chapter]
    found = results.counts(run)
    return f"{run['dataset']}, {run['scale']}", found[REPRODUCED], found[DIFFERS]


def disagreements(own: list[dict], others: list[dict]) -> list[tuple[str, ...]]:
    """Return a row for each claim on which two runs of a chapter come to different verdicts.

    Parameters
    ----------
    own, others : list of dict
        Runs, at most one for each chapter.

    Returns
    -------
    list of tuple of str
        A link to the chapter, the claim, what the first run found and its verdict, and the same
        of the other.
    """
    lines = {(run["chapter"], claim["claim"]): claim for run in others for claim in run["claims"]}
    rows = []
    for run in own:
        for claim in run["claims"]:
            other = lines.get((run["chapter"], claim["claim"]))
            if other is not None and other["verdict"] != claim["verdict"]:
                found = [text for c in (claim, other) for text in (c["ours"], _verdict(c))]
                rows.append((_link(run["chapter"]), claim["claim"], *found))
    return rows


def _verdict(claim: dict) -> str:
    return said(claim["verdict"], claim["holds"])
