"""Whatever a notebook takes from a module of the course must be there, at every scale.

A run shows this only for the lines that it reaches; a line for the paper's size is reached seldom.
"""

import ast
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


def missing(source: str) -> list[str]:
    """Return what is imported from the course, or asked of its modules, and is not there."""
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    imported, lacking = {}, []
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "helpers":
            for alias in node.names:
                try:
                    exec(f"from {node.module} import {ast.unparse(alias)}", imported)
                except ImportError:
                    lacking.append(f"{node.module}.{alias.name}")
    modules = {
        name: found
        for name, found in imported.items()
        if isinstance(found, ModuleType) and name not in stored
    }
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id)
            if module and not hasattr(module, node.attr):
                lacking.append(f"{module.__name__}.{node.attr}")
    return lacking


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_names_of_the_course_are_there(path):
    notebook = nbformat.read(path, as_version=4)
    assert not missing("\n".join(c.source for c in notebook.cells if c.cell_type == "code"))


@pytest.mark.parametrize(
    ("source", "lacking"),
    [
        ("from helpers import attack\nattack.targeted_deepfool", []),
        ("from helpers import attack\nif False:\n    attack.gone()", ["helpers.attack.gone"]),
        ("from helpers.attack import gone", ["helpers.attack.gone"]),
        (
            "from helpers.course.figures import units as figures\nfigures.gone",
            ["helpers.course.figures.units.gone"],
        ),
        ("from helpers import units\nunits = 3\nunits.real", []),
    ],
)
def test_what_is_missing(source, lacking):
    assert missing(source) == lacking
