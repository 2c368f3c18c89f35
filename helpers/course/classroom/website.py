"""`site`: the chapters with their stored outputs and the pages of ``docs`` as a website.

Nothing is run and nothing is fetched, neither to build it nor to read it: formulas, search and
scripts come from the packages of the extra ``site``.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.course.classroom.chapters import chapter_text, read_chapter
from helpers.course.classroom.folders import check_empty
from helpers.course.classroom.links import unlinked
from helpers.course.results import NOTEBOOKS, RESULTS
from helpers.data import ROOT, write_atomically

if TYPE_CHECKING:
    from nbformat import NotebookNode

PAGES = (
    "docs/cluster.md",
    "docs/glossary.md",
    "docs/results.md",
    "docs/settings.md",
    "docs/teaching.md",
)
LOOKS = Path(__file__).parent / "website.css"
FORK = re.compile(r'^REPOSITORY = "https://(?P<host>[^/]+)/(?P<name>[^"]+)"', re.MULTILINE)
FORKS_BRANCH = re.compile(r'"--branch", "([^"]+)"')
LIVE = {
    "binderhub_url": "https://mybinder.org",
    "colab_url": "https://colab.research.google.com",
}
FIRST_PAGE = '<!DOCTYPE html><meta http-equiv="refresh" content="0; README.html">'
ALONE = ("application/vnd.jupyter.widget-view+json",)  # of no use without a kernel

CONTENTS = """
```{toctree}
:hidden:
:caption: Chapters

CHAPTERS
```

```{toctree}
:hidden:
:caption: Beside them

docs/results
docs/glossary
docs/teaching
docs/settings
docs/cluster
```
"""
CONFIGURATION = """
project = "Intriguing properties of neural networks"
html_title = project
author, language = "", "en"
root_doc = "README"
extensions = ["myst_nb", "sphinx-mathjax-offline"]
exclude_patterns = ["**/README.md"]
nb_execution_mode = "off"
nb_merge_streams = True
nb_code_prompt_show, nb_code_prompt_hide = "Show the code", "Hide the code"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 4
suppress_warnings = ["mystnb.unknown_mime_type", "myst.xref_missing", "myst.header"]
html_theme = "sphinx_book_theme"
html_static_path = ["_static"]
html_css_files = ["website.css"]
html_copy_source = html_show_sourcelink = html_show_copyright = html_show_sphinx = False
html_theme_options = {
    "home_page_in_toc": True,
    "navbar_persistent": [],
    "show_toc_level": 2,
    "use_download_button": False,
    "use_fullscreen_button": False,
}
"""


def site(folder: Path) -> Path:
    """Write the website into a folder that is not there yet, or is empty.

    Parameters
    ----------
    folder : Path
        Where to; its ``html/README.html`` is the first page, and ``html/index.html`` leads there.

    Returns
    -------
    Path
        The folder of the pages.

    Raises
    ------
    FileExistsError
        If there is something in the folder.
    ModuleNotFoundError
        If the extra ``site`` is not installed.
    """
    _require("myst_nb", "sphinx_book_theme", "sphinx-mathjax-offline")
    check_empty(folder)
    source, pages = folder / "source", folder / "html"
    _write_sources(source)
    subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-b", "html", str(source), str(pages)], check=True
    )
    shutil.copytree(source / "data", pages / "data")  # pictures that stand in tables
    (pages / "index.html").write_text(FIRST_PAGE, encoding="utf-8")
    (pages / ".nojekyll").touch()  # GitHub would leave out folders such as _static
    return pages


def _require(*modules: str) -> None:
    for name in modules:
        try:
            __import__(name)
        except ModuleNotFoundError as error:
            message = f"{error.name} is missing: pip install -e '.[site]' brings it"
            raise ModuleNotFoundError(message, name=error.name) from None


def _write_sources(source: Path) -> None:
    """Write what Sphinx reads: the same tree as the repository's, so that links stay right."""
    shutil.copytree(RESULTS, source / "data" / "results", ignore=shutil.ignore_patterns("*.json"))
    (source / "_static").mkdir()
    shutil.copy(LOOKS, source / "_static")
    chapters = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    for path in [source / name for name in ("README.md", *PAGES)] + [
        source / "notebooks" / path.name for path in chapters
    ]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()  # so that links to it are kept
    for name in ("README.md", *PAGES):
        text = unlinked((ROOT / name).read_text("utf-8"), (source / name).parent)
        if name == "README.md":
            names = [f"notebooks/{path.stem}" for path in chapters]
            text += CONTENTS.replace("CHAPTERS", "\n".join(names))
        text = re.sub(r'(<a href="[^":]*)\.ipynb"', r'\1.html"', text)
        (source / name).write_text(text, encoding="utf-8")
    address = ""
    for path in chapters:
        notebook = read_chapter(path)
        address = address or _address(notebook)
        write_atomically(
            source / "notebooks" / path.name, chapter_text(_shown(notebook, source)).encode()
        )
    (source / "conf.py").write_text(CONFIGURATION + address, encoding="utf-8")


def _shown(notebook: "NotebookNode", source: Path) -> "NotebookNode":
    """Return a chapter as a page: pictures with their texts, folded cells folded."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = unlinked(cell.source, source / "notebooks")
            continue
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            cell.metadata.tags = [*cell.metadata.get("tags", []), "hide-input"]
        for output in cell.outputs:
            for kind in ALONE:
                output.get("data", {}).pop(kind, None)
            alt = output.get("metadata", {}).get("image/png", {}).get("alt")
            if alt:
                cell.metadata.setdefault("mystnb", {})["image"] = {"alt": " ".join(alt.split())}
    return notebook


def _address(notebook: "NotebookNode") -> str:
    """Return the settings of the live-code buttons, where `badges` has written an address."""
    for cell in notebook.cells:
        found = FORK.search(cell.source)
        if found:
            branch = FORKS_BRANCH.search(cell.source)
            options = {
                "repository_url": f"https://{found['host']}/{found['name']}",
                "repository_branch": branch[1] if branch else "main",
                "use_repository_button": True,
                "launch_buttons": LIVE if found["host"] == "github.com" else {},
            }
            return f"html_theme_options |= {options!r}\n"
    return ""
