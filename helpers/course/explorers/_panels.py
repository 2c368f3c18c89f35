"""The panels of an explorer's picture.

A panel is data: what to show, and how large. Two panels with the same content have the same
pixels, and most changes are made to what is drawn already, so that a picture follows a slider
while it is dragged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from helpers.course import plotting

PICTURE = (2.15, 2.6)  # inches, of a panel with a picture
CHART = (2.6, 2.6)
LINE, LETTER = 0.22, 0.095  # inches: the height of a line, the width of a letter
FRAME = "frame"
BLUE, ORANGE = "#0072B2", "#D55E00"  # of `plotting.bars`


@dataclass(frozen=True, eq=False, kw_only=True)
class Panel:
    """What is drawn into one pair of axes, `size` inches wide and high."""

    size: tuple[float, float] = CHART

    def content(self) -> tuple:
        """Return all that the pixels depend on."""
        return tuple(getattr(self, one.name) for one in fields(self))

    def draw(self, ax) -> None:
        """Draw into empty axes."""
        raise NotImplementedError

    def update(self, ax, old: "Panel") -> bool | str:
        """Change what `old` has drawn; return whether that could be done, or `FRAME`.

        `FRAME` says that it could, and that more has changed than what moves.
        """
        return False

    def moving(self, ax) -> list:
        """Return the artists that `update` changes; all others are drawn once."""
        return []

    def margins(self) -> tuple[float, float, float, float] | None:
        """Return the inches around the axes: left, right, bottom, top; None to have them found."""
        return None


@dataclass(frozen=True, eq=False, kw_only=True)
class Picture(Panel):
    """An image with pixels in [0, 1], shape (H, W) or (H, W, 3)."""

    pixels: Any
    title: str = ""
    size: tuple[float, float] = PICTURE

    def draw(self, ax) -> None:
        plotting.image(array(self.pixels), ax=ax, title=self.title)

    def update(self, ax, old: "Picture") -> bool:
        if array(self.pixels).shape != array(old.pixels).shape:
            return False
        ax.images[0].set_data(np.clip(array(self.pixels), 0, 1))
        return retitle(ax, self.title, old.title)

    def moving(self, ax) -> list:
        return [*ax.images, ax.title]

    def margins(self) -> tuple[float, float, float, float]:
        return 0.06, 0.06, 0.06, 0.1 + LINE * len(self.title.splitlines())


@dataclass(frozen=True, eq=False, kw_only=True)
class Difference(Panel):
    """A perturbation, shape (H, W); `limit` is the value of the deepest colour, or r's largest."""

    r: Any
    title: str = ""
    limit: float | None = None
    size: tuple[float, float] = PICTURE

    def draw(self, ax) -> None:
        plotting.difference(array(self.r), ax=ax, title=self.title, limit=self.limit)

    def update(self, ax, old: "Difference") -> bool:
        if array(self.r).shape != array(old.r).shape:
            return False
        ax.images[0].set_data(array(self.r))
        limit = plotting.limit_of(array(self.r), self.limit)
        ax.images[0].set_clim(-limit, limit)
        return retitle(ax, self.title, old.title)

    moving, margins = Picture.moving, Picture.margins


@dataclass(frozen=True, eq=False, kw_only=True)
class Bars(Panel):
    """Horizontal bars from 0 to 1, one a label; those at the positions `highlight` stand out."""

    values: Any
    labels: Sequence[str]
    highlight: Sequence[int] = ()
    title: str = ""

    def draw(self, ax) -> None:
        plotting.bars(
            array(self.values),
            ax=ax,
            labels=self.labels,
            highlight=self.highlight,
            title=self.title,
            limit=1,
        )
        ax.set_xticks([0, 0.5, 1])

    def update(self, ax, old: "Bars") -> bool:
        if not same(self.labels, old.labels):
            return False
        for position, (bar, value) in enumerate(zip(ax.patches, array(self.values), strict=True)):
            bar.set_width(value)
            bar.set_facecolor(ORANGE if position in self.highlight else BLUE)
        return retitle(ax, self.title, old.title)

    def moving(self, ax) -> list:
        return [*ax.patches, ax.title]

    def margins(self) -> tuple[float, float, float, float]:
        return 0.15 + LETTER * max(map(len, self.labels)), 0.15, 0.3, 0.32


def same(one: Any, other: Any) -> bool:
    """Return whether two panels, arrays or other values have the same content."""
    if isinstance(one, Panel):
        return type(one) is type(other) and same(one.content(), other.content())
    if isinstance(one, torch.Tensor | np.ndarray):
        return np.array_equal(array(one), array(other), equal_nan=True)
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other


def array(values) -> np.ndarray:
    """Return a tensor, or anything like an array, as an array."""
    return values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)


def retitle(ax, title: str, old: str) -> bool:
    """Set the title; return whether it takes as many lines as the old one."""
    ax.set_title(title, fontsize=10)
    return len(title.splitlines()) == len(old.splitlines())
