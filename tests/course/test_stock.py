"""What a data folder holds, before class and after: `--warm`, and a student who shares it."""

import contextlib
import hashlib
import io
import os
import subprocess
import sys

import nbformat
import pytest

from helpers import reproduce
from helpers.course import stock

CHAPTER = """
from helpers import data
from helpers.attack import attack_dataset
from helpers.data import measured
from helpers.training import trained

digits = data.digits("train")[:100]
network = trained("FC100-100-10", dataset=digits)
found = attack_dataset("FC100-100-10", network, digits, steps=10)
result = measured("size", {"of": "the test"}, lambda: {"mean": found.distortion.mean().item()})
print(result["mean"])
"""
REFUSING = """
import helpers.attack.dataset, helpers.data.measurements, helpers.training.zoo

def refuse(*_, **__):
    raise AssertionError("it was made again")

helpers.training.zoo.train = helpers.attack.dataset._run = refuse
helpers.data.measurements.write_or_say = refuse
"""


@pytest.fixture(scope="module")
def warmed(tmp_path_factory):
    """A folder that one chapter has filled, and what `--warm` said."""
    folder, said = tmp_path_factory.mktemp("warmed"), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(said):
        patch.setenv("COURSE_DATA", str(folder / "shared"))
        patch.delenv("COURSE_SHARED", raising=False)
        one_chapter(folder, patch, CHAPTER)
        reproduce.main(["--warm", "--scale", "ci"])
    return folder / "shared", said.getvalue()


def hashes(folder):
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_warm_says_what_it_made_and_what_is_missing(warmed):
    folder, said = warmed
    lines = [line.split() for line in said.splitlines()]
    assert lines[0] == [str(folder), "at", "the", "scale", "ci:"]
    assert ["trained/", "2", "2"] in [line[:3] for line in lines]
    assert ["attacked/", "1", "1"] in [line[:3] for line in lines]
    assert "MNIST: every kernel uses the digits that scikit-learn ships" in said
    assert "Imagenette: needed only for chapter 11" in said


def test_a_student_who_shares_the_folder_trains_and_attacks_nothing(warmed, tmp_path):
    folder, _ = warmed
    before = hashes(folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    environment = {
        **os.environ,
        "COURSE_SHARED": str(folder),
        "COURSE_DATA": str(tmp_path / "own"),
    }
    done = subprocess.run(
        [sys.executable, "-c", REFUSING + CHAPTER],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0
    assert hashes(folder) == before  # no file is new, not even a lock, and none has changed
    assert not (tmp_path / "own").exists()


def one_chapter(tmp_path, monkeypatch, source):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(reproduce, "NOTEBOOKS", tmp_path / "notebooks")
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / "01_one.ipynb")


def test_a_chapter_that_takes_too_long_is_named(tmp_path, monkeypatch, capsys):
    one_chapter(tmp_path, monkeypatch, "while True: pass")
    monkeypatch.setitem(reproduce.CELL_TIMEOUT, "ci", 1)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "own"))
    with pytest.raises(SystemExit, match="1"):
        reproduce.main(["--warm", "--scale", "ci"])
    assert "01_one: it did not run to its end" in capsys.readouterr().out


def test_a_relative_folder_is_that_of_the_command_not_of_the_notebook(tmp_path, monkeypatch):
    keep = "from helpers.data import measured\nmeasured('one', {}, lambda: {'value': 1})"
    one_chapter(tmp_path, monkeypatch, keep)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSE_DATA", "own")
    reproduce.main(["--warm", "--scale", "ci"])
    assert len(stock.inventory(tmp_path / "own")["trained"]) == 1


def test_a_chapter_that_fails_is_named_and_the_others_run(tmp_path, monkeypatch, capsys):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(reproduce, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "own"))
    keep = "from helpers.data import measured\nmeasured('one', {}, lambda: {'value': 1})"
    for name, source in {"01_one": "1 / 0", "02_two": keep}.items():
        cells = [nbformat.v4.new_code_cell(source)]
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    with pytest.raises(SystemExit, match="1"):
        reproduce.main(["--warm", "--scale", "ci"])
    out, err = capsys.readouterr()
    assert "01_one: it did not run to its end" in out
    assert "02_two" not in out
    assert "ZeroDivisionError" in err
    assert len(stock.inventory(tmp_path / "own")["trained"]) == 1


def test_report_counts_new_files_and_megabytes(monkeypatch):
    monkeypatch.setattr(stock, "missing", list)
    before = {"trained": {"a": 1_500_000}}
    after = {"trained": {"a": 1_500_000, "b": 600_000}, "weights": {"c": 50_000}}
    _, _, trained, weights, *rest = stock.report(before, after, []).splitlines()
    assert trained.split() == ["trained/", "1", "2", "2.1"]
    assert weights.split() == ["weights/", "1", "1", "0.1"]
    assert rest == ["still missing:", "nothing"]
    assert stock.report(after, after, ["02_two"]).endswith("02_two: it did not run to its end")


def test_inventory_leaves_out_what_serves_nobody_later(tmp_path):
    for name in ("trained/a.pt", "trained/a.pt.lock", "attacked/in/b.pt.part", "attacked/in/b.pt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"12345")
    (tmp_path / "weights").mkdir()
    assert stock.inventory(tmp_path) == {
        "trained": {"trained/a.pt": 5},
        "attacked": {"attacked/in/b.pt": 5},
    }
