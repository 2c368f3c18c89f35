"""The explorer of chapter 8."""

from collections.abc import Mapping

import ipywidgets
import torch
from torch import Tensor, nn

from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer
from helpers.course.explorers._parts import which_image
from helpers.data import Dataset
from helpers.evaluation import gaussian_noise, predict, rescale_to_mean, transfer_table

LARGEST, STEP = 0.2, 0.01  # mean distortions to choose from


def cross_training_set(
    networks: Mapping[str, nn.Module], dataset: Dataset, adversarial: Mapping[str, Tensor]
) -> Explorer:
    """Explore Table 4 at every mean distortion, with one of its images.

    Parameters
    ----------
    networks : mapping of str to nn.Module
        The networks, by name.
    dataset : Dataset
        The N images that the errors are of, of shape (N, 1, H, W).
    adversarial : mapping of str to Tensor of shape (N, 1, H, W)
        The adversarial images made for each network.

    Returns
    -------
    Explorer
        Controls ``made for``, ``distortion`` (the mean over the images) and ``image``.
    """
    x = dataset.inputs
    sizes = torch.arange(0, LARGEST + STEP / 2, STEP)
    noise = gaussian_noise(x, 1.0, generator=torch.Generator().manual_seed(0))

    def errors(perturbed: Tensor) -> Tensor:
        """Return the error in percent of each network at each size, shape (sizes, networks)."""
        rows = ((f"{size:.2f}", rescale_to_mean(x, perturbed, size.item())) for size in sizes)
        return 100 * transfer_table(rows, networks, dataset).error()

    curves = {name: errors(images) for name, images in adversarial.items()}
    of_noise = errors(noise)

    def draw(fig: plotting.Figure, *, source: str, rms: float, image: int) -> str:
        label = dataset.labels[image].item()
        changed = rescale_to_mean(x, adversarial[source], rms)[image]
        noisy = rescale_to_mean(x, noise, rms)[image]
        answers = [predict(network, changed[None]).item() for network in networks.values()]
        pictures, chart = fig.subfigures(1, 2, width_ratios=(1.1, 1))
        left, centre, right = plotting.axes(pictures, 1, 3)[0]
        plotting.image(x[image, 0].cpu(), ax=left, title=f"a {label}")
        title = "seen as " + ", ".join(str(answer) for answer in answers)
        plotting.image(changed[0].cpu(), ax=centre, title=title)
        plotting.image(noisy[0].cpu(), ax=right, title=f"noise, σ = {rms:.2f}")
        ax = plotting.axes(chart)
        for name, curve in zip(networks, curves[source].T, strict=True):
            ax.plot(sizes, curve, label=name)
        ax.plot(sizes, of_noise.mean(1), color="grey", linestyle="--", label="noise, mean of all")
        ax.axvline(rms, color="black", linewidth=0.8, linestyle=":")
        ax.set(xlabel="mean distortion", ylabel="error in %", ylim=(0, 102))
        ax.set_xticks(sizes[::5].tolist())
        ax.legend(fontsize=8, loc="lower right")
        row = ", ".join(f"{error:.1f}" for error in curves[source][round(rms / STEP)])
        return (
            f"image {image}, made for {source}; mean distortion {rms:.2f}: "
            f"errors of the {len(networks)} networks {row} %"
        )

    names = list(adversarial)
    return Explorer(
        draw,
        size=(10.5, 2.8),
        source=ipywidgets.Dropdown(options=names, value=names[0], description="made for"),
        rms=ipywidgets.FloatSlider(
            0.1, min=0, max=LARGEST, step=STEP, description="distortion", continuous_update=False
        ),
        image=which_image(min(20, len(dataset))),
    )
