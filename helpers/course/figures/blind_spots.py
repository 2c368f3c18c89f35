"""The figures of chapter 4: how far the borders around an image are, and what leads to them."""

from collections.abc import Mapping, Sequence

import numpy as np
from torch import Tensor

from helpers.course import plotting
from helpers.course.plotting import Figure


def fooled(
    originals: Tensor,
    adversarial: Mapping[str, Tensor],
    *,
    labels: Sequence[int],
    targets: Sequence[int],
    sizes: Mapping[str, Tensor],
) -> Figure:
    """Draw digits, and below them what fools each classifier, titled with label and distortion.

    Parameters
    ----------
    originals : Tensor, shape (N, H, W)
        Pixels in [0, 1].
    adversarial : mapping of str to Tensor, shape (N, H, W)
        Classifier → adversarial images.
    labels, targets : sequence of int
        The N labels before and after.
    sizes : mapping of str to Tensor, shape (N,)
        Classifier → distortions.
    """
    rows = np.stack([originals, *adversarial.values()])
    titles = [f"a {label}" for label in labels]
    for name in adversarial:
        pairs = zip(targets, sizes[name], strict=True)
        titles += [f"{target}, {size:.3f}" for target, size in pairs]
    row_labels = ["original", *adversarial]
    return plotting.image_grid(rows, titles=titles, row_labels=row_labels, size=1.1)


def distortion_rows(sizes: Mapping[str, Tensor]) -> Figure:
    """Draw distortions as dots, a row a name, with a bar at the mean.

    Parameters
    ----------
    sizes : mapping of str to Tensor, shape (N,)
        Distortions.
    """
    fig = plotting.figure(8, 2.8)
    ax = plotting.axes(fig)
    for row, values in enumerate(sizes.values()):
        ax.plot(values, np.full(len(values), row), "o", alpha=0.35, markeredgewidth=0)
        ax.plot(values.mean(), row, "k|", markersize=22)
    labels = [f"{name}: {values.mean():.3f}" for name, values in sizes.items()]
    ax.set_yticks(range(len(sizes)), labels)
    ax.set(xlabel="distortion (RMS); the bar is the mean", xlim=(0, None))
    ax.set_ylim(len(sizes) - 0.5, -0.5)
    return fig


def gradient_maps(
    images: Tensor, of_loss: Tensor, of_margin: Tensor, r: Tensor, *, labels: Sequence[int]
) -> Figure:
    """Draw images, two gradients and the change r that an attack found, each at its own scale.

    Parameters
    ----------
    images, of_loss, of_margin, r : Tensor, shape (N, H, W)
        A row for each of the N images, two or more.
    labels : sequence of int
        Of the images.
    """
    fig = plotting.figure(7.6, 1.75 * len(images))
    for row, axes in enumerate(plotting.axes(fig, len(images), 4)):
        plotting.image(images[row], ax=axes[0], title=f"a {labels[row]}")
        maps = (
            (of_loss[row], f"∂loss/∂x, norm {of_loss[row].norm():.0e}"),
            (of_margin[row], f"∂margin/∂x, norm {of_margin[row].norm():.1f}"),
            (r[row], f"x' − x, norm {r[row].norm():.1f}"),
        )
        for ax, (values, title) in zip(axes[1:], maps, strict=True):
            plotting.difference(values, ax=ax, title=title)
    return fig


def linear_estimates(
    linear: Mapping[str, Tensor], real: Mapping[str, Tensor], *, ranks: Mapping[str, float]
) -> Figure:
    """Draw distortions that an attack found against linearised distances, a panel a classifier.

    Parameters
    ----------
    linear, real : mapping of str to Tensor, shape (N,)
        Classifier → linearised distances, and distortions found; two or more classifiers.
    ranks : mapping of str to float
        Classifier → rank correlation of the two.
    """
    fig = plotting.figure(9, 3.4)
    panels = plotting.axes(fig, 1, len(linear), sharex=True, sharey=True)[0]
    for ax, name in zip(panels, linear, strict=True):
        ax.plot(linear[name], real[name], "o", alpha=0.7)
        ax.axline((0, 0), slope=1, color="grey", linewidth=0.8)
        ax.set_title(f"{name}\nrank correlation {ranks[name]:.2f}", fontsize=10)
        ax.set_xlabel("linearised distance")
    panels[0].set(ylabel="distortion found", xlim=(0, None), ylim=(0, None))
    return fig


