"""The explorer of chapter 13."""

from collections.abc import Mapping

import torch
from torch import nn

from helpers.attack import loss_gradient, target_margin
from helpers.blind_spots import margins_along
from helpers.course.explorers._charts import Curves
from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._parts import choice, number, seen_panels, which_image
from helpers.data import Dataset

FARTHEST = 0.3
GRADIENT, RANDOM = "the gradient's signs", "random signs"


def straight_line(networks: Mapping[str, nn.Module], dataset: Dataset) -> PanelExplorer:
    """Explore a margin along ±ε in every pixel, beside the straight line that begins like it.

    Parameters
    ----------
    networks : mapping of str to nn.Module
        The networks, by name.
    dataset : Dataset
        Images to choose from, of shape (N, 1, H, W).

    Returns
    -------
    PanelExplorer
        Controls ``network``, ``image``, ``signs`` (uphill on the loss, or random) and
        ``epsilon``.
    """
    sizes = torch.linspace(0, FARTHEST, 31)
    coins = torch.randint(0, 2, dataset.inputs.shape, generator=torch.Generator().manual_seed(0))
    coins = (2.0 * coins - 1).to(dataset.inputs)

    def draw(*, network: str, image: int, signs: str, epsilon: float):
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
        dashed = {"color": "black", "linestyle": "--", "linewidth": 1, "label": "straight on"}
        seen, panels = seen_panels(changed, probabilities, label)
        section = Curves(
            lines=[(sizes, margins, {"label": "margin"}), (sizes, straight, dashed)],
            point=(epsilon, here),
            level=0,
            axes={"xlabel": "ε"},
            title=f"margin of label {label}",
            size=(4.4, 2.6),
        )
        message = (
            f"{network}, image {image}, {signs}, ε = {epsilon:.2f}: "
            f"margin of {label} {here:+.2f}, seen as {seen}"
        )
        return message, [[*panels, section]]

    return PanelExplorer(
        draw,
        network=choice(networks, "network"),
        image=which_image(len(dataset)),
        signs=choice((GRADIENT, RANDOM), "signs"),
        epsilon=number(0.1, 0, FARTHEST, 0.01, "epsilon"),
    )
