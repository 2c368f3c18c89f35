"""The picture of the attack's benchmark: how far from the best, and in what time."""

import math

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from helpers.course import plotting
from helpers.course.plotting import Figure

COLUMNS = 3
WIDTH, HEIGHT = 4.6, 3.6  # of a panel, in inches
LEAST, MOST = 0.01, 100  # per cent lost that the axis shows
OURS, PEERS = ("#0072B2", "o"), ("#D55E00", "D")  # colour and marker
FONT = 7.5
LINES = 17  # that fit into a panel's height
NAMES = 1.04  # where the names stand, as a share of the panel's width


def draw(networks: list[dict]) -> Figure:
    """Draw a panel for each network: the lower and the further to the left, the better.

    Upwards is the mean share by which an attack's distances are above the least that are known,
    a failure as 100 %; each attack has its name beside the panel, at the end of a thin line.
    """
    lines = math.ceil(len(networks) / COLUMNS)
    fig = plotting.figure(WIDTH * COLUMNS, HEIGHT * lines)
    grid = plotting.axes(fig, lines, COLUMNS)
    panels = list(getattr(grid, "flat", [grid]))
    for ax, network in zip(panels, networks, strict=False):
        panel(ax, network["targeted"])
        ax.set_title(network["network"], fontsize=11)
    for ax in panels[len(networks) :]:
        ax.set_axis_off()
    for ax in panels[: len(networks)]:
        ax.set_xlabel("processor time for an image, ms")
    for ax in panels[: len(networks) : COLUMNS]:
        ax.set_ylabel("lost against the best of all")
    return fig


def panel(ax: Axes, rows: list[dict]) -> None:
    """Draw one network's attacks."""
    ax.set(xscale="log", yscale="log", ylim=(LEAST / 1.3, MOST * 1.3))
    points = []
    for row in rows:
        colour, marker = OURS if row["ours"] else PEERS
        lost = min(max(100 * (1 - row["optimality"]), LEAST), MOST)
        ax.plot(row["ms"], lost, marker=marker, color=colour, linestyle="none", markersize=5)
        points.append((lost, row["ms"], row["attack"], colour))
    ax.set_yticks([0.01, 0.1, 1, 10, 100], ["≤ 0.01 %", "0.1 %", "1 %", "10 %", "100 %"])
    ax.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    ax.minorticks_off()
    ax.margins(x=0.1)
    low, high = ax.get_xlim()
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 3) if high < 100 * low else (1,)))
    ax.xaxis.set_major_formatter("{x:g}")
    if high < 10 * low:  # a decade at least, or numbers stand on each other
        middle = math.sqrt(low * high)
        ax.set_xlim(middle / math.sqrt(10), middle * math.sqrt(10))
    points.sort()
    heights = inside(spread([share(ax, lost) for lost, *_ in points], 1 / LINES), 1 / LINES)
    for height, (lost, ms, name, colour) in zip(heights, points, strict=True):
        ax.annotate(
            name,
            (ms, lost),
            (NAMES, height),
            textcoords="axes fraction",
            va="center",
            fontsize=FONT,
            color=colour,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.4, "shrinkB": 3},
        )


def share(ax: Axes, lost: float) -> float:
    """Return how high a value is on a logarithmic axis, from 0 to 1."""
    low, high = map(math.log, ax.get_ylim())
    return (math.log(lost) - low) / (high - low)


def spread(heights: list[float], gap: float) -> list[float]:
    """Return ascending heights moved apart, as little as possible, to be a gap apart.

    Those that are too near form a block around the mean of what they were; a block that comes too
    near another joins it.
    """
    blocks: list[list[float]] = []  # of the heights that their first members would have
    for i, height in enumerate(heights):
        blocks.append([height - gap * i])
        while len(blocks) > 1 and mean(blocks[-2]) > mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    bases = [mean(block) for block in blocks for _ in block]
    return [base + gap * i for i, base in enumerate(bases)]


def inside(heights: list[float], gap: float) -> list[float]:
    """Return ascending heights that stay a gap apart, moved to lie between 0 and 1."""
    moved, limit = [], 1.0
    for height in reversed(heights):
        moved.insert(0, min(height, limit))
        limit = moved[0] - gap
    kept, limit = [], 0.0
    for height in moved:
        kept.append(max(height, limit))
        limit = kept[-1] + gap
    return kept


def mean(values: list[float]) -> float:
    """Return the mean."""
    return sum(values) / len(values)
