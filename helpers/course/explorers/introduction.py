"""The explorer of chapter 1."""

import torch
from torch import nn

from helpers.attack import closest_adversarial
from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._parts import attack_panels, stretch, which_attack
from helpers.data import Dataset
from helpers.evaluation import number_of_classes


def adversarial_digit(model: nn.Module, dataset: Dataset) -> PanelExplorer:
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
    PanelExplorer
        Controls ``image``, ``target`` and ``scale``; scale 1 is the minimal adversarial image.
    """
    classes = number_of_classes(model, dataset.inputs)
    every = torch.arange(classes, device=dataset.inputs.device).repeat(len(dataset))
    found = closest_adversarial(model, dataset.inputs.repeat_interleave(classes, dim=0), every)
    adversarial = found.adversarial.view(len(dataset), classes, *dataset.inputs.shape[1:])

    def draw(*, image: int, target: int, scale: float):
        x, label = dataset.inputs[image : image + 1], dataset.labels[image].item()
        perturbed = x + scale * (adversarial[image, target] - x)
        seen, panels = attack_panels(model, x, label, perturbed, target)
        return f"target {target}: the network sees a {seen}", [panels]

    return PanelExplorer(draw, **which_attack(dataset, classes), scale=stretch())
