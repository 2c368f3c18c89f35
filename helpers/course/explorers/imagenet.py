"""The explorer of chapter 11."""

import functools

import ipywidgets
import torch

from helpers.attack import penalised_adversarial
from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer
from helpers.course.explorers._parts import stretch
from helpers.data import Dataset, PictureError
from helpers.evaluation import distortion, predict
from helpers.studies import imagenet

UPLOADED = "the uploaded one"
SHOWN = 5  # classes in the chart


def your_picture(
    system: imagenet.System, dataset: Dataset, *, max_iterations: int = 50
) -> Explorer:
    """Explore the minimiser of c·‖r‖² + loss(x + r, l) for a picture of one's own (section 4.1).

    Parameters
    ----------
    system : imagenet.System
        The network to fool.
    dataset : Dataset
        Images to choose from where none is uploaded, of shape (N, 3, side, side).
    max_iterations : int
        Of L-BFGS; the minimiser may be a better one with more.

    Returns
    -------
    Explorer
        Controls ``upload``; ``picture``, one of the data set or the uploaded one; ``target``, a
        class by its name; ``c``; ``scale``, which stretches the perturbation; and ``gain``, by
        which the difference is magnified. A bar shows how far the attack is.
    """
    bar = ipywidgets.FloatProgress(0, min=0, max=1, description="attack")
    options = [f"image {i}" for i in range(len(dataset))]

    @functools.lru_cache(maxsize=32)
    def minimiser(picture: str, content: bytes, target: int, c: float) -> tuple[torch.Tensor, ...]:
        if picture == UPLOADED:
            x = system.read(content).to(dataset.inputs)
        else:
            row = options.index(picture)
            x = dataset.inputs[row : row + 1]
        bar.value = 0
        found = penalised_adversarial(
            system.network,
            x,
            torch.tensor([target], device=x.device),
            c,
            max_iterations=max_iterations,
            record=_Counted(bar, max_iterations),
        )
        bar.value = 1
        return x, found.adversarial

    def draw(
        fig: plotting.Figure,
        *,
        upload,
        picture: str,
        target: str,
        c: float,
        scale: float,
        gain: int,
    ) -> str:
        content = uploaded(upload)
        if picture == UPLOADED and content is None:
            return "upload a picture first, or choose another one"
        if target not in system.classes:
            return f"there is no class {target!r}: choose one of the list"
        label = system.classes.index(target)
        try:
            x, found = minimiser(picture, content if picture == UPLOADED else b"", label, c)
        except PictureError as error:
            return str(error)
        changed = (x + scale * (found - x)).clamp(0, 1)
        with torch.no_grad():
            shares = system.network(changed).softmax(1)[0].cpu()
        before, after = (
            system.classes[predict(system.network, image)[0]] for image in (x, changed)
        )
        pictures, chart = fig.subfigures(1, 2, width_ratios=(2, 1))
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
        size = distortion(x, changed).item()
        seen = f"seen as {after} ({shares.max():.0%})"
        done = f"{picture}, c = {c:.2g}, target {target}: {seen}"
        return f"{done}, distortion {size:.4f}, shown × {gain}"

    explorer = Explorer(
        draw,
        size=(9.5, 2.6),
        progress=bar,
        upload=ipywidgets.FileUpload(accept="image/*", multiple=False, description="your picture"),
        picture=ipywidgets.Dropdown(options=[*options, UPLOADED], description="picture"),
        target=ipywidgets.Combobox(
            value=system.classes[system.target],
            options=system.classes,
            description="target",
            continuous_update=False,
        ),
        c=ipywidgets.FloatLogSlider(
            0.03, min=-3, max=3, step=0.1, description="c", continuous_update=False
        ),
        scale=stretch(),
        gain=ipywidgets.IntSlider(
            10, min=1, max=100, description="magnified", continuous_update=False
        ),
    )

    def choose_upload(change) -> None:
        explorer.set(picture=UPLOADED)

    explorer.controls["upload"].observe(choose_upload, names="value")
    return explorer


def uploaded(value) -> bytes | None:
    """Return the content of the file that a ``FileUpload`` holds, if there is one.

    Parameters
    ----------
    value : dict or tuple
        Its value: a dict of files by name in ipywidgets 7, a tuple of files in 8.
    """
    files = list(value.values()) if isinstance(value, dict) else list(value)
    return bytes(files[-1]["content"]) if files else None


class _Counted(list):
    """A record of evaluations that keeps none, and moves a progress bar."""

    def __init__(self, bar: ipywidgets.FloatProgress, total: int) -> None:
        super().__init__()
        self.bar, self.share = bar, 1 / total

    def append(self, evaluation) -> None:
        self.bar.value = min(1.0, self.bar.value + self.share)