def error_by_size(
    sigmas: Tensor, curves: Mapping[str, tuple[Sequence[float], Sequence[float]]]
) -> Figure:
    """Draw the error against the size of a change, a panel a classifier.

    Parameters
    ----------
    sigmas : Tensor, shape (S,)
        Distortions.
    curves : mapping of str to pair of sequences
        For each of two or more classifiers S shares of wrong answers under noise, and S under the
        optimised change.
    """
    fig = plotting.figure(9, 3.1)
    panels = plotting.axes(fig, 1, len(curves), sharey=True)[0]
    for ax, (name, (random, optimised)) in zip(panels, curves.items(), strict=True):
        ax.plot(sigmas, [100 * error for error in optimised], label="optimised", marker=".")
        ax.plot(sigmas, [100 * error for error in random], label="noise", marker=".")
        ax.axhline(90, color="grey", linewidth=0.8, linestyle=":")
        ax.set_title(name, fontsize=10)
        ax.set_xlabel("σ (distortion)")
    panels[0].set_ylabel("wrong answers in %")
    panels[-1].legend(loc="lower right", frameon=False)
    return fig


def margins_on_lines(
    radii: Tensor, margins: Mapping[str, Tensor], *, sizes: Mapping[str, float], label: int
) -> Figure:
    """Draw the margin of a label along lines through an image, a panel a classifier.

    Parameters
    ----------
    radii : Tensor, shape (R,)
        Distortions along a line.
    margins : mapping of str to Tensor, shape (1 + D, R)
        For each of two or more classifiers the margins towards the adversarial image, then those
        along D random lines.
    sizes : mapping of str to float
        Classifier → distortion of its adversarial image.
    label : int
        The label.
    """
    fig = plotting.figure(9, 3.2)
    for ax, (name, lines) in zip(
        plotting.axes(fig, 1, len(margins))[0], margins.items(), strict=True
    ):
        for line in lines[1:]:
            ax.plot(radii, line, color="#999999", linewidth=0.6)
        ax.plot(radii, lines[0], color="#D55E00", linewidth=2)
        ax.axhline(0, color="black", linewidth=0.8)
        ax.axvline(sizes[name], color="#D55E00", linestyle=":")
        ax.set(title=name, xlabel="distortion along the line")
    fig.axes[0].set_ylabel(f"margin of label {label}")
    return fig


def planes_through_an_image(
    maps: Mapping[str, Tensor], *, reach: float, sizes: Mapping[str, float]
) -> Figure:
    """Draw which label classifiers give in a plane through an image, a panel a classifier.

    Parameters
    ----------
    maps : mapping of str to Tensor, shape (R, R)
        For each of two or more classifiers the labels; the image is in the middle, its
        adversarial image to the right of it.
    reach : float
        Distortion from the middle to each side.
    sizes : mapping of str to float
        Classifier → distortion of its adversarial image.
    """
    fig = plotting.figure(9.5, 3.5)
    panels = plotting.axes(fig, 1, len(maps), sharey=True)[0]
    for ax, (name, labels) in zip(panels, maps.items(), strict=True):
        plotting.label_map(labels, ax=ax, extent=(-reach, reach, -reach, reach))
        ax.plot(0, 0, "ko")
        ax.plot(sizes[name], 0, "kx", markersize=8, markeredgewidth=2)
        ax.set_title(name, fontsize=10)
        ax.set_xlabel("towards x' (distortion)")
    panels[0].set_ylabel("in a random direction (distortion)")
    return fig
