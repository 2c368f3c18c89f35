"""Measurements: made once, found by their key, never trusted when damaged."""

import json
import math

import pytest

from helpers.data import measured

KEY = {"network": "tiny", "seed": 0}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    return tmp_path / "trained"


class Measuring:
    def __init__(self):
        self.count = 0

    def __call__(self):
        self.count += 1
        return {"error": 0.1, "rows": [1, 2], "mean": math.nan}


@pytest.fixture
def make():
    return Measuring()


def same(found):
    rest = {key: value for key, value in found.items() if key != "mean"}
    return rest == {"error": 0.1, "rows": [1, 2]} and math.isnan(found["mean"])


def test_second_call_reads_what_the_first_kept(make, folder):
    assert same(measured("tiny", KEY, make))
    assert same(measured("tiny", KEY, make))
    assert make.count == 1
    assert [path.name.split(".")[0] for path in folder.glob("*.json")] == ["tiny"]


def test_another_key_is_measured_by_itself(make):
    measured("tiny", KEY, make)
    measured("tiny", {**KEY, "seed": 1}, make)
    assert make.count == 2


def cut(text):
    return text[: len(text) // 2]


def altered(text):
    return text.replace("0.1", "0.2")


def another(text):
    return json.dumps({**json.loads(text), "key": "{}"})


def without_hash(text):
    return json.dumps({key: v for key, v in json.loads(text).items() if key != "sha256"})


@pytest.mark.parametrize(
    "damage", [cut, altered, another, without_hash, lambda _: "{}", lambda _: "[1]", lambda _: ""]
)
def test_damaged_file_is_named_and_measured_again(make, folder, capsys, damage):
    measured("tiny", KEY, make)
    (path,) = folder.glob("*.json")
    path.write_text(damage(path.read_text("utf-8")), "utf-8")
    assert same(measured("tiny", KEY, make))
    assert make.count == 2
    assert f"{path} is damaged" in capsys.readouterr().err
    assert same(measured("tiny", KEY, make))
    assert make.count == 2


def test_what_cannot_be_written_is_said_and_not_lost(make, folder, capsys, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("helpers.data.files.tempfile.mkstemp", full)
    assert same(measured("tiny", KEY, make))
    assert "could not be written" in capsys.readouterr().err
