"""The figures of chapter 11: Figure 5, its distortions and noise, and Figures 3 and 4."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from helpers.course import plotting
from helpers.course.plotting import Figure

GAIN = 10  # of Figure 5's differences
SHOWN_AT = 0.2  # the distortion to which a change is magnified where it is to be seen
PAIRS = 2  # images side by side


def visible_gains(sizes: Tensor) -> list[int]:
    """Return the factors 1, 2, 5, 10, … that let changes of these distortions be seen.

    Parameters
    ----------
    sizes : Tensor, shape (N,)
        Distortions, above 0.
    """
    steps = torch.tensor([1.0, 2.0, 5.0])
    wanted = (SHOWN_AT / sizes.cpu()).clamp(min=1)
    powers = 10 ** wanted.log10().floor()
    below = steps[(powers[:, None] * steps <= wanted[:, None] * 1.0001).sum(1) - 1]
    return (powers * below).round().int().tolist()


def figure_5(
    originals: Tensor,
    adversarial: Tensor,
    *,
    sizes: Tensor,
    before: Sequence[str],
    after: Sequence[str],
) -> Figure:
    """Draw Figure 5: original, difference × 10 and adversarial image, two images a row.

    On the right of each is the difference once more, magnified so that it can be seen.

    Parameters
    ----------
    originals, adversarial : Tensor, shape (N, 3, H, W)
        Pixels in [0, 1]; N is a multiple of two.
    sizes : Tensor, shape (N,)
        Distortions.
    before, after : sequence of str
        Names of the classes that the N images have before and after.
    """
    gains = visible_gains(sizes)
    r = adversarial - originals
    seen = torch.stack([plotting.magnified(one, k) for one, k in zip(r, gains, strict=True)])
    panels = [originals, plotting.magnified(r, GAIN), adversarial, seen]
    titles = []
    for first, second, gain in zip(before, after, gains, strict=True):
        titles += [first[:20], f"difference × {GAIN}", second[:20], f"difference × {gain}"]
    rows = torch.stack(panels, 1).flatten(0, 1).unflatten(0, (-1, len(panels) * PAIRS))
    return plotting.image_grid(rows.movedim(2, -1).cpu(), titles=titles, size=1.7)


def change_and_noise(
    changes: Tensor, noise: Tensor, *, sizes: Tensor, after: Sequence[str], noisy: Sequence[str]
) -> Figure:
    """Draw adversarial changes, and below each noise of its size, magnified alike.

    Parameters
    ----------
    changes, noise : Tensor, shape (N, 3, H, W)
        What was added to N images.
    sizes : Tensor, shape (N,)
        Distortions of both.
    after, noisy : sequence of str
        Names of the classes that the N images have with the one and with the other.
    """
    gains = visible_gains(sizes)
    rows = torch.stack([changes, noise])
    rows = torch.stack([plotting.magnified(rows[:, i], k) for i, k in enumerate(gains)], 1)
    titles = [
        f"× {k}: {name[:14]}"
        for names in (after, noisy)
        for k, name in zip(gains, names, strict=True)
    ]
    return plotting.image_grid(
        rows.movedim(2, -1).cpu(),
        titles=titles,
        row_labels=["adversarial\nchange", "noise of\nthe same size"],
        size=1.6,
    )


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
    fig.legend(frameon=False, fontsize=9, loc="outside upper center", ncols=2)
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
    fig = plotting.figure(14, 4)
    left, right = fig.subfigures(1, 2)
    for half, images, labels in (
        (left, of_units, [f"unit {name}" for name in names]),
        (right, of_directions, [f"direction {i}" for i in range(len(of_directions))]),
    ):
        plotting.image_grid(images.movedim(2, -1).cpu(), row_labels=labels, fig=half)
    return fig
