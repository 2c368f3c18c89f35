"""What several explorers share: the picture of an attack and the controls that choose one."""

import ipywidgets
import torch
from torch import nn

from helpers import plotting
from helpers.data import Dataset
from helpers.evaluation import distortion


def draw_attack(
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


def which_attack(dataset: Dataset) -> dict[str, ipywidgets.Widget]:
    """Return the controls ``image`` and ``target``, at first a target that the image has not."""
    return {
        "image": ipywidgets.IntSlider(
            0, 0, len(dataset) - 1, description="image", continuous_update=False
        ),
        "target": ipywidgets.Dropdown(
            options=list(range(10)), value=(int(dataset.labels[0]) + 3) % 10, description="target"
        ),
    }


def stretch() -> ipywidgets.FloatSlider:
    """Return the control ``scale``, by which a perturbation is stretched."""
    return ipywidgets.FloatSlider(
        1.0, min=0, max=3, step=0.05, description="scale", continuous_update=False
    )
