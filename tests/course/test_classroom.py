"""Handing out and grading: the students' tree holds no solution, and each wrong answer no point."""

import csv
import re
import shutil
import subprocess

import nbformat
import pytest

from helpers import classroom as command
from helpers.course import checks as checks_of_the_course
from helpers.course import classroom
from helpers.course.classroom import grading

CHAPTER = "01_introduction"
STUB = "    return ..."
SOLUTION = re.compile(r" *### BEGIN SOLUTION.*### END SOLUTION", re.DOTALL)
HIDDEN = re.compile(r"\n### BEGIN HIDDEN TESTS.*### END HIDDEN TESTS", re.DOTALL)
BORROWED = """
from helpers import evaluation, units

my_distortion = lambda x, y: evaluation.distortion(x, y)
my_noise = lambda x, rms: evaluation.gaussian_noise(x, rms)
my_top_images = lambda features, v, count: units.top_images((features @ v)[:, None], count)[0]
"""


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    return classroom.release(tmp_path_factory.mktemp("class") / "new")


@pytest.fixture
def course(released, tmp_path):
    """A folder for one chapter, in which nobody has handed in yet."""
    shutil.copytree(released / "source" / CHAPTER, tmp_path / "source" / CHAPTER)
    (tmp_path / "submitted").mkdir()
    return tmp_path


def notebook(path):
    return nbformat.read(path, as_version=4)


def marked(chapter, kind):
    return [cell for cell in chapter.cells if cell.metadata.get("nbgrader", {}).get(kind)]


def hand_in(released, course, student, change):
    """Hand in the students' notebook, its cells to fill in changed."""
    chapter = notebook(released / "student" / "notebooks" / f"{CHAPTER}.ipynb")
    solved = marked(notebook(released / "source" / CHAPTER / f"{CHAPTER}.ipynb"), "solution")
    for cell, solution in zip(marked(chapter, "solution"), solved, strict=True):
        cell.source = change(cell.source, solution.source)
    path = course / "submitted" / student / CHAPTER / f"{CHAPTER}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(chapter, path)


def test_students_get_every_chapter_and_no_solution(released, root):
    student = released / "student"
    names = {path.name for path in (root / "notebooks").glob("[0-9]*.ipynb")}
    assert {path.name for path in (student / "notebooks").iterdir()} == names
    assert not list(student.rglob("solutions*"))
    assert not (student / "tests").exists()
    assert "pytest" not in (student / "README.md").read_text("utf-8")
    for path in (student / "notebooks").iterdir():
        text = path.read_text("utf-8")
        assert not re.search("BEGIN SOLUTION|HIDDEN|COURSE_GRADE", text)
        stubs = marked(notebook(path), "solution")
        assert all(cell.source.endswith(STUB) for cell in stubs)
        assert ("the check below it" in text) == bool(stubs)


def test_links_of_the_students_pages_lead_somewhere(released):
    for page in (released / "student").rglob("*.md"):
        for link in re.findall(r"\]\(([^)\s#]+)", page.read_text("utf-8")):
            assert re.match("[a-z]+:", link) or (page.parent / link).exists(), (page.name, link)


def test_editions_differ_in_solutions_and_hidden_tests_only(released):
    for path in (released / "student" / "notebooks").iterdir():
        graded = released / "source" / path.stem / path.name
        assert graded.exists() == bool(marked(notebook(path), "grade"))
        source = notebook(graded if graded.exists() else path)
        for cell in source.cells:
            cell.source = HIDDEN.sub("", SOLUTION.sub(STUB, cell.source))
        assert source == notebook(path)


def test_every_exercise_has_a_point_and_a_locked_check(released):
    asked = []
    for path in (released / "source").glob("*/*.ipynb"):
        chapter = notebook(path)
        nbformat.validate(chapter)
        checks, tasks = marked(chapter, "grade"), marked(chapter, "solution")
        assert len(checks) == len(tasks)
        for cell in checks:
            asked += re.findall(r"^checks\.(\w+)", cell.source, re.MULTILINE)
            assert cell.metadata.nbgrader.locked
            assert cell.metadata.nbgrader.points == 1
            (number,) = re.findall(r'COURSE_GRADE="(\d+)"', cell.source)
            assert int(number) > 0
        for cell in tasks:
            compile(cell.source, "solution", "exec")
    assert sorted(asked) == sorted(checks_of_the_course.__all__)


