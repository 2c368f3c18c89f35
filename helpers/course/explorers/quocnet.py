"""The explorer of chapter 12."""

from torch import Tensor, nn

from helpers.course import plotting
from helpers.course.explorers._charts import Painted, nice
from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._panels import Picture
from helpers.course.explorers._parts import stretch, whole
from helpers.evaluation import distortion
from helpers.units import scores


def detection(
    model: nn.Sequential, inputs: Tensor, adversarial: Tensor, labels: Tensor, *, thing: str
) -> PanelExplorer:
    """Explore what it takes to turn a detection off, or on.

    Parameters
    ----------
    model : nn.Sequential
        A detector: two logits, ``[rest, class]``.
    inputs, adversarial : Tensor, shape (N, C, H, W)
        Images to choose from, and what an attack made of them.
    labels : Tensor, shape (N,)
        1 for images of the class, 0 for the rest.
    thing : str
        What is detected.

    Returns
    -------
    PanelExplorer
        Controls ``picture``, ``scale``, which stretches the perturbation, and ``magnified``, how
        many times as strong its picture is shown.
    """
    names = [thing if label else f"no {thing}" for label in labels.tolist()]

    def draw(*, picture: int, scale: float, gain: int):
        x = inputs[picture : picture + 1]
        r = scale * (adversarial[picture : picture + 1] - x)
        changed = (x + r).clamp(0, 1)
        before, after = scores(model, x).item(), scores(model, changed).item()
        seen = [thing if score > 0 else f"no {thing}" for score in (before, after)]
        titles = (f"x: {names[picture]}", f"x': seen as {seen[1]}", f"|x' − x| × {gain}")
        pictures = (x, changed, gain * (changed - x).abs())
        panels = [
            Picture(pixels=drawable(pixels[0]), title=title)
            for pixels, title in zip(pictures, titles, strict=True)
        ]
        frame = nice(min(before, after, 0.0), max(before, after, 0.0))
        chart = Painted(
            paint=lambda ax: _scores(before, after, frame, ax=ax),
            key=(before, after),
            frame=frame,
        )
        size = distortion(x, changed).item()
        message = (
            f"{names[picture]}: score {before:+.2f}, {seen[0]}; "
            f"distortion {size:.4f}: score {after:+.2f}, {seen[1]}"
        )
        return message, [[*panels, chart]]

    return PanelExplorer(
        draw,
        picture=whole(0, 0, len(inputs) - 1, "picture"),
        scale=stretch(),
        gain=whole(10, 1, 50, "magnified"),
    )


def _scores(before: float, after: float, limits: tuple, *, ax) -> None:
    """Draw the scores of x and x'."""
    plotting.bars([before, after], ax=ax, labels=["x", "x'"], highlight=[1], title="score")
    ax.axvline(0, color="black", linewidth=1)
    ax.set_xlim(limits)


def drawable(pixels: Tensor) -> Tensor:
    """Return an image (C, H, W) as what is drawn: (H, W) if it is grey, else (H, W, 3)."""
    return pixels.permute(1, 2, 0).squeeze(-1).cpu()
