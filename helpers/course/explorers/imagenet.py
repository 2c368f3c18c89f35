"""The explorer of chapter 11."""

import functools
from collections.abc import Sequence

import ipywidgets
import torch
from torch import Tensor, nn

from helpers.attack import closest_adversarial
from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer
from helpers.course.explorers._parts import stretch
from helpers.data import Dataset, PictureError
from helpers.evaluation import distortion, predict
from helpers.studies import imagenet

UPLOADED = "the uploaded one"
SHOWN = 5  # classes in the chart
OFFERED = 4  # classes named where several have the text in their names
AFTERWARDS = 15  # evaluations of an attack, beside one for each of its steps


def your_picture(
    system: imagenet.System,
    dataset: Dataset,
    *,
    names: Sequence[str] = (),
    first: int = 0,
    steps: int = 12,
) -> Explorer:
    """Explore the closest image with another label, for a picture of one's own (section 4.1).

    Parameters
    ----------
    system : imagenet.System
        The network to fool.
    dataset : Dataset
        Images to choose from where none is uploaded, of shape (N, 3, side, side).
    names : sequence of str
        What the images show; "image 0" and so on by default.
    first : int
        Which of them comes first.
    steps : int
        Of the attack, see `helpers.attack.closest_adversarial`; more come closer.

    Returns
    -------
    Explorer
        Controls ``upload``; ``picture``, one of the data set or the uploaded one; ``target``, a
        class by its name or a part of it; ``scale``, which stretches the perturbation; and
        ``gain``, by which the difference is magnified. A bar shows how far the attack is.
    """
    bar = ipywidgets.FloatProgress(0, min=0, max=1, description="attack")
    options = list(names) or [f"image {i}" for i in range(len(dataset))]

    @functools.lru_cache(maxsize=32)
    def closest(picture: str, content: bytes, target: int) -> tuple[Tensor, Tensor]:
        if picture == UPLOADED:
            x = system.read(content).to(dataset.inputs)
        else:
            row = options.index(picture)
            x = dataset.inputs[row : row + 1]
        bar.value = 0
        watched = _Watched(system.network, bar, steps + AFTERWARDS)
        targets = torch.tensor([target], device=x.device)
        found = closest_adversarial(watched, x, targets, steps=steps)
        bar.value = 1
        return x, found.adversarial

    def draw(
        fig: plotting.Figure, *, upload, picture: str, target: str, scale: float, gain: int
    ) -> str:
        content = uploaded(upload)
        if picture == UPLOADED and content is None:
            return "upload a picture first, or choose another one"
        found = matching(system.classes, target)
        if len(found) != 1:
            return _which(system.classes, found, target)
        (label,) = found
        try:
            x, adversarial = closest(picture, content if picture == UPLOADED else b"", label)
        except PictureError as error:
            return str(error)
        changed = (x + scale * (adversarial - x)).clamp(0, 1)
        seen, share = _draw(fig, system, x, changed, label, gain)
        size = distortion(x, changed).item()
        done = f"{picture}, target {system.classes[label]}: seen as {seen} ({share:.0%})"
        return f"{done}, distortion {size:.4f}, shown × {gain}"

    upload = ipywidgets.FileUpload(accept="image/*", multiple=False, description="your picture")
    which = ipywidgets.Dropdown(
        options=[*options, UPLOADED], value=options[first], description="picture"
    )

    def choose_upload(change) -> None:
        which.value = UPLOADED

    upload.observe(choose_upload, names="value")  # first, so that the first answer is about it
    return Explorer(
        draw,
        size=(11, 3.1),
        progress=bar,
        upload=upload,
        picture=which,
        target=ipywidgets.Combobox(
            value=system.classes[system.target],
            options=system.classes,
            description="target",
            continuous_update=False,
        ),
        scale=stretch(),
        gain=ipywidgets.IntSlider(
            100, min=1, max=300, description="magnified", continuous_update=False
        ),
    )


def matching(classes: Sequence[str], text: str) -> list[int]:
    """Return the class of that name, or else all that have the text in their names.

    Parameters
    ----------
    classes : sequence of str
        Names of the labels.
    text : str
        What is looked for; upper and lower case are one, and nothing is in no name.
    """
    names, text = [name.lower() for name in classes], text.strip().lower()
    if text in names:
        return [names.index(text)]
    return [label for label, name in enumerate(names) if text and text in name]


def uploaded(value) -> bytes | None:
    """Return the content of the file that a ``FileUpload`` holds, if there is one.

    Parameters
    ----------
    value : dict or tuple
        Its value: a dict of files by name in ipywidgets 7, a tuple of files in 8.
    """
    files = list(value.values()) if isinstance(value, dict) else list(value)
    return bytes(files[-1]["content"]) if files else None


def _which(classes: Sequence[str], found: list[int], text: str) -> str:
    """Say that a text names no class, or too many."""
    if not found:
        return f"there is no class with {text!r} in its name: choose one of the list"
    offered = ", ".join(classes[label] for label in found[:OFFERED])
    more = ", …" if len(found) > OFFERED else ""
    return f"{len(found)} classes have {text!r} in their names, choose one: {offered}{more}"


@torch.no_grad()
def _draw(
    fig: plotting.Figure, system: imagenet.System, x: Tensor, changed: Tensor, label: int, gain: int
) -> tuple[str, float]:
    """Draw image, difference, changed image and softmax; return what is seen, and how surely."""
    shares = system.network(changed).softmax(1)[0].cpu()
    before, after = (system.classes[predict(system.network, image)[0]] for image in (x, changed))
    pictures, chart = fig.subfigures(1, 2, width_ratios=(2.4, 1))
    panels = torch.stack([x[0], plotting.magnified(changed - x, gain)[0], changed[0]])
    titles = (f"seen as {before}", f"difference × {gain}", f"seen as {after}")
    plotting.image_grid(panels[None].movedim(2, -1).cpu(), titles=titles, fig=pictures)
    top = shares.topk(min(SHOWN, len(shares))).indices.tolist()
    top = top if label in top else [*top[:-1], label]
    plotting.bars(
        shares[top],
        ax=plotting.axes(chart),
        labels=[system.classes[i][:18] for i in top],
        highlight=[top.index(label)],
        title="softmax",
        limit=1,
    )
    return after, shares.max().item()


class _Watched(nn.Module):
    """A network that moves a progress bar with each evaluation."""

    def __init__(self, network: nn.Module, bar: ipywidgets.FloatProgress, total: int) -> None:
        super().__init__()
        self.network, self.bar, self.share = network, bar, 1 / total
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of images (N, C, H, W)."""
        self.bar.value = min(1.0, self.bar.value + self.share)
        return self.network(images)
