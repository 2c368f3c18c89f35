"""The ledger of the whole course: the best run of each chapter, and its claims."""

import json

import pytest

from helpers import course


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.course.results.RESULTS", tmp_path)
    return tmp_path


def claim(verdict, text="a claim", reason=""):
    return {"claim": text, "paper": "1", "ours": "2", "verdict": verdict, "reason": reason}


def save(results, chapter, data, scale, *claims):
    run = {
        "chapter": chapter,
        "dataset": data,
        "comparable": data == "MNIST",
        "scale": scale,
        "claims": claims,
        "results": {},
    }
    name = f"{chapter}.{data.replace(' ', '_')}.{scale}.json"
    (results / name).write_text(json.dumps(run), encoding="utf-8")


@pytest.mark.parametrize(
    ("runs", "best"),
    [
        ([("MNIST", "ci"), ("MNIST", "full"), ("MNIST", "class")], ("MNIST", "full")),
        ([("shipped digits", "full"), ("MNIST", "ci")], ("MNIST", "ci")),
        ([("shipped digits", "ci"), ("shipped digits", "class")], ("shipped digits", "class")),
        ([("MNIST", "class"), ("shipped digits", "class")], ("MNIST", "class")),
    ],
)
def test_best_run_is_chosen(results, runs, best):
    for data, scale in runs:
        save(results, "02_two", data, scale)
    (found,) = course.best_runs()
    assert (found["dataset"], found["scale"]) == best


def test_chapters_come_in_order_and_one_can_be_left_out(results):
    for chapter in ("10_ten", "02_two", "13_last"):
        save(results, chapter, "MNIST", "ci")
    (results / "attack_benchmark.json").write_text("[]", encoding="utf-8")
    (results / "timings.json").write_text("{}", encoding="utf-8")
    found = course.best_runs(without="13_last")
    assert [run["chapter"] for run in found] == ["02_two", "10_ten"]


def test_no_results_are_no_runs(results):
    assert course.best_runs() == []


def test_damaged_results_are_an_error_with_a_remedy(results):
    (results / "02_two.MNIST.ci.json").write_text('{"chapter"', encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"02_two\.MNIST\.ci\.json is damaged .*reproduce 02"):
        course.best_runs()


def test_verdicts_are_counted(results):
    verdicts = [*course.VERDICTS, course.REPRODUCED]
    save(results, "02_two", "MNIST", "ci", *map(claim, verdicts))
    (run,) = course.best_runs()
    assert list(course.counts(run).values()) == [2, 1, 1]


def test_rows_link_to_the_chapter_and_give_the_reason(results):
    claims = claim("differs", "‖a|b‖", "why"), claim("reproduced", "c")
    save(results, "02_two", "MNIST", "ci", *claims)
    runs = course.best_runs()
    link = "[2](02_two.ipynb)"
    assert course.rows(runs) == [
        (link, "‖a|b‖", "1", "2", "differs: why"),
        (link, "c", "1", "2", "reproduced"),
    ]
    assert course.rows(runs, "reproduced") == [(link, "c", "1", "2", "reproduced")]


def test_stored_results_of_the_course_can_be_read():
    runs = course.best_runs()
    assert len(runs) >= 6
    assert sum(sum(course.counts(run).values()) for run in runs) == len(course.rows(runs))
