"""Rows of panels as one picture: live, where only what changed is drawn, and in a figure."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from helpers.course import plotting
from helpers.course.explorers._panels import FRAME, Panel, same

Rows = Sequence[Sequence[Panel]]


@dataclass
class _Cell:
    """A panel as it was drawn, and what it was drawn with."""

    panel: Panel
    canvas: FigureCanvasAgg
    ax: object
    ground: object  # what does not move
    pixels: np.ndarray  # (H, W, 3)


class Sheet:
    """Rows of panels as one picture; each panel has a small figure of its own, which is kept."""

    def __init__(self):
        self._cells: dict[tuple[int, int], _Cell] = {}
        self._edges: list[tuple[int, list[int]]] = []  # of each row: its bottom, its right edges

    def png(self, rows: Rows) -> bytes:
        """Return the rows, one above the other, as a PNG picture."""
        strips, self._edges, bottom = [], [], 0
        for i, row in enumerate(rows):
            panels = [self._pixels((i, j), panel) for j, panel in enumerate(row)]
            height = max(map(len, panels))
            strips.append(np.hstack([_grown(one, height, one.shape[1]) for one in panels]))
            bottom += height
            self._edges.append((bottom, np.cumsum([one.shape[1] for one in panels]).tolist()))
        width = max(strip.shape[1] for strip in strips)
        picture = np.vstack([_grown(strip, len(strip), width) for strip in strips])
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()

    def at(self, across: float, down: float) -> tuple[tuple[int, int], tuple[float, float]] | None:
        """Return which panel (row, column) is at a place of the picture, and its coordinates there.

        Parameters
        ----------
        across, down : float
            The place, from the left and from the top, as shares of the width and of the height.

        Returns
        -------
        ((int, int), (float, float)) or None
            The panel and the data coordinates in its axes; None where there are no axes.
        """
        width, height = max(edges[-1] for _, edges in self._edges), self._edges[-1][0]
        x, y, top = across * width, down * height, 0
        for i, (bottom, edges) in enumerate(self._edges):
            for j, (left, right) in enumerate(zip([0, *edges], edges, strict=False)):
                if top <= y < bottom and left <= x < right:
                    ax = self._cells[i, j].ax
                    place = (x - left, ax.figure.bbox.height - (y - top))  # from the bottom
                    if ax.bbox.contains(*place):
                        return (i, j), tuple(ax.transData.inverted().transform(place).tolist())
            top = bottom
        return None

    def _pixels(self, place: tuple[int, int], panel: Panel) -> np.ndarray:
        cell = self._cells.get(place)
        if cell is None or type(cell.panel) is not type(panel) or cell.panel.size != panel.size:
            self._cells[place] = _drawn(panel)
        elif not same(cell.panel, panel):
            outcome = panel.update(cell.ax, cell.panel)
            if not outcome:
                self._cells[place] = _drawn(panel)
            elif outcome == FRAME:
                self._cells[place] = _finished(panel, cell.canvas, cell.ax)
            else:
                cell.panel, cell.pixels = panel, _moved(cell.canvas, cell.ground, cell.ax, panel)
        return self._cells[place].pixels


def into_figure(fig, rows: Rows) -> None:
    """Draw the same rows into a figure, or a part of one."""
    heights = [max(panel.size[1] for panel in row) for row in rows]
    strips = fig.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
    for strip, row in zip(strips, rows, strict=True):
        widths = [panel.size[0] for panel in row]
        parts = strip.subfigures(1, len(row), width_ratios=widths, squeeze=False)[0]
        for part, panel in zip(parts, row, strict=True):
            panel.draw(plotting.axes(part))


def size_of(rows: Rows) -> tuple[float, float]:
    """Return the width and the height of the rows in inches."""
    width = max(sum(panel.size[0] for panel in row) for row in rows)
    return width, sum(max(panel.size[1] for panel in row) for row in rows)


def _drawn(panel: Panel) -> _Cell:
    """Draw a panel from nothing."""
    fig = plotting.figure(*panel.size)
    fig.set_dpi(plotting.SCREEN_DPI)
    ax = plotting.axes(fig)
    if panel.margins() is not None:
        (width, height), (left, right, bottom, top) = panel.size, panel.margins()
        fig.set_layout_engine("none")
        ax.set_position(
            (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
        )
    panel.draw(ax)
    cell = _finished(panel, FigureCanvasAgg(fig), ax)
    fig.set_layout_engine("none")  # it stays as it came out
    return cell


def _finished(panel: Panel, canvas: FigureCanvasAgg, ax) -> _Cell:
    """Draw what does not move, keep it, and draw the rest over it."""
    for artist in panel.moving(ax):
        artist.set_animated(True)  # not drawn with the others
    canvas.draw()
    ground = canvas.copy_from_bbox(canvas.figure.bbox)
    return _Cell(panel, canvas, ax, ground, _moved(canvas, ground, ax, panel))


def _moved(canvas: FigureCanvasAgg, ground, ax, panel: Panel) -> np.ndarray:
    """Draw what moves over what does not; return the pixels, shape (H, W, 3)."""
    canvas.restore_region(ground)
    for artist in panel.moving(ax):
        ax.draw_artist(artist)
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _grown(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return a picture with white below and on the right of it."""
    missing = ((0, height - pixels.shape[0]), (0, width - pixels.shape[1]), (0, 0))
    return np.pad(pixels, missing, constant_values=255)
