"""The explorer of chapter 6."""

import math
from collections.abc import Mapping

import ipywidgets
import torch
from torch import nn

from helpers.attack import closest_adversarial
from helpers.bounds import lower_bounds
from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer
from helpers.course.explorers._parts import draw_attack, which_attack
from helpers.data import Dataset
from helpers.evaluation import number_of_classes


def sandwich(networks: Mapping[str, nn.Sequential], dataset: Dataset) -> Explorer:
    """Explore certified ≤ D ≤ found for one image: which network, which image, which target.

    Parameters
    ----------
    networks : mapping of str to nn.Sequential
        Softmax models and sigmoid networks, by name.
    dataset : Dataset
        Images to choose from, of shape (N, 1, H, W); all are attacked towards every label now,
        and what can be proved is computed, so that the controls answer at once.

    Returns
    -------
    Explorer
        Controls ``network``, ``image`` and ``target``.
    """
    classes = number_of_classes(next(iter(networks.values())), dataset.inputs)
    every = torch.arange(classes, device=dataset.inputs.device).repeat(len(dataset))
    inputs = dataset.inputs.repeat_interleave(classes, dim=0)
    found = {name: closest_adversarial(model, inputs, every) for name, model in networks.items()}
    farthest = max(attack.distortion.max().item() for attack in found.values())
    proved = {
        name: lower_bounds(model, inputs, every, found[name].distortion)
        for name, model in networks.items()
    }

    def draw(fig: plotting.Figure, *, network: str, image: int, target: int) -> str:
        row = classes * image + target
        x, changed = inputs[row : row + 1], found[network].adversarial[row : row + 1]
        pictures, line = fig.subfigures(2, 1, height_ratios=(1.7, 1))
        model = networks[network]
        draw_attack(pictures, model, x, dataset.labels[image], changed, target)
        bounds = {f"{way} {d[row]:.4f}": d[row].item() for way, d in proved[network].items()}
        label, size, above = "not found", math.inf, ";"
        if found[network].success[row]:
            size = found[network].distortion[row].item()
            label, above = f"found {size:.4f}", " ≥"
        _number_line({**bounds, label: size}, ax=plotting.axes(line), limit=1.05 * farthest)
        return f"{network}, target {target}: {label}{above} D ≥ {', '.join(bounds)}"

    return Explorer(
        draw,
        size=(9, 4.2),
        network=ipywidgets.Dropdown(options=list(networks), description="network"),
        **which_attack(dataset, classes),
    )


def _number_line(marks: Mapping[str, float], *, ax, limit: float) -> None:
    """Draw bounds of D from below, and last what was found, on a line from 0; none at inf."""
    *bounds, found = (min(value, limit) for value in marks.values())
    proved = max(bounds)
    for left, right, colour in ((0, proved, "#009E73"), (proved, found, "#DDDDDD")):
        ax.barh(0, right - left, left=left, height=0.5, color=colour)
    for number, (label, value) in enumerate(reversed(marks.items())):
        height, side = 0.6 + 0.7 * number, "right" if value > 0.75 * limit else "left"
        if value < limit:
            ax.plot([value, value], [-0.25, height], color="black", linewidth=1)
        ax.text(min(value, limit), height, f" {label} ", va="center", ha=side, fontsize=9)
    ax.set(xlim=(0, limit), ylim=(-0.3, 0.4 + 0.7 * len(marks)), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("distortion; green: proved to be without the target, grey: not known")
