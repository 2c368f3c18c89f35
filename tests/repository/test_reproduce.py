"""Chapters run headlessly: which ones, in a fresh kernel, with outputs that show anywhere."""

import base64
import io
import json
import os
import subprocess
import sys
import time

import nbformat
import numpy as np
import pytest
from nbclient.exceptions import CellExecutionError
from PIL import Image

from helpers import reproduce
from helpers.course import WIDGET_VIEW, load_results, plotting, timings
from helpers.reproduce import chapters, execute, ledger, store, written

PNG = base64.b64decode(  # one pixel
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SHOW = f"""
import ipywidgets
from IPython.display import display
slider = ipywidgets.IntSlider(3)
view = {{"version_major": 2, "version_minor": 0, "model_id": slider.model_id}}
bundle = {{"{WIDGET_VIEW}": view, "image/png": "{base64.b64encode(PNG).decode()}"}}
display({{**bundle, "text/plain": "a picture"}}, raw=True)
"""


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.setattr(reproduce, "NOTEBOOKS", folder)
    return folder


@pytest.fixture
def results(tmp_path, monkeypatch):
    folder = tmp_path / "results"
    folder.mkdir()
    for module in (reproduce, timings):
        monkeypatch.setattr(module, "RESULTS", folder)
    return folder


def write(path, *sources, tags=()):
    """Write a notebook with a title and these code cells, all with these tags."""
    cells = [nbformat.v4.new_markdown_cell("# Title")]
    cells += [nbformat.v4.new_code_cell(s, metadata={"tags": list(tags)}) for s in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_palette_makes_a_picture_smaller_and_no_other():
    fig = plotting.figure(4, 2)
    axes = plotting.axes(fig)
    axes.plot([0, 1, 4, 9])
    plotting.image(np.linspace(0, 1, 100).reshape(10, 10), ax=axes.inset_axes((0, 0.5, 0.3, 0.4)))
    before = plotting.png(fig)
    after = reproduce.with_palette(before)
    assert len(after) < 0.6 * len(before)
    first, second = (
        np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        for png in (before, after)
    )
    assert first.shape == second.shape
    assert np.abs(first - second).max() <= 24
    assert np.abs(first - second).mean() < 0.5
    assert reproduce.with_palette(PNG) == PNG


# --- which chapters


@pytest.fixture
def three(notebooks):
    for name in ("02_two.ipynb", "01_one.ipynb", "10_ten.ipynb", "draft.ipynb", "03_three.py"):
        (notebooks / name).touch()


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], ["01_one", "02_two", "10_ten"]),
        (["02"], ["02_two"]),
        (["1"], ["10_ten"]),
        (["0"], ["01_one", "02_two"]),
        (["10", "01"], ["01_one", "10_ten"]),
        (["02", "02_two"], ["02_two"]),
        (["01_one.ipynb"], ["01_one"]),
    ],
)
def test_chapters_are_chosen_by_the_beginning_of_their_names(three, names, found):
    assert [path.stem for path in chapters(names)] == found


@pytest.mark.parametrize("names", [["07"], ["01", "two"], ["draft"], ["03"]])
def test_unknown_chapter_is_refused_with_those_there_are(three, names):
    expected = f"beginning of one of 01_one, 02_two, 10_ten; got '{names[-1]}'"
    with pytest.raises(ValueError, match=expected):
        chapters(names)


# --- executed and stored


def test_executed_notebook_is_stored_with_what_every_viewer_shows(notebooks, results, capsys):
    lines = "import os\nfrom pathlib import Path\n", "print(os.environ['COURSE_SCALE'])\n", "6 * 7"
    look = "print([path.name for path in Path.cwd().iterdir()])\n"
    path = write(notebooks / "01_one.ipynb", "".join([*lines[:2], look, lines[2]]), SHOW)
    code_before = [cell.source for cell in nbformat.read(path, 4).cells]
    notebook, memory = execute(path, "full")
    assert 0.01 < memory < 10
    assert [cell.source for cell in notebook.cells] == code_before
    assert "widgets" in notebook.metadata  # what `store` has to drop

    store(notebook, path)
    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    assert [cell.source for cell in stored.cells] == code_before
    first, second = code(stored)
    assert [first.execution_count, second.execution_count] == [1, 2]
    assert first.outputs[0].text == "full\n['01_one.ipynb']\n"
    assert first.outputs[1].data["text/plain"] == "42"
    (shown,) = second.outputs
    assert base64.b64decode(shown.data["image/png"]) == PNG
    assert shown.data["text/plain"] == "a picture"
    assert WIDGET_VIEW not in shown.data
    assert "widgets" not in stored.metadata
    assert all("execution" not in cell.metadata for cell in stored.cells)
    assert list(results.iterdir()) == []
    assert capsys.readouterr().out == ""


