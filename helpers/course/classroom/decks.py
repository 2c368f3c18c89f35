"""`slides`: for each plan of ``docs/teaching.md`` a deck of slides from the stored chapters.

A cell whose ``slideshow`` metadata says so is a slide: a figure under its title, or a formula with
what it means. What the chapter says next becomes the speaker's notes. The slides run in a browser
by reveal.js, whose files, like MathJax's, are copied beside them.
"""

import html
import importlib.util
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.course.classroom.chapters import read_chapter
from helpers.course.classroom.folders import check_empty
from helpers.course.classroom.links import without_buttons
from helpers.course.results import NOTEBOOKS

if TYPE_CHECKING:
    from nbformat import NotebookNode

DECKS = {  # the plans of docs/teaching.md, and the chapters that each shows
    "lecture": ("01", "03", "04", "05", "07", "13"),
    "lab": ("01", "05", "06", "07", "10", "13"),
    "day 1": ("01", "02"),
    "day 2": ("03", "04"),
    "day 3": ("05", "06"),
    "day 4": ("07", "08", "09"),
    "day 5": ("10", "11", "12", "13"),
}
ASSETS = {"reveal": "sphinx_revealjs/_static/revealjs", "mathjax": "sphinx-mathjax-offline/static"}
CELL_TITLE = re.compile(r"\A# @title (?:Figure: )?(?P<title>.*)$", re.MULTILINE)
PAGE = Path(__file__).parent / "deck.html"


def slides(folder: Path) -> list[Path]:
    """Write a deck for each plan into a folder that is not there yet, or is empty.

    Parameters
    ----------
    folder : Path
        Where to; what the decks need is copied into its ``assets``.

    Returns
    -------
    list of Path
        The decks, each a page to be opened in a browser; *S* shows the notes, and ``?print-pdf``
        behind the address a version to print.

    Raises
    ------
    FileExistsError
        If there is something in the folder.
    ModuleNotFoundError
        If the extra ``site`` is not installed.
    """
    check_empty(folder)
    assets = {name: _package_folder(path) for name, path in ASSETS.items()}
    for name, path in assets.items():
        shutil.copytree(path, folder / "assets" / name)
    page = PAGE.read_text("utf-8")
    written = []
    for plan, chapters in DECKS.items():
        body = "\n".join(slide for number in chapters for slide in _chapter(number))
        path = folder / f"{plan.replace(' ', '_')}.html"
        path.write_text(page.replace("PLAN", plan).replace("SLIDES", body), encoding="utf-8")
        written.append(path)
    return written


def _package_folder(path: str) -> Path:
    """Return a folder of an installed package, whose name need not be one of Python's."""
    package, _, rest = path.partition("/")
    found = importlib.util.find_spec(package)
    if found is None:
        message = f"{package} is missing: pip install -e '.[site]' brings it"
        raise ModuleNotFoundError(message, name=package)
    return Path(found.submodule_search_locations[0]) / rest


def _chapter(number: str) -> Iterator[str]:
    """Yield a chapter's slides; the first shows the figure that stands for the chapter."""
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    cells = read_chapter(path).cells
    heading = re.match(r"# (.*)", cells[0].source)[1]
    chosen = [i for i, cell in enumerate(cells) if _is_slide(cell)]
    first = next(i for i in chosen if "gallery" in cells[i].metadata.get("tags", []))
    yield _slide(heading, _picture(cells[first]), cells[0].source)
    for i in chosen:
        following = cells[i + 1] if i + 1 < len(cells) else None
        prose = following is not None and following.cell_type == "markdown"
        notes = following.source if prose and not _is_slide(following) else ""
        if cells[i].cell_type == "markdown":
            text = re.sub(r"\A#+ .*\n+", "", cells[i].source)
            yield _slide(_section(cells, i), _rendered(text), notes)
        elif i != first:
            yield _slide(_title(cells[i]), _picture(cells[i]), notes)


def _is_slide(cell: "NotebookNode") -> bool:
    return cell.metadata.get("slideshow", {}).get("slide_type") == "slide"


def _section(cells: "list[NotebookNode]", place: int) -> str:
    """Return the last heading up to a cell."""
    for cell in reversed(cells[: place + 1]):
        headings = re.findall(r"^#+ (.*)$", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and headings:
            return headings[0]
    return ""


def _title(cell: "NotebookNode") -> str:
    title = CELL_TITLE.match(cell.source)
    text = title["title"].strip() if title else "Try it in the notebook"
    return text[:1].upper() + text[1:]


def _picture(cell: "NotebookNode") -> str:
    """Return a cell's stored picture, with its text for those who do not see it."""
    for output in cell.outputs:
        data = output.get("data", {}).get("image/png")
        if data:
            alt = html.escape(output.metadata.get("image/png", {}).get("alt", ""), quote=True)
            coded = "".join(data.split())
            return f'<img class="r-stretch" alt="{alt}" src="data:image/png;base64,{coded}">'
    return ""


def _rendered(text: str) -> str:
    from nbconvert.filters import markdown2html

    return markdown2html(text)


def _slide(heading: str, body: str, notes: str) -> str:
    told = _rendered(without_buttons(notes))
    aside = f'<aside class="notes">{told}</aside>' if notes else ""
    return f"<section><h2>{html.escape(heading)}</h2>{body}{aside}</section>"
