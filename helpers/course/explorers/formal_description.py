"""The explorers of chapter 5 on digits: the price c, and one attack from beginning to end."""

from collections.abc import Mapping

import torch
from torch import nn

from helpers.attack import Evaluation, penalised_adversarial, target_margin
from helpers.course import plotting
from helpers.course.explorers._charts import Curves
from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._panels import ORANGE, Difference, Picture
from helpers.course.explorers._parts import (
    attack_panels,
    choice,
    price,
    remembered,
    stretch,
    which_attack,
    whole,
)
from helpers.course.explorers._yours import Images
from helpers.data import Dataset
from helpers.evaluation import amplify, distortion, gaussian_noise, number_of_classes, predict


def penalty(networks: nn.Module | Mapping[str, nn.Module], dataset: Dataset) -> PanelExplorer:
    """Explore the minimiser of c·‖r‖² + loss(x + r, l) for a c of one's choice (section 4.1).

    Parameters
    ----------
    networks : nn.Module or mapping of str to nn.Module
        The network to fool, or several by name, in eval mode: any that map the images to logits.
    dataset : Dataset
        Images to choose from, of shape (N, 1, H, W).

    Returns
    -------
    PanelExplorer
        Controls ``network`` where there are several; ``image``, or one drawn by the reader;
        ``target``, ``c`` and ``scale``, which stretches the perturbation.
    """
    named = networks if isinstance(networks, Mapping) else {"the network": networks}
    images = Images(dataset)

    @remembered
    def minimiser(x: torch.Tensor, network: str, target: int, c: float) -> torch.Tensor:
        targets = torch.tensor([target], device=x.device)
        return penalised_adversarial(named[network], x, targets, c).adversarial

    def draw(*, network: str, image: int, own: bool, target: int, c: float, scale: float):
        x, label = images.chosen(image, own)
        if images.is_blank(own):
            return images.prompt()
        perturbed = x + scale * (minimiser(x, network, target, c) - x)
        seen, panels = attack_panels(named[network], x, label, perturbed, target)
        of_network = f"{network}, " if len(named) > 1 else ""
        return f"{of_network}c = {c:.2g}, target {target}: seen as {seen}", [panels]

    controls = which_attack(dataset, number_of_classes(next(iter(named.values())), dataset.inputs))
    useful = {"image", "target", "c", "scale"} | ({"network"} if len(named) > 1 else set())
    useful |= {"own"} if images.offered else set()
    return PanelExplorer(
        draw,
        images=images,
        useful=lambda **values: useful,
        network=choice(named, "network"),
        **images.controls(),
        target=controls["target"],
        c=price(),
        scale=stretch(),
    )


class _Recorder(PanelExplorer):
    """The explorer of a flight, whose static twin has one chart for all moments."""

    def twin(self, settings: list[dict]) -> plotting.Figure:
        """Return the moments side by side, and below them the chart with a dot for each."""
        moments = [self.draw(**setting)[1][0] for setting in settings]
        *pictures, chart = moments[0]
        (width, height), below = pictures[0].size, chart.size[1]
        fig = plotting.figure(width * len(moments), height * len(pictures) + below)
        fig.set_label("A few moments, for pages without a kernel")
        parts = [height * len(pictures), below]
        top, bottom = fig.subfigures(2, 1, height_ratios=parts)
        columns = plotting.axes(top, len(pictures), len(moments)).T
        for axes, (*panels, _), setting in zip(columns, moments, settings, strict=True):
            for ax, panel in zip(axes, panels, strict=True):
                panel.draw(ax)
            axes[0].set_title(f"evaluation {setting['evaluation']}\n{panels[0].title}", fontsize=10)
        chart.draw(ax := plotting.axes(bottom))
        for *_, one in moments[1:]:
            ax.plot(*one.point, "o", color=ORANGE, zorder=5)
        return fig


def flight_recorder(
    model: nn.Module, x: torch.Tensor, target: int, record: list[Evaluation]
) -> PanelExplorer:
    """Explore one attack from its first evaluation to its last, beside noise of the same size.

    Parameters
    ----------
    model : nn.Module
        The network that was attacked.
    x : Tensor, shape (1, 1, H, W)
        The image that it was attacked from.
    target : int
        The label that was asked for.
    record : list of Evaluation
        What `minimal_adversarial` recorded of this one image.

    Returns
    -------
    PanelExplorer
        Control ``evaluation``, from 0 to the last, with a play button.
    """
    points, values, c = (
        torch.cat([getattr(one, name) for one in record]) for name in ("points", "values", "c")
    )
    start = x.expand_as(points)
    targets = torch.full((len(points),), target, device=x.device)
    sizes = distortion(start, points)
    noise = gaussian_noise(x, 1.0, generator=torch.Generator().manual_seed(0))
    noisy = amplify(start, noise.expand_as(points), sizes)
    margins = {  # kind: (target's margin, label seen), a pair for each evaluation
        kind: (target_margin(model, images, targets).tolist(), predict(model, images).tolist())
        for kind, images in (("attack", points), ("noise", noisy))
    }
    first = (c.diff() != 0).nonzero().squeeze(1).add(1).tolist()  # where another c begins
    searches = [0, *first, len(points)]
    numbers = list(range(len(points)))
    chart = Curves(
        lines=[
            (numbers, margin, {"label": kind, "lw": 1.3}) for kind, (margin, _) in margins.items()
        ],
        level=0,
        bands=[
            (begin - 0.5, end - 0.5)
            for begin, end in zip(searches[1::2], searches[2::2], strict=False)
        ],
        axes={"xlabel": "evaluation"},
        title=f"margin of label {target}",
        size=(4.2, 2.6),
    )

    def draw(*, evaluation: int):
        search = sum(evaluation >= begin for begin in first) + 1
        margin, seen = margins["attack"]
        now, random = points[evaluation, 0].cpu(), noisy[evaluation, 0].cpu()
        of_noise, r = margins["noise"][1][evaluation], now - x[0, 0].cpu()
        row = [
            Picture(pixels=now, title=f"x + r: seen as {seen[evaluation]}"),
            Difference(r=r, title=plotting.up_to("r", r)),
            Picture(pixels=random, title=f"noise of this size: a {of_noise}"),
            chart.at(evaluation, margin[evaluation]),
        ]
        message = (
            f"evaluation {evaluation} of {len(points) - 1}, search {search} of {len(first) + 1}: "
            f"c = {c[evaluation]:.3g}, value {values[evaluation]:.2f}, "
            f"margin {margin[evaluation]:.2f}, distortion {sizes[evaluation]:.4f}"
        )
        return message, [row]

    return _Recorder(draw, play="evaluation", evaluation=whole(0, 0, len(points) - 1, "evaluation"))
