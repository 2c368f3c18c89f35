"""The figures of chapter 5: attacks in the plane, walks along a valley, and the price c."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from helpers.course import plotting
from helpers.course.plotting import Figure

_POINTS = ["#0072B2", "#D55E00"]  # training points with label 0 and 1
_CLOSEST = "#CC79A7"


def attacks_in_the_plane(
    regions: Tensor,
    starts: Tensor,
    ends: Tensor,
    closest: Tensor,
    *,
    points: Tensor,
    labels: Tensor,
    path: Tensor,
    prices: Tensor,
) -> Figure:
    """Draw three attacks on a network that colours the unit square.

    The first has the path of minimisers beside it, the second misses the closest border, and the
    third is in a corner, where the closest point without the box lies outside.

    Parameters
    ----------
    regions : Tensor, shape (H, W)
        The label of each point of the square, 0 or 1; the first row is at the bottom.
    starts, ends, closest : Tensor, shape (3, 2)
        Of each attack the point x, where it ends, and the point whose distance is the radius of
        the circle.
    points : Tensor, shape (N, 2)
        Training points.
    labels : Tensor, shape (N,)
        Their labels, 0 or 1.
    path : Tensor, shape (P, 2)
        Minimisers of the penalty problem for the first x.
    prices : Tensor, shape (P,)
        Their c.
    """
    fig = plotting.figure(11, 4)
    grid = plotting.axes(fig, 1, 3)[0]
    titles = (
        "right, with the path as c falls",
        "wrong: a closer border is missed",
        "in the corner",
    )
    names = ("closest", "closest", "without the box")
    for number, ax in enumerate(grid):
        plotting.regions(regions, ax=ax, title=titles[number])
        ax.scatter(*points.T, s=9, c=[_POINTS[label] for label in labels], alpha=0.5)
        ax.plot(*ends[number], "kx", ms=9, mew=2, label="the attack", zorder=4)
        ax.plot(*closest[number], "+", ms=9, mew=2, c=_CLOSEST, label=names[number], zorder=4)
        radius = (closest[number] - starts[number]).norm()
        turn = torch.linspace(0, 2 * torch.pi, 200)
        circle = starts[number][:, None] + radius * torch.stack([turn.cos(), turn.sin()])
        ax.plot(*circle, "k", lw=0.8)
        ax.plot(*starts[number], "ko", ms=5, label="x")
        ax.legend(fontsize=8, loc="lower left" if number < 2 else "upper right")
    grid[0].plot(*path.T, color="0.35", lw=0.8)
    grid[0].scatter(*path.T, c=prices.log10(), cmap=plotting.SEQUENTIAL, s=16, zorder=3)
    grid[2].set(xlim=(-0.12, 0.6), ylim=(-0.12, 0.6))
    return fig


def walks_along_a_valley(walks: Mapping[str, Tensor], curvature: Tensor) -> Figure:
    """Draw the points that each method visits on its way down a bowl ½ xᵀA x.

    Parameters
    ----------
    walks : mapping of str to Tensor, shape (steps + 1, 2)
        The points, for each method by name.
    curvature : Tensor, shape (2, 2)
        The matrix A.
    """
    sides = torch.linspace(-2, 1.2, 150), torch.linspace(-1.9, 1.3, 150)
    plane = torch.stack(torch.meshgrid(*sides, indexing="xy"), 2).to(curvature)
    heights = 0.5 * ((plane @ curvature) * plane).sum(2)
    fig = plotting.figure(9, 3.9)
    levels = torch.logspace(-2, 2, 13)
    for ax, (name, walk) in zip(plotting.axes(fig, 1, len(walks))[0], walks.items(), strict=True):
        ax.contour(*sides, heights, levels=levels, colors="0.8", linewidths=0.8)
        ax.plot(*walk.T, "o-", ms=3.5, lw=1)
        ax.plot(0, 0, "k*", ms=9)
        ax.set(xlim=(-2, 1.2), ylim=(-1.9, 1.3), xticks=[], yticks=[], aspect="equal")
        ax.set_title(f"{name}: {len(walk) - 1} steps", fontsize=10)
    return fig


def distortion_and_margin(
    prices: Tensor,
    distortions: Tensor,
    margins: Tensor,
    *,
    tried: Tensor,
    tried_margins: Tensor,
    answer: float,
) -> Figure:
    """Draw the distortion and the target's margin at the minimisers, against c.

    Parameters
    ----------
    prices, distortions, margins : Tensor, shape (P,)
        Values of c, and what their minimisers have.
    tried, tried_margins : Tensor, shape (T,)
        Values of c that the search tried, and the margins there: circles.
    answer : float
        The c that the search ended with: a vertical line.
    """
    fig = plotting.figure(9.5, 3.1)
    left, right = plotting.axes(fig, 1, 2)[0]
    left.semilogx(prices, distortions, ".-")
    left.set(xlabel="c", ylabel="distortion", title="the larger c, the smaller r")
    right.semilogx(prices, margins, ".-")
    right.axhline(0, color="0.4", lw=0.8)
    right.plot(tried, tried_margins, "o", mfc="none", label="tried by the search")
    right.set(xlabel="c", ylabel="margin of the target", title="and at some c the label is lost")
    right.legend(fontsize=9, frameon=False)
    for ax in (left, right):
        ax.axvline(answer, color="#D55E00", lw=1)
    return fig


def level_sets(
    labels: Tensor,
    losses: Tensor,
    paths: Tensor,
    *,
    start: Tensor,
    closest: Tensor,
    reached: Tensor,
    titles: Sequence[str],
    notes: Sequence[str],
) -> Figure:
    """Draw the regions of softmax classifiers of the unit square, with level sets of a loss.

    Parameters
    ----------
    labels, losses : Tensor, shape (M, H, W)
        For each classifier the label and the loss at each point; the first row is at the bottom.
    paths : Tensor, shape (M, P, 2)
        The minimisers of the penalty problem.
    start : Tensor, shape (2,)
        The point x.
    closest, reached : Tensor, shape (M, 2)
        The closest point of the wanted region, and where the path enters it.
    titles, notes : sequence of str
        One of each for each classifier, above and below.
    """
    fig = plotting.figure(9, 4)
    for number, ax in enumerate(plotting.axes(fig, 1, len(labels))[0]):
        plotting.regions(labels[number], ax=ax, title=titles[number])
        extent = (0, 1, 0, 1)
        ax.contour(losses[number], extent=extent, levels=8, colors="0.55", linewidths=0.7)
        ax.plot(*paths[number].T, ".-", color="k", ms=4, lw=0.8, label="minimisers")
        ax.plot(*closest[number], "+", ms=11, mew=2.5, color=_CLOSEST, label="closest")
        ax.plot(*reached[number], "x", ms=8, mew=2, color="k", label="where the label is won")
        ax.plot(*start, "ko", ms=5)
        ax.set_xlabel(notes[number])
        ax.legend(fontsize=8, loc="lower right")
    return fig


def in_the_box_and_without(x: Tensor, inside: Tensor, outside: Tensor) -> Figure:
    """Draw an image, and what two attacks did to it, each difference with its own limit.

    Parameters
    ----------
    x, inside, outside : Tensor, shape (H, W)
        The image, the adversarial image in the box, and the one without.
    """
    fig = plotting.figure(10.5, 2.5)
    first, *others = plotting.axes(fig, 1, 5)[0]
    plotting.image(x, ax=first, title="x")
    for left, right, name, changed in (
        (*others[:2], "in the box", inside),
        (*others[2:], "without the box", outside),
    ):
        title = plotting.up_to(f"{name}:\nx' − x", changed - x)
        plotting.difference(changed - x, ax=left, title=title)
        plotting.image(changed, ax=right, title="x'")
    return fig
