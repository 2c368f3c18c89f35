"""The ledger of the whole course: what each chapter's best stored run says of its claims."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

from helpers.course.session import SCALES
from helpers.course.verdicts import VERDICTS, said
from helpers.data import IS_CHECKOUT, ROOT, folder

# what is read of a file of results, of its claims and of its tables
RUN = {
    "chapter": str,
    "dataset": str,
    "comparable": bool,
    "scale": str,
    "claims": list,
    "tables": list,
    "results": dict,
}
CLAIM = {
    "claim": str,
    "paper": str,
    "ours": str,
    "verdict": str,
    "reason": str,
    "settle": str,
    "holds": bool,
}
TABLE = {"title": str, "columns": list, "rows": dict}

RESULTS = (ROOT / "data" if IS_CHECKOUT else folder()) / "results"
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
    path = _files().get(results_file(chapter, dataset, scale).name)
    return read_results(path) if path else {}


def _files() -> dict[str, Path]:
    """Return file name → results: those of one's own runs, and where there is none a wheel's."""
    places = [RESULTS] if IS_CHECKOUT else [ROOT / "helpers" / "results", RESULTS]
    return {path.name: path for place in places for path in place.glob("[0-9]*.json")}


def read_results(path: Path) -> dict:
    """Return what `Ledger.save` wrote to a file.

    Raises
    ------
    RuntimeError
        If the file is damaged; the message names it and the remedy.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text, parse_float=_finite, parse_constant=_finite)
        _check(content, RUN, "it")
        if content["scale"] not in SCALES or not path.name.startswith(content["chapter"] + "."):
            raise ValueError(f"it is of {content['chapter']} at the scale {content['scale']!r}")
        for i, claim in enumerate(content["claims"]):
            _check(claim, CLAIM, f"claim {i + 1}")
            if claim["verdict"] not in VERDICTS:
                raise ValueError(f"claim {i + 1} has the verdict {claim['verdict']!r}")
        for i, compared in enumerate(content["tables"]):
            _check(compared, TABLE, f"table {i + 1}")
        return content
    except (OSError, RecursionError, ValueError) as error:
        chapter, scale = path.name[:2], path.name.split(".")[-2]
        raise RuntimeError(
            f"{path} is damaged ({error}): delete it and run "
            f"COURSE_SCALE={scale} python -m helpers.reproduce {chapter}"
        ) from error


def _check(content: object, kinds: dict[str, type], name: str) -> None:
    """Refuse what is no dict with values of these kinds."""
    if not isinstance(content, dict):
        raise ValueError(f"{name} is of the kind {type(content).__name__}")
    for key, kind in kinds.items():
        if key not in content:
            raise ValueError(f"{name} has no {key!r}")
        if not isinstance(content[key], kind):
            raise ValueError(f"{name} has {key!r} of the kind {type(content[key]).__name__}")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"it holds {text}")
    return number


def plain(value: object, name: str) -> object:
    """Return a value as JSON can hold it: a number that is not finite becomes None.

    Parameters
    ----------
    value : object
        Numbers, text, None, and lists and dicts of them.
    name : str
        What it is called in the message.

    Raises
    ------
    TypeError
        If there is anything else in it; the message says where.
    """
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, list | tuple):
        return [plain(item, f"{name}[{i}]") for i, item in enumerate(value)]
    if not isinstance(value, Mapping):
        raise TypeError(
            f"{name} must be what JSON can hold, numbers, text, lists and dicts; it is a "
            f"{type(value).__name__}: take its tolist() or item()"
        )
    for key in value:
        if not isinstance(key, str | int | float):
            raise TypeError(f"{name} must have keys of text or numbers, got {key!r}")
    return {key: plain(item, f"{name}[{key!r}]") for key, item in value.items()}


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
    chapters = {name: path for name, path in _files().items() if name[2] == "_"}  # not 08b, …
    for _, path in sorted(chapters.items()):
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
            ": ".join(filter(None, (said(claim["verdict"], claim["holds"]), claim["reason"]))),
        )
        for run in runs
        for claim in run["claims"]
        if claim["verdict"] in (verdicts or VERDICTS)
    ]
