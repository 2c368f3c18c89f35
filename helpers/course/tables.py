"""Tables in a notebook: rows and headers in, Markdown out."""

from collections.abc import Iterable, Sequence

from IPython.display import Markdown
from tabulate import tabulate


def table(rows: Iterable[Sequence], headers: Sequence[str]) -> Markdown:
    """Return rows as a table that a notebook shows and GitHub renders.

    Parameters
    ----------
    rows : iterable of sequence
        The cells, as they are printed: a number is not rounded, a bar does not end its cell.
    headers : sequence of str
        One for each column.

    Returns
    -------
    Markdown
        The table; its ``data`` is the text.

    Raises
    ------
    ValueError
        If a row has not one cell for each header.
    """
    rows = [[str(cell).replace("|", r"\|") for cell in row] for row in rows]
    for row in rows:
        if len(row) != len(headers):
            raise ValueError(f"rows must have {len(headers)} cells, one a header; got {row}")
    return Markdown(tabulate(rows, headers, tablefmt="github", disable_numparse=True))


def shown(value: float | None) -> str:
    """Return a number with three digits, or a dash where there is none."""
    return "–" if value is None else f"{value:.3g}"
