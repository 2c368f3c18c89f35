"""The figures of chapter 3: units beside random directions, and how well top images go together."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from helpers.course import plotting
from helpers.course.plotting import Figure

_COLOURS = {"units": "#0072B2", "random": "#D55E00"}
_HISTOGRAMS = {
    "units": {"label": "units", "alpha": 0.4},
    "random": {"label": "random directions", "histtype": "step", "lw": 2},
}
_BINS = {
    "purity": np.linspace(0.05, 1.05, 11),
    "entropy": np.linspace(0, 3.2, 17),
    "similarity": np.linspace(0.3, 1, 21),
}


def two_bases(
    natural: Tensor, random: Tensor, *, units: Sequence[str], directions: Sequence[str]
) -> Figure:
    """Draw the top images of units on the left, and those of random directions on the right.

    Parameters
    ----------
    natural, random : Tensor, shape (rows, k, H, W)
        Top images, a row for each unit or direction.
    units, directions : sequence of str
        Names of the rows.
    """
    fig = plotting.figure(11, 4.4)
    left, right = fig.subfigures(1, 2)
    plotting.image_grid(natural, row_labels=units, fig=left)
    left.suptitle("natural basis (the paper's Figure 1)")
    plotting.image_grid(random, row_labels=directions, fig=right)
    right.suptitle("random basis (the paper's Figure 2)")
    return fig


def basis_histograms(
    networks: Mapping[str, Mapping[str, Mapping[str, Tensor]]], *, chance: Mapping[str, float]
) -> Figure:
    """Draw how purity, entropy and similarity are spread over units and over random directions.

    Parameters
    ----------
    networks : mapping
        For each network and each basis, ``"units"`` and ``"random"``, the three measures by name,
        each of shape (M,).
    chance : mapping of str to float
        The mean of each measure over rows of random images: a dotted line.
    """
    fig = plotting.figure(10, 5)
    grid = plotting.axes(fig, 2, 3, sharex="col")
    for row, (name, bases) in zip(grid, networks.items(), strict=True):
        for ax, (measure, bins) in zip(row, _BINS.items(), strict=True):
            for basis, style in _HISTOGRAMS.items():
                values = bases[basis][measure].cpu()
                share = np.full(len(values), 100 / len(values))
                ax.hist(values, bins, weights=share, color=_COLOURS[basis], **style)
            ax.axvline(chance[measure], color="0.3", ls=":", label="random images")
        row[0].set_ylabel(f"{name}\n% of them")
    for ax, label in zip(grid[-1], ("purity", "entropy (bits)", "similarity"), strict=True):
        ax.set_xlabel(label)
    handles = grid[0, 1].get_legend_handles_labels()
    fig.legend(*handles, loc="outside lower center", ncols=3, fontsize=9, frameon=False)
    return fig


def sources_compared(sources: Mapping[str, Mapping[str, Tensor]]) -> Figure:
    """Draw the mean purity and similarity of several sources of images, a line for each source.

    Parameters
    ----------
    sources : mapping
        For each source its ``"purity"`` and ``"similarity"``, each of shape (M,): a dot at the
        mean, and a bar over the middle 80 %. The first is drawn in grey, those with the word
        *units* in their names in the colour of units.
    """
    fig = plotting.figure(10, 3.8)
    panels = plotting.axes(fig, 1, 2, sharey=True)[0]
    for ax, measure in zip(panels, ("purity", "similarity"), strict=True):
        for place, (source, found) in enumerate(sources.items()):
            values = found[measure].cpu().numpy()
            colour = _COLOURS["units" if "units" in source else "random"] if place else "0.3"
            middle = np.quantile(values, (0.1, 0.9))
            ax.plot(middle, [place, place], color=colour, alpha=0.3, lw=6, solid_capstyle="butt")
            ax.plot(values.mean(), place, "o", color=colour)
        ax.set_xlabel(measure)
    labels = [f"{source}: {found['purity'].mean():.2f}" for source, found in sources.items()]
    panels[0].set_yticks(range(len(sources)), labels)
    panels[0].invert_yaxis()
    return fig


def purity_by_count(
    curves: Mapping[str, Sequence[float]], *, counts: Sequence[int], networks: Sequence[str]
) -> Figure:
    """Draw purity against the number k of top images, a panel for each network.

    Parameters
    ----------
    curves : mapping of str to sequence of float
        Mean purities at the `counts`: ``"NETWORK, trained: units"``, and so on with *untrained*
        and *random*; ``"pixels: random"`` and ``"random images"``.
    counts : sequence of int
        The numbers k.
    networks : sequence of str
        Names of the networks.
    """
    fig, panels = _purity_panels()
    for ax, name in zip(panels, networks, strict=True):
        _before_and_after(ax, counts, name, curves)
        ax.plot(counts, curves["pixels: random"], "s-.", color="0.45", label="pixels, random", ms=4)
        ax.plot(counts, curves["random images"], "k:", label="random images")
        ax.set(xlabel="top images k", xscale="log", ylim=(0.1, 1))
        ax.set_xticks(counts, counts)
        ax.minorticks_off()
    panels[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=9)
    return fig


def purity_by_depth(
    runs: Mapping[str, Sequence[Mapping[str, Mapping[str, float]]]],
    *,
    layers: Mapping[str, Sequence[str]],
    chance: float,
) -> Figure:
    """Draw purity layer by layer, a panel for each network; several runs by their mean.

    Parameters
    ----------
    runs : mapping
        For each ``"NETWORK, trained, LAYER"`` and ``"NETWORK, untrained, LAYER"`` one or more
        runs: ``run["units"]["purity"]`` and ``run["random"]["purity"]`` are mean purities.
    layers : mapping of str to sequence of str
        Names of the layers of each network.
    chance : float
        Mean purity of random images.
    """
    fig, panels = _purity_panels()
    for ax, (name, names) in zip(panels, layers.items(), strict=True):
        curves = {
            f"{name}, {state}: {basis}": [
                np.mean([run[basis]["purity"] for run in runs[f"{name}, {state}, {layer}"]])
                for layer in names
            ]
            for state, basis in itertools.product(("trained", "untrained"), _COLOURS)
        }
        _before_and_after(ax, names, name, curves)
        ax.axhline(chance, color="k", ls=":", label="random images")
        ax.set(ylim=(0.2, 1.03))
    panels[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=9)
    return fig


def response_histograms(responses: Mapping[str, Tensor]) -> Figure:
    """Draw histograms of the responses of all images, with logarithmic counts.

    Parameters
    ----------
    responses : mapping of str to Tensor of shape (N,)
        Responses by their titles, in turn of a unit and of a random direction.
    """
    fig = plotting.figure(10, 2.5)
    panels = plotting.axes(fig, 1, len(responses), sharey=True)[0]
    for place, (ax, (title, values)) in enumerate(zip(panels, responses.items(), strict=True)):
        ax.hist(values.cpu(), bins=40, color=list(_COLOURS.values())[place % 2])
        ax.set_title(title, fontsize=10)
        ax.set_xlabel("response")
    panels[0].set_yscale("log")
    panels[0].set_ylabel("images")
    return fig


def _purity_panels():
    """Return a figure and its two panels, which share the axis of purity."""
    fig = plotting.figure(10, 3.2)
    panels = plotting.axes(fig, 1, 2, sharey=True)[0]
    panels[0].set_ylabel("mean purity")
    return fig, panels


def _before_and_after(ax, ticks: Sequence, name: str, curves: Mapping) -> None:
    """Draw the curves of a network's units and random directions, trained and untrained."""
    for state, style in (("trained", "o-"), ("untrained", "o--")):
        for basis, colour in _COLOURS.items():
            values, label = curves[f"{name}, {state}: {basis}"], f"{state}, {basis}"
            ax.plot(ticks, values, style, color=colour, label=label, ms=4)
    ax.set_title(name, fontsize=11)
