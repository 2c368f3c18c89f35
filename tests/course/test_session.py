import platform

import pytest
import torch

from helpers import course
from helpers.course import session


@pytest.fixture(autouse=True)
def shipped_digits(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.delenv("CPU_LIMIT", raising=False)


@pytest.mark.parametrize(("name", "value"), [("ci", 1), ("class", 2), ("full", 3)])
def test_scale_chooses_its_value(name, value):
    assert session.Scale(name)(ci=1, class_=2, full=3) == value


@pytest.mark.parametrize("name", ["", "CI", "huge"])
def test_unknown_scale_is_refused(name):
    with pytest.raises(
        ValueError, match=f"COURSE_SCALE must be one of ci, class, full; got '{name}'"
    ):
        session.Scale(name)


@pytest.mark.parametrize("scale", ["ci", "class", "full"])
def test_setup_prints_what_it_found_in_one_line(monkeypatch, capsys, scale):
    monkeypatch.setenv("COURSE_SCALE", scale)
    found = course.setup()
    printed = capsys.readouterr().out
    assert found.scale.name == scale
    assert found.device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert printed.count("\n") == 1
    assert f"scale: {scale} ·" in printed
    assert session.hardware() in printed
    assert "data: scikit-learn's digits, 510 test images" in printed


def test_scale_is_class_unless_set(monkeypatch):
    monkeypatch.delenv("COURSE_SCALE")
    assert course.setup().scale.name == "class"


def test_setup_refuses_a_wrong_course_scale(monkeypatch):
    monkeypatch.setenv("COURSE_SCALE", "tiny")
    with pytest.raises(ValueError, match="got 'tiny'"):
        course.setup()


@pytest.mark.parametrize(("limit", "threads"), [("0.5", 1), ("1.0", 1), ("2.0", 2), ("3.7", 3)])
def test_cpu_limit_of_a_hub_sets_the_threads(monkeypatch, limit, threads):
    chosen = []
    monkeypatch.setattr(torch, "set_num_threads", chosen.append)
    monkeypatch.setenv("CPU_LIMIT", limit)
    course.setup()
    assert chosen == [threads]


def test_threads_stay_as_they_are_without_a_limit(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch, "set_num_threads", chosen.append)
    course.setup()
    assert chosen == []


@pytest.mark.parametrize(("threads", "words"), [(1, "CPU, 1 thread, "), (4, "CPU, 4 threads, ")])
def test_hardware_names_the_processor(monkeypatch, threads, words):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert session.hardware() == words + platform.machine()


def test_generators_give_the_same_numbers_at_every_call():
    small = session.Session(torch.device("cpu"), session.Scale("ci"))
    first, again = (torch.rand(4, generator=small.generator()) for _ in range(2))
    other = torch.rand(4, generator=small.generator(1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
