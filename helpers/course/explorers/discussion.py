"""The explorer of chapter 13."""

from collections.abc import Mapping

import ipywidgets
import torch
from torch import nn

from helpers.attack import loss_gradient, target_margin
from helpers.blind_spots import margins_along
from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer
from helpers.course.explorers._parts import draw_seen, which_image
from helpers.data import Dataset

FARTHEST = 0.3
GRADIENT, RANDOM = "the gradient's signs", "random signs"


def straight_line(networks: Mapping[str, nn.Module], dataset: Dataset) -> Explorer:
    """Explore a margin along ±ε in every pixel, beside the straight line that begins like it.

    Parameters
    ----------
    networks : mapping of str to nn.Module
        The networks, by name.
    dataset : Dataset
        Images to choose from, of shape (N, 1, H, W).

    Returns
    -------
    Explorer
        Controls ``network``, ``image``, ``signs`` (uphill on the loss, or random) and
        ``epsilon``.
    """
    sizes = torch.linspace(0, FARTHEST, 31)
    coins = torch.randint(0, 2, dataset.inputs.shape, generator=torch.Generator().manual_seed(0))
    coins = (2.0 * coins - 1).to(dataset.inputs)

    def draw(fig: plotting.Figure, *, network: str, image: int, signs: str, epsilon: float) -> str:
        model, x = networks[network], dataset.inputs[image : image + 1]
        labels = dataset.labels[image : image + 1]
        uphill = loss_gradient(model, x, labels).sign()
        direction = uphill if signs == GRADIENT else coins[image : image + 1]
        changed = x + epsilon * direction
        with torch.no_grad():
            probabilities = model(changed).softmax(1)[0].cpu()
        label = labels.item()
        margins = margins_along(model, x, direction, sizes, label)[0].cpu()
        here = target_margin(model, changed, labels).item()
        straight = margins[0] + (margins[1] - margins[0]) / sizes[1] * sizes
        picture, chart, section = fig.subfigures(1, 3, width_ratios=(1, 1.1, 1.7))
        seen = draw_seen(picture, chart, changed, probabilities, label)
        ax = plotting.axes(section)
        ax.plot(sizes, margins, label="margin")
        ax.plot(sizes, straight, color="black", linestyle="--", linewidth=1, label="straight on")
        ax.plot(epsilon, here, "o", color="#D55E00")
        ax.axhline(0, color="grey", linewidth=0.8)
        ax.set(xlabel="ε", ylabel=f"margin of {label}")
        ax.legend(fontsize=9, frameon=False)
        return (
            f"{network}, image {image}, {signs}, ε = {epsilon:.2f}: "
            f"margin of {label} {here:+.2f}, seen as {seen}"
        )

    return Explorer(
        draw,
        size=(9.5, 2.9),
        network=ipywidgets.Dropdown(options=list(networks), description="network"),
        image=which_image(len(dataset)),
        signs=ipywidgets.Dropdown(options=[GRADIENT, RANDOM], description="signs"),
        epsilon=ipywidgets.FloatSlider(
            0.1, min=0, max=FARTHEST, step=0.01, description="epsilon", continuous_update=False
        ),
    )
