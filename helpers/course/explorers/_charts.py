"""The panels of an explorer's picture that have axes: curves, maps, and what else is painted.

Axes with their numbers take the most time to draw. So they are drawn once, and as long as what is
shown fits into them, only that is drawn again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from matplotlib.patches import Rectangle

from helpers.course import plotting
from helpers.course.explorers._panels import FRAME, LINE, ORANGE, Panel, array, retitle, same
from helpers.course.legibility import ink

MARGINS = (0.55, 0.12, 0.55, 0.32)  # inches around a chart: left, right, bottom, top
SMALL_LETTER = 0.08  # inches
FILLED = 0.35  # of the height of a chart, or more; otherwise its axes are drawn anew


@dataclass(frozen=True, eq=False, kw_only=True)
class Curves(Panel):
    """Curves, and the point where the controls are.

    Attributes
    ----------
    lines : sequence of (x, y, options of ``Axes.plot``)
        The curves.
    point : (float, float)
        Where the controls are.
    title : str
        Title of the axes.
    axes : mapping
        What ``Axes.set`` is told: names and limits of the axes.
    level, mark : float, optional
        Where a horizontal line is drawn, and a dotted vertical one.
    bands : sequence of (float, float)
        Grey stripes, from where to where.
    """

    lines: Sequence[tuple[Any, Any, Mapping[str, Any]]]
    point: tuple[float, float] | None = None
    title: str = ""
    axes: Mapping[str, Any] = field(default_factory=dict)
    level: float | None = None
    mark: float | None = None
    bands: Sequence[tuple[float, float]] = ()

    def draw(self, ax) -> None:
        for begin, end in self.bands:
            ax.axvspan(begin, end, color="0.93", lw=0)
        if self.level is not None:
            ax.axhline(self.level, color="0.4", linewidth=0.8)
        if self.mark is not None:
            ax.axvline(self.mark, color="grey", linestyle=":").set_gid("mark")
        ax.margins(y=0.15)
        for number, (x, y, options) in enumerate(self.lines):
            ax.plot(array(x), array(y), gid=str(number), **options)
        if self.point is not None:
            (dot,) = ax.plot(*([value] for value in self.point), "o", color=ORANGE, zorder=5)
            dot.set_gid("point")
        ax.set(**self.axes)
        ax.set_title(self.title, fontsize=10)
        if any("label" in options for *_, options in self.lines):
            ax.legend(fontsize=9, frameon=False)

    def at(self, x: float, y: float) -> "Curves":
        """Return the same with another point."""
        return replace(self, point=(x, y))

    def update(self, ax, old: "Curves") -> bool | str:
        changing = {name: getattr(old, name) for name in ("lines", "point", "mark", "title")}
        if not same(replace(self, **changing), old) or len(self.lines) != len(old.lines):
            return False
        for (x, _, options), (old_x, _, old_options) in zip(self.lines, old.lines, strict=True):
            if not same((x, options), (old_x, old_options)):
                return False
        for line in ax.lines:
            if line.get_gid() == "point":
                line.set_data(*([value] for value in self.point))
            elif line.get_gid() == "mark":
                line.set_xdata([self.mark, self.mark])
            elif line.get_gid() is not None:
                line.set_ydata(array(self.lines[int(line.get_gid())][1]))
        return retitle(ax, self.title, old.title) and (self._fits(ax) or FRAME)

    def _fits(self, ax) -> bool:
        """Return whether the limits suit the lines; set others where they do not."""
        if "ylim" in self.axes:
            return True
        low, high = ax.get_ylim()
        values = np.concatenate([array(y) for _, y, _ in self.lines])
        smallest, largest = values.min().item(), values.max().item()
        height = max(largest - smallest, 1e-6)
        if not np.isfinite(height):
            return True
        if low <= smallest and largest <= high and height >= FILLED * (high - low):
            return True
        ax.set_ylim(smallest - 0.15 * height, largest + 0.15 * height)
        return False

    def moving(self, ax) -> list:
        return [*(line for line in ax.lines if line.get_gid() is not None), ax.title]

    def margins(self) -> tuple[float, float, float, float]:
        return MARGINS


@dataclass(frozen=True, eq=False, kw_only=True)
class Map(Panel):
    """A table as colours, from 0 to 1, the chosen cell framed, and a word in each row or cell.

    Attributes
    ----------
    values : array-like, shape (rows, columns)
        Shares from 0 to 1.
    rows, columns : sequence of str
        Names of the rows and of the columns.
    words : mapping of (int, int) to str
        What is written into cells, by row and column.
    chosen : (int, int), optional
        Row and column of the cell with a frame.
    title, xlabel, ylabel : str
        Title of the axes and names of both directions.
    top : float
        The value of the brightest colour.
    """

    values: Any
    rows: Sequence[str]
    columns: Sequence[str]
    words: Mapping[tuple[int, int], str] = field(default_factory=dict)
    chosen: tuple[int, int] | None = None
    title: str = ""
    xlabel: str = ""
    ylabel: str = ""
    top: float = 1.0

    def draw(self, ax) -> None:
        ax.imshow(
            array(self.values), cmap=plotting.SEQUENTIAL, vmin=0, vmax=self.top, aspect="auto"
        )
        slanted = {"rotation": 35, "ha": "right"} if max(map(len, self.columns)) > 2 else {}
        ax.set_xticks(range(len(self.columns)), self.columns, fontsize=9, **slanted)
        ax.set_yticks(range(len(self.rows)), self.rows, fontsize=9)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set(xlabel=self.xlabel, ylabel=self.ylabel)
        ax.set_title(self.title, fontsize=10)
        self._write(ax)

    def update(self, ax, old: "Map") -> bool:
        names = "rows", "columns", "xlabel", "ylabel", "top"
        if any(not same(getattr(self, name), getattr(old, name)) for name in names):
            return False
        ax.images[0].set_data(array(self.values))
        for artist in [*ax.texts, *ax.patches]:
            artist.remove()
        self._write(ax)
        return retitle(ax, self.title, old.title)

    def moving(self, ax) -> list:
        return [*ax.images, *ax.texts, *ax.patches, ax.title]

    def margins(self) -> tuple[float, float, float, float]:
        left = 0.15 + SMALL_LETTER * max(map(len, self.rows)) + LINE * bool(self.ylabel)
        longest = max(map(len, self.columns))
        under = 0.25 if longest <= 2 else 0.15 + 0.6 * SMALL_LETTER * longest
        return left, 0.1, under + LINE * bool(self.xlabel), 0.32

    def _write(self, ax) -> None:
        colours = ax.images[0].to_rgba(array(self.values))
        for (row, column), word in self.words.items():
            colour = ink(colours[row, column, :3])
            ax.text(column, row, word, ha="center", va="center", color=colour, fontsize=9)
        if self.chosen is not None:
            row, column = self.chosen
            corner = (column - 0.47, row - 0.47)
            ax.add_patch(Rectangle(corner, 0.94, 0.94, fill=False, edgecolor=ORANGE, linewidth=2))


@dataclass(frozen=True, eq=False, kw_only=True)
class Painted(Panel):
    """Whatever ``paint(ax)`` draws; the same `key` stands for the same drawing.

    Where the `frame` is the same, too, the axes with their names, limits and numbers are.
    """

    paint: Callable[[Any], None]
    key: Any
    frame: Any
    around: tuple[float, float, float, float] = MARGINS

    def content(self) -> tuple:
        return self.size, self.frame, self.key

    def draw(self, ax) -> None:
        self.paint(ax)

    def update(self, ax, old: "Painted") -> bool | str:
        for artist in self.moving(ax)[:-1]:
            artist.remove()
        ax.set_prop_cycle(plotting.STYLE["axes.prop_cycle"])  # from its first colour on
        self.paint(ax)
        return same(self.frame, old.frame) or FRAME

    def moving(self, ax) -> list:
        return [*ax.images, *ax.patches, *ax.collections, *ax.lines, *ax.texts, ax.title]

    def margins(self) -> tuple[float, float, float, float]:
        return self.around


def nice(low: float, high: float) -> tuple[float, float]:
    """Return limits around a range that are the same for most ranges like it."""
    width = max(high - low, 1e-6)
    power = 10 ** np.floor(np.log10(width))
    step = next(share * power for share in (0.5, 1, 2, 5) if 4 * share * power >= width)
    first = np.floor(low / step)
    return float(step * first), float(step * max(np.ceil(high / step), first + 1))
