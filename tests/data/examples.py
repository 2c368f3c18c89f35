"""What several of the tests of data need."""

from collections.abc import Iterable
from pathlib import Path


def without_locks(paths: Iterable[Path]) -> list[Path]:
    """Return the paths in order, but for the locks that stay beside what was made or fetched."""
    return sorted(path for path in paths if path.suffix != ".lock")