def test_release_keeps_out_of_a_folder_that_is_in_use(released):
    with pytest.raises(FileExistsError, match="folder must be empty or not there"):
        classroom.release(released)


def test_marks_of_a_chapter(released, course, capsys):
    hand_in(released, course, "solved", lambda stub, solution: solution)
    hand_in(released, course, "stubs", lambda stub, solution: stub)
    hand_in(released, course, "constant", lambda stub, _: stub.replace("...", "42"))
    hand_in(released, course, "borrowed", lambda stub, solution: f"{stub}\n{BORROWED}")
    hand_in(released, course, "broken", lambda stub, solution: "def my(:")
    hand_in(released, course, "open", lambda stub, _: stub.replace("...", "(1"))
    hand_in(released, course, "gone", lambda stub, solution: "import os\n\nos._exit(1)")
    (course / "submitted" / "absent").mkdir()
    command.main(["grade", str(course), "--own"])
    printed = capsys.readouterr().out.splitlines()
    assert {"solved: 3 of 3 points", "stubs: 0 of 3 points", "absent: 0 of 3 points"} <= {*printed}
    with (course / "marks.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8 * 3
    reasons = {row["student"]: row["reason"] for row in rows if row["exercise"] == "1"}
    assert {row["student"] for row in rows if row["points"] == "1"} == {"solved"}
    assert reasons["solved"] == ""
    assert reasons["stubs"] == "not attempted"
    assert (
        reasons["constant"] == "not yet: return one distortion for each image as a tensor, not int"
    )
    assert "the course's own helpers.evaluation.perturbations.distortion" in reasons["borrowed"]
    assert reasons["broken"].startswith("NameError: name 'my_distortion'")
    assert reasons["open"].startswith("SyntaxError: ")
    assert reasons["gone"] == "was not run: an answer before it ended Python"
    assert reasons["absent"] == "not handed in"


def test_nbgrader_gives_the_same_marks(released, course):
    pytest.importorskip("nbgrader")
    shutil.copy(released / "nbgrader_config.py", course)
    hand_in(released, course, "solved", lambda stub, solution: solution)
    hand_in(released, course, "constant", lambda stub, _: stub.replace("...", "42"))
    hand_in(released, course, "open", lambda stub, _: stub.replace("...", "(1"))
    marks = classroom.grade(course, with_nbgrader=True)
    assert [mark.points for mark in marks if mark.student == "solved"] == [1, 1, 1]
    assert [mark.points for mark in marks if mark.student == "constant"] == [0, 0, 0]
    opened = [mark.reason for mark in marks if mark.student == "open"]
    assert all(reason.startswith("SyntaxError: ") for reason in opened)


def test_what_nbgrader_ran_before_is_not_taken_for_what_it_runs_now(released, course, monkeypatch):
    hand_in(released, course, "ada", lambda stub, solution: stub)
    earlier = course / "autograded" / "ada" / CHAPTER / f"{CHAPTER}.ipynb"
    earlier.parent.mkdir(parents=True)
    shutil.copy(course / "submitted" / "ada" / CHAPTER / earlier.name, earlier)
    ended = subprocess.CompletedProcess([], 1)
    monkeypatch.setattr(grading.subprocess, "run", lambda *_, **__: ended)
    marks = classroom.grade(course, with_nbgrader=True)
    assert {mark.reason for mark in marks} == {"cannot be read: FileNotFoundError"}


def test_a_file_that_is_no_notebook_is_no_answer(released, course):
    path = course / "submitted" / "ada" / CHAPTER / f"{CHAPTER}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text("my homework", encoding="utf-8")
    marks = classroom.grade(course, with_nbgrader=False)
    assert [mark.points for mark in marks] == [0, 0, 0]
    assert marks[0].reason.startswith("cannot be read: ")


def test_nobody_to_grade_is_said(course, capsys):
    with pytest.raises(SystemExit):
        command.main(["grade", str(course)])
    assert "submitted must have folders" in capsys.readouterr().err
