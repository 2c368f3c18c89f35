"""The figures of chapter 6: how small the changes are, and how small they must be at the least."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import ArrayLike

from helpers.course import plotting
from helpers.course.plotting import Figure


def distortions(
    sizes: Mapping[str, ArrayLike],
    towards: Mapping[str, ArrayLike],
    *,
    mean: Mapping[str, float],
    paper: Mapping[str, float],
) -> Figure:
    """Draw the distribution of each network's distortions, and their average by target label.

    Parameters
    ----------
    sizes : mapping of str to array-like, shape (N,)
        For each network, the distortion of each image.
    towards : mapping of str to array-like, shape (10,)
        For each network, the average distortion towards each target label.
    mean, paper : mapping of str to float
        For each network, the average over all images in this run and in the paper.

    Returns
    -------
    Figure
        On the left a triangle marks the paper's average.
    """
    fig = plotting.figure(10.5, 3.6)
    left, right = plotting.axes(fig, 1, 2)[0]
    for i, (name, values) in enumerate(sizes.items()):
        shares = np.linspace(0, 100, len(values))
        (line,) = left.plot(np.sort(values), shares, label=f"{name}: {mean[name]:.3f}")
        height = (6, 2, 10)[i % 3]  # so that triangles side by side stay apart
        left.plot(paper[name], height, "v", markeredgewidth=0, color=line.get_color())
    left.set(xlabel="distortion (▼: the paper's average)", ylabel="images in %", xlim=(0, 0.3))
    left.legend(fontsize=8, frameon=False, loc="lower right", title="average", title_fontsize=8)
    plotting.heatmap(
        1000 * np.stack([np.asarray(values) for values in towards.values()]),
        ax=right,
        rows=list(towards),
        columns=[str(label) for label in range(10)],
        xlabel="target label",
        ylabel="",
        title="average distortion × 1000",
    )
    return fig


def sigmoid_bands(
    ends: Sequence[tuple[float, float]], tilt: ArrayLike, lowest: ArrayLike, highest: ArrayLike
) -> Figure:
    """Draw a sigmoid and, for each of K intervals, the band between two lines that contains it.

    Parameters
    ----------
    ends : sequence of (float, float)
        The intervals, between −6 and 6.
    tilt, lowest, highest : array-like, shape (K,)
        On its interval the sigmoid is between tilt · y + lowest and tilt · y + highest.

    Returns
    -------
    Figure
        A panel for each interval.
    """
    fig = plotting.figure(8, 2.6)
    y = np.linspace(-6, 6, 200)
    panels = np.ravel(plotting.axes(fig, 1, len(ends)))
    for ax, (low, high), *band in zip(panels, ends, tilt, lowest, highest, strict=True):
        slope, below, above = map(float, band)
        inside = np.linspace(low, high, 100)
        ax.plot(y, 1 / (1 + np.exp(-y)), color="black")
        ax.fill_between(inside, slope * inside + below, slope * inside + above, alpha=0.3)
        ax.set(ylim=(-0.35, 1.2), ylabel="σ(y)")
        ax.set_xlabel(f"input of the unit, from {low:g} to {high:g}")
    return fig


def sandwiches(panels: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]]) -> Figure:
    """Draw for six networks what is proved and what was found, images in the order of the latter.

    Parameters
    ----------
    panels : mapping of str to (array-like, array-like, array-like), each of shape (N,)
        A title, and three distortions of each image: proved by Lipschitz constants, proved by
        the better way, and found.

    Returns
    -------
    Figure
    """
    fig = plotting.figure(10, 5.4)
    grid = plotting.axes(fig, 2, 3, sharey=True)
    for ax, (title, values) in zip(grid.flat, panels.items(), strict=True):
        globally, tight, found = map(np.asarray, values)
        order = found.argsort()
        globally, tight, found = globally[order], tight[order], found[order]
        x = range(len(order))
        ax.fill_between(x, 0, tight, color="#009E73", alpha=0.5, linewidth=0, label="proved")
        ax.fill_between(x, tight, found, color="#DDDDDD", linewidth=0, label="not known")
        ax.plot(x, found, color="#D55E00", label="found")
        ax.plot(x, globally, color="black", linewidth=1, label="Lipschitz constants")
        ax.set_title(title, fontsize=10)
        ax.set(xlim=(0, len(order) - 1), xticks=[])
    grid[0, 0].set_ylim(0, None)
    grid[0, 0].legend(fontsize=8, frameon=False, loc="upper left")
    for ax in grid[:, 0]:
        ax.set_ylabel("distortion")
    for ax in grid[1]:
        ax.set_xlabel(f"{len(order)} images, by what was found")
    return fig


def proved_in_time(progress: Mapping[str, Sequence[tuple[float, float]]], *, images: int) -> Figure:
    """Draw what share of the distances found is proved, against the time that it takes.

    Parameters
    ----------
    progress : mapping of str to sequence of (float, float)
        For each kind of proof, seconds and the share proved by then.
    images : int
        How many images that was for.

    Returns
    -------
    Figure
    """
    fig = plotting.figure(6, 3)
    ax = plotting.axes(fig)
    for way, points in progress.items():
        ax.plot(*zip(*points, strict=True), ".-", label=way)
    ax.set(xscale="log", ylim=(0, 1), ylabel="proved / found")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel(f"seconds of processor time for {images} images")
    ax.legend(fontsize=8, frameon=False, loc="upper left")
    return fig
