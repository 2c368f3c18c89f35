"""The figures of chapter 8b: what a start leaves in the weights, and recipes beside the paper."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from helpers.course import plotting
from helpers.course.plotting import Figure

MARKERS = {"o": "#0072B2", "s": "#D55E00", "^": "#009E73", "v": "#CC79A7", "D": "#E69F00"}


def first_layers(weights: Mapping[str, ArrayLike], *, side: int) -> Figure:
    """Draw the root mean square of the weights of each pixel, a panel for each network.

    Parameters
    ----------
    weights : mapping of str to array-like, shape (units, side²)
        First-layer weights, by the panel's title.
    side : int
        Of the images.
    """
    fig = plotting.figure(2.7 * len(weights), 3.0)
    panels = plotting.axes(fig, 1, len(weights))[0]
    for ax, (title, matrix) in zip(panels, weights.items(), strict=True):
        size = np.sqrt(np.square(np.asarray(matrix, dtype=float)).mean(0)).reshape(side, side)
        plotting.image(size / size.max(), ax=ax, title=title)
    return fig


def recipes_beside_the_paper(
    paper: ArrayLike, recipes: Mapping[str, ArrayLike], *, pairs: Sequence[str]
) -> Figure:
    """Draw Table 4's entries off the diagonal, the paper's with intervals and those of recipes.

    Parameters
    ----------
    paper : array-like, shape (2, P, 3)
        Errors in percent for the minimal and the stretched examples: value, lower and upper end.
    recipes : mapping of str to array-like, shape (2, P)
        The errors in percent of up to five recipes' networks.
    pairs : sequence of str
        The P pairs: whom the examples were made for, and who reads them.
    """
    fig = plotting.figure(11, 3.8)
    left, right = plotting.axes(fig, 1, 2)[0]
    for block, ax in enumerate((left, right)):
        for y, (value, low, high) in enumerate(paper[block]):
            ax.plot([low, high], [y, y], color="black", linewidth=1.5)
            ax.plot(value, y, "x", color="black", label=None if y else "paper, 256 images")
        for (marker, colour), (name, errors) in zip(MARKERS.items(), recipes.items(), strict=False):
            places = np.arange(len(pairs)) + 0.22
            ax.plot(errors[block], places, marker, color=colour, markersize=5, label=name)
        ax.set_yticks(range(len(pairs)), pairs if ax is left else [])
        ax.invert_yaxis()
        ax.set_xlabel("error in %")
    left.set(title="minimal distortion", xlim=(0, None))
    right.set(title="stretched to 0.1", xlim=(0, 102))
    handles, names = left.get_legend_handles_labels()
    fig.legend(handles, names, loc="outside lower center", fontsize=9, ncols=2)
    return fig
