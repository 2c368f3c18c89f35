"""A notebook whose figures are not drawn, or whose kernel dies, fails and says why."""

import subprocess
import sys
from xml.etree import ElementTree

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
PASSING = {"drawn": (DRAW, 1), "nothing": ("6 * 7", 0), "later": (LATER, 1)}
FAILING = {  # a cell, how many figures are stored, and what is said
    "fewer": ("6 * 7", 1, "the cell drew 0 figures; 1 are stored"),
    "more": (f"{DRAW}\n{DRAW}", 1, "the cell drew 2 figures; 1 are stored"),
    "error": ("1 / 0", 1, "ZeroDivisionError"),
}


@pytest.fixture(scope="module")
def said(root, tmp_path_factory):
    """Test notebooks of one cell, all at once; return why each failed, None where it passed."""
    folder = tmp_path_factory.mktemp("notebooks")
    (folder / "conftest.py").write_bytes((root / "conftest.py").read_bytes())
    for name, (source, stored, *_) in {**PASSING, **FAILING, "dies": (DIES, 0)}.items():
        outputs = [new_output("display_data", data=PICTURE) for _ in range(stored)]
        cells = [new_markdown_cell("# Title"), new_code_cell(source, outputs=outputs)]
        cells[1].execution_count = 1
        nbformat.write(new_notebook(cells=cells), folder / f"{name}.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "--nbval-lax", "--nbval-current-env"]
    options = ["-p", "no:cacheprovider", "--nbval-cell-timeout=60", "--junit-xml=said.xml"]
    subprocess.run([*command, *options], cwd=folder, capture_output=True, timeout=300)
    found = {}
    for case in ElementTree.parse(folder / "said.xml").iter("testcase"):
        failures = [child.text or child.tag for child in case if "system" not in child.tag]
        name = case.get("classname").removesuffix(".ipynb")
        assert name not in found, "a notebook has one cell"
        found[name] = "\n".join(failures) or None
    return found


@pytest.mark.parametrize("name", PASSING)
def test_cell_that_draws_what_is_stored_passes(said, name):
    assert said[name] is None


@pytest.mark.parametrize("name", FAILING)
def test_cell_that_does_not_fails_and_says_why(said, name):
    assert FAILING[name][-1] in said[name]


def test_kernel_that_died_is_named(said):
    assert "the kernel died in this cell" in said["dies"]
    assert "Timeout" not in said["dies"]
