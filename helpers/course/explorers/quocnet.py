"""The explorer of chapter 12."""

import ipywidgets
from torch import Tensor, nn

from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer
from helpers.course.explorers._parts import stretch
from helpers.evaluation import distortion
from helpers.units import scores


def detection(
    model: nn.Sequential, inputs: Tensor, adversarial: Tensor, labels: Tensor, *, thing: str
) -> Explorer:
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
    Explorer
        Controls ``picture``, ``scale``, which stretches the perturbation, and ``×``, by which its
        picture is magnified.
    """
    names = [thing if label else f"no {thing}" for label in labels.tolist()]

    def draw(fig: plotting.Figure, *, picture: int, scale: float, gain: int) -> str:
        x = inputs[picture : picture + 1]
        r = scale * (adversarial[picture : picture + 1] - x)
        changed = (x + r).clamp(0, 1)
        before, after = scores(model, x).item(), scores(model, changed).item()
        seen = [thing if score > 0 else f"no {thing}" for score in (before, after)]
        pictures, chart = fig.subfigures(1, 2, width_ratios=(2.6, 1))
        titles = (f"x: {names[picture]}", f"x': seen as {seen[1]}", f"|x' − x| × {gain}")
        panels = (x, changed, gain * (changed - x).abs())
        for ax, pixels, title in zip(plotting.axes(pictures, 1, 3)[0], panels, titles, strict=True):
            plotting.image(drawable(pixels[0]), ax=ax, title=title)
        ax = plotting.axes(chart)
        plotting.bars([before, after], ax=ax, labels=["x", "x'"], highlight=[1], title="score")
        ax.axvline(0, color="black", linewidth=1)
        size = distortion(x, changed).item()
        return (
            f"{names[picture]}: score {before:+.2f}, {seen[0]}; "
            f"distortion {size:.4f}: score {after:+.2f}, {seen[1]}"
        )

    return Explorer(
        draw,
        size=(9.5, 2.5),
        picture=ipywidgets.IntSlider(
            0, 0, len(inputs) - 1, description="picture", continuous_update=False
        ),
        scale=stretch(),
        gain=ipywidgets.IntSlider(10, 1, 50, description="×", continuous_update=False),
    )


def drawable(pixels: Tensor) -> Tensor:
    """Return an image (C, H, W) as what is drawn: (H, W) if it is grey, else (H, W, 3)."""
    return pixels.permute(1, 2, 0).squeeze(-1).cpu()
