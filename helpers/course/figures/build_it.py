"""The figure of every *Build it*: what the reader's functions find, beside what the course's do."""

from collections.abc import Mapping, Sequence

from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from helpers.course import plotting
from helpers.course.plotting import Figure

YOURS, THEIRS = ("#D55E00", "#CC79A7"), ("#0072B2", "#009E73", "#56B4E9", "#E69F00")  # colours


def beside(
    curves: Mapping[str, ArrayLike],
    x: Sequence,
    *,
    xlabel: str,
    ylabel: str,
    logarithmic: bool = False,
) -> Figure:
    """Draw some curves over the same places, those called "yours …" on top and thicker.

    Parameters
    ----------
    curves : mapping of str to array-like, shape (N,)
        Values by the name that the legend shows.
    x : sequence, length N
        Numbers, or names, which stand on the axis one after the other: no line joins them.
    xlabel, ylabel : str
        What is drawn.
    logarithmic : bool
        Whether both axes are.

    Returns
    -------
    Figure
    """
    ax = plotting.axes(fig := plotting.figure(7.5, 3))
    named, colours = isinstance(x[0], str), {True: iter(YOURS), False: iter(THEIRS)}
    for name, values in curves.items():
        mine = name.startswith("yours")
        style = {"linewidth": 2.5, "zorder": 3} if mine else {"linewidth": 1.2}
        if named and mine:  # around the course's
            style |= {"markersize": 11, "markeredgewidth": 2, "markerfacecolor": "none"}
        style["color"] = next(colours[mine])
        ax.plot(list(x), values, "o" if named else ".-", label=name, **style)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if logarithmic:
        ax.loglog()
    elif all(isinstance(place, int) for place in x):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(fontsize=9, frameon=False)
    return fig
