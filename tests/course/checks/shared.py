"""What holds for the check of every exercise, and what answers to several chapters share."""

import re

import pytest
import torch

from helpers.course.checks._report import copied


def named(function):
    return function.__name__


def in_place(answer):
    """Return an answer that spoils its tensors when it is done with them."""

    def spoiling(*arguments):
        found = answer(*arguments)
        found = found.clone() if isinstance(found, torch.Tensor) else found  # it may be a view
        for argument in arguments:
            if isinstance(argument, torch.Tensor):
                argument.zero_()
        return found

    return spoiling


def off(value, by):
    """Return a number, a tensor or several of them, each a share and an amount too large."""
    if isinstance(value, list | tuple):
        return type(value)(off(one, by) for one in value)
    value = value.double() if isinstance(value, torch.Tensor) else value
    return value * (1 + by[0]) + by[1] if isinstance(value, torch.Tensor | float | int) else value


def same(one, other):
    """Return whether two arguments are alike, where whole numbers may be of fewer rounds."""
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and torch.equal(one, other)
    if type(one) is int:
        return one == other or one <= 3
    return one == other if isinstance(one, float) else type(one) is type(other)


def not_two(answer):
    """Return wrong answers, by name, to an exercise that asks for two things, and what is said."""
    return {
        "list": (lambda *arguments: list(answer(*arguments)), "two things"),
        "three": (lambda *arguments: (*answer(*arguments), 0), "two things"),
    }


class EveryCheck:
    """Right solutions pass, typical mistakes are named.

    Attributes
    ----------
    right : dict
        Of each check of a chapter: answers that it has to accept.
    mistakes : dict
        Of each check: what a student returns, and a part of what the answer should be. Teachers
        read them, too, in ``docs/solutions.md``.
    unusual : dict
        Of checks: answers that hardly a student returns, which have to be refused all the same.
    rounding : dict
        Of checks of numbers: how far off they may be, as (share of the value, amount).
    easier : tuple
        Of checks: those that try an answer on an easier task first.
    blunt : tuple
        Of checks of numbers: those that name a mistake to another rounding.
    """

    right: dict
    mistakes: dict
    rounding: dict
    unusual: dict = {}  # noqa: RUF012
    easier: tuple = ()
    blunt: tuple = ()

    def pytest_generate_tests(self, metafunc):
        """Give a test the checks of the chapter, one by one, or their answers or mistakes."""
        known = ("check", "answer", "why", "by")
        names = [name for name in known if name in metafunc.fixturenames]
        if names == ["check", "by"]:
            metafunc.parametrize(names, self.rounding.items(), ids=map(named, self.rounding))
        elif names == ["check"]:
            metafunc.parametrize("check", self.right, ids=named)
        elif names == ["check", "answer"]:
            cases = [
                pytest.param(check, answer, id=f"{named(check)}-{i}")
                for check, answers in self.right.items()
                for i, answer in enumerate(answers)
            ]
            metafunc.parametrize(names, cases)
        else:
            cases = [
                pytest.param(check, answer, why, id=f"{named(check)}-{mistake}")
                for wrong in (self.mistakes, self.unusual)
                for check, answers in wrong.items()
                for mistake, (answer, why) in answers.items()
            ]
            metafunc.parametrize(names, cases)

    def test_stub_is_not_attempted(self, says, check):
        assert says(check, lambda *arguments: ...) == "not attempted"

    def test_stub_is_tried_on_what_an_answer_is_asked(self, check):
        asked = []

        def answer(*arguments):
            asked.append(copied(arguments))
            return self.right[check][0](*arguments)

        check(answer)
        first, *later = asked
        assert later
        if check not in self.easier:
            assert any(all(map(same, first, call)) for call in later)

    def test_right_solution_passes(self, says, check, answer):
        assert says(check, answer) == "passed"

    def test_answer_may_be_off_by_rounding_and_by_no_more(self, says, check, by):
        for factor in (0.96, -0.96, 1.06, -1.06):
            wrong = [factor * part for part in by]
            said = says(check, lambda *a, wrong=wrong: off(self.right[check][0](*a), wrong))
            assert (said == "passed") == (abs(factor) < 1)

    def test_numbers_that_are_said_are_of_one_place(self, says, check, by):
        printed = says(check, lambda *a: off(self.right[check][0](*a), (0, 7)))
        number = r"(-?[\d.]*\d)"
        place = rf"(?:gives|begins with|value is|loss is) {number}, it should be {number}"
        said = re.search(place, printed)
        if said:
            found, expected = map(float, said.groups())
            assert found - expected == pytest.approx(7, abs=0.02)

    def test_a_mistake_is_named_to_the_same_rounding(self, says, check, by):
        if check in self.blunt:
            return

        def named(answer, why, factor):
            wrong = [factor * part for part in by]
            return why in says(check, lambda *a: off(answer(*a), wrong))

        mistakes = [
            (answer, why)
            for answer, why in self.mistakes[check].values()
            if why not in says(check, lambda *a: None)
        ]
        exact = [one for one in mistakes if named(*one, 0.96) and named(*one, -0.96)]
        assert any(not named(*one, 1.06) and not named(*one, -1.06) for one in exact)

    def test_mistake_is_not_yet_right_and_named(self, says, check, answer, why):
        printed = says(check, answer)
        assert printed.startswith("not yet: ")
        assert why in printed

    @pytest.mark.parametrize("error", [ValueError, NotImplementedError, AssertionError, IndexError])
    def test_answer_that_raises_is_not_yet_right(self, says, check, error):
        def answer(*arguments):
            raise error("something is missing")

        printed = says(check, answer)
        expected = f"not yet: it raised {error.__name__}: something is missing, in line "
        assert printed.startswith(expected)
        assert printed.endswith(' of your cell: raise error("something is missing")')

    def test_answer_with_other_parameters_is_not_yet_right(self, says, check):
        assert says(check, lambda: 1).startswith("not yet: it raised TypeError: ")

    def test_the_reader_may_stop_an_answer(self, check):
        def stopped(*arguments):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            check(stopped)

    def test_verdict_does_not_depend_on_the_random_state(self, says, check):
        for seed in range(20):
            torch.manual_seed(seed)
            assert says(check, self.right[check][0]) == "passed"

    def test_answer_may_work_in_place(self, says, check):
        assert says(check, in_place(self.right[check][0])) == "passed"


def rms(x):
    return x.flatten(1).square().mean(1).sqrt()


def each(values):
    """Shape one value for each image so that it multiplies images."""
    return values.view(-1, 1, 1, 1)
