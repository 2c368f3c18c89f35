"""`grade`: what was handed in is run, and each exercise gets its point or a reason."""

import ast
import csv
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from helpers.course.classroom.answering import ENDED, failures
from helpers.course.classroom.chapters import read_chapter
from helpers.course.classroom.editions import is_graded, is_to_fill_in
from helpers.data import ROOT

if TYPE_CHECKING:
    from nbformat import NotebookNode

MISSING = "not handed in"


class Mark(NamedTuple):
    """What a student got for an exercise, and why not more."""

    student: str
    chapter: str
    exercise: str
    points: int
    of: int
    reason: str


def grade(folder: Path, with_nbgrader: bool | None = None) -> list[Mark]:
    """Grade what is in ``submitted`` of a folder that `release` wrote.

    Parameters
    ----------
    folder : Path
        With ``source`` and ``submitted/STUDENT/CHAPTER/CHAPTER.ipynb``.
    with_nbgrader : bool, optional
        Whether nbgrader runs whole notebooks and keeps its gradebook in the folder, or this module
        runs the answers and the checks alone; by default the first where nbgrader is installed.

    Returns
    -------
    list of Mark
        One for each student and exercise of each chapter in ``source``.

    Raises
    ------
    FileNotFoundError
        If the folder has no ``source`` or nobody handed in.
    """
    sources = sorted((folder / "source").glob("*/*.ipynb"))
    handed_in = sorted(path for path in (folder / "submitted").glob("*") if path.is_dir())
    for found, name in ((sources, "source"), (handed_in, "submitted")):
        if not found:
            raise FileNotFoundError(f"{folder / name} must have folders; see classroom release")
    if with_nbgrader is None:
        with_nbgrader = importlib.util.find_spec("nbgrader") is not None
    marks = []
    for source in sources:
        chapter = read_chapter(source)
        submissions = [path / source.stem / source.name for path in handed_in]
        if with_nbgrader and any(path.exists() for path in submissions):
            _run_nbgrader(folder, source.stem)
        for student, submitted in zip(handed_in, submissions, strict=True):
            if not submitted.exists():
                why = MISSING
            elif with_nbgrader:
                run = folder / "autograded" / submitted.relative_to(folder / "submitted")
                why = _nbgraders_reasons(_read(run))
            else:
                why = _own_reasons(chapter, _read(submitted))
            marks += _marks(student.name, source.stem, chapter, why)
    return marks


def totals(marks: Sequence[Mark]) -> dict[str, tuple[int, int]]:
    """Return student → points and how many there are, in the chapters that anybody handed in."""
    assigned = {mark.chapter for mark in marks if mark.reason != MISSING}
    found = {mark.student: (0, 0) for mark in marks}
    for mark in marks:
        if mark.chapter in assigned:
            points, of = found[mark.student]
            found[mark.student] = points + mark.points, of + mark.of
    return found


def write_marks(marks: list[Mark], path: Path) -> None:
    """Write marks as CSV, a line for each student and exercise."""
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(Mark._fields)
        rows.writerows(marks)


def _read(path: Path) -> "NotebookNode | str":
    """Return a notebook, or why there is none."""
    try:
        return read_chapter(path)
    except Exception as error:  # whatever somebody handed in under this name
        return f"cannot be read: {type(error).__name__}"


def _marks(
    student: str, chapter: str, source: "NotebookNode", reasons: dict[str, str] | str
) -> list[Mark]:
    """Return the marks of a student for a chapter, from why each exercise has no point, or all."""
    marks = []
    for number, cell in enumerate(filter(is_graded, source.cells), start=1):
        why = reasons if isinstance(reasons, str) else reasons.get(_name(cell), MISSING)
        of = cell.metadata.nbgrader.points
        marks.append(Mark(student, chapter, str(number), 0 if why else of, of, why))
    return marks


def _name(cell: "NotebookNode") -> str:
    return cell.metadata.nbgrader.grade_id


def _nbgraders_reasons(done: "NotebookNode | str") -> dict[str, str] | str:
    """Return why each check gave no point where nbgrader ran a notebook."""
    if isinstance(done, str):
        return done
    code = [cell for cell in done.cells if cell.cell_type == "code"]
    answers = {cell.source: _reason(cell) for cell in code if not is_graded(cell)}
    return {_name(cell): _cause(_reason(cell), answers) for cell in code if is_graded(cell)}


def _cause(why: str, answers: dict[str, str]) -> str:
    """Return why an answer itself failed where its check can only say that there is none."""
    name = re.fullmatch(r"NameError: name '(\w+)' is not defined", why)
    failed = [said for cell, said in answers.items() if name and said and f"def {name[1]}(" in cell]
    return failed[-1] if failed else why


def _reason(cell: "NotebookNode") -> str:
    """Return why a cell that was run failed, an empty text if it did not."""
    for output in cell.outputs:
        if output.output_type == "error":
            ours = output.ename == "NotPassedError"
            return output.evalue if ours else f"{output.ename}: {output.evalue}"
    return "" if cell.execution_count else ENDED


def _own_reasons(source: "NotebookNode", submitted: "NotebookNode | str") -> dict[str, str] | str:
    """Run what a student wrote, and the source's checks, without the rest of the chapter."""
    if isinstance(submitted, str):
        return submitted
    checks = [cell for cell in source.cells if is_graded(cell)]
    answers = _answers(source, submitted)
    said = failures([_imports(source), *answers, *(cell.source for cell in checks)])
    of_answers = dict(zip(answers, said[1:], strict=False))
    return {
        _name(cell): _cause(why, of_answers)
        for cell, why in zip(checks, said[-len(checks) :], strict=True)
    }


def _answers(source: "NotebookNode", submitted: "NotebookNode") -> list[str]:
    """Return the cells that were filled in or added."""
    texts = {cell.source for cell in source.cells}
    ids = {cell.id for cell in source.cells}
    return [
        cell.source
        for cell in submitted.cells
        if cell.cell_type == "code"
        and not is_graded(cell)
        and (is_to_fill_in(cell) or (cell.source not in texts and cell.get("id") not in ids))
    ]


def _imports(chapter: "NotebookNode") -> str:
    """Return the imports of a chapter's cells, each on a line."""
    lines = []
    for cell in chapter.cells:
        if cell.cell_type == "code" and not is_graded(cell):
            body = ast.parse(cell.source).body
            lines += [ast.unparse(n) for n in body if isinstance(n, ast.Import | ast.ImportFrom)]
    return "\n".join(dict.fromkeys(lines))


def _run_nbgrader(folder: Path, chapter: str) -> None:
    """Let nbgrader make its release of a chapter and run what was handed in."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    for earlier in (folder / "autograded").glob(f"*/{chapter}"):
        shutil.rmtree(earlier)  # else it would be read where this run ends in the middle
    programs = [str(Path(sys.executable).parent), os.environ["PATH"]]  # it calls alembic
    for command in ("generate_assignment", "autograde"):
        subprocess.run(
            [sys.executable, "-m", "nbgrader", command, chapter, "--create", "--force"],
            cwd=folder,
            env={
                **os.environ,
                "PATH": os.pathsep.join(programs),
                "PYTHONPATH": os.pathsep.join(paths),
            },
            check=command == "generate_assignment",  # autograde ends so where one of many failed
        )
