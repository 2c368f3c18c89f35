"""The command line that the benchmarks share."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from helpers import data
from helpers.course import RESULTS


def command_line(name: str, about: str, what: str, known: Iterable[str]) -> argparse.ArgumentParser:
    """Return a parser of ``--what``, ``--folder`` and ``--results``.

    Parameters
    ----------
    name : str
        Of the benchmark's module.
    about : str
        The module's docstring, whose first line is the help's.
    what : str
        What a part of the benchmark is, in the plural, such as ``"networks"``.
    known : iterable of str
        The names of all parts, which are all run by default.
    """
    known = list(known)
    parser = argparse.ArgumentParser(
        prog=f"python -m tests.benchmarks.{name}", description=about.splitlines()[0]
    )
    parser.add_argument(
        f"--{what}",
        nargs="+",
        choices=known,
        default=known,
        metavar="NAME",
        help=f"some of: {'; '.join(known)}; those of an earlier run stay in the results",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=data.folder() / "benchmark",
        help="where what was made and measured is kept (%(default)s)",
    )
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help="where the result is written (%(default)s)"
    )
    return parser
