"""How many small faults in the code do its tests notice? ``python tests/mutants.py LOG``.

A mutant is the code with one operator, number or condition changed. Of those that can be made in
each of the `ROOMS` a seeded sample is tested, each mutant by the test file of its module, or by
those of its folder or its users where it has none. Three kinds are left out: what only decides how
a figure looks; what guards the code against its own authors, which no input can tell (that a zip is
strict, a dataclass frozen); and what an exercise's check makes up as inputs, drawn or written down,
since others would do as well. Results go into the file LOG, a line each; repeated, the script goes
on after the last.
"""

import argparse
import ast
import contextlib
import copy
import functools
import importlib
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("attack", "bounds", "spectral", "evaluation", "course")
LOOKS = ("__init__.py", "figures", "explorers", "picture.py")
GUARDS = ("strict", "frozen")
DRAWING = {"seeded", "drawn", "manual_seed", "rand", "randn", "randint", "randperm"}
IMPORTED = ("torch", "scipy", "matplotlib.pyplot", "nbval.plugin", "hypothesis")
SWAPPED = {
    **{ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult},
    **{ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt},
    **{ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is},
    **{ast.And: ast.Or, ast.Or: ast.And, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd},
    **{ast.In: ast.NotIn, ast.NotIn: ast.In},
}
RENAMED = {"amax": "amin", "amin": "amax", "max": "min", "min": "max", "sum": "mean"}


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what could stand in a node's place."""
    changed = copy.deepcopy(node)
    if isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in SWAPPED:
        changed.op = SWAPPED[type(node.op)]()
        yield changed
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED:
        changed.ops[0] = SWAPPED[type(node.ops[0])]()
        yield changed
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub | ast.Invert):
        yield changed.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        whole = isinstance(node.value, int) or node.value == 0
        yield ast.Constant(node.value + 1 if whole else 2 * node.value)
    elif isinstance(node, ast.Attribute) and node.attr in RENAMED:
        changed.attr = RENAMED[node.attr]
        yield changed
    elif isinstance(node, ast.If):
        changed.test = ast.UnaryOp(ast.Not(), changed.test)
        yield changed


def inputs(function: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield what an exercise's check sets to something random, or to what an answer is given."""
    given = set()
    for call in filter(lambda node: isinstance(node, ast.Call), ast.walk(function)):
        if getattr(call.func, "id", "") in ("answer", "attempted"):
            given |= {name for argument in call.args for name in variables(argument)}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.For):
            looped = isinstance(node, ast.For)
            targets, value = ([node.target], node.iter) if looped else (node.targets, node.value)
            attributes = {each.attr for each in ast.walk(value) if isinstance(each, ast.Attribute)}
            drawn = not DRAWING.isdisjoint(attributes | variables(value))
            if drawn or not given.isdisjoint(name for each in targets for name in variables(each)):
                yield value


def variables(node: ast.AST) -> set[str]:
    """Return the names of variables and functions in a piece of code."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def sites(tree: ast.Module, *, check: bool) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Yield each place (parent, field, position) of the code where it may be changed."""
    functions = [node for node in tree.body if check and isinstance(node, ast.FunctionDef)]
    passed_over = {
        id(node) for each in functions for value in inputs(each) for node in ast.walk(value)
    }
    for parent in ast.walk(tree):
        if id(parent) in passed_over or (isinstance(parent, ast.keyword) and parent.arg in GUARDS):
            continue
        for name, value in ast.iter_fields(parent):
            if name in ("annotation", "returns"):
                continue
            if isinstance(value, ast.AST) and id(value) not in passed_over:
                yield parent, name, None
            elif isinstance(value, list):
                yield from (
                    (parent, name, i)
                    for i, one in enumerate(value)
                    if isinstance(one, ast.AST) and id(one) not in passed_over
                )


def put(parent: ast.AST, name: str, position: int | None, node: ast.AST) -> ast.AST:
    """Put a node in a place; return the one that was there."""
    if position is None:
        before = getattr(parent, name)
        setattr(parent, name, node)
    else:
        before = getattr(parent, name)[position]
        getattr(parent, name)[position] = node
    return before


