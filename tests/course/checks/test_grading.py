"""What holds of every check besides: fresh inputs and an error in grading, no helper as answer."""

import functools
import importlib
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from helpers import evaluation, units
from helpers.course import checks

from . import test_formal_description

CHAPTERS = [
    importlib.import_module(f".{path.stem}", __package__)
    for path in sorted(Path(__file__).parent.glob("test_*.py"))
    if path.name not in ("test_grading.py", "test_report.py")
]
ANSWERS = {check: answers for module in CHAPTERS for check, answers in module.RIGHT.items()}
CASES = [
    pytest.param(check, answer, id=f"{check.__name__}-{i}")
    for check, answers in ANSWERS.items()
    for i, answer in enumerate(answers)
]
every_check = pytest.mark.parametrize("check", ANSWERS, ids=lambda check: check.__name__)


def flat(value) -> list[float]:
    """Return the numbers of an argument, or of several."""
    if isinstance(value, torch.Tensor):
        return value.flatten().tolist()
    if isinstance(value, nn.Module):
        return flat(list(value.state_dict().values()))
    if isinstance(value, list | tuple):
        return [number for one in value for number in flat(one)]
    return [float(value)] if isinstance(value, int | float) else []


def asked(check, answer) -> list[float]:
    """Return all numbers that a check asks an answer about."""
    seen = []

    def listening(*arguments):
        seen.extend(flat(arguments))
        return answer(*arguments)

    check(listening)
    return seen


@pytest.fixture
def graded(monkeypatch):
    def grade(number):
        monkeypatch.setenv("COURSE_GRADE", str(number))

    return grade


def test_all_checks_have_answers():
    assert {check.__name__ for check in ANSWERS} == set(checks.__all__)


@every_check
def test_result_says_what_was_printed(capsys, check):
    for answer, passed in ((ANSWERS[check][0], True), (lambda *some: ..., False)):
        result = check(answer)
        assert result.passed == passed
        assert capsys.readouterr().out == f"{result.said}\n"


@pytest.mark.parametrize(("check", "answer"), CASES)
def test_right_answer_is_right_on_any_inputs(graded, says, check, answer):
    for number in range(1, 13):
        graded(number)
        assert says(check, answer) == "passed"


@pytest.mark.parametrize("number", [233, 264, 403, 450, 562, 807])
def test_descent_reaches_all_minima_from_wherever_its_sizes_start(graded, says, number):
    graded(number)
    for start in (1e-3, 0.1, 0.3, 0.5, 1.0, 4.0):
        for grow in (1.5, 2.0):
            answer = functools.partial(test_formal_description.descent, start=start, grow=grow)
            assert says(checks.descent, lambda *some, own=answer: own(*some)) == "passed"


@every_check
@pytest.mark.parametrize(
    ("answer", "why"), [(lambda *some: ..., "not attempted"), (lambda *some: 42, "not yet")]
)
def test_stub_and_the_same_number_for_all_raise_in_grading(graded, check, answer, why):
    graded(1)
    with pytest.raises(AssertionError, match=f"^{why}"):
        check(answer)


@every_check
def test_each_grading_asks_about_inputs_of_its_own(graded, check):
    answer = ANSWERS[check][0]
    seen = []
    for number in (1, 2, 1):
        graded(number)
        torch.manual_seed(0)
        seen.append(asked(check, answer))
    assert seen[0] != seen[1]
    assert seen[0] == seen[2]


@every_check
def test_what_is_learnt_by_heart_does_not_pass(graded, check):
    answers = []

    def remembering(*arguments):
        answers.append(ANSWERS[check][0](*arguments))
        return answers[-1]

    assert check(remembering).passed
    graded(1)
    by_heart = iter([*answers, *answers])
    with pytest.raises(AssertionError):
        check(lambda *arguments: next(by_heart))


@pytest.mark.parametrize("number", ["one", "-1", "1.5"])
def test_number_of_a_grading_is_whole(graded, number):
    graded(number)
    with pytest.raises(ValueError, match=f"COURSE_GRADE must be a whole number.*got '{number}'"):
        checks.distortion(evaluation.distortion)


@pytest.mark.parametrize("number", ["", "0"])
def test_nothing_is_graded_by_default(graded, says, number):
    graded(number)
    assert says(checks.distortion, lambda *some: ...) == "not attempted"


# --- the course's own helpers


class Borrowed:
    def __call__(self, x, y):
        return evaluation.distortion(x, y)


def swallowing(x, y):
    try:
        return evaluation.distortion(x, y)
    finally:
        pass


@pytest.mark.parametrize(
    "answer",
    [
        evaluation.distortion,
        lambda x, y: evaluation.distortion(x, y),
        functools.partial(evaluation.distortion),
        lambda *images: next(map(evaluation.distortion, *[[one] for one in images])),
        Borrowed(),
        swallowing,
        lambda x, y: torch.no_grad()(evaluation.distortion)(x, y),
        lambda x, y: 2 * evaluation.distortion(x, y),
    ],
)
def test_helper_is_no_answer_however_it_is_wrapped(says, graded, answer):
    refused = "not yet: this calls the course's own helpers.evaluation.perturbations.distortion; "
    assert says(checks.distortion, answer) == f"{refused}write it yourself"
    graded(1)
    with pytest.raises(AssertionError, match="the course's own"):
        checks.distortion(answer)


def test_module_that_runs_a_helper_later_is_no_answer(says):
    class Later(nn.Module):
        def __init__(self, network, mean, deviation):
            super().__init__()
            self.network, self.mean, self.deviation = network, mean, deviation

        def forward(self, x):
            evaluation.distortion(x, x)
            return self.network((x - self.mean.view(3, 1, 1)) / self.deviation.view(3, 1, 1))

    assert "the course's own" in says(checks.from_pixels, Later)


def test_helpers_that_the_check_itself_calls_do_not_count(says):
    def answer(features, direction, count):
        return (features @ direction).topk(count).indices

    assert says(checks.top_images, answer) == "passed"
    assert "units" in says(
        checks.top_images, lambda f, v, count: units.top_images((f @ v)[:, None], count)[0]
    )


def test_another_profiler_goes_on_afterwards():
    def other(*event):
        pass

    sys.setprofile(other)
    try:
        checks.distortion(lambda x, y: x)
        assert sys.getprofile() is other
    finally:
        sys.setprofile(None)
