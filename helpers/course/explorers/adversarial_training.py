"""The explorer of chapter 9."""

import functools
from collections.abc import Mapping

import torch
from torch import nn

from helpers.attack import closest_adversarial, output_range, runner_up, split_index
from helpers.course.explorers._charts import Painted, nice
from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._panels import Picture
from helpers.course.explorers._parts import attack_panels, choice, number, softmax, which_image
from helpers.data import Dataset
from helpers.evaluation import distortion

NAMES = ("image", "first hidden layer", "second hidden layer")


def pool_entry(networks: Mapping[str, nn.Sequential], dataset: Dataset) -> PanelExplorer:
    """Explore what an entry of a pool is: an image, or the outputs of a layer, changed a little.

    Parameters
    ----------
    networks : mapping of str to nn.Sequential
        Networks with two hidden layers, by name, in eval mode.
    dataset : Dataset
        Images to choose from, of shape (N, 1, H, W).

    Returns
    -------
    PanelExplorer
        Controls ``network``, ``pool of``, ``image`` and ``strength``: how much of the way to the
        closest adversarial output is gone.
    """

    @functools.cache
    def way(network: str, layer: str, image: int):
        """Return the outputs of a layer, how they change on the whole way, and the target."""
        model, some = networks[network], dataset[image : image + 1]
        k = split_index(model, NAMES.index(layer))
        above = model[k:].eval()
        with torch.no_grad():
            outputs = model[:k](some.inputs)
            target = runner_up(above(outputs), some.labels)
        found = closest_adversarial(above, outputs, target, box=output_range(model[:k]))
        return above, outputs, found.adversarial - outputs, target.item()

    def draw(*, network: str, layer: str, image: int, strength: float):
        x, label = dataset.inputs[image : image + 1], dataset.labels[image].item()
        above, outputs, change, target = way(network, layer, image)
        entry = outputs + strength * change
        where = f"{network}, pool of the {layer}, strength {strength:.2f}: a {label} seen as "
        if layer == NAMES[0]:
            model = networks[network]
            seen, panels = attack_panels(model, x, label, entry.view_as(x), target)
            return where + seen, [panels]
        with torch.no_grad():
            probabilities = above(entry).softmax(1)[0].cpu()
        order = outputs[0].argsort(descending=True).cpu()
        before, after = (h[0].cpu()[order].numpy() for h in (outputs, entry))
        frame = nice(min(0.0, after.min().item()), max(before.max(), after.max()).item())
        panels = [
            Picture(pixels=x[0, 0].cpu(), title=f"x: a {label}"),
            Painted(
                paint=lambda ax: _outputs(before, after, frame, ax=ax),
                key=(before, after),
                frame=(len(before), frame),
                size=(4.3, 2.6),
            ),
            softmax(probabilities, [target]),
        ]
        seen, sure = probabilities.argmax().item(), probabilities.max().item()
        size = distortion(outputs, entry).item()
        return where + f"{seen} ({sure:.0%}), root mean square {size:.3f}", [panels]

    return PanelExplorer(
        draw,
        network=choice(networks, "network"),
        layer=choice(NAMES, "pool of", NAMES[1]),
        image=which_image(len(dataset)),
        strength=number(0.5, 0, 1.5, 0.05, "strength"),
    )


def _outputs(before, after, limits: tuple, *, ax) -> None:
    """Draw the outputs of a layer as dots, and where each goes."""
    ax.vlines(range(len(before)), before, after, color="#D55E00", linewidth=1.5)
    ax.plot(before, ".", color="black", markersize=3)
    ax.set(xlabel="units, the most active first", ylim=limits)
    ax.set_title("outputs (dots), and where they go", fontsize=10)
