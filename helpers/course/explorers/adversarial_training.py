"""The explorer of chapter 9."""

import functools
from collections.abc import Mapping

import ipywidgets
import torch
from torch import nn

from helpers.attack import closest_adversarial, output_range, runner_up, split_index
from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer
from helpers.course.explorers._parts import draw_attack, which_image
from helpers.data import Dataset
from helpers.evaluation import distortion

NAMES = ("image", "first hidden layer", "second hidden layer")


def pool_entry(networks: Mapping[str, nn.Sequential], dataset: Dataset) -> Explorer:
    """Explore what an entry of a pool is: an image, or the outputs of a layer, changed a little.

    Parameters
    ----------
    networks : mapping of str to nn.Sequential
        Networks with two hidden layers, by name, in eval mode.
    dataset : Dataset
        Images to choose from, of shape (N, 1, H, W).

    Returns
    -------
    Explorer
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

    def draw(fig: plotting.Figure, *, network: str, layer: str, image: int, strength: float) -> str:
        x, label = dataset.inputs[image : image + 1], dataset.labels[image]
        above, outputs, change, target = way(network, layer, image)
        entry = outputs + strength * change
        where = f"{network}, pool of the {layer}, strength {strength:.2f}: a {label} seen as "
        if layer == NAMES[0]:
            model = networks[network]
            return where + draw_attack(fig, model, x, label, entry.view_as(x), target)
        with torch.no_grad():
            probabilities = above(entry).softmax(1)[0].cpu()
        picture, middle, chart = fig.subfigures(1, 3, width_ratios=(0.8, 1.6, 1))
        plotting.image(x[0, 0].cpu(), ax=plotting.axes(picture), title=f"x: a {label}")
        order = outputs[0].argsort(descending=True).cpu()
        before, after = (h[0].cpu()[order].numpy() for h in (outputs, entry))
        ax = plotting.axes(middle)
        ax.vlines(range(len(order)), before, after, color="#D55E00", linewidth=1.5)
        ax.plot(before, ".", color="black", markersize=3)
        ax.set(xlabel="units, the most active first", ylabel="output")
        ax.set_title("outputs (dots), and where they go", fontsize=10)
        plotting.bars(
            probabilities,
            ax=plotting.axes(chart),
            labels=[str(digit) for digit in range(10)],
            highlight=[target],
            title="softmax",
            limit=1,
        )
        seen, sure = probabilities.argmax().item(), probabilities.max().item()
        size = distortion(outputs, entry).item()
        return where + f"{seen} ({sure:.0%}), root mean square {size:.3f}"

    return Explorer(
        draw,
        size=(9, 2.6),
        network=ipywidgets.Dropdown(options=list(networks), description="network"),
        layer=ipywidgets.Dropdown(options=NAMES, value=NAMES[1], description="pool of"),
        image=which_image(len(dataset)),
        strength=ipywidgets.FloatSlider(
            0.5, min=0, max=1.5, step=0.05, description="strength", continuous_update=False
        ),
    )
