"""The explorer of chapter 4."""

import torch
from torch import nn

from helpers import blind_spots
from helpers.attack import closest_adversarial, runner_up
from helpers.course.explorers._charts import Curves
from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._parts import number, remembered, seen_panels, whole
from helpers.course.explorers._yours import Images
from helpers.data import Dataset
from helpers.evaluation import distortion, predict


def around_an_image(model: nn.Module, dataset: Dataset, adversarial: torch.Tensor) -> PanelExplorer:
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
    PanelExplorer
        Controls ``image``, or one drawn by the reader; ``radius`` (a distortion); ``angle`` (0°
        towards the adversarial image, 90° a random direction) and ``random``, which direction
        that is.
    """
    farthest = 0.3
    radii = torch.linspace(0, farthest, 61)
    directions = blind_spots.random_rms_directions(
        10, dataset.inputs, generator=torch.Generator().manual_seed(0)
    )
    images = Images(dataset)

    @remembered
    def attacked(x: torch.Tensor) -> tuple[int, torch.Tensor]:
        """Return what is seen in a drawn image, and the closest image seen otherwise."""
        with torch.no_grad():
            seen = predict(model, x)
            target = runner_up(model(x), seen)
        return seen.item(), closest_adversarial(model, x, target).adversarial

    def draw(*, image: int, own: bool, radius: float, angle: int, random: int):
        x, label = images.chosen(image, own)
        if images.is_blank(own):
            return images.prompt()
        if label is None:
            label, end = attacked(x)
        else:
            end = adversarial[image : image + 1]
        direction = blind_spots.blend(end - x, directions[random - 1 : random], angle)
        point = x + radius * direction
        with torch.no_grad():
            probabilities = model(point).softmax(1)[0].cpu()
        along = torch.cat([radii, torch.tensor([radius])])
        *curve, here = blind_spots.margins_along(model, x, direction, along, label)[0].tolist()
        beyond = [size for size, margin in zip(radii.tolist(), curve, strict=True) if margin < 0]
        border = f"{beyond[0]:.3f}" if beyond else f"beyond {farthest}"
        seen, panels = seen_panels(point, probabilities, label)
        section = Curves(
            lines=[(radii, curve, {})],
            point=(radius, here),
            level=0,
            mark=distortion(x, end).item(),
            axes={"xlabel": "distortion (dotted: that of x')"},
            title=f"margin of label {label} on this line",
            size=(4, 2.6),
        )
        message = (
            f"distortion {radius:.2f} at {angle}° from x', random direction {random}: "
            f"seen as {seen} ({probabilities.max():.0%}); border on this line: {border}"
        )
        return message, [[*panels, section]]

    return PanelExplorer(
        draw,
        images=images,
        **images.controls(),
        radius=number(0.12, 0, farthest, 0.01, "radius"),
        angle=whole(0, 0, 90, "angle", step=5),
        random=whole(1, 1, 10, "random direction"),
    )
