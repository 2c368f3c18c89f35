import re

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

from helpers.course.short_errors import INTERRUPTED, explain_errors

COLOUR = re.compile(r"\x1b\[[\d;]*m")


@pytest.fixture
def shell():
    shell = InteractiveShell()
    explain_errors(shell)
    return shell


def test_interruption_leaves_one_sentence(shell, capsys):
    result = shell.run_cell(
        "def deep(n):\n    deep(n - 1) if n else raise_()\n"
        "def raise_():\n    raise KeyboardInterrupt\ndeep(50)"
    )
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert capsys.readouterr().out.strip() == INTERRUPTED


@pytest.mark.parametrize("name", ["ledger", "explorer"])
def test_name_of_a_cell_that_was_not_run_says_what_to_run(shell, capsys, name):
    shell.run_cell(f"x = 1\n{name}.table()")
    said = COLOUR.sub("", capsys.readouterr().out)
    assert f"name '{name}' is not defined" in said
    assert f"{name}.table()" in said  # the line
    assert f"If a cell above makes '{name}'" in said
    assert "run the set-up cell first" in said


def test_name_within_a_function_and_other_errors_are_as_ever(shell, capsys):
    shell.run_cell("def mine():\n    return lenght\nmine()")
    assert "set-up" not in capsys.readouterr().out
    shell.run_cell("1 / 0")
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_kernel_still_reports_the_error_to_whoever_runs_the_notebook():
    source = "from helpers.course.short_errors import explain_errors\nexplain_errors()"
    cells = [source, "ledger.verdicts()", "raise KeyboardInterrupt", "print(1)"]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(notebook, allow_errors=True, timeout=120).execute()
    errors = [cell.outputs[0] for cell in notebook.cells[1:3]]
    assert [error.output_type for error in errors] == ["error", "error"]
    assert "run the set-up cell first" in errors[0].traceback[-1]
    assert errors[1].traceback == [INTERRUPTED]
    assert notebook.cells[3].outputs[0].text == "1\n"


def test_nothing_happens_outside_of_ipython(monkeypatch):
    monkeypatch.setattr("helpers.course.short_errors.get_ipython", lambda: None)
    explain_errors()