def mutants(path: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield what each mutant of a module changes, and what makes its source."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for parent, name, position in list(sites(tree, check="checks" in path.parts)):
        node = getattr(parent, name) if position is None else getattr(parent, name)[position]
        for changed in changes(node):
            line, column = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
            shown = [ast.unparse(each).split("\n")[0] for each in (node, changed)]
            where = f"{path.relative_to(ROOT)}:{line}:{column}"
            made = functools.partial(written, tree, (parent, name, position), changed)
            yield f"{where}: {shown[0]} → {shown[1]}", made


def written(tree: ast.Module, place: tuple, changed: ast.AST) -> str:
    """Return the source of a module with another node in one place."""
    before = put(*place, changed)
    source = ast.unparse(tree)
    put(*place, before)
    return source


def tests_of(path: Path) -> tuple[Path, ...]:
    """Return the test file of a module; or its folder's; or those that import it or its package."""
    tests, inside = ROOT / "tests", path.relative_to(ROOT / "helpers")
    own, folder = tests / inside.with_name(f"test_{path.name}"), tests / inside.parent
    if own.exists():
        return (own.relative_to(ROOT),)
    if len(inside.parts) > 2 and folder.exists():
        return (folder.relative_to(ROOT),)
    files = sorted((tests / inside.parts[0]).rglob("test_*.py"))
    for name in (path.stem, path.parent.name):
        using = [file for file in files if imports(file, name)]
        if using and name != inside.parts[0]:
            return tuple(file.relative_to(ROOT) for file in using)
    return ((tests / inside.parts[0]).relative_to(ROOT),)


def imports(file: Path, name: str) -> bool:
    """Return whether a test file has an import of that name."""
    found = re.search(rf"^(from|import) .*\b{name}\b", file.read_text("utf-8"), re.MULTILINE)
    return found is not None


def outcome(folder: Path, tests: tuple[Path, ...], seconds: float) -> str:
    """Test the code in a folder, in a fork that has PyTorch imported already."""
    child = os.fork()
    if child == 0:
        os.setsid()
        os.chdir(folder)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        sys.path[:0] = [str(folder)]
        import pytest

        options = ["-x", "-q", "-n0", "-p", "no:cacheprovider", f"--rootdir={folder}"]
        os._exit(int(pytest.main([*options, *(str(folder / each) for each in tests)])))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "survived" if os.waitstatus_to_exitcode(status) == 0 else "killed"
        time.sleep(0.1)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout"


def main() -> None:
    """Test the mutants of the sample that the log has not, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path, help="where results are kept")
    parser.add_argument("--count", type=int, default=200, help="mutants in the sample")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--seconds", type=float, default=900, help="for the tests of a mutant")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at a time, a process each")
    options = parser.parse_args()
    sample = drawn(options.count // len(ROOMS), options.seed)
    log = options.log.read_text("utf-8").splitlines() if options.log.exists() else []
    whole = [line for line in log if line.endswith("]")]  # the last may be torn
    options.log.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")
    found = dict(json.loads(line) for line in whole)
    for module in IMPORTED:  # once for all forks
        importlib.import_module(module)

    with tempfile.TemporaryDirectory() as place:
        workers = ProcessPoolExecutor(options.jobs, multiprocessing.get_context("fork"))
        try:
            waiting = [
                workers.submit(tested, Path(place), *job, options.seconds)
                for job in jobs(sample)
                if job[0] not in found
            ]
            for each in as_completed(waiting):
                what, result = each.result()
                found[what] = result
                with options.log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([what, result], ensure_ascii=False) + "\n")
                if not what.startswith("helpers/") and result != "survived":
                    sys.exit(f"{what} fails without a mutant, or takes more than --seconds")
        finally:
            workers.shutdown(cancel_futures=True)
    report({what: result for what, result in found.items() if what.startswith("helpers/")})


def jobs(sample: list[tuple[Path, str, str]]) -> Iterator[tuple[str, tuple, Path | None, str]]:
    """Yield what is tested, its tests, and the module changed with its source: none at first."""
    for tests in dict.fromkeys(tests_of(path) for path, *_ in sample):
        yield " ".join(map(str, tests)), tests, None, ""
    for path, what, source in sample:
        yield what, tests_of(path), path, source


def tested(
    place: Path,
    what: str,
    tests: tuple[Path, ...],
    path: Path | None,
    source: str,
    seconds: float,
) -> tuple[str, str]:
    """Test one mutant, or the code as it is, in the copy of the code that this process has."""
    folder = place / f"{os.getpid()}" / "course"
    if not folder.exists():
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(".git", "screenshots"))
    if path is None:
        return what, outcome(folder, tests, seconds)
    mutated = folder / path.relative_to(ROOT)
    mutated.write_text(source, encoding="utf-8")
    try:
        return what, outcome(folder, tests, seconds)
    finally:
        shutil.copyfile(path, mutated)


def drawn(each: int, seed: int) -> list[tuple[Path, str, str]]:
    """Return so many mutants of each room, in random order: path, what is changed, source."""
    hand, sample = random.Random(seed), []
    for room in ROOMS:
        paths = [
            path
            for path in sorted((ROOT / "helpers" / room).rglob("*.py"))
            if not set(LOOKS) & {*path.relative_to(ROOT).parts}
        ]
        every = [(path, *mutant) for path in paths for mutant in mutants(path)]
        sample += [(path, what, made()) for path, what, made in hand.sample(every, each)]
    hand.shuffle(sample)
    return sample


def report(found: dict[str, str]) -> None:
    """Print the survivors, and the share that was killed with its interval."""
    sys.path.insert(0, str(ROOT))
    from helpers.evaluation import binomial_interval

    survivors = [what for what, result in found.items() if result == "survived"]
    share = 1 - len(survivors) / len(found)
    interval = binomial_interval(share, len(found))
    print(*survivors, sep="\n")
    print(f"{share:.1%} of {len(found)} killed ({interval.low:.1%} to {interval.high:.1%})")


if __name__ == "__main__":
    main()
