"""The explorer of chapter 7."""

import functools
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from helpers.attack import closest_adversarial, runner_up
from helpers.course.explorers._charts import Map
from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._parts import attack_panels, choice, readings, remembered, stretch
from helpers.course.explorers._yours import Images
from helpers.data import Dataset
from helpers.evaluation import predict

MAP = (1, 1)  # row and column of the panel that is clicked


def cross_model(
    networks: Mapping[str, nn.Module],
    dataset: Dataset,
    adversarial: Mapping[str, Tensor],
    targets: Tensor,
) -> PanelExplorer:
    """Explore what other networks make of an image that was changed to fool one.

    Parameters
    ----------
    networks : mapping of str to nn.Module
        The networks, by name.
    dataset : Dataset
        Images to choose from, of shape (N, 1, H, W).
    adversarial : mapping of str to Tensor of shape (N, 1, H, W)
        The adversarial images made for each network.
    targets : Tensor, shape (N,)
        The label that each was made to get.

    Returns
    -------
    PanelExplorer
        Controls ``made for``; ``read by``; ``image``, or one drawn by the reader; and ``scale``,
        which stretches the perturbation. A click on the map chooses the two networks.
    """
    names, images = list(networks), Images(dataset)

    @remembered
    def attacked(x: Tensor, source: str) -> tuple[Tensor, int, int]:
        """Return a drawn image changed for a network, the target, and what was seen before."""
        with torch.no_grad():
            seen = predict(networks[source], x)
            target = runner_up(networks[source](x), seen)
        end = closest_adversarial(networks[source], x, target).adversarial
        return end, target.item(), seen.item()

    @functools.lru_cache(maxsize=64)
    def misread(scale: float) -> Tensor:
        """Return the share of the images that each reader gets wrong, (made for, read by)."""
        x = dataset.inputs
        changed = torch.cat([x + scale * (end - x) for end in adversarial.values()])
        answers = torch.stack([predict(network, changed) for network in networks.values()])
        wrong = answers.view(len(networks), len(adversarial), -1) != dataset.labels
        return wrong.double().mean(2).T.cpu()

    def draw(*, source: str, reader: str, image: int, own: bool, scale: float):
        x, label = images.chosen(image, own)
        if images.is_blank(own):
            return images.prompt()
        if label is None:
            end, target, right = attacked(x, source)
        else:
            end, target, right = (
                adversarial[source][image : image + 1],
                targets[image].item(),
                label,
            )
        perturbed = x + scale * (end - x)
        seen, panels = attack_panels(networks[reader], x, label, perturbed, target)
        answers = readings(networks, perturbed, right)
        fooled = sum("!" in word for word in answers.words.values())
        shares, row = misread(scale), names.index(source)
        chart = Map(
            values=shares,
            rows=names,
            columns=names,
            words={(row, j): f"{100 * share:.0f}" for j, share in enumerate(shares[row].tolist())},
            chosen=(row, names.index(reader)),
            title=f"{len(dataset)} images at this scale: % misread (click a cell)",
            xlabel="read by",
            ylabel="made for",
            size=(4.7, 3.4),
        )
        message = (
            f"made for {source}, target {target}, × {scale:.2f}; {reader} sees a {seen}; "
            f"{fooled} of {len(names)} wrong"
        )
        return message, [panels, [answers, chart]]

    def click(place: tuple[int, int], point: tuple[float, float]) -> dict:
        if place != MAP:
            return {}
        column, row = (round(value) for value in point)
        return {"source": names[row], "reader": names[column]}

    return PanelExplorer(
        draw,
        images=images,
        click=click,
        source=choice(names, "made for"),
        reader=choice(names, "read by", names[-1]),
        **images.controls(),
        scale=stretch(),
    )
