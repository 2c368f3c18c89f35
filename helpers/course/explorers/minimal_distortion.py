"""The explorer of chapter 6."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from helpers.attack import Adversarial, attack_dataset, closest_adversarial
from helpers.bounds import lower_bounds
from helpers.course.explorers._charts import Map, Painted
from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._parts import attack_panels, choice, remembered, which_attack
from helpers.course.explorers._yours import Images
from helpers.data import Dataset
from helpers.evaluation import number_of_classes
from helpers.studies import proofs

MAP = (1, 1)  # row and column of the panel that is clicked


def sandwich(networks: Mapping[str, nn.Sequential], dataset: Dataset) -> PanelExplorer:
    """Explore certified ≤ D ≤ found for one image: which network, which image, which target.

    Parameters
    ----------
    networks : mapping of str to nn.Sequential
        Softmax models and sigmoid networks, by name.
    dataset : Dataset
        Images to choose from, of shape (N, 1, H, W); all are attacked towards every label now,
        and what can be proved is computed, so that the controls answer at once. Both are kept.

    Returns
    -------
    PanelExplorer
        Controls ``network``; ``image``, or one drawn by the reader; and ``target``. A click on
        the map of the distortions found chooses the network and the target.
    """
    names, images = list(networks), Images(dataset)
    classes = number_of_classes(next(iter(networks.values())), dataset.inputs)
    every = torch.arange(classes, device=dataset.inputs.device)
    repeated = dataset[torch.arange(len(dataset)).repeat_interleave(classes)]
    targets = every.repeat(len(dataset))
    found = {
        name: attack_dataset(name, model, repeated, target=targets)
        for name, model in networks.items()
    }
    farthest = max(attack.distortion.max().item() for attack in found.values())
    proved = {
        name: proofs.kept_lower_bounds(model, repeated, targets, found[name].distortion)
        for name, model in networks.items()
    }

    @remembered
    def attacked(x: Tensor, network: str) -> Adversarial:
        return closest_adversarial(networks[network], x.expand(classes, -1, -1, -1), every)

    @remembered
    def bounded(x: Tensor, network: str, target: int, size: float) -> dict[str, float]:
        size = torch.tensor([size], device=x.device, dtype=torch.float64)
        bounds = lower_bounds(networks[network], x, every[target : target + 1], size)
        return {way: distance.item() for way, distance in bounds.items()}

    def answers(x: Tensor, network: str, image: int, own: bool, target: int):
        """Return x', its distortion (inf if not found), bounds, and a map with all distortions."""
        if own and images.offered:
            result, row = attacked(x, network), target
            ways = bounded(x, network, target, result.distortion[row].item())
            table = torch.full((len(names), classes), math.nan)
            table[names.index(network)] = result.distortion.cpu().float()
        else:
            result, row = found[network], classes * image + target
            ways = {way: distance[row].item() for way, distance in proved[network].items()}
            rows = slice(classes * image, classes * (image + 1))
            table = torch.stack([one.distortion[rows].cpu() for one in found.values()])
        size = result.distortion[row].item() if result.success[row] else math.inf
        return result.adversarial[row : row + 1], size, ways, table

    def draw(*, network: str, image: int, own: bool, target: int):
        x, label = images.chosen(image, own)
        if images.is_blank(own):
            return images.prompt()
        changed, size, ways, table = answers(x, network, image, own, target)
        _, panels = attack_panels(networks[network], x, label, changed, target)
        bounds = {f"{way} {distance:.4f}": distance for way, distance in ways.items()}
        name, above = ("not found", ";") if size == math.inf else (f"found {size:.4f}", " ≥")
        limit = 1.05 * (farthest if size == math.inf else max(farthest, size))
        line = Painted(
            paint=lambda ax: _number_line({**bounds, name: size}, ax=ax, limit=limit),
            key=(bounds, size),
            frame=(limit, len(bounds)),
            size=(4.6, 2.2),
            around=(0.3, 0.3, 0.55, 0.05),
        )
        chart = Map(
            values=table,
            rows=names,
            columns=[str(number) for number in range(classes)],
            chosen=(names.index(network), target),
            title="distortion found (click a cell)",
            xlabel="target label",
            top=farthest,
            size=(4.4, 2.2),
        )
        message = f"{network}, target {target}: {name}{above} D ≥ {', '.join(bounds)}"
        return message, [panels, [line, chart]]

    def click(place: tuple[int, int], point: tuple[float, float]) -> dict:
        if place != MAP:
            return {}
        column, row = (round(value) for value in point)
        return {"network": names[row], "target": column}

    return PanelExplorer(
        draw,
        images=images,
        click=click,
        network=choice(names, "network"),
        **images.controls(),
        target=which_attack(dataset, classes)["target"],
    )


def _number_line(marks: Mapping[str, float], *, ax, limit: float) -> None:
    """Draw bounds of D from below, and last what was found, on a line from 0; none at inf."""
    *bounds, found = (min(value, limit) for value in marks.values())
    proved = max(bounds)
    for left, right, colour in ((0, proved, "#009E73"), (proved, found, "#DDDDDD")):
        ax.barh(0, right - left, left=left, height=0.5, color=colour)
    for number, (label, value) in enumerate(reversed(marks.items())):
        height, side = 0.6 + 0.7 * number, "right" if value > 0.6 * limit else "left"
        if value < limit:
            ax.plot([value, value], [-0.25, height], color="black", linewidth=1)
        ax.text(min(value, limit), height, f" {label} ", va="center", ha=side, fontsize=9)
    ax.set(xlim=(0, limit), ylim=(-0.3, 0.4 + 0.7 * len(marks)), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("distortion; green: proved, grey: not known")
