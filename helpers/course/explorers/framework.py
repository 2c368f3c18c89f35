"""The explorer of chapter 2."""

from torch import nn

from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._panels import Difference
from helpers.course.explorers._parts import choice, whole

SHOWN = 10  # units side by side


def first_layer(networks: dict[str, nn.Sequential]) -> PanelExplorer:
    """Explore the first layers of dense networks: each unit's weights are a picture.

    Parameters
    ----------
    networks : dict of str to nn.Sequential
        Networks that begin with ``Flatten, Linear`` on 28 × 28 pixels, by name.

    Returns
    -------
    PanelExplorer
        Controls ``network`` and ``first``, the first of the ten units shown, which is there only
        where the network has more than ten.
    """
    weights = {
        name: network[1].weight.detach().cpu().view(-1, 28, 28)
        for name, network in networks.items()
    }
    network = choice(networks, "network")
    first = whole(0, 0, 0, "first unit", step=SHOWN)

    def fit(change=None) -> None:
        first.max = len(weights[network.value]) - SHOWN

    network.observe(fit, names="value")  # before the explorer does
    fit()

    def draw(*, network: str, first: int):
        pictures = weights[network]
        first = min(first, len(pictures) - SHOWN)  # in a twin nothing has moved the slider
        limit = pictures.abs().quantile(0.995).item()
        panels = [
            Difference(r=pictures[unit], title=str(unit), limit=limit, size=(0.9, 1.2))
            for unit in range(first, first + SHOWN)
        ]
        message = f"{network}: units {first} to {first + SHOWN - 1} of {len(pictures)}"
        return message, [panels]

    def useful(*, network: str, first: int) -> set[str]:
        return {"network", "first"} if len(weights[network]) > SHOWN else {"network"}

    return PanelExplorer(draw, useful=useful, network=network, first=first)
