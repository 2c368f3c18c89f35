"""The ledger of the whole course: the best run of each chapter, and its claims."""

import json

import pytest

from helpers import overview


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(overview, "RESULTS", tmp_path)
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
    (found,) = overview.best_runs()
    assert (found["dataset"], found["scale"]) == best


def test_chapters_come_in_order_and_one_can_be_left_out(results):
    for chapter in ("10_ten", "02_two", "13_last"):
        save(results, chapter, "MNIST", "ci")
    (results / "attack_benchmark.json").write_text("[]", encoding="utf-8")
    (results / "timings.json").write_text("{}", encoding="utf-8")
    found = overview.best_runs(without="13_last")
    assert [run["chapter"] for run in found] == ["02_two", "10_ten"]


def test_no_results_are_no_runs(results):
    assert overview.best_runs() == []


def test_damaged_results_are_an_error_with_a_remedy(results):
    (results / "02_two.MNIST.ci.json").write_text('{"chapter"', encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"02_two\.MNIST\.ci\.json is damaged .*reproduce 02"):
        overview.best_runs()


def test_verdicts_are_counted(results):
    verdicts = [*overview.VERDICTS, overview.REPRODUCED]
    save(results, "02_two", "MNIST", "ci", *map(claim, verdicts))
    (run,) = overview.best_runs()
    assert list(overview.counts(run).values()) == [2, 1, 1]


def test_rows_link_to_the_chapter_and_give_the_reason(results):
    claims = claim("differs", "‖a|b‖", "why"), claim("reproduced", "c")
    save(results, "02_two", "MNIST", "ci", *claims)
    runs = overview.best_runs()
    link = "[2](02_two.ipynb)"
    assert overview.rows(runs) == [
        (link, r"‖a\|b‖", "1", "2", "differs: why"),
        (link, "c", "1", "2", "reproduced"),
    ]
    assert overview.rows(runs, "reproduced") == [(link, "c", "1", "2", "reproduced")]


def test_stored_results_of_the_course_can_be_read():
    runs = overview.best_runs()
    assert len(runs) >= 6
    assert sum(sum(overview.counts(run).values()) for run in runs) == len(overview.rows(runs))