def test_progress_ends_at_all_cells(notebooks, capsys):
    execute(write(notebooks / "01_one.ipynb", "1", "2"), "ci")
    last = capsys.readouterr().err.rstrip().split("\r")[-1]
    assert last.startswith("01_one: 100%")


def test_warnings_of_the_kernel_stay_out_of_the_bar_and_errors_do_not(notebooks, capfd):
    log = "from IPython import get_ipython\nlog = get_ipython().kernel.log\n"
    log += "log.warning('only a warning')\nlog.error('an error')"
    execute(write(notebooks / "01_one.ipynb", log), "ci")
    said = capfd.readouterr().err
    assert "without encryption" not in said
    assert "only a warning" not in said
    assert "an error" in said


def test_failing_cell_raises_and_leaves_the_notebook(notebooks):
    path = write(notebooks / "01_one.ipynb", "1 / 0", "print('not reached')")
    before = path.read_bytes()
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(path, "ci")
    assert path.read_bytes() == before


def executed(*bundles, tags=()):
    """Return a notebook of one cell with these outputs, as execution would leave it."""
    cell = nbformat.v4.new_code_cell("show()", metadata={"tags": list(tags), "execution": {}})
    cell.outputs = [nbformat.v4.new_output("display_data", data=bundle) for bundle in bundles]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title"), cell])
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {}}
    return notebook


PICTURE = {"image/png": base64.b64encode(PNG).decode(), "text/plain": "a picture"}
VIEW = {WIDGET_VIEW: {"version_major": 2, "version_minor": 0, "model_id": "0"}}


def test_picture_of_the_gallery_is_kept(notebooks, results):
    store(executed(PICTURE, tags=["gallery"]), notebooks / "01_one.ipynb")
    assert [path.name for path in results.iterdir()] == ["01_one.png"]
    assert (results / "01_one.png").read_bytes() == PNG


@pytest.mark.parametrize(
    ("bundles", "tags"),
    [([PICTURE], []), ([PICTURE], ["other"]), ([{"text/plain": "no picture"}], ["gallery"])],
)
def test_other_cells_give_no_picture_to_the_gallery(notebooks, results, bundles, tags):
    store(executed(*bundles, tags=tags), notebooks / "01_one.ipynb")
    assert list(results.iterdir()) == []


def test_view_goes_and_what_stands_beside_it_stays(notebooks, results):
    path = notebooks / "01_one.ipynb"
    store(executed({**VIEW, **PICTURE}, {**VIEW, "text/plain": "a slider"}), path)
    with_picture, without = code(nbformat.read(path, 4))[0].outputs
    assert set(with_picture.data) == {"image/png", "text/plain"}
    assert set(without.data) == {"text/plain"}


def test_stored_stream_and_error_outputs_stay(notebooks, results):
    notebook = executed()
    stream = nbformat.v4.new_output("stream", name="stdout", text="hello\n")
    code(notebook)[0].outputs = [stream]
    store(notebook, notebooks / "01_one.ipynb")
    (output,) = code(nbformat.read(notebooks / "01_one.ipynb", 4))[0].outputs
    assert output.text == "hello\n"


# --- the ledger


def write_results(results, name, *, claim, at):
    line = {"claim": claim, "paper": "1.6%", "ours": "1.7%", "verdict": "reproduced"}
    claims = [line | {"holds": True}]
    path = results / f"{name}.json"
    content = {"source": f"data of {claim}", "dataset": name.split(".")[1], "claims": claims}
    path.write_text(json.dumps(content), encoding="utf-8")
    os.utime(path, (at, at))


def test_ledger_shows_what_the_last_run_wrote(notebooks, results):
    write_results(results, "01_one.MNIST.ci", claim="an old claim", at=50)
    write_results(results, "01_one.shipped_digits.ci", claim="an early claim", at=150)
    write_results(results, "01_one.other.ci", claim="the last claim", at=200)
    write_results(results, "01_one.MNIST.full", claim="another scale", at=300)
    write_results(results, "02_two.MNIST.ci", claim="another chapter", at=300)
    content = written(notebooks / "01_one.ipynb", "ci", 100)
    source, header, _, row = ledger(content).splitlines()
    assert source == "data of the last claim"
    assert header.split() == ["claim", "paper", "ours", "verdict"]
    assert row.split() == ["the", "last", "claim", "1.6%", "1.7%", "reproduced"]


