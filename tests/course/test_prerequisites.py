"""The self-test: what it says is right is right, and each answer is counted."""

import itertools
import math

import numpy as np
import pytest
import torch

from helpers import classroom as command
from helpers.course import classroom
from helpers.course.classroom.prerequisites import TEN_QUESTIONS, ask_all


def gradient():
    w = torch.tensor([1.0, 3.0], requires_grad=True)
    (w * w).sum().backward()
    return " and ".join(f"{value:g}" for value in w.grad)


def widest():
    return f"{np.linalg.norm([[3, 0], [0, 1]], 2):g}"


def rotated():
    q, _ = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(1)))
    a, b = torch.randn(2, 5, generator=torch.Generator().manual_seed(2))
    same = [math.isclose((q @ a).norm(), a.norm(), rel_tol=1e-5)]
    same.append(math.isclose((q @ a) @ (q @ b), a @ b, rel_tol=1e-4))
    return "neither of the two" if all(same) else "both"


def slope():
    x = torch.tensor(3.0, requires_grad=True)
    (x**2).backward()
    return f"{x.grad:g}"


def steepest():
    weights = torch.tensor([0.3, -2.0, 1.0])
    ways = {
        "along its gradient": weights,
        "against its gradient": -weights,
        "across its gradient": torch.tensor([2.0, 0.3, 0.0]),
        "along the axis with the largest derivative": torch.tensor([0.0, 0.0, 1.0]),
    }
    return min(ways, key=lambda name: weights @ ways[name] / ways[name].norm())


def width():
    one, four = (1 / math.sqrt(images) for images in (100, 400))
    return {0.5: "half as wide", 0.25: "a quarter as wide"}[four / one]


COMPUTED = [
    lambda: str([x * x for x in range(4) if x != 1]),
    lambda: str(tuple(torch.zeros(32, 1, 28, 28).flatten(1).shape)),
    gradient,
    lambda: f"{np.hypot(3, 4):g}",
    widest,
    rotated,
    slope,
    steepest,
    lambda: f"{math.sqrt(100 / 4):g}",
    width,
]


@pytest.mark.parametrize(("number", "compute"), list(enumerate(COMPUTED)))
def test_answer_is_right_and_among_the_choices(number, compute):
    asked = TEN_QUESTIONS[number]
    assert compute() == asked.answer
    assert asked.choices.count(asked.answer) == 1
    assert len(set(asked.choices)) == 4


def test_there_are_ten_and_the_right_one_stands_in_no_fixed_place():
    assert len(TEN_QUESTIONS) == len(COMPUTED) == 10
    assert len({asked.choices.index(asked.answer) for asked in TEN_QUESTIONS}) > 2


def test_all_right_and_all_wrong_are_counted():
    places = [asked.choices.index(asked.answer) + 1 for asked in TEN_QUESTIONS]
    told = []
    answers = iter(map(str, places))
    assert ask_all(lambda prompt: next(answers), told.append) == 10
    assert told[-1].endswith("10 of 10 right. You are ready.")
    wrong = iter(str(place % 4 + 1) for place in places)
    assert ask_all(lambda prompt: next(wrong), told.append) == 0
    assert "0 of 10 right. Read up" in told[-1]


def test_what_is_no_choice_is_asked_again(monkeypatch, capsys):
    said = itertools.chain(["", "five", "0", "9"], itertools.repeat("1"))
    monkeypatch.setattr("builtins.input", lambda prompt: next(said))
    command.main(["self-test"])
    assert " of 10 right" in capsys.readouterr().out


@pytest.mark.parametrize("key", [EOFError, KeyboardInterrupt])
def test_whoever_leaves_sees_no_traceback(key, monkeypatch, capsys):
    def leave(prompt):
        raise key

    monkeypatch.setattr("builtins.input", leave)
    with pytest.raises(SystemExit) as left:
        command.main(["self-test"])
    assert left.value.code == 130
    assert capsys.readouterr().err == "\nstopped\n"


def test_notebook_shows_the_questions_and_no_answer(monkeypatch):
    shown = []
    monkeypatch.setattr("helpers.course.classroom.prerequisites.display", shown.append)
    classroom.self_test()
    assert [one.question for one in shown] == [asked.question for asked in TEN_QUESTIONS]
    assert all(one.form.text.value == "" for one in shown)
