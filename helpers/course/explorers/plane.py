"""The explorer of chapter 5 in the plane: an attack on a network of two numbers, seen whole."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from helpers.attack import penalised_adversarial
from helpers.course import plotting
from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._panels import Panel, same
from helpers.course.explorers._parts import number, price
from helpers.evaluation import predict


@dataclass(frozen=True, eq=False, kw_only=True)
class Plane(Panel):
    """The labels in the unit square, and the way from a point x to x'.

    Attributes
    ----------
    labels : array-like, shape (H, W)
        The label of each point, 0 or 1; the first row is at the bottom.
    way : array-like, shape (2, 2)
        The points x and x'.
    """

    labels: Any
    way: Any
    size: tuple[float, float] = (4.6, 4.4)

    def draw(self, ax) -> None:
        """Draw into empty axes."""
        plotting.regions(self.labels, ax=ax, title="click to move x (the dot)")
        ax.plot(*self.way.T, "k-", lw=1)
        ax.plot(*self.way[:1].T, "ko", ms=7)
        ax.plot(*self.way[1:].T, "kx", ms=9, mew=2)
        ax.text(*self.way[1], "  x'", va="center")

    def update(self, ax, old: "Plane") -> bool:
        """Move the points; return whether the map is the same."""
        if not same(self.labels, old.labels):
            return False
        for line, points in zip(ax.lines, (self.way, self.way[:1], self.way[1:]), strict=True):
            line.set_data(*points.T)
        ax.texts[0].set_position(self.way[1])
        return True

    def moving(self, ax) -> list:
        """Return the points and the line between them."""
        return [*ax.lines, *ax.texts]


def plane(model: nn.Module, *, resolution: int = 150) -> PanelExplorer:
    """Explore the minimiser of c·‖r‖² + loss(x + r, l) in the unit square (section 4.1).

    Parameters
    ----------
    model : nn.Module
        Maps points of the square, shape (N, 2), to the logits of two labels; in eval mode.
    resolution : int
        Points of the map in each direction.

    Returns
    -------
    PanelExplorer
        Controls ``across`` and ``up``, where x is, which a click moves as well, and ``c``. The
        target is the label that x has not.
    """
    like = next(model.parameters())
    steps = torch.linspace(0, 1, resolution).to(like)
    ys, xs = torch.meshgrid(steps, steps, indexing="ij")
    square = torch.stack([xs, ys], dim=2).view(-1, 2)
    labels = predict(model, square).view(resolution, resolution)

    def draw(*, across: float, up: float, c: float):
        x = torch.tensor([[across, up]]).to(like)
        label = predict(model, x)
        end = penalised_adversarial(model, x, 1 - label, c).adversarial
        way = torch.cat([x, end])
        seen = predict(model, end).item()
        message = (
            f"x = ({across:.2f}, {up:.2f}) has the label {label.item()}; c = {c:.2g}: "
            f"x' = ({end[0, 0]:.2f}, {end[0, 1]:.2f}) has {seen}, at a distance of "
            f"{(end - x).norm():.3f}"
        )
        return message, [[Plane(labels=labels.cpu().numpy(), way=way.cpu().numpy())]]

    def click(place: tuple[int, int], point: tuple[float, float]) -> dict[str, float]:
        across, up = (round(min(max(value, 0), 1), 2) for value in point)
        return {"across": across, "up": up}

    return PanelExplorer(
        draw,
        click=click,
        across=number(0.3, 0, 1, 0.01, "x, across"),
        up=number(0.5, 0, 1, 0.01, "x, up"),
        c=price(0.1),
    )
