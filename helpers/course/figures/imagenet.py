"""The figures of chapter 11: Figure 5, its distortions, and the images of Figures 3 and 4."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from helpers.course import plotting
from helpers.course.plotting import Figure

GAIN = 10  # of Figure 5's differences
TRIPLES = 3  # of its images stand side by side


def figure_5(
    originals: Tensor,
    adversarial: Tensor,
    *,
    sizes: Tensor,
    before: Sequence[str],
    after: Sequence[str],
) -> Figure:
    """Draw original, difference × 10 and adversarial image of N images, three images a row.

    Parameters
    ----------
    originals, adversarial : Tensor, shape (N, 3, H, W)
        Pixels in [0, 1]; N is a multiple of three.
    sizes : Tensor, shape (N,)
        Distortions.
    before, after : sequence of str
        Names of the classes that the N images have before and after.
    """
    difference = plotting.magnified(adversarial - originals, GAIN)
    panels = torch.stack([originals, difference, adversarial], 1).flatten(0, 1)  # (3 N, 3, H, W)
    titles = []
    for first, size, second in zip(before, sizes, after, strict=True):
        titles += [first[:14], f"× {GAIN} ({size:.4f})", second[:14]]
    rows = panels.unflatten(0, (-1, 3 * TRIPLES)).movedim(2, -1).cpu()
    return plotting.image_grid(rows, titles=titles, size=1.15)


def distortion_histogram(sizes: Tensor, *, paper: float, network: str) -> Figure:
    """Draw a histogram of distortions on a logarithmic axis, with the mean and the paper's mean.

    Parameters
    ----------
    sizes : Tensor, shape (N,)
        Distortions; those at 0 are counted only.
    paper : float
        The paper's mean.
    network : str
        Whose images these are.
    """
    fig = plotting.figure(8, 2.6)
    ax = plotting.axes(fig)
    ax.hist(sizes[sizes > 0].log10(), bins=24, color="#0072B2", alpha=0.6)
    ax.axvline(np.log10(paper), color="#D55E00", label="the paper's mean, AlexNet")
    ax.axvline(sizes.mean().log10(), color="black", ls=":", label=f"this run's mean, {network}")
    low, high = ax.get_xlim()
    ticks = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3]
    ticks = [value for value in ticks if low < np.log10(value) < high]
    ax.set_xticks(np.log10(ticks), [f"{value:g}" for value in ticks])
    ax.set(xlabel=f"distortion ({(sizes == 0).sum()} at 0 not shown)", ylabel="images")
    ax.legend(frameon=False, fontsize=9)
    return fig


def units_and_directions(of_units: Tensor, of_directions: Tensor, *, names: Sequence) -> Figure:
    """Draw the images that excite units most (Figure 3), and random directions (Figure 4).

    Parameters
    ----------
    of_units, of_directions : Tensor, shape (R, M, 3, H, W)
        A row of images for each unit and for each direction, pixels in [0, 1].
    names : sequence
        Of the R units.
    """
    fig = plotting.figure(11.5, 3.2)
    left, right = fig.subfigures(1, 2)
    for half, images, labels in (
        (left, of_units, [f"unit {name}" for name in names]),
        (right, of_directions, [f"direction {i}" for i in range(len(of_directions))]),
    ):
        plotting.image_grid(images.movedim(2, -1).cpu(), row_labels=labels, fig=half)
    return fig
