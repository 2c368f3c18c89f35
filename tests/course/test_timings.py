"""Time and memory: what is kept, and the table made from it."""

import json
import math

import pytest

from helpers.course import timings


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr(timings, "RESULTS", tmp_path)
    monkeypatch.setattr(timings, "hardware", lambda: "a machine")
    return tmp_path


def record(chapter="02_two", scale="ci", seconds=12.34, peak_gb=0.567, dataset="digits"):
    timings.record(chapter, scale=scale, seconds=seconds, peak_gb=peak_gb, dataset=dataset)


def test_last_measurement_of_each_chapter_and_scale_is_kept(results):
    assert timings.load() == {}
    record("10_ten", "full")
    record(scale="class", seconds=70, dataset="MNIST")
    record(seconds=99)
    record()
    kept = timings.load()
    assert list(kept) == ["02_two", "10_ten"]
    assert list(kept["02_two"]) == ["ci", "class"]
    measured = kept["02_two"]["ci"]
    assert (measured["seconds"], measured["peak_gb"]) == (12.3, 0.57)
    assert (measured["dataset"], measured["hardware"]) == ("digits", "a machine")
    assert kept["02_two"]["class"]["seconds"] == 70


def test_unknown_memory_is_kept_as_null(results):
    record(peak_gb=math.nan)
    assert json.loads((results / timings.NAME).read_text())["02_two"]["ci"]["peak_gb"] is None
    assert "| 12 s " in timings.time_and_memory()


def test_table_has_a_row_a_chapter_and_a_column_a_scale(results):
    record()
    record(scale="class", seconds=130, peak_gb=1.5, dataset="MNIST")
    record("10_ten", "full", seconds=7200)
    lines = timings.time_and_memory().splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
    assert rows[0] == ["chapter", "`ci`", "`class`", "`full`"]
    assert rows[2] == [
        "[02_two](../notebooks/02_two.ipynb)",
        "12 s, 0.57 GB",
        "2.2 min, 1.5 GB",
        "–",
    ]
    assert rows[3][1:] == ["–", "–", "2.0 h, 0.57 GB"]
    assert "a machine; `ci` on digits; `class` on MNIST; `full` on digits" in lines[-1]


def test_damaged_file_is_an_error_with_a_remedy(results):
    (results / timings.NAME).write_text("{", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"timings\.json is damaged .* delete it"):
        record()
    assert (results / timings.NAME).read_text() == "{"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59, "59 s"), (100, "1.7 min"), (6000, "1.7 h")]
)
def test_duration_as_one_reads_it(seconds, text):
    assert timings.duration(seconds) == text
