"""The explorers of chapter 5."""

import functools

import ipywidgets
import torch
from torch import nn

from helpers.attack import Evaluation, penalised_adversarial, target_margin
from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer
from helpers.course.explorers._parts import draw_attack, stretch, which_attack
from helpers.data import Dataset
from helpers.evaluation import amplify, distortion, gaussian_noise, number_of_classes, predict


def penalty(model: nn.Module, dataset: Dataset) -> Explorer:
    """Explore the minimiser of c·‖r‖² + loss(x + r, l) for a c of one's choice (section 4.1).

    Parameters
    ----------
    model : nn.Module
        The network to fool.
    dataset : Dataset
        Images to choose from, of shape (N, 1, H, W).

    Returns
    -------
    Explorer
        Controls ``image``, ``target``, ``c`` and ``scale``, which stretches the perturbation.
    """

    @functools.cache
    def minimiser(image: int, target: int, c: float) -> torch.Tensor:
        targets = torch.tensor([target], device=dataset.inputs.device)
        x = dataset.inputs[image : image + 1]
        return penalised_adversarial(model, x, targets, c).adversarial

    def draw(fig: plotting.Figure, *, image: int, target: int, c: float, scale: float) -> str:
        x = dataset.inputs[image : image + 1]
        perturbed = x + scale * (minimiser(image, target, c) - x)
        seen = draw_attack(fig, model, x, dataset.labels[image], perturbed, target)
        return f"c = {c:.2g}, target {target}: seen as {seen}"

    return Explorer(
        draw,
        size=(9, 2.6),
        **which_attack(dataset, number_of_classes(model, dataset.inputs)),
        c=ipywidgets.FloatLogSlider(
            1.0, min=-4, max=2, step=0.1, description="c", continuous_update=False
        ),
        scale=stretch(),
    )


def flight_recorder(
    model: nn.Module, x: torch.Tensor, target: int, record: list[Evaluation]
) -> Explorer:
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
    Explorer
        Control ``evaluation``, from 0 to the last.
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

    def draw(fig: plotting.Figure, *, evaluation: int) -> str:
        search = sum(evaluation >= begin for begin in first) + 1
        margin, seen = margins["attack"]
        pictures, chart = fig.subfigures(1, 2, width_ratios=(1.25, 1))
        left, centre, right = plotting.axes(pictures, 1, 3)[0]
        now, random = points[evaluation, 0].cpu(), noisy[evaluation, 0].cpu()
        plotting.image(now, ax=left, title=f"x + r: seen as {seen[evaluation]}")
        plotting.difference(now - x[0, 0].cpu(), ax=centre, title="r, ×10", limit=0.1)
        plotting.image(
            random, ax=right, title=f"noise of this size:\na {margins['noise'][1][evaluation]}"
        )
        ax = plotting.axes(chart)
        for begin, end in zip(searches[1::2], searches[2::2], strict=False):
            ax.axvspan(begin - 0.5, end - 0.5, color="0.93", lw=0)
        for kind, (values_of_kind, _) in margins.items():
            ax.plot(values_of_kind, label=kind, lw=1.3)
        ax.axhline(0, color="0.4", lw=0.8)
        ax.plot([evaluation], [margin[evaluation]], "ko", ms=5)
        ax.set(xlabel="evaluation", ylabel=f"margin of {target}")
        ax.legend(fontsize=9, frameon=False)
        return (
            f"evaluation {evaluation} of {len(points) - 1}, search {search} of {len(first) + 1}: "
            f"c = {c[evaluation]:.3g}, value {values[evaluation]:.2f}, "
            f"margin {margin[evaluation]:.2f}, distortion {sizes[evaluation]:.4f}"
        )

    return Explorer(
        draw,
        size=(9.5, 2.7),
        evaluation=ipywidgets.IntSlider(
            len(points) - 1,
            0,
            len(points) - 1,
            description="evaluation",
            continuous_update=False,
            layout=ipywidgets.Layout(width="90%"),
        ),
    )