def test_ledger_of_an_earlier_run_is_not_shown(notebooks, results):
    write_results(results, "01_one.MNIST.ci", claim="an old claim", at=50)
    assert written(notebooks / "01_one.ipynb", "ci", 100) is None


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("cp949", r"\u2016"), ("cp1252", r"\u2192"), ("ascii", r"\u03c6"), ("utf-8", "‖")],
)
def test_ledger_is_printed_into_a_log_of_any_encoding(log, monkeypatch, encoding, shown):
    stored = load_results("10_spectral_analysis", "MNIST", "full")
    monkeypatch.setattr(reproduce, "execute", lambda path, scale: ("notebook", 0.5))
    monkeypatch.setattr(reproduce, "written", lambda path, scale, since: stored)
    content = log(encoding)
    reproduce.main(["10"])
    text = content.getvalue().decode(encoding)
    assert shown in text
    kinds = [claim["verdict"] for claim in stored["claims"]]
    assert text.count("self-check") >= kinds.count("self-check") > 0


def test_help_is_printed_in_any_encoding(root):
    done = subprocess.run(
        [sys.executable, "-m", "helpers.reproduce", "--help"],
        cwd=root,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert b"--checkpoints" in done.stdout


# --- the command line


@pytest.fixture
def ran(three, results, monkeypatch):
    """What main executes and stores, without a kernel."""
    calls = []

    def pretend(path, scale):
        calls.append(("execute", path.stem, scale))
        name = f"{path.stem}.MNIST.{scale}"
        write_results(results, name, claim=f"claim of {path.stem}", at=time.time() + 1)
        return "notebook", 0.5

    monkeypatch.setattr(reproduce, "execute", pretend)
    monkeypatch.setattr(
        reproduce, "store", lambda notebook, path: calls.append(("store", path.stem))
    )
    return calls


def test_command_runs_chapters_in_order_and_prints_their_ledgers(ran, capsys):
    reproduce.main(["--scale", "full", "02", "01"])
    assert ran == [("execute", "01_one", "full"), ("execute", "02_two", "full")]
    printed = capsys.readouterr().out
    assert printed.index("01_one: 0 s, peak memory 0.50 GB") < printed.index("claim of 01_one")
    assert printed.index("claim of 01_one") < printed.index("claim of 02_two")


def test_command_stores_when_asked(ran):
    reproduce.main(["--store", "10"])
    assert [call[:2] for call in ran] == [("execute", "10_ten"), ("store", "10_ten")]


@pytest.mark.parametrize("option", ["--record", "--store"])
def test_time_and_memory_are_kept_when_asked(ran, option):
    reproduce.main(["--scale", "ci", option, "10", "01"])
    assert list(timings.load()) == ["01_one", "10_ten"]
    measured = timings.load()["10_ten"]["ci"]
    assert (measured["peak_gb"], measured["dataset"]) == (0.5, "MNIST")
    assert 0 <= measured["seconds"] < 60


@pytest.mark.parametrize("option", ["--record", "--store", "--results", "--checkpoints"])
def test_warm_goes_with_nothing_that_it_would_leave_out(ran, capsys, option):
    with pytest.raises(SystemExit):
        reproduce.main(["--warm", option, "10"])
    assert "not allowed with argument" in capsys.readouterr().err
    assert ran == []


def test_nothing_is_kept_when_not_asked(ran):
    reproduce.main(["10"])
    assert timings.load() == {}


def test_chapter_without_results_says_so(ran, results, monkeypatch, capsys):
    monkeypatch.setattr(reproduce, "execute", lambda path, scale: ("notebook", 0.5))
    reproduce.main(["--scale", "class", "--record", "02"])
    assert "02_two wrote no results" in capsys.readouterr().out
    assert timings.load()["02_two"]["class"]["dataset"] == "no data"


@pytest.mark.parametrize(
    ("environment", "scale"), [("ci", "ci"), ("full", "full"), (None, "class")]
)
def test_scale_comes_from_the_environment_or_is_class(ran, monkeypatch, environment, scale):
    monkeypatch.delenv("COURSE_SCALE", raising=False)
    if environment:
        monkeypatch.setenv("COURSE_SCALE", environment)
    reproduce.main(["10"])
    assert ran == [("execute", "10_ten", scale)]


@pytest.mark.parametrize(
    ("arguments", "why"), [(["07"], "got '07'"), (["--scale", "huge"], "invalid choice: 'huge'")]
)
def test_wrong_command_is_refused_before_anything_runs(ran, capsys, arguments, why):
    with pytest.raises(SystemExit) as stopped:
        reproduce.main(arguments)
    assert stopped.value.code == 2
    assert why in capsys.readouterr().err
    assert ran == []


def test_wrong_scale_in_the_environment_is_refused(ran, monkeypatch):
    monkeypatch.setenv("COURSE_SCALE", "huge")
    with pytest.raises(SystemExit):
        reproduce.main(["10"])
    assert ran == []


def test_results_page_is_written_and_nothing_is_run(ran, monkeypatch):
    monkeypatch.setattr(reproduce.results_page, "update", lambda: ran.append("page"))
    reproduce.main(["--results"])
    assert ran == ["page"]
