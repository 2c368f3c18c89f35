"""`release`: the tree that students get, and the one that only the teacher has."""

import re
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.course.classroom.chapters import chapter_text, read_chapter
from helpers.course.classroom.editions import STUB, instructors, is_graded, students
from helpers.course.classroom.folders import check_empty
from helpers.course.classroom.links import unlinked
from helpers.course.results import NOTEBOOKS
from helpers.data import ROOT, write_atomically

if TYPE_CHECKING:
    from nbformat import NotebookNode

ABOUT_TESTS = re.compile(r"^Run all tests\b.*?```bash\n.*?```\n\n", re.MULTILINE | re.DOTALL)
FOLDERS = ("helpers", "data/checkpoints", "data/results")
FILES = (
    "LICENSE",
    "README.md",
    "data/README.md",
    "docs/cluster.md",
    "docs/glossary.md",
    "docs/results.md",
    "docs/settings.md",
    "environment.yml",
    "postBuild",
    "pyproject.toml",
)
NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.ci.json", "*.class.json")
CHAPTER_CELL_TIMEOUT = 600  # seconds at scale ci, on a busy machine
NBGRADER = f'''"""Settings of nbgrader for this course; see docs/teaching.md there."""

import os

os.environ.setdefault("COURSE_SCALE", "ci")
os.environ.setdefault("OMP_NUM_THREADS", "1")

c = get_config()
c.CourseDirectory.course_id = "intriguing-properties"
c.ClearSolutions.code_stub = {{"python": "{STUB}"}}
c.Execute.timeout = {CHAPTER_CELL_TIMEOUT}
c.Execute.error_on_timeout = {{
    "ename": "CellTimeoutError",
    "evalue": "it took more than {CHAPTER_CELL_TIMEOUT} s",
    "traceback": [],
}}
'''


def release(folder: Path) -> Path:
    """Write both editions of all chapters into a folder that is not there yet, or is empty.

    ``student`` is a copy of the course to hand out: notebooks with stubs, and no solutions.
    ``source`` has the instructor's notebooks as nbgrader wants them, each in a folder of its own,
    and ``nbgrader_config.py`` its settings. What students hand in belongs into
    ``submitted/STUDENT/CHAPTER/CHAPTER.ipynb``.

    Parameters
    ----------
    folder : Path
        Where to.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        If there is something in the folder: hidden tests and students' copies belong together.
    """
    check_empty(folder)
    number = 1 + secrets.randbelow(10**6)
    _copy_course(folder / "student")
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        chapter = read_chapter(path)
        _write(students(chapter), folder / "student" / "notebooks" / path.name)
        graded = instructors(chapter, number)
        if any(map(is_graded, graded.cells)):  # an appendix has no exercises
            _write(graded, folder / "source" / path.stem / path.name)
    write_atomically(folder / "nbgrader_config.py", NBGRADER.encode())
    (folder / "submitted").mkdir()
    return folder


def _write(notebook: "NotebookNode", path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, f"{chapter_text(notebook).rstrip()}\n".encode())


def _copy_course(target: Path) -> None:
    """Copy what students need, and unlink in its pages what they do not get."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, target / name, ignore=NOT_COPIED)
    for name in filter(lambda name: (ROOT / name).exists(), FILES):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target / name)
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):  # so that links to them lead somewhere
        (target / "notebooks").mkdir(exist_ok=True)
        (target / "notebooks" / path.name).touch()
    for page in target.rglob("*.md"):
        text = ABOUT_TESTS.sub("", unlinked(page.read_text("utf-8"), page.parent))
        page.write_text(text, encoding="utf-8")
