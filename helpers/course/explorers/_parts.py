"""What several explorers share: the picture of an attack and the controls that choose one."""

import ipywidgets
import torch
from torch import nn

from helpers.course import plotting
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
        labels=[str(number) for number in range(len(probabilities))],
        highlight=[target],
        title="softmax",
        limit=1,
    )
    return f"{seen} ({sure:.0%}), distortion {distortion(x, perturbed).item():.3f}"


def draw_seen(
    picture: plotting.SubFigure,
    chart: plotting.SubFigure,
    x: torch.Tensor,
    probabilities: torch.Tensor,
    label: int,
) -> int:
    """Draw an image and its softmax; return what is seen, which stands out where it is wrong."""
    seen = probabilities.argmax().item()
    plotting.image(x[0, 0].cpu(), ax=plotting.axes(picture), title=f"seen as {seen}")
    plotting.bars(
        probabilities,
        ax=plotting.axes(chart),
        labels=[str(number) for number in range(len(probabilities))],
        highlight=[seen] if seen != label else [],
        title="softmax",
        limit=1,
    )
    return seen


def which_attack(dataset: Dataset, classes: int = 10) -> dict[str, ipywidgets.Widget]:
    """Return the controls ``image`` and ``target``, at first a target that the image has not."""
    another = 3 if classes > 3 else 1  # than the image's own label
    return {
        "image": which_image(len(dataset)),
        "target": ipywidgets.Dropdown(
            options=list(range(classes)),
            value=(int(dataset.labels[0]) + another) % classes,
            description="target",
        ),
    }


def which_image(count: int) -> ipywidgets.IntSlider:
    """Return the control ``image``, which chooses one of so many."""
    return ipywidgets.IntSlider(0, 0, count - 1, description="image", continuous_update=False)


def stretch() -> ipywidgets.FloatSlider:
    """Return the control ``scale``, by which a perturbation is stretched."""
    return ipywidgets.FloatSlider(
        1.0, min=0, max=3, step=0.05, description="scale", continuous_update=False
    )
