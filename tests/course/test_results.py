"""The ledger of the whole course: the best run of each chapter, and its claims."""

import json

import pytest

from helpers import course
from helpers.course.results import plain


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.course.results.RESULTS", tmp_path)
    return tmp_path


def claim(verdict, text="a claim", reason=""):
    line = {"claim": text, "paper": "1", "ours": "2", "verdict": verdict, "reason": reason}
    return line | {"settle": "more seeds" if verdict == "differs" else "", "holds": not reason}


def save(results, chapter, data, scale, *claims):
    run = {
        "chapter": chapter,
        "dataset": data,
        "comparable": data == "MNIST",
        "scale": scale,
        "claims": claims,
        "tables": [],
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


def without(key):
    def change(run):
        del run["claims"][1][key]

    return change


def with_entry(*places, value):
    """Return a function that sets an entry of a run."""

    def change(run):
        for place in places[:-1]:
            run = run[place]
        run[places[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (without("verdict"), "claim 2 has no 'verdict'"),
        (without("reason"), "claim 2 has no 'reason'"),
        (with_entry("claims", 0, "verdict", value="proven"), "claim 1 has the verdict 'proven'"),
        (with_entry("claims", 0, "ours", value=None), "claim 1 has 'ours' of the kind NoneType"),
        (with_entry("claims", 1, value="a"), "claim 2 is of the kind str"),
        (with_entry("claims", value={}), "it has 'claims' of the kind dict"),
        (with_entry("tables", value=[{"title": "A", "columns": []}]), "table 1 has no 'rows'"),
        (with_entry("scale", value="huge"), "it is of 02_two at the scale 'huge'"),
        (with_entry("chapter", value="03_three"), "it is of 03_three at the scale 'ci'"),
        (with_entry("comparable", value=1), "it has 'comparable' of the kind int"),
        (with_entry("results", "x", value=float("inf")), "it holds Infinity"),
        (with_entry("results", "x", value=[float("-inf")]), "it holds -Infinity"),
        (with_entry("results", "x", value=[float("nan")]), "it holds NaN"),
    ],
)
def test_file_that_is_no_run_is_named_with_what_is_wrong(results, change, why):
    save(results, "02_two", "MNIST", "ci", claim("reproduced"), claim("differs"))
    path = results / "02_two.MNIST.ci.json"
    run = course.load_results("02_two", "MNIST", "ci")
    change(run)
    path.write_text(json.dumps(run), encoding="utf-8")
    remedy = rf"02_two\.MNIST\.ci\.json is damaged \({why}\): delete it .*reproduce 02"
    for read in (course.best_runs, lambda: course.load_results("02_two", "MNIST", "ci")):
        with pytest.raises(RuntimeError, match=remedy):
            read()


@pytest.mark.parametrize("content", ["1e999", "[" * 100_000])
def test_file_that_no_json_reader_takes_is_named(results, content):
    path = results / "02_two.MNIST.ci.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"02_two\.MNIST\.ci\.json is damaged \("):
        course.best_runs()


def test_folder_in_the_place_of_results_is_named(results):
    (results / "02_two.MNIST.ci.json").mkdir()
    with pytest.raises(RuntimeError, match=r"02_two\.MNIST\.ci\.json is damaged \("):
        course.best_runs()


def test_verdicts_are_counted(results):
    verdicts = [*course.VERDICTS, course.REPRODUCED]
    save(results, "02_two", "MNIST", "ci", *map(claim, verdicts))
    (run,) = course.best_runs()
    assert list(course.counts(run).values()) == [2] + [1] * (len(course.VERDICTS) - 1)


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


def test_what_json_can_hold_stays_as_it_is():
    value = {"text": "a", "count": 3, "none": None, "yes": True, "many": [1.5, {"b": 2}]}
    assert plain(value, "value") == value
    assert plain([float("nan"), -float("inf")], "value") == [None, None]
    with pytest.raises(TypeError, match=r"value\[1\] must be what JSON can hold"):
        plain([1, {2}], "value")
