"""How long each notebook takes and how much memory: measured, and kept with the results.

``python -m helpers.reproduce --record`` measures; ``data/results/timings.json`` holds, for each
chapter and scale, the last measurement, which the table on the results page is made from.
"""

import json
import math
from datetime import date

from tabulate import tabulate

from helpers.course.results import RESULTS
from helpers.course.session import SCALES, hardware
from helpers.data import write_atomically

NAME = "timings.json"


def load() -> dict[str, dict[str, dict]]:
    """Return what was kept: chapter → scale → ``seconds``, ``peak_gb`` (None where unknown) ….

    Raises
    ------
    RuntimeError
        If the file is damaged; the message names it and the remedy.
    """
    path = RESULTS / NAME
    if not path.exists():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RuntimeError(
            f"{path} is damaged ({error}): delete it and run python -m helpers.reproduce --record"
        ) from error


def record(chapter: str, *, scale: str, seconds: float, peak_gb: float, dataset: str) -> None:
    """Keep a measurement in place of an earlier one of the same chapter at the same scale.

    Parameters
    ----------
    chapter : str
        The notebook's name without its ending.
    scale : {"ci", "class", "full"}
        How much work it did.
    seconds : float
        From the start of its kernel to the end of its last cell.
    peak_gb : float
        The kernel's peak memory in GB; nan where the system does not tell.
    dataset : str
        Name of the data it ran on.
    """
    kept = load()
    kept.setdefault(chapter, {})[scale] = {
        "seconds": round(seconds, 1),
        "peak_gb": None if math.isnan(peak_gb) else round(peak_gb, 2),
        "dataset": dataset,
        "hardware": hardware(),
        "date": date.today().isoformat(),
    }
    ordered = {
        name: {one: kept[name][one] for one in SCALES if one in kept[name]} for name in sorted(kept)
    }
    text = json.dumps(ordered, indent=1, ensure_ascii=False) + "\n"
    write_atomically(RESULTS / NAME, text.encode())


def time_and_memory() -> str:
    """Return the measurements as a Markdown table: a row a chapter, a column a scale."""
    kept = load()
    rows = [
        (f"[{name}](../notebooks/{name}.ipynb)", *(_shown(scales.get(scale)) for scale in SCALES))
        for name, scales in kept.items()
    ]
    runs = [run for scales in kept.values() for run in scales.values()]
    machines = "; ".join(sorted({run["hardware"] for run in runs}))
    data = [
        f"`{scale}` on {', '.join(names)}"
        for scale in SCALES
        if (names := sorted({s[scale]["dataset"] for s in kept.values() if scale in s}))
    ]
    headers = ("chapter", *(f"`{scale}`" for scale in SCALES))
    return (
        f"{tabulate(rows, headers, 'github', disable_numparse=True)}\n\n"
        "Time and peak memory of a notebook's kernel, with networks trained before "
        f"({'; '.join([machines, *data])})."
    )


def _shown(run: dict | None) -> str:
    if run is None:
        return "–"
    memory = "" if run["peak_gb"] is None else f", {run['peak_gb']:.2g} GB"
    return f"{duration(run['seconds'])}{memory}"


def duration(seconds: float) -> str:
    """Return a duration as one reads it: ``12 s``, ``3.5 min`` or ``1.2 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
