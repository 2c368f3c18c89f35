"""Write ``solutions.md``: an answer to every exercise, from what the tests know to be right.

``python docs/solutions.py`` takes the exercises from the notebooks and the answers, with the
typical mistakes, from ``tests/course/test_checks.py``, which proves that each check accepts the one
and rejects the others. So there is one source, and a test tells when this file is behind.
"""

import ast
import json
import re
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "solutions.md"
TESTS = ROOT / "tests" / "course" / "test_checks.py"
EXERCISE = re.compile(r"\*\*(\d)\.\*\*\s*(.*)", re.DOTALL)
STUB = re.compile(r"^def (\w+)\(.*?^checks\.(\w+)\(\1\)", re.DOTALL | re.MULTILINE)
GENERAL = ("it ", "not ", "as a tensor", "shape ")  # said of any other wrong answer
HEAD = """# Solutions

For teachers. Written by `python docs/solutions.py` from the notebooks and from
[tests/course/test_checks.py](../tests/course/test_checks.py), which proves that each check accepts
the answer and rejects the mistakes. Any other right answer passes as well.
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
        found.append((path.stem, tasks))
    return found


class Answers:
    """The answers and the mistakes of ``tests/course/test_checks.py``, as source code."""

    def __init__(self) -> None:
        self.text = TESTS.read_text(encoding="utf-8")
        tree = ast.parse(self.text)
        self.functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
        tables = {
            node.targets[0].id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        }
        self.right = {
            key.attr: answers.elts[0]
            for key, answers in zip(tables["RIGHT"].keys, tables["RIGHT"].values, strict=True)
        }
        self.mistakes = {
            key.attr: [(name.value, entry.elts[1].value) for name, entry in _items(mistakes)]
            for key, mistakes in zip(
                tables["MISTAKES"].keys, tables["MISTAKES"].values, strict=True
            )
        }

    def source(self, check: str, name: str) -> str:
        """Return the first right answer to a check as the code of a function called `name`."""
        answer = self.right[check]
        if isinstance(answer, ast.Lambda):
            body = f"def {name}({ast.unparse(answer.args)}):\n    return {ast.unparse(answer.body)}"
        else:
            body = f"{name} = {ast.unparse(answer)}"
        parts = [ast.get_source_segment(self.text, node) for node in self._needs(answer)]
        return "\n\n\n".join([*parts, body])

    def _needs(self, node: ast.AST) -> list[ast.FunctionDef]:
        """Return the functions of the tests that a piece of code calls, those first it needs."""
        own = {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}  # hide the functions
        needed: list[ast.FunctionDef] = []
        for inner in ast.walk(node):
            name = inner.id if isinstance(inner, ast.Name) and inner.id not in own else ""
            function = self.functions.get(name)
            if function is not None and function is not node:
                new = [*self._needs(function), function]
                needed += [one for one in new if one not in needed]
        return needed


def _items(table: ast.Dict) -> list[tuple[ast.Constant, ast.Tuple]]:
    return list(zip(table.keys, table.values, strict=True))


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
    TARGET.write_text(page(), encoding="utf-8")
