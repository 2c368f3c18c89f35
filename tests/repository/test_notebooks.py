"""What every notebook has to keep, apart from its results, which nbval compares."""

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
CHECKED = "# NBVAL_CHECK_OUTPUT"
MOST_CELLS = 25  # that are not folded, exercises aside
MOST_BYTES = 1_500_000  # of a notebook with its outputs
MOST_LINES, MEDIAN_LINES = 25, 10  # of a cell, counted as they are printed
FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form"}  # in JupyterLab and on Colab
TITLE = "# @title "  # what Colab shows in the place of folded code
DRAWING = {
    "build_it",
    "course",
    "plotting",
    "figures",
    "explorers",
    "checks",
}  # modules that compute no result

RUN_TWICE = """
import sys
source, names = sys.stdin.read(), {"__name__": "__main__"}
exec(source, names)
before = list(sys.path)
exec(source, names)
assert sys.path == before, "the second run changed sys.path"
"""


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request) -> nbformat.NotebookNode:
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def outputs(notebook) -> list[nbformat.NotebookNode]:
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def setup_cell(path: Path) -> str:
    return code_cells(nbformat.read(path, as_version=4))[0].source


def test_the_first_chapters_are_there():
    chapters = {path.name[:2] for path in NOTEBOOKS}
    assert {"01", "02"} <= chapters, f"notebooks/ has only {sorted(chapters)}"


def test_format(notebook):
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata, "GitHub shows no notebook with metadata.widgets"


def test_begins_with_title_objectives_and_needs(notebook):
    first = notebook.cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    missing = {"objectives", "time", "memory"} - set(re.findall(r"\w+", first.source.lower()))
    assert not missing, f"the first cell does not speak of {missing}"


def is_folded(cell) -> bool:
    return any(cell.metadata.get(key) for key in FOLDED)


def is_set_up(cell) -> bool:
    return "course.setup()" in cell.source


def is_exercise(cell) -> bool:
    return re.search(r"^checks\.\w+\(", cell.source, re.MULTILINE) is not None


def test_shows_few_cells(notebook):
    shown = [c for c in code_cells(notebook) if not is_folded(c) and not is_exercise(c)]
    assert len(shown) <= MOST_CELLS


def test_cells_are_short(notebook):
    cells = [c for c in code_cells(notebook) if not is_set_up(c) and not is_exercise(c)]
    lines = [len(cell.source.splitlines()) for cell in cells]
    assert max(lines) <= MOST_LINES, cells[lines.index(max(lines))].source
    assert statistics.median(lines) <= MEDIAN_LINES, sorted(lines)


def test_folded_cells_are_folded_everywhere_and_have_a_title(notebook):
    for cell in code_cells(notebook):
        if is_folded(cell):
            assert {key: cell.metadata.get(key) for key in FOLDED} == FOLDED, cell.source
            assert re.match(rf"{TITLE}\S", cell.source), cell.source
        else:
            assert TITLE not in cell.source, cell.source


def test_set_up_is_folded_and_what_one_does_is_not(notebook):
    for cell in code_cells(notebook):
        if is_set_up(cell):
            assert is_folded(cell)
        if is_exercise(cell):
            assert not is_folded(cell)


def test_what_only_sets_up_draws_or_keeps_the_ledger_is_folded(notebook):
    for cell in code_cells(notebook):
        body = ast.parse(cell.source).body
        imports = all(isinstance(node, ast.Import | ast.ImportFrom) for node in body)
        draws = re.search(r"^(plotting\.show|figures\.|ledger\.)", cell.source, re.MULTILINE)
        if imports or draws:
            assert is_folded(cell), cell.source


def test_at_most_half_of_the_code_is_shown(notebook):
    lines = [(len(c.source.splitlines()), is_folded(c)) for c in code_cells(notebook)]
    shown = sum(count for count, folded in lines if not folded)
    assert shown <= sum(count for count, _ in lines) / 2


def test_says_that_some_cells_are_folded(notebook):
    text = " ".join(c.source for c in notebook.cells if c.cell_type == "markdown").lower()
    assert re.search(r"folded.{0,150}(open|click)", text)


def roots(node: ast.AST) -> set[str]:
    """Return the names whose functions, or attributes' functions, are called in a piece of code."""
    calls = [n.func for n in ast.walk(node) if isinstance(n, ast.Call)]
    found = set()
    for function in calls:
        while isinstance(function, ast.Attribute):
            function = function.value
        if isinstance(function, ast.Name):
            found.add(function.id)
    return found


