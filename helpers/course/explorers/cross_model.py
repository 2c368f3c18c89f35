"""The explorer of chapter 7."""

from collections.abc import Mapping

import ipywidgets
import torch
from torch import Tensor, nn

from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer
from helpers.course.explorers._parts import draw_attack, stretch, which_image
from helpers.data import Dataset
from helpers.evaluation import predict


def cross_model(
    networks: Mapping[str, nn.Module],
    dataset: Dataset,
    adversarial: Mapping[str, Tensor],
    targets: Tensor,
) -> Explorer:
    """Explore what one network makes of an image that was changed to fool another.

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
    Explorer
        Controls ``made for``, ``read by``, ``image`` and ``scale``, which stretches the
        perturbation.
    """
    names = list(networks)

    def draw(fig: plotting.Figure, *, source: str, reader: str, image: int, scale: float) -> str:
        x, label = dataset.inputs[image : image + 1], dataset.labels[image]
        perturbed = x + scale * (adversarial[source][image : image + 1] - x)
        attack, others = fig.subfigures(1, 2, width_ratios=(2.6, 1))
        target = targets[image].item()
        seen = draw_attack(attack, networks[reader], x, label, perturbed, target)
        answers = [predict(network, perturbed).item() for network in networks.values()]
        with torch.no_grad():
            sure = [network(perturbed).softmax(1)[0, label].item() for network in networks.values()]
        plotting.bars(
            sure,
            ax=plotting.axes(others),
            labels=[f"{name}: {answer}" for name, answer in zip(names, answers, strict=True)],
            highlight=[i for i, answer in enumerate(answers) if answer != label],
            title=f"probability of {label}",
            limit=1,
        )
        fooled = sum(answer != label for answer in answers)
        return (
            f"made for {source}, target {target}, × {scale:.2f}; {reader} sees a {seen}; "
            f"{fooled} of {len(names)} wrong"
        )

    return Explorer(
        draw,
        size=(11.5, 2.6),
        source=ipywidgets.Dropdown(options=names, value=names[0], description="made for"),
        reader=ipywidgets.Dropdown(options=names, value=names[-1], description="read by"),
        image=which_image(len(dataset)),
        scale=stretch(),
    )
