"""The explorer of chapter 8."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from helpers.course.explorers._charts import Curves
from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._panels import Picture
from helpers.course.explorers._parts import choice, number, which_image
from helpers.data import Dataset
from helpers.evaluation import gaussian_noise, predict, rescale_to_mean, transfer_table

LARGEST, STEP = 0.2, 0.01  # mean distortions to choose from


def cross_training_set(
    networks: Mapping[str, nn.Module], dataset: Dataset, adversarial: Mapping[str, Tensor]
) -> PanelExplorer:
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
    PanelExplorer
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
    of_noise = errors(noise).mean(1)

    def draw(*, source: str, rms: float, image: int):
        label = dataset.labels[image].item()
        changed = rescale_to_mean(x, adversarial[source], rms)[image]
        noisy = rescale_to_mean(x, noise, rms)[image]
        answers = [predict(network, changed[None]).item() for network in networks.values()]
        lines = [
            (sizes, curve, {"label": name})
            for name, curve in zip(networks, curves[source].T, strict=True)
        ]
        dashed = {"color": "grey", "linestyle": "--", "label": "noise, mean of all"}
        chart = Curves(
            lines=[*lines, (sizes, of_noise, dashed)],
            mark=rms,
            axes={"xlabel": "mean distortion", "ylim": (0, 102), "xticks": sizes[::5].tolist()},
            title="error in %",
            size=(4.2, 2.8),
        )
        seen = "seen as " + ", ".join(str(answer) for answer in answers)
        panels = [
            Picture(pixels=x[image, 0].cpu(), title=f"a {label}"),
            Picture(pixels=changed[0].cpu(), title=seen),
            Picture(pixels=noisy[0].cpu(), title=f"noise, σ = {rms:.2f}"),
            chart,
        ]
        row = ", ".join(f"{error:.1f}" for error in curves[source][round(rms / STEP)])
        message = (
            f"image {image}, made for {source}; mean distortion {rms:.2f}: "
            f"errors of the {len(networks)} networks {row} %"
        )
        return message, [panels]

    return PanelExplorer(
        draw,
        source=choice(adversarial, "made for"),
        rms=number(0.1, 0, LARGEST, STEP, "distortion"),
        image=which_image(min(20, len(dataset))),
    )
