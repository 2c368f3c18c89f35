"""The explorer of chapter 4."""

import ipywidgets
import torch
from torch import nn

from helpers import blind_spots
from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer
from helpers.course.explorers._parts import draw_seen, which_image
from helpers.data import Dataset
from helpers.evaluation import distortion


def around_an_image(model: nn.Module, dataset: Dataset, adversarial: torch.Tensor) -> Explorer:
    """Explore the surroundings of an image: how far, and how much towards its adversarial image.

    Parameters
    ----------
    model : nn.Module
        The network.
    dataset : Dataset
        Images to choose from, of shape (N, 1, H, W).
    adversarial : Tensor, shape (N, 1, H, W)
        A minimal adversarial image for each.

    Returns
    -------
    Explorer
        Controls ``image``, ``radius`` (a distortion), ``angle`` (0° towards the adversarial
        image, 90° a random direction) and ``random``, which direction that is.
    """
    farthest = 0.3
    radii = torch.linspace(0, farthest, 61)
    directions = blind_spots.random_rms_directions(
        10, dataset.inputs, generator=torch.Generator().manual_seed(0)
    )

    def draw(fig: plotting.Figure, *, image: int, radius: float, angle: int, random: int) -> str:
        x, label = dataset.inputs[image : image + 1], dataset.labels[image].item()
        towards = adversarial[image : image + 1] - x
        away = directions[random - 1 : random]
        direction = blind_spots.blend(towards, away, angle)
        point = x + radius * direction
        with torch.no_grad():
            probabilities = model(point).softmax(1)[0].cpu()
        curve = blind_spots.margins_along(model, x, direction, radii, label)[0].cpu()
        here = blind_spots.margins_along(model, x, direction, torch.tensor([radius]), label).item()
        beyond = (curve < 0).nonzero()
        border = f"{radii[beyond[0]].item():.3f}" if len(beyond) else f"beyond {farthest}"
        picture, chart, section = fig.subfigures(1, 3, width_ratios=(1, 1.1, 1.6))
        seen = draw_seen(picture, chart, point, probabilities, label)
        ax = plotting.axes(section)
        ax.plot(radii, curve)
        ax.plot([radius], [here], "o", color="#D55E00")
        ax.axhline(0, color="black", linewidth=0.8)
        ax.axvline(distortion(x, x + towards).item(), color="grey", linestyle=":")
        ax.set(xlabel="distortion (dotted: that of x')")
        ax.set_title(f"margin of {label} on this line", fontsize=10)
        return (
            f"distortion {radius:.2f} at {angle}° from x', random direction {random}: "
            f"seen as {seen} ({probabilities.max():.0%}); border on this line: {border}"
        )

    return Explorer(
        draw,
        size=(9, 2.8),
        image=which_image(len(dataset)),
        radius=ipywidgets.FloatSlider(
            0.12, min=0, max=farthest, step=0.01, description="radius", continuous_update=False
        ),
        angle=ipywidgets.IntSlider(0, 0, 90, step=5, description="angle", continuous_update=False),
        random=ipywidgets.IntSlider(1, 1, 10, description="random", continuous_update=False),
    )
