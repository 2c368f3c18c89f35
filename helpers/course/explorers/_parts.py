"""What several explorers share: controls, and the panels of an attack."""

import functools
from collections.abc import Callable, Mapping

import ipywidgets
import torch
from torch import Tensor, nn

from helpers.course import plotting
from helpers.course.explorers._charts import Map
from helpers.course.explorers._panels import Bars, Difference, Panel, Picture
from helpers.data import Dataset
from helpers.evaluation import distortion

LOOK = {  # wide enough to aim with, and as wide as its page where that is narrow
    "layout": {"width": "min(100%, 40rem)"},
    "style": {"description_width": "7.5rem"},
}


def attack_panels(
    model: nn.Module, x: Tensor, label: int | None, perturbed: Tensor, target: int
) -> tuple[str, list[Panel]]:
    """Return what the network sees and the distortion, and panels of x, the change, x', softmax.

    `label` is the label of x; None where nobody knows it.
    """
    with torch.no_grad():
        probabilities = model(perturbed).softmax(1)[0].cpu()
    seen, sure = probabilities.argmax().item(), probabilities.max().item()
    before, after = x[0, 0].cpu(), perturbed[0, 0].cpu()
    panels = [
        Picture(pixels=before, title="x: yours" if label is None else f"x: a {label}"),
        Difference(r=after - before, title=plotting.up_to("x' − x", after - before)),
        Picture(pixels=after, title=f"x': seen as {seen}"),
        softmax(probabilities, [target]),
    ]
    return f"{seen} ({sure:.0%}), distortion {distortion(x, perturbed).item():.3f}", panels


def seen_panels(x: Tensor, probabilities: Tensor, label: int) -> tuple[int, list[Panel]]:
    """Return what is seen, and panels of an image and its softmax, which stands out if wrong."""
    seen = probabilities.argmax().item()
    picture = Picture(pixels=x[0, 0].cpu(), title=f"seen as {seen}")
    return seen, [picture, softmax(probabilities, [seen] if seen != label else [])]


def softmax(probabilities: Tensor, highlight: list[int]) -> Bars:
    """Return bars of the probability of each label."""
    labels = [str(number) for number in range(len(probabilities))]
    return Bars(values=probabilities.cpu(), labels=labels, highlight=highlight, title="softmax")


def readings(networks: Mapping[str, nn.Module], image: Tensor, label: int | None) -> Map:
    """Return how sure several networks are of each label of one image, a row for each.

    What each sees is written into its row, with ``!`` where that is not the label (if one knows).
    """
    with torch.no_grad():
        shares = torch.cat([network(image).softmax(1) for network in networks.values()]).cpu()
    words = {}
    for row, seen in enumerate(shares.argmax(1).tolist()):
        wrong = "" if label in (None, seen) else "!"
        words[row, seen] = f"{seen}{wrong}"
    return Map(
        values=shares,
        rows=list(networks),
        columns=[str(number) for number in range(shares.shape[1])],
        words=words,
        title=f"what {len(networks)} networks see (! is wrong)",
        xlabel="label (softmax: dark is 0, bright is 1)",
        size=(4.4, 3.0),
    )


def which_attack(dataset: Dataset, classes: int = 10) -> dict[str, ipywidgets.Widget]:
    """Return the controls ``image`` and ``target``, at first a target that the image has not."""
    another = 3 if classes > 3 else 1  # than the image's own label
    start = (int(dataset.labels[0]) + another) % classes
    return {"image": which_image(len(dataset)), "target": choice(range(classes), "target", start)}


def which_image(count: int) -> ipywidgets.IntSlider:
    """Return the control ``image``, which chooses one of so many."""
    return whole(0, 0, count - 1, "image")


def stretch() -> ipywidgets.FloatSlider:
    """Return the control ``scale``, by which a perturbation is stretched."""
    return number(1.0, 0, 3, 0.05, "scale")


def price(start: float = 1.0) -> ipywidgets.FloatLogSlider:
    """Return the control ``c``, the price of a perturbation."""
    return ipywidgets.FloatLogSlider(start, min=-4, max=2, step=0.1, description="c", **look())


def number(start: float, low: float, high: float, step: float, name: str):
    """Return a slider of numbers, live while it is dragged."""
    return ipywidgets.FloatSlider(start, min=low, max=high, step=step, description=name, **look())


def whole(start: int, low: int, high: int, name: str, step: int = 1) -> ipywidgets.IntSlider:
    """Return a slider of whole numbers, live while it is dragged."""
    return ipywidgets.IntSlider(start, low, high, step=step, description=name, **look())


def choice(options, name: str, start=None) -> ipywidgets.Dropdown:
    """Return a drop-down, at first of its first option."""
    options = list(options)
    value = options[0] if start is None else start
    return ipywidgets.Dropdown(options=options, value=value, description=name, **look())


def look() -> dict:
    """Return layout and style of a control; each needs its own."""
    return {name: dict(values) for name, values in LOOK.items()}


def remembered(function: Callable) -> Callable:
    """Return a function of images and hashable values that keeps its last 64 answers."""

    @functools.lru_cache(maxsize=64)
    def answer(content: bytes, like: tuple, *rest):
        shape, dtype, device = like
        return function(
            torch.frombuffer(bytearray(content), dtype=dtype).view(shape).to(device), *rest
        )

    def call(image: Tensor, *rest):
        content = image.detach().cpu().contiguous().numpy().tobytes()
        return answer(content, (tuple(image.shape), image.dtype, image.device), *rest)

    return call
