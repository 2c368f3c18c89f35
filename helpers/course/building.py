"""Larger exercises, whose functions are checked one by one and then put together."""

import contextlib
import io
from collections.abc import Callable

from helpers.course.checks._report import Result


def ready(*steps: tuple[Callable[[Callable], Result], Callable]) -> bool:
    """Tell whether the functions of an exercise may be put together, and say what is missing.

    Parameters
    ----------
    steps : pairs of callables
        In the order of the steps, a check and the student's function that it checks. Each check
        runs again, so that a function counts as it is now.

    Returns
    -------
    bool
        Whether all are right. If not, the steps that are missing have been printed.
    """
    missing = []
    for number, (check, answer) in enumerate(steps, start=1):
        with contextlib.redirect_stdout(io.StringIO()):
            result = check(answer)
        if not result.passed:
            missing.append(f"piece {number}, {answer.__name__} ({result.said})")
    if missing:
        print("This waits for " + "; ".join(missing) + ".")
    return not missing
