"""What every notebook has to keep, apart from its results, which nbval compares."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
CHECKED = "# NBVAL_CHECK_OUTPUT"
MOST_CELLS, MOST_LINES = 25, 40

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


def test_is_short(notebook):
    cells = code_cells(notebook)
    assert len(cells) <= MOST_CELLS
    assert max(len(cell.source.splitlines()) for cell in cells) <= MOST_LINES


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
