"""What students wrote runs apart: it may hang, end Python or be stubborn, and others go on."""

import multiprocessing
import os
import signal

import pytest

from helpers.course.classroom import answering
from helpers.course.classroom.answering import ENDED, ENDED_IT, failures

STUBBORN = """
import time

while True:
    try:
        time.sleep(60)
    except KeyboardInterrupt:
        pass
"""


def test_cells_share_their_names_and_the_next_is_run_after_an_error():
    said = failures(["x = 2", "1 / 0", "assert x == 2", "y = (", "%pwd", "assert x == 3, 'no'"])
    assert said[0] == said[2] == said[4] == ""
    assert said[1] == "ZeroDivisionError: division by zero"
    assert said[3].startswith("SyntaxError: ")
    assert said[5] == "AssertionError: no"


def test_check_that_does_not_pass_speaks_for_itself():
    cells = [
        "from helpers.course import checks",
        "import os; os.environ['COURSE_GRADE'] = '1'",
        "checks.distortion(lambda x, y: ...)",
    ]
    assert failures(cells) == ["", "", "not attempted"]


def test_what_ends_python_is_said_of_it_and_of_what_comes_after():
    assert failures(["x = 1", "import os\nos._exit(3)", "x", "x"]) == ["", ENDED_IT, ENDED, ENDED]


def test_endless_cell_is_stopped_and_the_next_is_run():
    said = failures(["while True:\n    pass", "x = 1"], timeout=3)
    assert said == ["it took more than 3 s", ""]


def test_endless_cell_is_stopped_where_the_caller_ignores_interrupts(monkeypatch):
    monkeypatch.setattr(answering, "_context", lambda: multiprocessing.get_context("spawn"))
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        said = failures(["while True:\n    pass", "x = 1"], timeout=3)
    finally:
        signal.signal(signal.SIGINT, before)
    assert said == ["it took more than 3 s", ""]


def test_cell_that_does_not_stop_is_ended(monkeypatch):
    monkeypatch.setattr("helpers.course.classroom.answering.GRACE", 1)
    assert failures([STUBBORN, "x = 1"], timeout=2) == ["it took more than 2 s", ENDED]


def end_at_once(cells, theirs):
    os._exit(1)


def test_python_that_does_not_start_is_nobodys_fault(monkeypatch):
    monkeypatch.setattr(answering, "_run", end_at_once)
    with pytest.raises(RuntimeError, match="Python did not start"):
        failures(["x = 1"])
