"""The explorer of chapter 3."""

import functools

import torch
from torch import nn

from helpers import units
from helpers.course.explorers._charts import Painted, nice
from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._panels import Picture
from helpers.course.explorers._parts import choice, whole
from helpers.data import Dataset

KINDS = ("unit", "random direction", "difference of two images")
PER_ROW = 10  # images in a row of the picture; half as many where there are no more than that
DIRECTIONS = 100  # random ones to choose from


def top_images(networks: dict[str, nn.Sequential], dataset: Dataset) -> PanelExplorer:
    """Explore which images respond most to a direction of any layer (section 3).

    Parameters
    ----------
    networks : dict of str to nn.Sequential
        Networks by name.
    dataset : Dataset
        The held-out set, of shape (N, 1, H, W), at least ten images.

    Returns
    -------
    PanelExplorer
        Controls ``network``; ``layer``, how many of its modules make φ, 0 being the pixels;
        ``kind`` of direction; ``number`` of the unit, or of the random direction; the images
        ``towards`` and ``away`` whose difference φ(towards) − φ(away) may be the direction;
        ``count`` of images. Those are shown that have a say, as far as the layer goes.
    """
    descriptors = units.orientation_histograms(dataset.inputs)

    @functools.lru_cache(maxsize=3)  # layers; the first ones of Conv have thousands of units
    def features_of(network: str, layer: int) -> torch.Tensor:
        return units.activations(networks[network][:layer], dataset.inputs)

    def draw(
        *, network: str, layer: int, kind: str, number: int, towards: int, away: int, count: int
    ):
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
        sheet = _sheet(dataset.inputs[rows[0], 0]).cpu()
        last = responses[rows[0, -1]].item()
        frame = nice(responses.min().item(), responses.max().item())
        chart = Painted(
            paint=lambda ax: _histogram(responses.cpu(), last, frame, ax=ax),
            key=(responses, last),
            frame=frame,
            size=(2.9, 2.6),
        )
        title = type(networks[network][layer - 1]).__name__ if layer else "pixels"
        what = "unit" if kind == "unit" else "direction"
        few = f" (a dead {what})" if units.dead_units(responses[:, None], count).item() else ""
        message = (
            f"{network}, layer {layer} ({title}, {dimension} units), {name}{few}\n"
            f"labels {' '.join(map(str, labels.tolist()))}: purity {found['purity']:.2f}, "
            f"entropy {found['entropy']:.2f} bits, similarity {found['similarity']:.2f}"
        )
        return message, [[Picture(pixels=sheet, size=(6.6, 2.6)), chart]]

    first = next(iter(networks))
    controls = {
        "network": choice(networks, "network"),
        "layer": whole(len(networks[first]) - 1, 0, len(networks[first]), "layer"),
        "kind": choice(KINDS, "direction"),
        "number": whole(0, 0, 0, "number"),
        "towards": whole(0, 0, len(dataset) - 1, "towards"),
        "away": whole(1, 0, len(dataset) - 1, "away from"),
        "count": whole(PER_ROW, 2, min(4 * PER_ROW, len(dataset)), "images"),
    }

    def fit(change=None) -> None:
        """Let the sliders go as far as there is something."""
        network, layer, kind = (controls[name].value for name in ("network", "layer", "kind"))
        controls["layer"].max = len(networks[network])
        units_there = features_of(network, min(layer, len(networks[network]))).shape[1]
        controls["number"].max = units_there - 1 if kind == KINDS[0] else DIRECTIONS - 1
        controls["number"].description = "unit" if kind == KINDS[0] else "random direction"

    for name in ("network", "layer", "kind"):
        controls[name].observe(fit, names="value")  # before the explorer does
    fit()

    def useful(*, kind: str, **rest) -> set[str]:
        return controls.keys() - ({"number"} if kind == KINDS[2] else {"towards", "away"})

    return PanelExplorer(draw, useful=useful, **controls)


def _histogram(responses: torch.Tensor, last: float, limits: tuple, *, ax) -> None:
    """Draw all responses, and where the last of the images that are shown has its own."""
    ax.hist(responses.numpy(), bins=40, log=True, color="0.7", histtype="stepfilled")
    ax.minorticks_off()
    ax.axvline(last, color="#D55E00", linestyle=":")
    ax.set_title(f"images by response, of {len(responses)}", fontsize=10)
    ax.set(xlabel="dotted: the last that is shown", xlim=limits, ylim=(0.6, len(responses)))


def _sheet(images: torch.Tensor) -> torch.Tensor:
    """Return k images (k, H, W) as one picture, in rows on a grey ground."""
    across = PER_ROW if len(images) > PER_ROW else PER_ROW // 2
    rows = -(-len(images) // across)
    height, width = images.shape[1] + 2, images.shape[2] + 2
    sheet = images.new_full((rows * height, across * width), 0.5)
    for place, image in enumerate(images):
        down, right = place // across * height + 1, place % across * width + 1
        sheet[down : down + image.shape[0], right : right + image.shape[1]] = image
    return sheet
