"""What the reader has run stands first, the newest run of each chapter."""

import json
import os

import pytest

from helpers import course


@pytest.fixture
def save(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.course.results.RESULTS", tmp_path)

    def write(chapter, scale, *verdicts, data="MNIST", age=0):
        claims = [
            {
                "claim": f"claim {i}",
                "paper": "1",
                "ours": scale,
                "verdict": verdict,
                "reason": "",
                "settle": "",
                "holds": True,
            }
            for i, verdict in enumerate(verdicts)
        ]
        run = {"chapter": chapter, "dataset": data, "comparable": True, "scale": scale}
        path = tmp_path / f"{chapter}.{data}.{scale}.json"
        path.write_text(json.dumps(run | {"claims": claims, "tables": [], "results": {}}))
        os.utime(path, (10**9 - age, 10**9 - age))

    return write


def test_the_newest_run_of_each_chapter_is_the_readers(save):
    save("02_two", "ci", "reproduced", age=0)
    save("02_two", "class", "differs", age=100)
    save("02_two", "full", "reproduced", age=0)
    save("01_one", "class", "reproduced", age=500)
    save("13_last", "ci", "reproduced")
    found = course.own_runs(without="13_last")
    named = [(run["chapter"], run["scale"]) for run in found]
    assert named == [("01_one", "class"), ("02_two", "ci")]


def test_what_is_shipped_alone_is_not_the_readers(save):
    save("02_two", "full", "reproduced")
    assert course.own_runs() == []


def test_chapters_stand_side_by_side(save):
    save("01_one", "class", "reproduced", "differs", "extension")
    save("01_one", "full", "reproduced", "reproduced", "extension")
    save("02_two", "full", "differs")
    table = course.side_by_side(course.own_runs(), course.best_runs())
    assert table == [
        ("[1](01_one.ipynb)", "MNIST, class", 1, 1, "MNIST, full", 2, 0),
        ("[2](02_two.ipynb)", "not run yet", "", "", "MNIST, full", 0, 1),
    ]


def test_claims_with_other_verdicts_are_told(save):
    save("01_one", "class", "reproduced", "differs", "differs", "extension")
    save("01_one", "full", "reproduced", "reproduced", "differs")
    told = course.disagreements(course.own_runs(), course.best_runs())
    assert told == [
        ("[1](01_one.ipynb)", "claim 1", "class", "differs", "full", "reproduced"),
    ]
