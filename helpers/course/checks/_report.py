"""What every check does with an answer: *not attempted*, *not yet: why* or *passed*."""

import copy
import functools
import os
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.course.checks._own_work import helpers_called, students

NOT_ATTEMPTED, PASSED = "not attempted", "passed"
_inputs: ContextVar[int] = ContextVar("inputs", default=0)  # which ones: 0 are everybody's


class NotYetError(Exception):
    """Why an answer is not right yet."""


class NotAttemptedError(Exception):
    """The stub still returns ``...``."""


class NotPassedError(AssertionError):
    """An answer did not pass while it was graded."""


@dataclass(frozen=True)
class Result:
    """What came of a check.

    Attributes
    ----------
    said : str
        The line that was printed: *not attempted*, *not yet: why* or *passed*.
    """

    said: str

    @property
    def passed(self) -> bool:
        """Whether the answer is right."""
        return self.said == PASSED

    def _ipython_display_(self) -> None:
        """Show nothing below a cell: the check has printed it."""


def exercise(check: Callable[[Callable], None]) -> Callable[[Callable], Result]:
    """Return a check that prints one line and returns it as a `Result`.

    Where the environment variable ``COURSE_GRADE`` is a whole number other than 0, the answer is
    also asked about inputs that belong to this number, and an answer that does not pass raises
    `NotPassedError`.
    """

    @functools.wraps(check)
    def asked(answer: Callable) -> Result:
        grade = _grade()
        for inputs in (0, 2 * grade, 2 * grade + 1) if grade else (0,):
            result = _result(check, answer, inputs)
            if not result.passed:
                break
        print(result.said)
        if grade and not result.passed:
            raise NotPassedError(result.said)
        return result

    return asked


def _grade() -> int:
    value = os.environ.get("COURSE_GRADE") or "0"
    if not value.isdecimal():
        raise ValueError(f"COURSE_GRADE must be a whole number, 0 for no grading; got {value!r}")
    return int(value)


def _result(check: Callable[[Callable], None], answer: Callable, inputs: int) -> Result:
    token = _inputs.set(inputs)
    try:
        check(answer)
    except NotAttemptedError:
        return Result(NOT_ATTEMPTED)
    except NotYetError as why:
        return Result(f"not yet: {why}")
    finally:
        _inputs.reset(token)
    return Result(PASSED)


def seeded(seed: int) -> torch.Generator:
    """Return a generator for the inputs of a check: another one for each number of a grading."""
    return torch.Generator().manual_seed(seed + 1000 * _inputs.get())


def drawn(low: float, high: float, generator: torch.Generator) -> float:
    """Return a number between two others."""
    return low + (high - low) * torch.rand((), generator=generator).item()


def report(check: Callable[[Callable], None], answer: Callable) -> None:
    """Run a check on a student's function, which gets copies.

    Raises
    ------
    NotYetError
        If the answer is wrong, raises, or is the course's own and not the student's.
    """
    own = students(answer)
    with helpers_called() as called:
        try:
            check(lambda *arguments: own(*copy.deepcopy(arguments)))
        except NotYetError as error:
            why = str(error)
        except Exception as error:  # a student's function may raise anything
            why = f"it raised {type(error).__name__}: {error}"
        else:
            why = ""
    if called:
        raise NotYetError(f"this calls the course's own {called[0]}; write it yourself")
    if why:
        raise NotYetError(why)


def tensor(value, shape: tuple[int, ...], what: str) -> Tensor:
    """Return `value` as a float64 tensor of the given shape, or say what is wrong with it."""
    if not isinstance(value, Tensor):
        raise NotYetError(f"return {what} as a tensor, not {type(value).__name__}")
    if tuple(value.shape) != shape:
        raise NotYetError(f"{what} should have shape {shape}, not {tuple(value.shape)}")
    return value.detach().double()


def one_number(
    found, expected: Tensor, mistakes: Mapping[str, Tensor], what: str, *, digits: int = 4
) -> None:
    """Raise NotYetError if an answer is not the expected number, with the reason if it is known.

    Parameters
    ----------
    found : Tensor or float
        The answer.
    expected : Tensor, shape ()
        The right number.
    mistakes : mapping of str to Tensor
        For each reason the number, or the numbers, that it leads to; they may be nan.
    what : str
        What the number is, such as ``"the share"``.
    digits : int
        How many are printed behind the point.
    """
    found = torch.as_tensor(found).detach().double()
    if found.numel() != 1:
        raise NotYetError(f"{what} is one number, not {found.numel()}")
    if found.isclose(expected.double(), rtol=1e-4):
        return
    for why, values in mistakes.items():
        if found.isclose(values.double(), rtol=1e-4, equal_nan=True).any():
            raise NotYetError(why)
    value, right = found.item(), expected.item()
    raise NotYetError(f"it gives {value:.{digits}f}, it should be {right:.{digits}f}")


def attempted(answer: Callable, *arguments) -> bool:
    """Return True, or raise NotAttemptedError where the stub still returns ``...``."""
    try:
        untouched = answer(*copy.deepcopy(arguments)) is ...
    except Exception:  # it is no stub any more; the check reports what it raises
        untouched = False
    if untouched:
        raise NotAttemptedError
    return True
