"""The explorer of chapter 2."""

import ipywidgets
from torch import nn

from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer


def first_layer(networks: dict[str, nn.Sequential]) -> Explorer:
    """Explore the first layers of dense networks: each unit's weights are a picture.

    Parameters
    ----------
    networks : dict of str to nn.Sequential
        Networks that begin with ``Flatten, Linear`` on 28 × 28 pixels, by name.

    Returns
    -------
    Explorer
        Controls ``network`` and ``first``, the first of the ten units shown.
    """
    weights = {
        name: network[1].weight.detach().cpu().view(-1, 28, 28)
        for name, network in networks.items()
    }
    most = max(len(pictures) for pictures in weights.values())

    def draw(fig: plotting.Figure, *, network: str, first: int) -> str:
        pictures = weights[network]
        first = min(first, len(pictures) - 10)
        limit = pictures.abs().quantile(0.995).item()
        for column, ax in enumerate(plotting.axes(fig, 1, 10).flat):
            unit = first + column
            plotting.difference(pictures[unit], ax=ax, title=str(unit), limit=limit)
        return f"{network}: units {first} to {first + 9} of {len(pictures)}"

    return Explorer(
        draw,
        size=(9, 1.3),
        network=ipywidgets.Dropdown(options=list(networks), description="network"),
        first=ipywidgets.IntSlider(
            0, 0, most - 10, step=10, description="first unit", continuous_update=False
        ),
    )
