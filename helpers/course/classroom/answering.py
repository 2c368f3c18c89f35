"""What a student wrote is run in a process of its own, which may hang or end without harm.

No kernel is started: a kernel listens on ports that another may take at the same moment, and then
ends before it has run anything.
"""

import contextlib
import io
import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

ANSWER_TIMEOUT = 120  # seconds of an answer or a check
START_TIMEOUT = 600  # seconds until PyTorch is imported, on a busy machine
GRACE = 10  # seconds to stop when told to
TOO_LONG = "it took more than"
ENDED_IT = "it ended Python"
ENDED = "was not run: an answer before it ended Python"
ONCE = ["helpers.course", "IPython"]  # imported once for all students, where the system forks


def failures(cells: list[str], timeout: float = ANSWER_TIMEOUT) -> list[str]:
    """Run cells of code one after another.

    Parameters
    ----------
    cells : list of str
        As in a notebook: they share their names, and one that fails does not keep the next from
        being run.
    timeout : float
        Seconds after which a cell is stopped.

    Returns
    -------
    list of str
        Why each failed, an empty text where it did not.

    Raises
    ------
    RuntimeError
        If Python does not start.
    """
    context = _context()
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(cells, theirs))
    process.start()
    theirs.close()
    said: list[str] = []
    try:
        if not _has_started(ours):
            raise RuntimeError("Python did not start to run an answer; is there enough memory?")
        for _ in cells:
            said.append(_next(ours, process, timeout))
    except EOFError:
        guilty = not (said and said[-1].startswith(TOO_LONG))  # else it was ended before
        said += [ENDED_IT if guilty else ENDED, *[ENDED] * len(cells)]
    finally:
        process.kill()
        process.join()
        ours.close()
    return said[: len(cells)]


def _context() -> multiprocessing.context.BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(ONCE)
    return context


def _has_started(ours: Connection) -> bool:
    try:
        return ours.poll(START_TIMEOUT) and ours.recv()
    except EOFError:  # it ended before it was ready
        return False


def _next(ours: Connection, process: BaseProcess, timeout: float) -> str:
    """Return why the cell that is being run failed; it is stopped when its time is over."""
    if ours.poll(timeout):
        return ours.recv()
    with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
        os.kill(process.pid, signal.SIGINT)  # on Windows it ends the process
    if not ours.poll(GRACE):
        process.kill()
    with contextlib.suppress(EOFError):  # it comes again where the next is asked for
        ours.recv()
    return f"{TOO_LONG} {timeout:g} s"


def _run(cells: list[str], theirs: Connection) -> None:
    """Run cells as IPython does, and send why each failed."""
    os.environ["MPLBACKEND"] = "agg"
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    import torch
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    torch.set_num_threads(1)
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    shell.showtraceback = lambda *_, **__: None  # nobody reads it, and it takes seconds
    theirs.send(True)
    for cell in cells:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            done = shell.run_cell(cell)
        error = done.error_before_exec or done.error_in_exec
        theirs.send(_reason(error) if error else "")


def _reason(error: BaseException) -> str:
    """Return what the check says, or what an answer raised."""
    # the first public name: Python 3.13 has a private kind of SyntaxError
    name = next(kind.__name__ for kind in type(error).__mro__ if not kind.__name__.startswith("_"))
    return str(error) if name == "NotPassedError" else f"{name}: {error}"
