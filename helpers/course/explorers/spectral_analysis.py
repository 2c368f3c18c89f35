"""The explorer of chapter 10."""

import copy
import functools

import ipywidgets
from torch import nn

from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer
from helpers.spectral import conv_norm_bound, conv_singular_value, spectrum


def frequency_response(layers: dict[str, nn.Conv2d], *, sides: tuple[int, ...]) -> Explorer:
    """Explore how much a convolution can stretch each frequency, and what it stretches the most.

    Parameters
    ----------
    layers : dict of str to nn.Conv2d
        Convolutions to choose from, by name.
    sides : tuple of int
        Of the input, to choose from, multiples of 4.

    Returns
    -------
    Explorer
        Controls ``layer``, ``stride`` (1, 2 or 4) and ``side``, of the input.
    """

    @functools.cache
    def measured(layer: str, stride: int, side: int):
        conv = copy.deepcopy(layers[layer]).requires_grad_(False)
        conv.stride = (stride, stride)
        square = (side, side)
        worst = conv_singular_value(conv, square, tolerance=1e-3, starts=1, max_applications=100)
        strongest = worst.input.flatten(1).norm(dim=1).argmax().item()
        norms = spectrum(conv, square).cpu().numpy()
        bound = conv_norm_bound(conv, square).item()
        return norms, worst.input[strongest].cpu().numpy(), worst.value, bound

    def draw(fig: plotting.Figure, *, layer: str, stride: int, side: int) -> str:
        norms, worst, found, bound = measured(layer, stride, side)
        left, right = plotting.axes(fig, 1, 2)[0]
        half = 0.5 / stride
        extent = (-half, half, -half, half)
        shown = left.imshow(norms, cmap=plotting.SEQUENTIAL, vmin=0, origin="lower", extent=extent)
        left.set(xlabel="ξ_x in waves per pixel", ylabel="ξ_y")
        left.set_title("‖A(ξ)‖ at each frequency", fontsize=10)
        fig.colorbar(shown, ax=left, shrink=0.9)
        channels = layers[layer].in_channels
        which = "" if channels == 1 else f", 1 of {channels} channels"
        plotting.difference(worst, ax=right, title=f"most stretched input{which}")
        return (
            f"{layer}, stride {stride}, {side} × {side}: norm {found:.3f}, "
            f"wrap-around {norms.max():.3f}, bound {bound:.3f}"
        )

    return Explorer(
        draw,
        size=(8, 3.4),
        layer=ipywidgets.Dropdown(options=list(layers), description="layer"),
        stride=ipywidgets.Dropdown(options=[1, 2, 4], description="stride"),
        side=ipywidgets.SelectionSlider(
            options=sides, value=sides[-1], description="size", continuous_update=False
        ),
    )
