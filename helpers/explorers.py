"""One explorer per chapter: what its controls move, and how the picture is drawn.

An explorer holds no maths: it draws what functions of the course compute.
"""

import functools

import ipywidgets
import torch
from torch import nn

from helpers import plotting, sections
from helpers.attack import Evaluation, minimal_adversarial, penalised_adversarial, target_margin
from helpers.data import Dataset
from helpers.evaluation import amplify, distortion, gaussian_noise, predict
from helpers.widgets import Explorer


def adversarial_digit(model: nn.Module, dataset: Dataset) -> Explorer:
    """Explore one adversarial digit: which image, which target label, how far along x → x'.

    Parameters
    ----------
    model : nn.Module
        The network to fool.
    dataset : Dataset
        Images to choose from, of shape (N, 1, H, W); all are attacked towards every label now,
        so that the controls answer at once.

    Returns
    -------
    Explorer
        Controls ``image``, ``target`` and ``scale``; scale 1 is the minimal adversarial image.
    """
    every = torch.arange(10, device=dataset.inputs.device).repeat(len(dataset))
    found = minimal_adversarial(model, dataset.inputs.repeat_interleave(10, dim=0), every)
    adversarial = found.adversarial.view(len(dataset), 10, *dataset.inputs.shape[1:])

    def draw(fig: plotting.Figure, *, image: int, target: int, scale: float) -> str:
        x = dataset.inputs[image : image + 1]
        perturbed = x + scale * (adversarial[image, target] - x)
        seen = _draw_attack(fig, model, x, dataset.labels[image], perturbed, target)
        return f"target {target}: the network sees a {seen}"

    return Explorer(
        draw,
        size=(9, 2.6),
        **_which_attack(dataset),
        scale=_stretch(),
    )


