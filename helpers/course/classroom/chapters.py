"""A chapter as a file: read from it, or the text to be written into it.

Jupyter's package for this takes longer to import than the rest of the course. It is imported by the
first who reads or makes a chapter, so not by every student's `from helpers import course`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode


def read_chapter(path: Path) -> "NotebookNode":
    """Return the notebook in a file."""
    import nbformat

    return nbformat.read(path, as_version=4)


def chapter_text(chapter: "NotebookNode") -> str:
    """Return what a notebook's file holds."""
    import nbformat

    return nbformat.writes(chapter)


def code_cell(source: str, **settings: object) -> "NotebookNode":
    """Return a new code cell; the settings are its fields, such as ``id`` and ``metadata``."""
    from nbformat import v4

    return v4.new_code_cell(source, **settings)
