"""The figures of chapter 10: how steep a function is, and what bounds say about a network."""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from helpers.course import plotting
from helpers.course.plotting import Figure

PENALTY_QUANTITIES = {
    "test_error": "test error in %",
    "bound": "bound L",
    "distortion": "mean minimal distortion",
    "certified": "mean certified radius",
}


def cone_and_ellipse(
    points: Tensor,
    values: Tensor,
    *,
    slope: float,
    apex: int,
    circle: Tensor,
    ellipse: Tensor,
    longest: Tensor,
    stretched: Tensor,
    norm: float,
) -> Figure:
    """Draw a graph with a cone that it never leaves, and a circle with the ellipse it becomes.

    Parameters
    ----------
    points, values : Tensor, shape (N,)
        The graph of a function.
    slope : float
        Of the cone.
    apex : int
        The position in `points` at which the cone stands.
    circle, ellipse : Tensor, shape (2, M)
        Points before and after a linear map.
    longest, stretched : Tensor, shape (2,)
        The vector that is stretched the most, and what becomes of it.
    norm : float
        Of the map.
    """
    fig = plotting.figure(8.5, 3.2)
    left, right = plotting.axes(fig, 1, 2, width_ratios=(1.4, 1))[0]
    width = slope * (points - points[apex]).abs()
    left.plot(points, values)
    left.fill_between(points, values[apex] - width, values[apex] + width, alpha=0.15)
    left.plot(points[apex], values[apex], "ko")
    left.set(xlabel="x", ylabel="φ(x)", ylim=(-2.5, 2.5), title=f"a cone of slope L = {slope:.1f}")
    right.plot(*circle, color="0.6")
    right.plot(*ellipse)
    for vector, color in ((longest, "0.4"), (stretched, "#D55E00")):
        arrow = {"arrowstyle": "->", "color": color}
        right.annotate("", xy=vector, xytext=(0, 0), arrowprops=arrow)
    right.set(aspect="equal", title=f"‖W‖ = {norm:.2f}")
    return fig


def wrap_around_excess(excess: Mapping[str, Sequence[float]]) -> Figure:
    """Draw how far wrap-around norms are above the zero-padded ones, as histograms.

    Parameters
    ----------
    excess : mapping of str to sequence of float
        For each kind of grid, wrap-around norm / zero-padded norm − 1 of every convolution;
        negative where the wrap-around norm is no bound.
    """
    fig = plotting.figure(7, 2.4)
    ax = plotting.axes(fig)
    for name, values in excess.items():
        too_small = sum(value < -1e-9 for value in values)
        label = f"{name}: {too_small} of {len(values)} too small"
        ax.hist([100 * v for v in values], bins=60, histtype="step", label=label, lw=1.4)
    ax.axvline(0, color="black", lw=0.8)
    ax.set(xlabel="wrap-around norm above the zero-padded one, in %", ylabel="convolutions")
    ax.legend(frameon=False, fontsize=9)
    return fig


def lipschitz_estimates(slopes: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw what is known of each network's Lipschitz constant, a row a network.

    Parameters
    ----------
    slopes : mapping of str to mapping of str to float
        Network → kind of bound → its value; four kinds, the same for each network.
    """
    fig = plotting.figure(8, 2.8)
    ax = plotting.axes(fig)
    kinds = next(iter(slopes.values()))
    for marker, kind in zip("v.^s", kinds, strict=True):
        values = [found[kind] for found in slopes.values()]
        ax.semilogx(values, range(len(slopes)), marker, ms=8, label=kind)
    ax.set_yticks(range(len(slopes)), slopes)
    ax.set(xlabel="largest ‖z(x) − z(x + r)‖ / ‖r‖")
    ax.invert_yaxis()
    ax.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    return fig


def certified_and_attacked(ends: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Draw between which two distortions D(x, l) lies, a panel a network and a line an image.

    Parameters
    ----------
    ends : mapping of str to (Tensor, Tensor), each of shape (N,)
        For each of two or more networks the certified radii, and the distortions that an attack
        reached. The images are put in the order of the latter.
    """
    fig = plotting.figure(9, 2.9)
    panels = plotting.axes(fig, 1, len(ends), sharey=True)[0]
    for ax, (name, (radius, reached)) in zip(panels, ends.items(), strict=True):
        order = reached.argsort()
        ax.semilogy(reached[order], "^", ms=4, color="#D55E00", label="attack")
        ax.semilogy(radius[order], "v", ms=4, color="#0072B2", label="certified")
        ax.vlines(range(len(order)), radius[order], reached[order], color="0.8", lw=0.8, zorder=0)
        ax.set_title(f"{name}\n{radius.mean():.4f} ≤ D ≤ {reached.mean():.4f}", fontsize=10)
        ax.set(xticks=[], xlabel="images")
    fig.axes[0].set_ylabel("distortion")
    fig.axes[0].legend(frameon=False, fontsize=9)
    return fig


def penalty_sweep(
    curves: Mapping[str, Mapping[float, Mapping[str, tuple[float, float]]]],
) -> Figure:
    """Draw what a penalty on the bounds does: a panel a quantity, a curve a network.

    Parameters
    ----------
    curves : mapping
        Network → strength of the penalty → quantity, a key of `PENALTY_QUANTITIES` → its mean
        and its standard deviation, which becomes the bar.
    """
    fig = plotting.figure(9, 5.6)
    panels = plotting.axes(fig, 2, 2).flat
    strengths = sorted({mu for points in curves.values() for mu in points})
    for ax, (quantity, title) in zip(panels, PENALTY_QUANTITIES.items(), strict=True):
        scale = 100 if quantity == "test_error" else 1
        for network, points in curves.items():
            mean, deviation = scale * np.array([point[quantity] for point in points.values()]).T
            places = [strengths.index(mu) for mu in points]
            ax.errorbar(places, mean, deviation, marker="o", capsize=3, label=network)
        ax.set_xticks(range(len(strengths)), [_power(mu) for mu in strengths], fontsize=9)
        ax.set_title(title, fontsize=10)
        ax.set_xlabel("strength μ")
        if quantity == "bound":
            ax.set_yscale("log")
        else:
            ax.set_ylim(0, None)
    fig.axes[0].legend(frameon=False, fontsize=9)
    return fig


def _power(strength: float) -> str:
    return f"{strength:.0e}".replace("e-0", "e−") if strength else "0"
