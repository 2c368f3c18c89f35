"""The generated parts of ``docs/results.md``, and the README's line on them.

All of them come from what the repository holds: the notebooks' stored outputs and the results in
``data/results``. ``python -m helpers.reproduce --results`` writes them.
"""

import html
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from helpers.course import results, timings
from helpers.course.results_page.overview import headline, summary, write_picture
from helpers.course.results_page.tables import (
    benchmark,
    comparisons,
    differing_claims,
    kinds,
    other_networks,
)
from helpers.data import ROOT, write_atomically

BEGIN = "<!-- written by python -m helpers.reproduce --results: begin {} -->"
END = "<!-- end {} -->"
COLUMNS = 3  # of the gallery


def update() -> None:
    """Draw the overview, and write each part between its two markers.

    Raises
    ------
    ValueError
        If a page has not all markers, each once; then nothing is written.
    """
    texts = {page: _filled(page, parts) for page, parts in PARTS.items()}
    write_picture()
    for page, text in texts.items():
        write_atomically(page, text.encode())


def _filled(page: Path, parts: Mapping[str, Callable[[], str]]) -> str:
    text = page.read_text(encoding="utf-8")
    for name, write in parts.items():
        begin, end = BEGIN.format(name), END.format(name)
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"{page} must hold the lines {begin} and {end}, each once")
        before, rest = text.split(begin)
        text = f"{before}{begin}\n\n{write()}\n\n{end}{rest.split(end)[1]}"
    return text


def gallery() -> str:
    """Return a picture of each chapter that has one, with its alternative text, as a table.

    The picture is that of the cell tagged ``gallery``, which `helpers.reproduce` keeps; its
    alternative text and the chapter's title are read from the notebook.
    """
    shown = []
    for path in sorted(results.NOTEBOOKS.glob("[0-9]*.ipynb")):
        if not (results.RESULTS / f"{path.stem}.png").exists():
            continue
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        title = "".join(cells[0]["source"]).splitlines()[0].lstrip("# ")
        alt = html.escape(_alternative_text(cells) or title)
        shown.append(
            f'<td width="{100 // COLUMNS}%" valign="top"><a href="../notebooks/{path.name}"><img '
            f'src="../data/results/{path.stem}.png" alt="{alt}"></a><br>{html.escape(title)}</td>'
        )
    rows = [shown[i : i + COLUMNS] for i in range(0, len(shown), COLUMNS)]
    lines = "\n".join("<tr>\n" + "\n".join(row) + "\n</tr>" for row in rows)
    return f"<table>\n{lines}\n</table>"


def _alternative_text(cells: list[dict]) -> str:
    """Return the alternative text of the last picture of the cell tagged ``gallery``."""
    texts = [
        output.get("metadata", {}).get("image/png", {}).get("alt", "")
        for cell in cells
        if "gallery" in cell["metadata"].get("tags", [])
        for output in cell["outputs"]
        if "image/png" in output.get("data", {})
    ]
    return texts[-1] if texts else ""


PARTS = {
    ROOT / "README.md": {"headline": headline},
    ROOT / "docs" / "results.md": {
        "summary": summary,
        "kinds": kinds,
        "tables": comparisons,
        "differences": differing_claims,
        "other networks": other_networks,
        "benchmark": benchmark,
        "gallery": gallery,
        "timings": timings.time_and_memory,
    },
}
