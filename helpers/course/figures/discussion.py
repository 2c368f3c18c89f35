"""The figures of chapter 13: verdicts, straight margins, gradients, proofs and distances."""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from helpers.course import plotting, verdicts
from helpers.course.legibility import ink
from helpers.course.plotting import Figure

_VERDICTS = {
    verdicts.REPRODUCED: "#009E73",
    verdicts.DIFFERS: "#D55E00",
    verdicts.BOUND: "#56B4E9",
    verdicts.CORRECTION: "#CC79A7",
    verdicts.EXTENSION: "#0072B2",
    verdicts.SELF_CHECK: "#F0E442",
    verdicts.NO_POWER: "#999999",
    verdicts.FITTED: "#E69F00",
    verdicts.NOT_TESTABLE: "#DDDDDD",
}


def verdict_bars(counts: Sequence[Mapping[str, int]], *, names: Sequence[str]) -> Figure:
    """Draw a bar for each chapter, whose parts are the numbers of claims with each verdict.

    Parameters
    ----------
    counts : sequence of mapping of str to int
        What `course.counts` says of each chapter's run.
    names : sequence of str
        Names of the bars.
    """
    fig = plotting.figure(9, 1.2 + 0.36 * len(counts))
    ax, ends = plotting.axes(fig), np.zeros(len(counts), dtype=int)
    for verdict, colour in _VERDICTS.items():
        widths = np.array([count[verdict] for count in counts])
        if not widths.any():
            continue
        bars = ax.barh(
            range(len(counts)), widths, left=ends, color=colour, label=verdict, height=0.7
        )
        text = {"label_type": "center", "color": ink(colour), "fontsize": 9}
        ax.bar_label(bars, [width or "" for width in widths], **text)
        ends += widths
    ax.set_yticks(range(len(counts)), names, fontsize=9)
    ax.invert_yaxis()
    ax.set(xlabel="claims in the ledger")
    fig.legend(fontsize=9, frameon=False, loc="outside lower center", ncols=5)
    return fig


def margin_curves(curves: Mapping[str, Mapping[str, Tensor]], *, epsilons: Tensor) -> Figure:
    """Draw how the margin of the true label moves along two kinds of direction.

    Parameters
    ----------
    curves : mapping
        For each network the margins ``"uphill"`` and ``"random"``, of shape (images, steps).
    epsilons : Tensor, shape (steps,)
        The sizes of the steps.
    """
    fig = plotting.figure(10, 2.9)
    panels = plotting.axes(fig, 1, len(curves))[0]
    for ax, (name, both) in zip(panels, curves.items(), strict=True):
        ax.plot(epsilons, both["random"].numpy().T, color="#999999", linewidth=0.7)
        ax.plot(epsilons, both["uphill"].numpy().T, color="#D55E00", linewidth=0.9)
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set(title=name, xlabel="ε")
    panels[0].set_ylabel("margin of the true label")
    return fig


def gradient_rows(images: Tensor, gradients: Mapping[str, Tensor]) -> Figure:
    """Draw images and, below them, a row of gradients for each network, each to its own scale.

    Parameters
    ----------
    images : Tensor, shape (N, H, W)
        Pixels in [0, 1].
    gradients : mapping of str to Tensor of shape (N, H, W)
        ∂loss/∂x of the images, by the name of the row.
    """
    fig = plotting.figure(8, 5)
    grid = plotting.axes(fig, 1 + len(gradients), len(images))
    for ax, picture in zip(grid[0], np.asarray(images), strict=True):
        plotting.image(picture, ax=ax)
    for row, gradient in zip(grid[1:], gradients.values(), strict=True):
        for ax, picture in zip(row, gradient, strict=True):
            plotting.difference(picture, ax=ax)
    for ax, name in zip(grid[:, 0], ("image", *gradients), strict=True):
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=10)
    return fig


def shares_not_fooled(radii: Mapping[str, Tensor], *, means: Mapping[str, float]) -> Figure:
    """Draw the share of images that are not fooled within a distortion, a curve for each proof.

    Parameters
    ----------
    radii : mapping of str to Tensor of shape (N,)
        The distortion within which each image is not fooled. The last two of five are solid.
    means : mapping of str to float
        Their means, for the legend.
    """
    fig = plotting.figure(7.5, 3.1)
    ax = plotting.axes(fig)
    for (name, values), style in zip(radii.items(), (":", "--", "-.", "-", "-"), strict=True):
        shares = np.linspace(100, 0, len(values))
        ax.plot(values.sort().values, shares, style, label=f"{name}: {means[name]:.4f}")
    ax.set(xlabel="distortion", ylabel="images not fooled within, in %")
    ax.set(xlim=(0, None), ylim=(0, 102))
    ax.legend(fontsize=9, frameon=False, title="mean", title_fontsize=9)
    return fig


def shares_within(
    near: Mapping[str, Tensor], *, empty: Mapping[str, Tensor], neighbours: Tensor
) -> Figure:
    """Draw the share of points that have a wrong label within ε, or provably have none.

    Parameters
    ----------
    near : mapping of str to Tensor of shape (N,)
        On the left: the distance of each point's nearest change of label, by kind of points.
    empty : mapping of str to Tensor of shape (N,)
        On the right: the radius of a ball around each point without a wrong label.
    neighbours : Tensor, shape (N,)
        The distance of the nearest test image of another label: black.
    """
    fig = plotting.figure(10, 3.3)
    left, right = plotting.axes(fig, 1, 2, sharey=True)[0]
    epsilons = np.logspace(-5, 0, 200)
    for colour, kind in zip(("#0072B2", "#D55E00", "#009E73"), near, strict=True):
        proofs = (empty[kind].cpu().numpy()[:, None] >= epsilons).mean(0) * 100
        left.plot(epsilons, _reached(near[kind], epsilons), color=colour, label=f"from {kind}")
        right.plot(epsilons, proofs, color=colour)
    others = _reached(neighbours, epsilons)
    left.plot(epsilons, others, "k-.", label="a test image of another label")
    left.set(ylabel="points in %", title="a wrong label within ε")
    right.set_title("provably no wrong label within ε")
    for ax in (left, right):
        ax.set(xscale="log", xlabel="distance ε (distortion)")
    left.legend(fontsize=9, frameon=False, loc="upper left")
    return fig


def _reached(distances: Tensor, epsilons: np.ndarray) -> np.ndarray:
    """Return how many per cent of the distances (N,) are at most ε, for each ε."""
    return (distances.cpu().numpy()[:, None] <= epsilons).mean(0) * 100
