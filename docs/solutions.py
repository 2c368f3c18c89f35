"""Write ``solutions.md``: an answer to every exercise, from what the tests know to be right.

``python docs/solutions.py`` takes the exercises from the notebooks and the answers, with the
typical mistakes, from ``tests/course/checks/``, which proves that each check accepts the one and
rejects the others. So there is one source, and a test tells when this file is behind.
"""

import ast
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "solutions.md"
TESTS = ROOT / "tests" / "course" / "checks"
EXERCISE = re.compile(r"\*\*((?:Step )?\d)\.\*\*\s*(.*)", re.DOTALL)
STUB = re.compile(r"^def (\w+)\(.*?^checks\.(\w+)\(\1\)", re.DOTALL | re.MULTILINE)
GENERAL = ("it ", "not ", "as a tensor", "shape ")  # said of any other wrong answer
HEAD = """# Solutions

For teachers. Written by `python docs/solutions.py` from the notebooks and from
[tests/course/checks](../tests/course/checks), which proves that each check accepts the answer and
rejects the mistakes. Any other right answer passes as well.
"""


def exercises() -> list[tuple[str, list[tuple[str, str, str, str]]]]:
    """Return each chapter's name with its exercises: number, text, student's function, check."""
    found = []
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        sources = ["".join(cell["source"]) for cell in cells]
        tasks = []
        for text, code in pairwise(sources):
            task, stub = EXERCISE.search(text), STUB.search(code)
            if task and stub:
                tasks.append((task[1], task[2].strip(), stub[1], stub[2]))
        if tasks:  # an appendix has none
            found.append((path.stem, tasks))
    return found


class Answers:
    """The answers and the mistakes of ``tests/course/checks/``, as source code."""

    def __init__(self) -> None:
        self.right: dict[str, tuple[ast.expr, dict[str, Function]]] = {}
        self.mistakes: dict[str, list[tuple[str, str]]] = {}
        shared = _functions(TESTS / "shared.py")
        for path in sorted(TESTS.glob("test_*.py")):
            functions = shared | _functions(path)
            for check, answers in _table(path, "RIGHT").items():
                self.right[check] = answers.elts[0], functions
            for check, mistakes in _table(path, "MISTAKES").items():
                pairs = zip(mistakes.keys, mistakes.values, strict=True)
                self.mistakes[check] = [(name.value, made.elts[1].value) for name, made in pairs]

    def source(self, check: str, name: str) -> str:
        """Return the first right answer to a check as the code of a function called `name`."""
        answer, functions = self.right[check]
        if isinstance(answer, ast.Lambda):
            body = f"def {name}({ast.unparse(answer.args)}):\n    return {ast.unparse(answer.body)}"
        else:
            body = f"{name} = {ast.unparse(answer)}"
        return "\n\n\n".join([*_needs(answer, functions), body])


class Function(NamedTuple):
    """A function of the tests: what it does, and how it is written."""

    node: ast.FunctionDef
    text: str


def _functions(path: Path) -> dict[str, Function]:
    """Return the functions of a file by name."""
    text = path.read_text(encoding="utf-8")
    return {
        node.name: Function(node, ast.get_source_segment(text, node))
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef)
    }


def _table(path: Path, name: str) -> dict[str, ast.expr]:
    """Return a dictionary that a file may define, its keys ``checks.<key>`` by their last word."""
    tables = [
        node.value
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == name
    ]
    return {
        key.attr: value
        for table in tables
        for key, value in zip(table.keys, table.values, strict=True)
    }


def _needs(node: ast.AST, functions: dict[str, Function]) -> list[str]:
    """Return the text of the functions that a piece of code calls, those first it needs."""
    own = {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}  # hide the functions
    needed: list[str] = []
    for inner in ast.walk(node):
        name = inner.id if isinstance(inner, ast.Name) and inner.id not in own else ""
        if name in functions and functions[name].node is not node:
            found = [*_needs(functions[name].node, functions), functions[name].text]
            needed += [text for text in found if text not in needed]
    return needed


def page() -> str:
    """Return the whole of ``solutions.md``."""
    answers, parts = Answers(), [HEAD]
    for chapter, tasks in exercises():
        parts.append(f"## [{chapter}](../notebooks/{chapter}.ipynb)\n")
        for number, text, name, check in tasks:
            parts.append(f"**{number}.** {text}\n")
            parts.append(f"```python\n{answers.source(check, name)}\n```\n")
            named = [
                f"{mistake}: “… {hint} …”"
                for mistake, hint in answers.mistakes[check]
                if not hint.startswith(GENERAL)
            ]
            parts.append(f"Typical mistakes, and what the check says: {'; '.join(named)}.\n")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8", newline="\n")
