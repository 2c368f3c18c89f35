"""The explorer of chapter 10."""

import copy
import functools

import ipywidgets
from torch import Tensor, nn
from torch.nn import functional

from helpers.course import plotting
from helpers.course.explorers._charts import Painted
from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._panels import Difference, Picture
from helpers.course.explorers._parts import choice, look
from helpers.course.explorers._yours import Yours
from helpers.spectral import conv_norm_bound, conv_singular_value, spectrum

LARGE, SMALL = (3.6, 3.2), (2.7, 3.2)  # inches


def frequency_response(layers: dict[str, nn.Conv2d], *, sides: tuple[int, ...]) -> PanelExplorer:
    """Explore how much a convolution can stretch each frequency, and what it stretches the most.

    Parameters
    ----------
    layers : dict of str to nn.Conv2d
        Convolutions to choose from, by name.
    sides : tuple of int
        Of the input, to choose from, multiples of 4.

    Returns
    -------
    PanelExplorer
        Controls ``layer``, ``stride`` (1, 2 or 4), ``side``, of the input, and ``own``: whether
        an image drawn by the reader is sent through the layer, the same into each channel.
    """
    yours = Yours()

    @functools.cache
    def measured(layer: str, stride: int, side: int):
        conv = strided(layer, stride)
        square = (side, side)
        worst = conv_singular_value(conv, square, tolerance=1e-3, starts=1, max_applications=100)
        strongest = worst.input.flatten(1).norm(dim=1).argmax().item()
        norms = spectrum(conv, square).cpu().numpy()
        bound = conv_norm_bound(conv, square).item()
        return norms, worst.input[strongest].cpu().numpy(), worst.value, bound

    def strided(layer: str, stride: int) -> nn.Conv2d:
        conv = copy.deepcopy(layers[layer]).requires_grad_(False)
        conv.stride, conv.bias = (stride, stride), None
        return conv

    def sent_through(layer: str, stride: int, side: int) -> tuple[float, list[Picture]]:
        """Return by how much the drawn image is stretched, and panels of it and of its output."""
        conv, image = strided(layer, stride), resized(yours.image(), side)
        inputs = image.to(conv.weight).expand(-1, conv.in_channels, -1, -1)
        outputs = conv(inputs)[0]
        factor = (outputs.norm() / inputs.norm().clamp_min(1e-9)).item()
        strongest = outputs[outputs.flatten(1).norm(dim=1).argmax()].cpu()
        limit = max(strongest.abs().max().item(), 1e-9)
        return factor, [
            Picture(pixels=image[0, 0], title="your image", size=SMALL),
            Difference(r=strongest, limit=limit, title="after the layer", size=SMALL),
        ]

    def draw(*, layer: str, stride: int, side: int, own: bool):
        norms, worst, found, bound = measured(layer, stride, side)
        channels = layers[layer].in_channels
        which = "" if channels == 1 else f"\n(1 of {channels} channels)"
        largest = float(abs(worst).max())
        panels = [
            Painted(
                paint=lambda ax: _spectrum(norms, stride, ax=ax),
                key=norms,
                frame=stride,
                size=LARGE,
            ),
            Difference(r=worst, limit=largest, title=f"most stretched input{which}", size=SMALL),
        ]
        message = (
            f"{layer}, stride {stride}, {side} × {side}: norm {found:.3f}, "
            f"wrap-around {norms.max():.3f}, bound {bound:.3f}"
        )
        if own and yours.offered:
            factor, more = sent_through(layer, stride, side)
            panels += more
            message += f"; your image is stretched by {factor:.3f}"
        return message, [panels]

    return PanelExplorer(
        draw,
        images=yours,
        layer=choice(layers, "layer"),
        stride=choice((1, 2, 4), "stride"),
        side=ipywidgets.SelectionSlider(
            options=sides, value=sides[-1], description="size", **look()
        ),
        own=yours.button,
    )


def resized(image: Tensor, side: int) -> Tensor:
    """Return an image of shape (1, 1, H, W) with `side` × `side` pixels."""
    return functional.interpolate(image, (side, side), mode="bilinear", antialias=True)


def _spectrum(norms, stride: int, *, ax) -> None:
    """Draw the norm at each frequency."""
    half = 0.5 / stride
    extent = (-half, half, -half, half)
    ax.imshow(norms, cmap=plotting.SEQUENTIAL, vmin=0, origin="lower", extent=extent)
    ax.set(xlabel="ξ_x in waves per pixel", ylabel="ξ_y")
    ax.set_title(f"‖A(ξ)‖, from 0 (dark) to {norms.max():.2f}", fontsize=10)
