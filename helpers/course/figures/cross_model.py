"""The figures of chapter 7: examples made for one network, read by the others."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from helpers.course import plotting
from helpers.course.plotting import Figure


def readings(
    versions: ArrayLike, answers: ArrayLike, *, names: Sequence[str], label: int
) -> Figure:
    """Draw one image as it was changed for each of C networks, and what each of them reads.

    Parameters
    ----------
    versions : array-like, shape (C, H, W)
        The image, changed for each network; pixels in [0, 1].
    answers : array-like, shape (C, C), of int
        What the network of a row reads in the version of a column.
    names : sequence of str
        Names of the C networks.
    label : int
        The true label; other answers are orange and bold.

    Returns
    -------
    Figure
        A row for each version, a column for each reader; the own network's answer is on grey.
    """
    count = len(names)
    fig = plotting.figure(8.5, 0.8 * count + 0.6)
    grid = plotting.axes(fig, count, 2, width_ratios=(1, count))
    for row, (left, ax) in enumerate(grid):
        plotting.image(versions[row], ax=left)
        left.set_ylabel(names[row], rotation=0, ha="right", va="center", fontsize=10)
        for column in range(count):
            answer = int(answers[column][row])
            style = {"color": "#D55E00", "weight": "bold"} if answer != label else {}
            box = {"facecolor": "0.9", "edgecolor": "none"} if row == column else None
            ax.text(column, 0.5, str(answer), ha="center", va="center", bbox=box, **style)
        ax.set(xlim=(-0.6, count - 0.4), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    grid[0, 0].set_title("made for", fontsize=11)
    grid[0, 1].xaxis.tick_top()
    grid[0, 1].set_xticks(range(count), names, fontsize=10)
    grid[0, 1].tick_params(length=0)
    grid[0, 1].set_title("read by", fontsize=11)
    return fig


def possible_counts(
    fits: ArrayLike, *, candidates: Sequence[int], best: int, entries: int
) -> Figure:
    """Draw how many entries of a table could be shares of N images, for each N.

    Parameters
    ----------
    fits : array-like, shape (N,)
        How many entries are possible with each candidate.
    candidates : sequence of int
        The numbers of images that were tried.
    best : int
        The candidate that is marked.
    entries : int
        How many entries the table has; a dashed line shows what would fit by luck.

    Returns
    -------
    Figure
    """
    fig = plotting.figure(8, 2.8)
    ax = plotting.axes(fig)
    peak = best, fits[list(candidates).index(best)]
    ax.plot(candidates, fits, linewidth=0.8)
    ax.plot(*peak, "o", color="#D55E00")
    ax.annotate(f"N = {best}", peak, xytext=(8, -4), textcoords="offset points")
    ax.plot(candidates, [entries * n / 1000 for n in candidates], "k--", linewidth=0.8)
    ax.set(xlabel="number of images N", ylabel=f"possible, of {entries}", ylim=(0, entries + 1))
    return fig


def against_noise(
    examples: ArrayLike, noise: ArrayLike, paper: ArrayLike, *, names: Sequence[str]
) -> Figure:
    """Draw the mean error of the other networks on examples and on noise of the same size.

    Parameters
    ----------
    examples, noise : array-like, shape (3, C)
        Errors in percent for each of C networks that examples were made for: the values, and the
        lower and upper ends of their intervals.
    paper : array-like, shape (C,)
        The paper's errors on examples, in percent.
    names : sequence of str
        Names of the C networks.

    Returns
    -------
    Figure
    """
    fig = plotting.figure(8.5, 3)
    ax = plotting.axes(fig)
    for shift, ends, label in ((-0.12, examples, "examples"), (0.12, noise, "noise")):
        value, low, high = np.asarray(ends)
        spread = np.abs([value - low, high - value])
        ax.errorbar(value, np.arange(len(names)) + shift, xerr=spread, fmt="o", ms=4, label=label)
    ax.plot(paper, range(len(names)), "kx", label="examples, paper")
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set(xlabel="mean error of the five other networks in %", xlim=(0, None))
    ax.legend(fontsize=9, frameon=False, loc="lower right")
    return fig


def by_scale(curves: Mapping[str, ArrayLike], *, scales: ArrayLike) -> Figure:
    """Draw the networks' errors on examples that are stretched, a panel for each set of examples.

    Parameters
    ----------
    curves : mapping of str to array-like, shape (S, 6)
        For each of six networks that examples were made for, the errors of the six in percent;
        the own network's curve is thick.
    scales : array-like, shape (S,)
        By how much the examples were stretched.

    Returns
    -------
    Figure
    """
    fig = plotting.figure(10.5, 5)
    panels = plotting.axes(fig, 2, 3, sharey=True)
    for ax, (name, errors) in zip(panels.flat, curves.items(), strict=True):
        for reader, curve in zip(curves, np.transpose(errors), strict=True):
            ax.plot(scales, curve, linewidth=2.5 if reader == name else 1.3, label=reader)
        ax.axvline(1, color="grey", linewidth=0.8, linestyle=":")
        ax.set_title(f"made for {name}", fontsize=10)
        ax.set(xlabel="scale s", ylim=(0, 102))
    for ax in panels[:, 0]:
        ax.set_ylabel("error in %")
    fig.legend(*fig.axes[0].get_legend_handles_labels(), loc="outside right center", fontsize=9)
    return fig


def across_activations(
    panels: Mapping[str, tuple[ArrayLike, ArrayLike]], *, kinds: Sequence[str]
) -> Figure:
    """Draw how far errors rise on examples made for one activation and read with another.

    Parameters
    ----------
    panels : mapping of str to (array-like, array-like), shapes (3, A, A)
        For each size of the examples, the errors above the clean ones in points, on examples and
        on noise: the values, and the lower and upper ends of their intervals; a row for the
        activation that they were made for, a column for the one that reads.
    kinds : sequence of str
        Names of the A activations.

    Returns
    -------
    Figure
        A panel for each size; a grey band marks readers with the activation of the source.
    """
    count = len(kinds)
    fig = plotting.figure(10, 0.36 * count * (count + 1) + 0.4)
    rows = [made * (count + 0.6) + read for made in range(count) for read in range(count)]
    names = [f"{made} → {read}" for made in kinds for read in kinds]
    for ax, (title, parts) in zip(
        plotting.axes(fig, 1, len(panels), sharey=True)[0],
        panels.items(),
        strict=True,
    ):
        for shift, ends, marker, label in zip(
            (-0.14, 0.14), parts, "os", ("examples", "noise of their size"), strict=True
        ):
            value, low, high = np.asarray(ends).reshape(3, -1)
            spread = np.abs([value - low, high - value])
            ax.errorbar(value, np.add(rows, shift), xerr=spread, fmt=marker, ms=4, label=label)
        for row in rows[:: count + 1]:
            ax.axhspan(row - 0.45, row + 0.45, color="0.92", zorder=0)
        ax.axvline(0, color="grey", linewidth=0.8, linestyle=":")
        ax.set(xlabel="error above the clean error, in points")
        ax.set_title(title, fontsize=10)
    ax.set_yticks(rows, names, fontsize=9)
    ax.invert_yaxis()
    handles = ax.get_legend_handles_labels()
    fig.legend(*handles, loc="outside upper center", ncols=2, fontsize=9, frameon=False)
    return fig