def first_layer(networks: dict[str, nn.Sequential]) -> Explorer:
    """Explore the first layers of dense networks: each unit's weights are a picture.

    Parameters
    ----------
    networks : dict of str to nn.Sequential
        Networks that begin with ``Flatten, Linear`` on 28 × 28 pixels, by name.

    Returns
    -------
    Explorer
        Controls ``network`` and ``first``, the first of the ten units shown.
    """
    weights = {
        name: network[1].weight.detach().cpu().view(-1, 28, 28)
        for name, network in networks.items()
    }
    most = max(len(pictures) for pictures in weights.values())

    def draw(fig: plotting.Figure, *, network: str, first: int) -> str:
        pictures = weights[network]
        first = min(first, len(pictures) - 10)
        limit = pictures.abs().quantile(0.995).item()
        for column, ax in enumerate(plotting.axes(fig, 1, 10).flat):
            unit = first + column
            plotting.difference(pictures[unit], ax=ax, title=str(unit), limit=limit)
        return f"{network}: units {first} to {first + 9} of {len(pictures)}"

    return Explorer(
        draw,
        size=(9, 1.3),
        network=ipywidgets.Dropdown(options=list(networks), description="network"),
        first=ipywidgets.IntSlider(
            0, 0, most - 10, step=10, description="first unit", continuous_update=False
        ),
    )


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
        seen = _draw_attack(fig, model, x, dataset.labels[image], perturbed, target)
        return f"c = {c:.2g}, target {target}: seen as {seen}"

    return Explorer(
        draw,
        size=(9, 2.6),
        **_which_attack(dataset),
        c=ipywidgets.FloatLogSlider(
            1.0, min=-4, max=2, step=0.1, description="c", continuous_update=False
        ),
        scale=_stretch(),
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


def around_an_image(model: nn.Module, dataset: Dataset, adversarial: torch.Tensor) -> Explorer:
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
    Explorer
        Controls ``image``, ``radius`` (a distortion), ``angle`` (0° towards the adversarial
        image, 90° a random direction) and ``random``, which direction that is.
    """
    farthest = 0.3
    radii = torch.linspace(0, farthest, 61)
    directions = sections.random_directions(
        10, dataset.inputs, generator=torch.Generator().manual_seed(0)
    )

    def draw(fig: plotting.Figure, *, image: int, radius: float, angle: int, random: int) -> str:
        x, label = dataset.inputs[image : image + 1], dataset.labels[image].item()
        towards = adversarial[image : image + 1] - x
        away = directions[random - 1 : random]
        direction = sections.blend(towards, away, angle)
        point = x + radius * direction
        with torch.no_grad():
            probabilities = model(point).softmax(1)[0].cpu()
        seen, sure = probabilities.argmax().item(), probabilities.max().item()
        curve = sections.margins_along(model, x, direction, radii, label)[0].cpu()
        here = sections.margins_along(model, x, direction, torch.tensor([radius]), label).item()
        beyond = (curve < 0).nonzero()
        border = f"{radii[beyond[0]].item():.3f}" if len(beyond) else f"beyond {farthest}"
        picture, chart, section = fig.subfigures(1, 3, width_ratios=(1, 1.1, 1.6))
        plotting.image(point[0, 0].cpu(), ax=plotting.axes(picture), title=f"seen as {seen}")
        plotting.bars(
            probabilities,
            ax=plotting.axes(chart),
            labels=[str(digit) for digit in range(10)],
            highlight=[seen] if seen != label else [],
            title="softmax",
            limit=1,
        )
        ax = plotting.axes(section)
        ax.plot(radii, curve)
        ax.plot([radius], [here], "o", color="#D55E00")
        ax.axhline(0, color="black", linewidth=0.8)
        ax.axvline(distortion(x, x + towards).item(), color="grey", linestyle=":")
        ax.set(xlabel="distortion (dotted: that of x')")
        ax.set_title(f"margin of {label} on this line", fontsize=10)
        return (
            f"distortion {radius:.2f} at {angle}° from x', random direction {random}: "
            f"seen as {seen} ({sure:.0%}); border on this line: {border}"
        )

    return Explorer(
        draw,
        size=(9, 2.8),
        image=ipywidgets.IntSlider(
            0, 0, len(dataset) - 1, description="image", continuous_update=False
        ),
        radius=ipywidgets.FloatSlider(
            0.12, min=0, max=farthest, step=0.01, description="radius", continuous_update=False
        ),
        angle=ipywidgets.IntSlider(0, 0, 90, step=5, description="angle", continuous_update=False),
        random=ipywidgets.IntSlider(1, 1, 10, description="random", continuous_update=False),
    )


def _draw_attack(
    fig: plotting.Figure,
    model: nn.Module,
    x: torch.Tensor,
    label: torch.Tensor,
    perturbed: torch.Tensor,
    target: int,
) -> str:
    """Draw x, the change, x' and the softmax; return what the network sees and the distortion."""
    with torch.no_grad():
        probabilities = model(perturbed).softmax(1)[0].cpu()
    seen, sure = probabilities.argmax().item(), probabilities.max().item()
    pictures, chart = fig.subfigures(1, 2, width_ratios=(2.4, 1))
    titles = (f"x: a {label}", "x' − x, ×10", f"x': seen as {seen}")
    plotting.triptych(x[0, 0].cpu(), perturbed[0, 0].cpu(), fig=pictures, titles=titles)
    plotting.bars(
        probabilities,
        ax=plotting.axes(chart),
        labels=[str(digit) for digit in range(10)],
        highlight=[target],
        title="softmax",
        limit=1,
    )
    return f"{seen} ({sure:.0%}), distortion {distortion(x, perturbed).item():.3f}"


def _which_attack(dataset: Dataset) -> dict[str, ipywidgets.Widget]:
    """Return the controls ``image`` and ``target``, at first a target that the image has not."""
    return {
        "image": ipywidgets.IntSlider(
            0, 0, len(dataset) - 1, description="image", continuous_update=False
        ),
        "target": ipywidgets.Dropdown(
            options=list(range(10)), value=(int(dataset.labels[0]) + 3) % 10, description="target"
        ),
    }


def _stretch() -> ipywidgets.FloatSlider:
    """Return the control ``scale``, by which a perturbation is stretched."""
    return ipywidgets.FloatSlider(
        1.0, min=0, max=3, step=0.05, description="scale", continuous_update=False
    )
