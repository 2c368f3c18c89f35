"""The house rules of `helpers/`: imports run one way, and every room has a face."""

import ast
import collections
import json
import subprocess
import sys
from pathlib import Path

import pytest

HELPERS = Path(__file__).resolve().parents[2] / "helpers"
MODULES = sorted(path.relative_to(HELPERS).as_posix() for path in HELPERS.rglob("*.py"))
LINES = 250  # of a module

ALLOWED = {  # a room may import these rooms, and no others
    "data": set(),
    "lbfgsb": set(),
    "models": {"data"},
    "evaluation": {"data"},
    "attack": {"data", "lbfgsb", "evaluation", "models"},
    "spectral": {"evaluation", "models"},
    "training": {"data", "evaluation", "models"},
    "units": {"data", "evaluation", "training"},
    "bounds": {"evaluation", "spectral"},
    "blind_spots": {"attack", "bounds", "data", "evaluation"},
    "studies": {
        "attack",
        "bounds",
        "data",
        "evaluation",
        "models",
        "spectral",
        "training",
        "units",
    },
    "course": {
        "attack",
        "blind_spots",
        "bounds",
        "data",
        "evaluation",
        "spectral",
        "studies",
        "units",
    },
    "reproduce": {"course", "data", "studies"},
    "badges": {"data"},
    "classroom": {"course"},
}
ROOMS = [name for name in ALLOWED if (HELPERS / name).is_dir()]
DRAWING = {"matplotlib", "ipywidgets"}
ABSENT = {  # what takes long to import, and not everybody needs
    "data": DRAWING,
    "lbfgsb": DRAWING,
    "attack": DRAWING,
    "course": {"nbformat", "jsonschema", "scipy.optimize", "scipy.stats", "sklearn", "torchvision"},
}


def imported(source: str) -> set[tuple[str, ...]]:
    """Return what a module's source imports of the package, wherever it does: (room, rest, …)."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, ["helpers" if node.level else "", node.module]))
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {tuple(name.split(".")[1:]) for name in names if name.startswith("helpers.")}
    return found


def room_of(path: str) -> str:
    return path.removesuffix(".py").split("/")[0]


def source(path: str) -> str:
    return (HELPERS / path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import helpers.attack as a, torch", {("attack",)}),
        ("from helpers import data, bounds", {("data",), ("bounds",)}),
        ("from helpers.lbfgsb import Result", {("lbfgsb", "Result")}),
        ("from helpers.attack.losses import margin", {("attack", "losses", "margin")}),
        ("from . import units", {("units",)}),
        ("def f():\n    from .course import setup", {("course", "setup")}),
        ("import helpers_of_others.data, os", set()),
    ],
)
def test_every_way_to_import_is_seen(text, names):
    assert imported(text) == names


@pytest.mark.parametrize("path", [path for path in MODULES if path != "__init__.py"])
def test_module_imports_only_what_its_room_may(path):
    room = room_of(path)
    assert room in ALLOWED, f"helpers/{path} is in no room of ALLOWED: say what it may import"
    forbidden = {name[0] for name in imported(source(path))} - ALLOWED[room] - {room}
    assert not forbidden, (
        f"helpers/{path} imports {', '.join(sorted(forbidden))}; "
        f"its room may import {', '.join(sorted(ALLOWED[room])) or 'no other'}"
    )


def test_rooms_form_no_circle():
    left = dict(ALLOWED)
    while left:
        ground = [room for room, below in left.items() if not below & left.keys()]
        assert ground, f"these import each other in a circle: {', '.join(left)}"
        for room in ground:
            del left[room]


@pytest.mark.parametrize("path", [path for path in MODULES if path != "__init__.py"])
def test_other_rooms_are_entered_by_the_door(path):
    behind = [
        ".".join(name)
        for name in imported(source(path))
        if name[0] != room_of(path) and len(name) > 2
    ]
    assert not behind, f"helpers/{path} imports {behind}: import from the room's face"


@pytest.mark.parametrize("room", ROOMS)
def test_face_is_a_docstring_imports_and_all(room):
    docstring, *imports, names = ast.parse(source(f"{room}/__init__.py")).body
    assert isinstance(docstring, ast.Expr)
    assert all(isinstance(node, ast.ImportFrom) for node in imports)
    shown = [alias.name for node in imports for alias in node.names]
    assert names.targets[0].id == "__all__"
    assert sorted(ast.literal_eval(names.value)) == sorted(shown)
    files = {path.stem for path in (HELPERS / room).iterdir()}
    whole = {
        alias.name for node in imports if node.module == f"helpers.{room}" for alias in node.names
    }
    assert not files & set(shown) - whole, "a file bears the name of what the face exports"


def public(tree: ast.Module) -> list[str]:
    """Return the names that a module defines for others: functions, classes and constants."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [n.id for t in node.targets for n in ast.walk(t) if isinstance(n, ast.Name)]
        elif isinstance(node, ast.AnnAssign):
            found.append(node.target.id)
    return [name for name in found if not name.startswith("_")]


def test_no_public_name_has_two_meanings():
    # a check or an explorer bears the name of its exercise or chapter; every command has a main
    modules = [p for p in MODULES if not p.startswith(("course/checks/", "course/explorers/"))]
    defined = collections.defaultdict(list)
    for path in modules:
        for name in public(ast.parse(source(path))):
            if name != "main":
                defined[name].append(path)
    twice = {name: paths for name, paths in defined.items() if len(paths) > 1}
    assert not twice, twice


@pytest.mark.parametrize("path", MODULES)
def test_module_can_be_read_in_one_sitting(path):
    assert len(source(path).splitlines()) <= LINES


@pytest.fixture(scope="module")
def loaded():
    """Return room → what of `ABSENT` was loaded when it and the rooms before it were imported."""
    lines = ["import json, sys", "found = {}"]
    for room, absent in ABSENT.items():
        lines += [f"import helpers.{room}", f"found['{room}'] = [*sys.modules.keys() & {absent}]"]
    command = [sys.executable, "-c", "\n".join([*lines, "print(json.dumps(found))"])]
    ran = subprocess.run(command, cwd=HELPERS.parent, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


@pytest.mark.parametrize("room", ABSENT)
def test_room_is_light_to_import(loaded, room):
    assert loaded[room] == []
