"""The explorer of chapter 3."""

import functools

import ipywidgets
import torch
from torch import nn

from helpers import units
from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer
from helpers.data import Dataset

KINDS = ("unit", "random direction", "difference of two images")
PER_ROW = 10  # images in a row of the picture


def top_images(networks: dict[str, nn.Sequential], dataset: Dataset) -> Explorer:
    """Explore which images respond most to a direction of any layer (section 3).

    Parameters
    ----------
    networks : dict of str to nn.Sequential
        Networks by name.
    dataset : Dataset
        The held-out set, of shape (N, 1, H, W), at least ten images.

    Returns
    -------
    Explorer
        Controls ``network``; ``layer``, how many of its modules make φ, 0 being the pixels;
        ``kind`` of direction; ``number`` of the unit, or of the random direction; the images
        ``towards`` and ``away`` whose difference φ(towards) − φ(away) may be the direction;
        ``count`` of images. What a layer does not have, the next smaller one stands in for.
    """
    descriptors = units.orientation_histograms(dataset.inputs)

    @functools.lru_cache(maxsize=3)  # layers; the first ones of Conv have thousands of units
    def features_of(network: str, layer: int) -> torch.Tensor:
        return units.activations(networks[network][:layer], dataset.inputs)

    def draw(
        fig: plotting.Figure,
        *,
        network: str,
        layer: int,
        kind: str,
        number: int,
        towards: int,
        away: int,
        count: int,
    ) -> str:
        layer = min(layer, len(networks[network]))
        features = features_of(network, layer)
        dimension = features.shape[1]
        if kind == "unit":
            number = min(number, dimension - 1)
            responses, name = features[:, number], f"unit {number}"
        elif kind == "random direction":
            generator = torch.Generator().manual_seed(number)
            v = units.random_directions(1, dimension, generator=generator)[0]
            responses, name = features @ v.to(features), f"random direction {number}"
        else:
            v = features[towards] - features[away]
            pair = [f"φ(image {i}, a {dataset.labels[i]})" for i in (towards, away)]
            responses, name = features @ v, " − ".join(pair)
        rows = units.top_images(responses[:, None], count)
        labels = dataset.labels[rows[0]]
        found = {
            measure: value.item()
            for measure, value in units.coherence(rows, dataset.labels, descriptors).items()
        }
        pictures, chart = fig.subfigures(1, 2, width_ratios=(2.6, 1))
        plotting.image(_sheet(dataset.inputs[rows[0], 0]).cpu(), ax=plotting.axes(pictures))
        ax = plotting.axes(chart)
        ax.hist(responses.cpu(), bins=40, log=True, color="0.7")
        ax.axvline(responses[rows[0, -1]].item(), color="#D55E00", linestyle=":")
        ax.set_title(f"responses of {len(dataset)} images", fontsize=10)
        ax.set(xlabel=f"dotted: the last of the {count}", ylabel="images")
        title = type(networks[network][layer - 1]).__name__ if layer else "pixels"
        what = "unit" if kind == "unit" else "direction"
        few = f" (a dead {what})" if units.dead_units(responses[:, None], count).item() else ""
        return (
            f"{network}, layer {layer} ({title}, {dimension} units), {name}{few}\n"
            f"labels {' '.join(map(str, labels.tolist()))}: purity {found['purity']:.2f}, "
            f"entropy {found['entropy']:.2f} bits, similarity {found['similarity']:.2f}"
        )

    deepest = max(map(len, networks.values()))

    def slider(value: int, low: int, high: int, description: str) -> ipywidgets.IntSlider:
        return ipywidgets.IntSlider(
            value, low, high, description=description, continuous_update=False
        )

    return Explorer(
        draw,
        size=(9.5, 2.7),
        network=ipywidgets.Dropdown(options=list(networks), description="network"),
        layer=slider(len(next(iter(networks.values()))) - 1, 0, deepest, "layer"),
        kind=ipywidgets.Dropdown(options=KINDS, description="direction"),
        number=slider(0, 0, 999, "number"),
        towards=slider(0, 0, len(dataset) - 1, "towards"),
        away=slider(1, 0, len(dataset) - 1, "away from"),
        count=slider(PER_ROW, 2, min(4 * PER_ROW, len(dataset)), "images"),
    )


def _sheet(images: torch.Tensor) -> torch.Tensor:
    """Return k images (k, H, W) as one picture, in rows of `PER_ROW` on a grey ground."""
    rows = -(-len(images) // PER_ROW)
    height, width = images.shape[1] + 2, images.shape[2] + 2
    sheet = images.new_full((rows * height, PER_ROW * width), 0.5)
    for place, image in enumerate(images):
        down, right = place // PER_ROW * height + 1, place % PER_ROW * width + 1
        sheet[down : down + image.shape[0], right : right + image.shape[1]] = image
    return sheet
