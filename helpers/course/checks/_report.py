"""What every check does with an answer: *not attempted*, *not yet: why* or *passed*."""

import copy
import inspect
import traceback
from collections.abc import Callable, Mapping

import torch
from torch import Tensor


class NotYetError(Exception):
    """Why an answer is not right yet."""


def report(check: Callable[[Callable], None], answer: Callable) -> None:
    """Run a check on a student's function, which gets copies, and print what came of it."""
    try:
        check(lambda *arguments: answer(*copied(arguments)))
    except NotYetError as why:
        print(f"not yet: {why}")
    except Exception as error:  # a student's function may raise anything
        message = " ".join(str(error).split())
        print(f"not yet: it raised {type(error).__name__}: {message}{where(answer, error)}")
    else:
        print("passed")


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
    found = found.reshape(())
    for why, values in mistakes.items():
        same = found.expand_as(values).isclose(values.double(), rtol=1e-4, equal_nan=True)
        if same.any():
            raise NotYetError(why)
    if not found.isclose(expected.double(), rtol=1e-4):
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
    """Say so and return False where the stub still returns ``...``."""
    try:
        untouched = answer(*copied(arguments)) is ...
    except Exception:  # it is no stub any more; the check reports what it raises
        untouched = False
    if untouched:
        print("not attempted")
    return not untouched
