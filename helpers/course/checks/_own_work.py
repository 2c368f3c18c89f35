"""Whether an answer is the student's own: what it calls of the course is noted and refused."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

HELPERS, CHECKS = "helpers.", "helpers.course.checks"
PASSED_THROUGH = (HELPERS, "torch.")  # a helper, or a module, may be called by way of these


def students(answer: Callable) -> Callable:
    """Return the answer behind a frame that tells its calls from those of the checks."""

    def by_the_student(*arguments):
        return answer(*arguments)

    return by_the_student


BY_THE_STUDENT = students(print).__code__


@contextmanager
def helpers_called() -> Iterator[list[str]]:
    """Collect the names of the course's functions that `students` answers call.

    It sees a helper however it is wrapped, renamed or bound, since it watches what runs; a module
    that an answer returns is watched as well. What the checks themselves call does not count. It
    is a fence for honest work and no prison: code that is out to deceive runs in the same process.
    """
    called: list[str] = []

    def look(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and _is_helper(frame) and _for_the_student(frame):
            called.append(f"{_module(frame)}.{_name(frame).removesuffix('.__init__')}")

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield called
    finally:
        sys.setprofile(before)


def _name(frame: FrameType) -> str:
    """Return the name of what runs, behind its class; Python 3.10 does not keep that."""
    code, own = frame.f_code, frame.f_locals.get("self")
    known = code.co_name if own is None else f"{type(own).__qualname__}.{code.co_name}"
    return getattr(code, "co_qualname", known)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_helper(frame: FrameType) -> bool:
    importing = frame.f_code.co_name == "<module>"
    return _module(frame).startswith(HELPERS) and not importing and not _is_check(frame)


def _is_check(frame: FrameType) -> bool:
    return _module(frame).startswith(CHECKS)


def _for_the_student(frame: FrameType) -> bool:
    """Return whether the way up from a helper meets the student's code before a check's."""
    caller = frame.f_back
    while caller is not None:
        if caller.f_code is BY_THE_STUDENT:
            return True
        if _is_check(caller):
            return False
        if not f"{_module(caller)}.".startswith(PASSED_THROUGH):
            return True
        caller = caller.f_back
    return False
