"""Two errors that everybody meets in a notebook, said shortly: an interruption, a cell left out."""

from types import TracebackType

from IPython import get_ipython
from IPython.core.interactiveshell import InteractiveShell

INTERRUPTED = (
    "Interrupted. Nothing half-made is kept, and what was kept before is used again: "
    "run the cell once more, or go on."
)
LEFT_OUT = (
    "If a cell above makes {name!r}, it has not been run since the kernel started: run the set-up "
    "cell first, then the cells above this one, in their order (Run → Run All Above Selected Cell)."
)


def explain_errors(shell: InteractiveShell | None = None) -> None:
    """Let a notebook say in a sentence what an interruption or an unknown name means.

    An interruption is told without its traceback. A name that a line of a cell itself does not
    find keeps its traceback, and the hint below it; names within functions are left alone.

    Parameters
    ----------
    shell : InteractiveShell, optional
        The notebook's; the current one by default. Outside of IPython nothing happens.
    """
    shell = shell or get_ipython()
    if shell is not None:
        shell.set_custom_exc((KeyboardInterrupt, NameError), _explain)


def _explain(
    shell: InteractiveShell,
    kind: type[BaseException],
    error: BaseException,
    traceback: TracebackType,
    tb_offset: int | None = None,
) -> list[str]:
    """Show an error as a kernel does, so that whoever runs the notebook knows it has failed."""
    if issubclass(kind, KeyboardInterrupt):
        lines = [INTERRUPTED]
    else:
        lines = shell.InteractiveTB.structured_traceback(
            kind, error, traceback, tb_offset=tb_offset
        )
        name = getattr(error, "name", None)
        if name and _is_of_a_cell(traceback):
            lines = [*lines, "", LEFT_OUT.format(name=name)]
    shell._showtraceback(kind, error, lines)
    return lines


def _is_of_a_cell(traceback: TracebackType) -> bool:
    """Return whether an error comes from a line of a cell, not from a function that it calls."""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code.co_name == "<module>"
