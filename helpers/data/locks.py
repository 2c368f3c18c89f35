"""One process at a time: who wants what another one is making waits for it, or only looks."""

import contextlib
import contextvars
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock

SILENT_WAIT, LONGEST_WAIT = 3, 6 * 3600  # seconds for another process, as it may train

_ONLY_LOOKING = contextvars.ContextVar("only looking", default=False)


class NotKeptError(LookupError):
    """What was looked for is not kept, and would have to be made."""


@contextlib.contextmanager
def only_looking() -> Iterator[None]:
    """Let nothing be made that is not kept: `making` raises `NotKeptError` instead."""
    token = _ONLY_LOOKING.set(True)
    try:
        yield
    finally:
        _ONLY_LOOKING.reset(token)


def is_only_looking() -> bool:
    """Return whether this is inside `only_looking`."""
    return _ONLY_LOOKING.get()


@contextlib.contextmanager
def making(path: Path) -> Iterator[None]:
    """Be `alone` with a file while it is made; raise `NotKeptError` inside `only_looking`."""
    if is_only_looking():
        raise NotKeptError(path)
    with alone(path):
        yield


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Hold a lock between processes while a file is made or fetched, or none where none can be.

    That is in a folder that cannot be written to and on a file system without locks. The lock
    only saves double work, since files are written whole: one that stays taken is waited for
    aloud, and not for ever.
    """
    lock = filelock.FileLock(f"{path}.lock")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    if os.access(path.parent, os.W_OK):
        _acquire(lock)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # the file system went away: the work is done
            lock.release()


def _acquire(lock: filelock.BaseFileLock) -> None:
    """Wait for a lock, after a few seconds aloud; go on without it where it never comes."""
    for seconds, message in (
        (
            SILENT_WAIT,
            "waiting for {}: another process makes what this one needs. If none does, "
            "delete that file",
        ),
        (LONGEST_WAIT, "{} is still there: going on without waiting"),
    ):
        try:
            lock.acquire(timeout=seconds)
            return
        except filelock.Timeout:
            print(message.format(lock.lock_file), file=sys.stderr)
        except (OSError, RuntimeError):  # filelock's various words for: no locks here
            return
