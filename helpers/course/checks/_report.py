"""What every check does with an answer: *not attempted*, *not yet: why* or *passed*."""

import copy
import functools
import inspect
import os
import traceback
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
            check(lambda *arguments: own(*copied(arguments)))
        except NotYetError as error:
            why = str(error)
        except Exception as error:  # a student's function may raise anything
            message = " ".join(str(error).split())
            why = f"it raised {type(error).__name__}: {message}{where(answer, error)}"
        else:
            why = ""
    if called:
        raise NotYetError(f"this calls the course's own {called[0]}; write it yourself")
    if why:
        raise NotYetError(why)


def where(answer: Callable, error: Exception) -> str:
    """Return the line of a student's function in which an error arose, or "" if none did."""
    code = getattr(inspect.unwrap(answer), "__code__", None)
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if code is not None and frame.filename == code.co_filename and frame.line
    ]
    return f", in line {own[-1].lineno} of your cell: {own[-1].line}" if own else ""


def tensor(value, shape: tuple[int, ...], what: str) -> Tensor:
    """Return `value` as a float64 tensor of the given shape, or say what is wrong with it."""
    if not isinstance(value, Tensor):
        raise NotYetError(f"return {what} as a tensor, not {type(value).__name__}")
    if tuple(value.shape) != shape:
        raise NotYetError(f"{what} should have shape {shape}, not {tuple(value.shape)}")
    return value.detach().double()


def network_weight(value, shape: tuple[int, ...]) -> Tensor:
    """Return the weight of a linear layer, float64, or say that it is none, or of another shape."""
    if not isinstance(value, torch.nn.Linear):
        raise NotYetError(f"return the network, not {type(value).__name__}")
    return tensor(value.weight, shape, "the weights")


def number(value, what: str) -> float:
    """Return `value`, a number or a tensor of one, as a float, or say what is wrong with it."""
    try:
        found = torch.as_tensor(value, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError):
        raise NotYetError(f"return {what} as one number, not {type(value).__name__}") from None
    if found.numel() != 1:
        raise NotYetError(f"{what} is one number, not {found.numel()}")
    return found.item()


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
    found = torch.tensor(number(found, what), dtype=torch.float64)
    if found.isclose(expected.double(), rtol=1e-4):
        return
    for why, values in mistakes.items():
        same = found.expand_as(values).isclose(values.double(), rtol=1e-4, equal_nan=True)
        if same.any():
            raise NotYetError(why)
    value, right = found.item(), expected.item()
    raise NotYetError(f"it gives {value:.{digits}f}, it should be {right:.{digits}f}")


def copied(arguments: tuple) -> list:
    """Return copies of arguments; a generator's goes on from the same state."""
    copies = []
    for argument in arguments:
        if isinstance(argument, torch.Generator):  # PyTorch 2.3 cannot copy one
            twin = torch.Generator()
            twin.set_state(argument.get_state())
            copies.append(twin)
        else:
            copies.append(copy.deepcopy(argument))
    return copies


def alike(
    found: Tensor, expected: Tensor, mistakes: Mapping[str, Tensor], *, atol: float = 1e-5
) -> None:
    """Raise NotYetError if a tensor is not the expected one, with the reason if it is known.

    Parameters
    ----------
    found, expected : Tensor
        The answer, as `tensor` returns it, and what it should be.
    mistakes : mapping of str to Tensor
        For each reason the tensor that it leads to; they may hold nan.
    atol : float
        How far two numbers that count as the same may lie apart.
    """
    if torch.allclose(found, expected.double(), rtol=1e-4, atol=atol):
        return
    for why, value in mistakes.items():
        if torch.allclose(found, value.double(), rtol=1e-4, atol=atol, equal_nan=True):
            raise NotYetError(why)
    place = tuple((found - expected).abs().nan_to_num(torch.inf).argmax()[None].tolist())
    value, right = found.flatten()[place].item(), expected.flatten()[place].item()
    raise NotYetError(f"at the worst place it gives {value:.4g}, it should be {right:.4g}")


def attempted(answer: Callable, *arguments) -> bool:
    """Return True, or raise NotAttemptedError where the stub still returns ``...``."""
    try:
        untouched = answer(*copied(arguments)) is ...
    except Exception:  # it is no stub any more; the check reports what it raises
        untouched = False
    if untouched:
        raise NotAttemptedError
    return True
