"""Two editions of a chapter: the students' with stubs, the instructor's with solutions and tests.

Both carry nbgrader's metadata: an exercise becomes a cell to fill in and a locked one that checks
it, for one point. The instructor's check ends in a hidden part, graded with a number that belongs
to the release, which raises where an answer does not pass.
"""

import ast
import copy
import importlib.util
import re
import textwrap
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

from helpers.course.classroom.chapters import code_cell
from helpers.course.classroom.links import without_buttons
from helpers.data import ROOT

if TYPE_CHECKING:
    from nbformat import NotebookNode

WHERE_THE_CHECK_IS = (  # in one cell with the answer, or in these editions below it
    "run the cell; the check tells you",
    "run the cell and the check below it, which tells you",
)
SPLIT = re.compile(r"(?P<stub>.*?)^checks\.(?P<check>\w+)\((?P<name>\w+)\)\s*\Z", re.S | re.M)
CHECKS_IMPORT = "from helpers.course import checks\n"
STUB = "return ..."
FULL_POINTS = 1  # of an exercise
IMPORTS = {"math": "import math", "nn": "from torch import nn", "torch": "import torch"}
HIDDEN = """
### BEGIN HIDDEN TESTS
from unittest import mock

with mock.patch.dict("os.environ", COURSE_GRADE="{number}"):  # unseen inputs; raises
    checks.{check}({name})
### END HIDDEN TESTS
"""

Solve = Callable[[str, str], str]  # of an exercise's stub and its check to the solved cell


def students(chapter: "NotebookNode") -> "NotebookNode":
    """Return the students' edition of a chapter: nothing solved, each check locked."""
    return _edition(chapter, lambda stub, check: stub, hidden="")


def instructors(chapter: "NotebookNode", number: int) -> "NotebookNode":
    """Return the instructor's edition of a chapter.

    Parameters
    ----------
    chapter : NotebookNode
        The notebook of the course.
    number : int
        The release's; the hidden tests ask about its inputs.
    """
    answers = _solutions().Answers()

    def solve(stub: str, check: str) -> str:
        return _solved(stub, answers.source(check, "solution"), answers.mistakes[check])

    return _edition(chapter, solve, hidden=HIDDEN.replace("{number}", str(number)))


def is_graded(cell: "NotebookNode") -> bool:
    """Return whether a cell is a locked check."""
    return bool(cell.metadata.get("nbgrader", {}).get("grade"))


def is_to_fill_in(cell: "NotebookNode") -> bool:
    """Return whether a cell waits for an answer."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def _solutions() -> ModuleType:
    """Return the script that knows the solutions; the students' edition does not have it."""
    path = ROOT / "docs" / "solutions.py"
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: solutions are in the teacher's repository")
    spec = importlib.util.spec_from_file_location("solutions", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _edition(chapter: "NotebookNode", solve: Solve, hidden: str) -> "NotebookNode":
    edition = copy.deepcopy(chapter)
    edition.cells = []
    for cell in chapter.cells:
        exercise = SPLIT.fullmatch(cell.source) if cell.cell_type == "code" else None
        if exercise is None:
            edition.cells.append(copy.deepcopy(cell))
            if cell.cell_type == "markdown":  # buttons lead to where the solutions are
                edition.cells[-1].source = without_buttons(cell.source).replace(*WHERE_THE_CHECK_IS)
            continue
        stub, check, name = exercise["stub"], exercise["check"], exercise["name"]
        task = stub.replace(CHECKS_IMPORT, "").strip()
        test = f"{CHECKS_IMPORT}\nchecks.{check}({name})"
        test += hidden.replace("{check}", check).replace("{name}", name).rstrip()
        edition.cells += [
            _marked(solve(task, check), cell.id, solution=True),
            _marked(test, f"{cell.id}-check", solution=False),
        ]
    return edition


def _marked(source: str, identity: str, solution: bool) -> "NotebookNode":
    """Return a code cell that nbgrader knows: one to fill in, or else one that gives a point."""
    marks = {
        "cell_type": "code",
        "grade": not solution,
        "grade_id": identity,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
    }
    if not solution:
        marks["points"] = FULL_POINTS
    return code_cell(source, id=identity, metadata={"nbgrader": marks})


def _solved(stub: str, solution: str, mistakes: list[tuple[str, str]]) -> str:
    """Return a stub with its solution in nbgrader's marks, and what the check knows as comments."""
    (function,) = ast.parse(stub).body
    arguments = ", ".join(argument.arg for argument in function.args.args)
    needed = [line for name, line in IMPORTS.items() if re.search(rf"\b{name}\b", solution)]
    notes = [f"# {mistake}: the check says “… {hint} …”" for mistake, hint in mistakes]
    given = f"given = ({arguments},)"  # a function of the solution may bear a name of these
    lines = ["### BEGIN SOLUTION", *notes, *needed, given, solution, "return solution(*given)"]
    inner = textwrap.indent("\n".join([*lines, "### END SOLUTION"]), "    ")
    head, found, _ = stub.rpartition(f"    {STUB}")
    if not found:
        raise ValueError(f"an exercise must end in {STUB!r}; got {stub!r}")
    return head + inner
