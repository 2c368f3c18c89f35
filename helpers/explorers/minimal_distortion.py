"""The explorer of chapter 6."""

from collections.abc import Mapping

import ipywidgets
import torch
from torch import nn

from helpers import plotting
from helpers.closest import closest_adversarial
from helpers.data import Dataset
from helpers.explorers._parts import draw_attack, which_attack
from helpers.relaxation import lower_bounds
from helpers.widgets import Explorer


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
    every = torch.arange(10, device=dataset.inputs.device).repeat(len(dataset))
    inputs = dataset.inputs.repeat_interleave(10, dim=0)
    found = {name: closest_adversarial(model, inputs, every) for name, model in networks.items()}
    farthest = max(attack.distortion.max().item() for attack in found.values())
    proved = {
        name: lower_bounds(model, inputs, every, found[name].distortion)
        for name, model in networks.items()
    }

    def draw(fig: plotting.Figure, *, network: str, image: int, target: int) -> str:
        row = 10 * image + target
        x, changed = inputs[row : row + 1], found[network].adversarial[row : row + 1]
        size = found[network].distortion[row].item()
        pictures, line = fig.subfigures(2, 1, height_ratios=(1.7, 1))
        model = networks[network]
        draw_attack(pictures, model, x, dataset.labels[image], changed, target)
        bounds = {way: value[row].item() for way, value in proved[network].items()}
        _number_line({**bounds, "found": size}, ax=plotting.axes(line), limit=1.05 * farthest)
        ways = ", ".join(f"{way} {value:.4f}" for way, value in bounds.items())
        return f"{network}, target {target}: found {size:.4f} ≥ D ≥ {ways}"

    return Explorer(
        draw,
        size=(9, 4.2),
        network=ipywidgets.Dropdown(options=list(networks), description="network"),
        **which_attack(dataset),
    )


def _number_line(marks: Mapping[str, float], *, ax, limit: float) -> None:
    """Draw bounds of D from below, and last what was found, as marks on a line from 0."""
    *_, found = marks.values()
    proved = max(list(marks.values())[:-1])
    for left, right, colour in ((0, proved, "#009E73"), (proved, found, "#DDDDDD")):
        ax.barh(0, right - left, left=left, height=0.5, color=colour)
    for number, (name, value) in enumerate(reversed(marks.items())):
        height, side = 0.6 + 0.7 * number, "right" if value > 0.75 * limit else "left"
        ax.plot([value, value], [-0.25, height], color="black", linewidth=1)
        ax.text(value, height, f" {name} {value:.4f} ", va="center", ha=side, fontsize=9)
    ax.set(xlim=(0, limit), ylim=(-0.3, 0.4 + 0.7 * len(marks)), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("distortion; green: proved to be without the target, grey: not known")
