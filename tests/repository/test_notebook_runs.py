"""A notebook whose figures are not drawn, or whose kernel dies, fails and says why."""

import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PICTURE = {"image/png": "aGVsbG8="}
DRAW = "display({'image/png': 'aGVsbG8='}, raw=True)"
LATER = (
    "from IPython.display import DisplayHandle\n"
    "place = DisplayHandle()\n"
    "place.display({'text/plain': 'soon'}, raw=True)\n"
    "place.update({'image/png': 'aGVsbG8='}, raw=True)"
)
DIES = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"


@pytest.fixture
def tested(root, tmp_path):
    """Test a notebook of one cell with so many figures stored; return what pytest said."""

    def run(source, stored):
        (tmp_path / "conftest.py").write_bytes((root / "conftest.py").read_bytes())
        outputs = [new_output("display_data", data=PICTURE) for _ in range(stored)]
        cells = [new_markdown_cell("# Title"), new_code_cell(source, outputs=outputs)]
        cells[1].execution_count = 1
        nbformat.write(new_notebook(cells=cells), tmp_path / "one.ipynb")
        command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env"]
        options = ["-p", "no:cacheprovider", "--nbval-cell-timeout=60", "one.ipynb"]
        return subprocess.run(
            [*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=100
        ).stdout

    return run


@pytest.mark.parametrize(("source", "stored"), [(DRAW, 1), ("6 * 7", 0), (LATER, 1)])
def test_cell_that_draws_what_is_stored_passes(tested, source, stored):
    assert "1 passed" in tested(source, stored)


@pytest.mark.parametrize(
    ("source", "stored", "said"),
    [
        ("6 * 7", 1, "the cell drew 0 figures; 1 are stored"),
        (f"{DRAW}\n{DRAW}", 1, "the cell drew 2 figures; 1 are stored"),
        ("1 / 0", 1, "ZeroDivisionError"),
    ],
)
def test_cell_that_does_not_fails_and_says_why(tested, source, stored, said):
    output = tested(source, stored)
    assert "1 failed" in output
    assert said in output


def test_kernel_that_died_is_named(tested):
    output = tested(DIES, 0)
    assert "1 failed" in output
    assert "the kernel died in this cell" in output
    assert "Timeout" not in output
