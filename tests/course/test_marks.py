"""Marks from what was run: points, totals and reasons, without a student and without nbgrader."""

import csv

import pytest
from nbformat import v4

from helpers.course.classroom import grading
from helpers.course.classroom.answering import ENDED
from helpers.course.classroom.grading import MISSING, Mark

LOCKED = {"grade": True, "solution": False}
TO_FILL_IN = {"grade": False, "solution": True}


def cell(source="", *, name=None, points=1, outputs=(), ran=True, marks=None, identity=None):
    """Return a code cell, a locked check of that name if it has one."""
    if name is not None:
        marks = {**LOCKED, "grade_id": name, "points": points}
    metadata = {} if marks is None else {"nbgrader": marks}
    made = v4.new_code_cell(source, metadata=metadata, outputs=list(outputs))
    made.execution_count = 1 if ran else None
    made.id = identity or made.id
    return made


def error(kind, said):
    return v4.new_output("error", ename=kind, evalue=said, traceback=[])


def notebook(*cells):
    return v4.new_notebook(cells=list(cells))


def mark(student, chapter, points, *, of=1, reason=""):
    return Mark(student, chapter, "1", points, of, reason)


def test_totals_are_over_the_chapters_that_anybody_handed_in():
    marks = [
        mark("ada", "01", 1),
        mark("ada", "01", 0, of=2, reason="wrong"),
        mark("ada", "02", 0, reason=MISSING),
        mark("bob", "01", 0, reason=MISSING),
        mark("bob", "02", 0, reason=MISSING),
    ]
    assert grading.totals(marks) == {"ada": (1, 3), "bob": (0, 1)}
    assert grading.totals([]) == {}


def test_marks_are_numbered_from_one_and_have_points_where_there_is_no_reason():
    chapter = notebook(
        cell("x = 1"), cell(name="a"), cell("y"), cell(name="b", points=3), cell(name="c")
    )
    found = grading._marks("ada", "01", chapter, {"a": "", "b": "wrong"})
    assert found == [
        Mark("ada", "01", "1", 1, 1, ""),
        Mark("ada", "01", "2", 0, 3, "wrong"),
        Mark("ada", "01", "3", 0, 1, MISSING),
    ]
    for each in grading._marks("ada", "01", chapter, "cannot be read"):
        assert (each.points, each.reason) == (0, "cannot be read")


def test_file_of_marks_has_a_head_and_a_line_for_each(tmp_path):
    grading.write_marks(
        [mark("ada", "01", 1), mark("bob", "01", 0, reason="a, b")], tmp_path / "m.csv"
    )
    with (tmp_path / "m.csv").open(encoding="utf-8") as file:
        lines = list(csv.reader(file))
    assert lines == [
        ["student", "chapter", "exercise", "points", "of", "reason"],
        ["ada", "01", "1", "1", "1", ""],
        ["bob", "01", "1", "0", "1", "a, b"],
    ]


@pytest.mark.parametrize(
    ("outputs", "ran", "reason"),
    [
        ([], True, ""),
        ([], False, ENDED),
        ([v4.new_output("stream", text="passed")], True, ""),
        ([v4.new_output("stream", text="x"), error("ValueError", "no")], True, "ValueError: no"),
        ([error("NotPassedError", "not yet: the sign")], True, "not yet: the sign"),
        ([error("KeyError", "'a'"), error("ValueError", "no")], False, "KeyError: 'a'"),
    ],
)
def test_reason_is_the_first_error_or_that_it_did_not_run(outputs, ran, reason):
    assert grading._reason(cell(outputs=outputs, ran=ran)) == reason


def test_missing_name_is_explained_by_the_answer_that_failed():
    answers = {"def f(x):\n    1 / 0": "ZeroDivisionError: …", "def g(x):": "", "f(1)": "TypeError"}
    missing = "NameError: name '{}' is not defined"
    assert grading._cause(missing.format("f"), answers) == "ZeroDivisionError: …"
    assert grading._cause(missing.format("g"), answers) == missing.format("g")
    assert grading._cause("ValueError: no", answers) == "ValueError: no"
    assert grading._cause("", answers) == ""


def test_reasons_of_a_notebook_that_ran_are_those_of_its_checks():
    done = notebook(
        v4.new_markdown_cell("text"),
        cell("def f():\n    return", outputs=[error("SyntaxError", "bad")]),
        cell(name="a", outputs=[error("NameError", "name 'f' is not defined")]),
        cell(name="b"),
        cell(name="c", outputs=[error("NotPassedError", "not yet: why")]),
        cell(name="d", ran=False),
    )
    assert grading._nbgraders_reasons(done) == {
        "a": "SyntaxError: bad",
        "b": "",
        "c": "not yet: why",
        "d": ENDED,
    }
    assert grading._nbgraders_reasons("cannot be read") == "cannot be read"


def test_answers_are_what_was_filled_in_or_added():
    source = notebook(
        cell("import math", identity="one"),
        cell("stub", marks=TO_FILL_IN, identity="two"),
        cell("check", name="a", identity="three"),
    )
    submitted = notebook(
        cell("a changed cell of the course", identity="one"),
        cell("import math", identity="copy"),
        v4.new_markdown_cell("my notes"),
        cell("def helper(): ...", identity="new"),
        cell("answer", marks=TO_FILL_IN, identity="two"),
        cell("check, changed", name="a", identity="three"),
    )
    assert grading._answers(source, submitted) == ["def helper(): ...", "answer"]


def test_imports_are_those_of_the_code_once_each():
    chapter = notebook(
        v4.new_markdown_cell("import this"),
        cell("import math\nfrom torch import nn\nx = 1"),
        cell("import math\nif x:\n    import late"),
        cell("import checked", name="a"),
    )
    assert grading._imports(chapter) == "import math\nfrom torch import nn"


def test_folder_without_sources_or_students_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="source must have folders"):
        grading.grade(tmp_path)
    (tmp_path / "source" / "01").mkdir(parents=True)
    (tmp_path / "source" / "01" / "01.ipynb").touch()
    (tmp_path / "submitted").mkdir()
    (tmp_path / "submitted" / "a file").touch()
    with pytest.raises(FileNotFoundError, match="submitted must have folders"):
        grading.grade(tmp_path)