def test_no_cell_computes_and_draws(notebook):
    computing = set()  # what was imported from rooms that compute
    for cell in code_cells(notebook):
        tree = ast.parse(cell.source)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers"):
                computing |= {alias.name for alias in node.names} - DRAWING
        called = roots(tree)
        if called & {"plotting", "figures"}:
            assert not called & computing, cell.source
            assert "course.table" not in cell.source, cell.source


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("plotting.show(fig, alt=x)", {"plotting"}),
        ("y = evaluation.statistics.bootstrap(a)", {"evaluation"}),
        ("pgd(network, x)[0].cpu()", {"pgd"}),
        ("[f(x) for x in y]; z.a", {"f"}),
    ],
)
def test_roots_of_calls(code, names):
    assert names <= roots(ast.parse(code))
    assert "z" not in roots(ast.parse(code))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_not_heavy(path):
    assert path.stat().st_size <= MOST_BYTES, "store it with python -m helpers.reproduce --store"


def test_was_run_from_top_to_bottom(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_checked_cells_have_something_to_check(notebook):
    checked = [cell for cell in code_cells(notebook) if CHECKED in cell.source.splitlines()]
    assert checked, f"no cell has the line {CHECKED}"
    for cell in checked:  # nbval passes a cell without a count unseen
        assert cell.execution_count
        shown = [output.get("text") or output.get("data") for output in cell.outputs]
        assert any(shown), cell.source


def test_stores_no_error(notebook):
    assert not [output for output in outputs(notebook) if output.output_type == "error"]


def test_stores_no_live_view(notebook):
    # its kernel is gone; the picture beside it shows on every page
    for output in outputs(notebook):
        assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {})


def test_pictures_have_alt_text(notebook):
    for output in outputs(notebook):
        if "image/png" in output.get("data", {}):
            alt = output.metadata.get("image/png", {}).get("alt", "")
            assert alt.strip(), output.data.get("text/plain")


def test_outputs_name_no_machine(notebook, machine_path):
    for output in outputs(notebook):
        texts = [output.get("text", ""), *output.get("data", {}).values()]
        found = [match for text in texts for match in machine_path.findall(str(text))]
        assert not found, f"{found} in {output.get('text') or output.data['text/plain']}"


def test_pictures_are_of_data_that_may_be_passed_on(notebook):
    # the last line of a ledger names the data of the run whose outputs are stored
    texts = [output.get("data", {}).get("text/markdown", "") for output in outputs(notebook)]
    named = re.findall(r"^Data: .*", "\n".join(map("".join, texts)), re.MULTILINE)
    assert named, "no ledger is stored"
    assert not re.search("CIFAR|ImageNet", " ".join(named), re.IGNORECASE), named


def test_setup_cell_is_the_same_in_all():
    assert len({setup_cell(path) for path in NOTEBOOKS}) <= 1


def test_setup_cell_runs_anywhere_and_twice(tmp_path, monkeypatch):
    assert NOTEBOOKS, "notebooks/ is empty"
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    done = subprocess.run(
        [sys.executable, "-c", RUN_TWICE],
        input=setup_cell(NOTEBOOKS[0]),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines
    assert lines[: len(lines) // 2] == lines[len(lines) // 2 :], "the second run said other things"
    assert not list(tmp_path.iterdir()), "it left something in the folder it ran in"


def names_set(*nodes: ast.AST) -> set[str]:
    """Return the names that statements set, what they only add to aside."""
    inside = [n for node in nodes for n in ast.walk(node)]
    added = [n.target for n in inside if isinstance(n, ast.AugAssign)]
    names = [n for n in inside if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return {n.id for n in names if n not in added}


def test_what_later_cells_read_is_not_set_anew_on_a_condition(notebook):
    """Such a name means one thing where the condition holds, and another where it does not."""
    known, risky = set(), set()
    for tree in (ast.parse(cell.source) for cell in code_cells(notebook)):
        read, here = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}, names_set(tree)
        assert not (read & risky) - here, f"{(read & risky) - here} may be one thing or another"
        on_condition = names_set(*(part for part in tree.body if isinstance(part, ast.If)))
        risky = (risky - here) | (on_condition & known)
        known |= here
