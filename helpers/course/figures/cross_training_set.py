"""The figures of chapter 8: examples read by networks that were trained on other images."""

from collections.abc import Sequence

from numpy.typing import ArrayLike

from helpers.course import plotting
from helpers.course.plotting import Figure


def intervals(
    paper: ArrayLike,
    ours: ArrayLike,
    seeds: Sequence[Sequence[Sequence[float]]],
    *,
    pairs: Sequence[str],
) -> Figure:
    """Draw the entries of Table 4 off the diagonal with their intervals, in two panels.

    Parameters
    ----------
    paper, ours : array-like, shape (2, P, 3)
        Errors in percent for the minimal and for the stretched examples and P pairs of networks:
        the value, and the lower and upper end of its interval.
    seeds : sequence, shape (2, P, any)
        Errors in percent that pairs of networks from other seeds make; there may be none.
    pairs : sequence of str
        The P pairs: whom the examples were made for, and who reads them.

    Returns
    -------
    Figure
        With a legend that names other seeds only where there are some.
    """
    fig = plotting.figure(11, 3.6)
    left, right = plotting.axes(fig, 1, 2)[0]
    for block, ax in enumerate((left, right)):
        _entries(paper[block], ax=ax, shift=-0.2, style={"color": "black", "marker": "x"})
        _entries(ours[block], ax=ax, shift=0, style={"color": "#0072B2", "marker": "o"})
        for y, errors in enumerate(seeds[block]):
            ax.plot(errors, [y + 0.22] * len(errors), "|", color="#D55E00", markersize=7)
        ax.set_yticks(range(len(pairs)), pairs if ax is left else [])
        ax.invert_yaxis()
        ax.set_xlabel("error in %")
    left.set(title="minimal distortion", xlim=(0, None))
    right.set(title="stretched to 0.1", xlim=(0, 102))
    left.plot([], [], "x", color="black", label="paper, 256 images")
    left.plot([], [], "o", color="#0072B2", label="this run")
    if any(len(errors) for block in seeds for errors in block):
        left.plot([], [], "|", color="#D55E00", label="pairs of five seeds")
    fig.legend(loc="outside right center", fontsize=9)
    return fig


def _entries(ends: ArrayLike, *, ax, shift: float, style: dict) -> None:
    """Draw values with their intervals, (P, 3), a line each, `shift` below the whole numbers."""
    for y, (value, low, high) in enumerate(ends):
        ax.plot([low, high], [y + shift] * 2, color=style["color"], linewidth=1.5)
        ax.plot(value, y + shift, markersize=5, **style)
