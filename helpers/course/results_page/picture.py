"""The picture of the results page: every figure of the paper beside this course's."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from helpers.course import plotting
from helpers.course.plotting import Figure
from helpers.course.results_page.entries import Entry, arcsine
from helpers.course.verdicts import BOUND, DIFFERS, FITTED, NO_POWER, REPRODUCED

SHARE_TICKS = (0, 1, 5, 10, 20, 40, 60, 80, 95, 100)  # per cent
SIZE_TICKS = (0.05, 0.1, 0.2, 0.3)
MARKS = {  # verdict of the line that judges it: meaning, marker, fill, edge
    REPRODUCED: ("the line of the ledger that judges it: reproduced", "o", "#0072B2", "#0072B2"),
    DIFFERS: ("the line of the ledger that judges it: differs", "D", "#D55E00", "#D55E00"),
    BOUND: (
        "a bound that holds: ours is smaller, which is no difference",
        "v",
        "#56B4E9",
        "#56B4E9",
    ),
    NO_POWER: (
        "no power: the paper's own sample cannot tell it from noise",
        "s",
        "none",
        "#009E73",
    ),
    FITTED: ("a recipe was chosen by it", "^", "none", "#CC79A7"),
    "": ("no line of the ledger judges it", "o", "none", "#666666"),
}
OF_FEW_IMAGES = ("Table 2", "Table 4")


def paper_and_ours(
    entries: Sequence[Entry], *, images: int | None, named: Sequence[Entry]
) -> Figure:
    """Draw a dot for each entry: the paper's figure to the right, ours upwards.

    Parameters
    ----------
    entries : sequence of Entry
        What is drawn: Table 2, Table 4, other shares of images, and distortions, a panel each.
    images : int or None
        How many images the paper's Tables 2 and 4 are of; None draws no band of their errors.
    named : sequence of Entry
        Entries that have their two figures written beside them.

    Returns
    -------
    Figure
        Four panels, each with the diagonal, on which the two figures are the same.
    """
    fig = plotting.figure(8, 8.4)
    shares = [entry for entry in entries if entry.is_share]
    panels = {title: [e for e in shares if e.table == title] for title in OF_FEW_IMAGES}
    panels["other errors and accuracies"] = [e for e in shares if e.table not in OF_FEW_IMAGES]
    panels["distortions"] = [entry for entry in entries if not entry.is_share]
    for ax, (title, shown) in zip(plotting.axes(fig, 2, 2).flat, panels.items(), strict=True):
        if title == "distortions":
            _sizes(ax, shown)
        else:
            _per_cent(ax)
        if title in OF_FEW_IMAGES and images:
            _band(ax, images)
        _dots(ax, shown)
        _names(ax, [entry for entry in shown if entry in named])
        ax.set_title(title, fontsize=11)
        ax.set(xlabel="paper", ylabel="this course", box_aspect=1)
    shown = {entry.verdict for entry in entries}
    handles = [
        Line2D([], [], ls="", marker=marker, mfc=fill, mec=edge, label=meaning)
        for verdict, (meaning, marker, fill, edge) in MARKS.items()
        if verdict in shown
    ]
    fig.legend(handles=handles, loc="outside lower center", ncols=1, frameon=False, fontsize=9)
    return fig


def _percent(angle):
    return 100 * np.sin(np.clip(angle, 0, np.pi / 2)) ** 2


def _per_cent(ax: Axes) -> None:
    """Give axes from 0 to 100 % on which a sampling error has the same length everywhere."""
    ax.set_xscale("function", functions=(arcsine, _percent))
    ax.set_yscale("function", functions=(arcsine, _percent))
    ax.set(xlim=(0, 100), ylim=(0, 100))
    ax.set_xticks(SHARE_TICKS, [f"{tick}" for tick in SHARE_TICKS])
    ax.set_yticks(SHARE_TICKS, [f"{tick} %" for tick in SHARE_TICKS])
    ax.plot((0, 100), (0, 100), color="black", linewidth=0.8, zorder=1)


def _sizes(ax: Axes, entries: Sequence[Entry]) -> None:
    sizes = [size for entry in entries for size in (entry.paper, entry.ours)]
    ends = 0.9 * min(sizes, default=0.05), 1.1 * max(sizes, default=0.3)
    ax.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    ax.set_xticks(SIZE_TICKS, [f"{tick}" for tick in SIZE_TICKS])
    ax.set_yticks(SIZE_TICKS, [f"{tick}" for tick in SIZE_TICKS])
    ax.minorticks_off()
    ax.plot(ends, ends, color="black", linewidth=0.8, zorder=1)


def _band(ax: Axes, images: int) -> None:
    """Shade where 95 % of the paper's figures would lie if the true ones were ours."""
    ours = _percent(np.linspace(0, np.pi / 2, 200))
    off = 1.96 / (2 * np.sqrt(images))
    low, high = _percent(arcsine(ours) - off), _percent(arcsine(ours) + off)
    ax.fill_betweenx(ours, low, high, color="#DDDDDD", linewidth=0, zorder=0)


def _dots(ax: Axes, entries: Sequence[Entry]) -> None:
    for verdict, (_, marker, fill, edge) in MARKS.items():
        found = [(entry.paper, entry.ours) for entry in entries if entry.verdict == verdict]
        x, y = np.reshape(found, (-1, 2)).T
        ax.scatter(
            x, y, 28, fill, marker=marker, edgecolors=edge, alpha=0.8, zorder=2, clip_on=False
        )


def _names(ax: Axes, entries: Sequence[Entry]) -> None:
    """Write figures to the upper left of their dots, further right higher, so that all are read."""
    for step, entry in enumerate(sorted(entries, key=lambda entry: entry.paper)):
        ax.annotate(
            f"{entry.paper:.3g} → {entry.ours:.3g}",
            (entry.paper, entry.ours),
            (-10, 8 + 13 * step),
            textcoords="offset points",
            ha="right",
            fontsize=9,
            arrowprops={"arrowstyle": "-", "color": "#999999", "linewidth": 0.6},
        )
