"""The figures of chapter 12: the filters of the first layer, and detections that are turned off."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from helpers.course import plotting
from helpers.course.plotting import Figure

SHOWN = 8  # maps and places of the first layer


def filters_and_selectivity(filters: Tensor, selectivity: Mapping[str, Tensor]) -> Figure:
    """Draw some filters, and how much filters prefer one orientation.

    Parameters
    ----------
    filters : Tensor, shape (places, maps, C, size, size)
        Eight maps at eight places are shown, each filter at its own scale with 0 as mid-grey.
    selectivity : mapping of str to Tensor, shape (N,)
        For each kind of filter, numbers between 0 and 1.
    """
    scaled = filters / filters.abs().amax((2, 3, 4), keepdim=True) / 2 + 0.5
    places = torch.arange(0, len(filters), len(filters) // SHOWN)[:SHOWN]
    shown = scaled[places, :SHOWN].transpose(0, 1)  # a row a map
    fig = plotting.figure(13, 6)
    left, right = fig.subfigures(1, 2, width_ratios=(1.2, 1))
    plotting.image_grid(
        _channels_last(shown), row_labels=[f"map {i}" for i in range(SHOWN)], fig=left
    )
    left.suptitle("trained filters: one map a row, one place a column")
    ax = plotting.axes(right)
    for name, values in selectivity.items():
        label = f"{name}, mean {values.mean():.2f}"
        per_cent = np.full(len(values), 100 / len(values))
        ax.hist(values, np.linspace(0, 1, 21), weights=per_cent, alpha=0.5, label=label)
    ax.set(xlabel="orientation selectivity", ylabel="filters in %")
    ax.legend(frameon=False)
    return fig


def extremes(highest: Tensor, lowest: Tensor) -> Figure:
    """Draw the images to which a unit responds most, and those to which it responds least.

    Parameters
    ----------
    highest, lowest : Tensor, shape (N, C, H, W)
        Images with pixels in [0, 1].
    """
    rows = torch.stack([highest, lowest])
    return plotting.image_grid(_channels_last(rows), row_labels=["highest", "lowest"], size=1.4)


def turned_off(
    detected: Tensor, changed: Tensor, *, before: Tensor, after: Tensor, sizes: Tensor, gain: float
) -> Figure:
    """Draw Figure 6: detected images, the same no longer detected, and the difference around grey.

    Parameters
    ----------
    detected, changed : Tensor, shape (N, C, H, W)
        Images with pixels in [0, 1].
    before, after : Tensor, shape (N,)
        Scores of both.
    sizes : Tensor, shape (N,)
        Distortions.
    gain : float
        How much the difference is magnified.
    """
    difference = plotting.magnified(changed - detected, gain)
    titles = [f"{score:+.1f}" for score in before] + [f"{score:+.3f}" for score in after]
    titles += [f"{size:.4f}" for size in sizes]
    return plotting.image_grid(
        _channels_last(torch.stack([detected, changed, difference])),
        titles=titles,
        row_labels=["detected", "not detected", f"difference × {gain}"],
        size=1.7,
    )


def _channels_last(images: Tensor) -> Tensor:
    """Return images (…, C, H, W) as they are drawn: (…, H, W, 3), or (…, H, W) if C is 1."""
    return images.movedim(-3, -1).squeeze(-1).cpu()
