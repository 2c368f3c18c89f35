"""Figures from arrays. Functions take the data first and draw into a figure or axes given."""

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
import scipy
from IPython.display import DisplayHandle, display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure, SubFigure

from helpers.course.folding import folded
from helpers.course.legibility import ink

STYLE = {
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": plt.cycler(  # Okabe and Ito's colours, safe for colour-blind readers
        color=["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
    ),
    "font.size": 11,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
}
SEQUENTIAL = "cividis"
DIVERGING = "PuOr"  # orange for less, purple for more; told apart by colour-blind readers
DPI = 150  # dots per inch of a figure, enough for a slide
SCREEN_DPI = 90  # of a picture that follows a slider; a page shows every figure at this size
HEAVY = 250_000  # bytes: photographs, which are kept at the screen's resolution


def figure(width: float = 8, height: float = 3) -> Figure:
    """Return a new figure of `width` × `height` inches in the style of the course."""
    with plt.rc_context(STYLE):
        return Figure(figsize=(width, height), layout="constrained")


def axes(fig: Figure | SubFigure, rows: int = 1, columns: int = 1, **options):
    """Return new axes in the style of the course: one, or an array (rows, columns) of them."""
    with plt.rc_context(STYLE):
        made = fig.subplots(rows, columns, squeeze=False, **options)
    return made[0, 0] if made.size == 1 else made


def show(fig: Figure, alt: str, *, place: DisplayHandle | None = None) -> None:
    """Display a figure with its alternative text, which says what there is to see in it.

    A figure shown in a `place`, from `DisplayHandle()`, replaces the one that was there. One with
    a label (``fig.set_label``) is folded away under it where a kernel is alive. Its ground is
    white, whatever the page's, so that it can be read in a dark theme as well.
    """
    picture = png(fig)
    if len(picture) > HEAVY:
        picture = png(fig, SCREEN_DPI)
    width = round(fig.get_figwidth() * SCREEN_DPI)
    content = {"image/png": base64.b64encode(picture).decode(), "text/plain": alt}
    content |= folded(picture, fig.get_label(), width) if fig.get_label() else {}
    metadata = {"image/png": {"alt": alt, "width": width}}
    if place is None:
        display(content, metadata=metadata, raw=True)
    else:
        place.update(content, metadata=metadata, raw=True)


def png(fig: Figure, dpi: int = DPI) -> bytes:
    """Return the figure as a PNG picture of so many dots per inch."""
    buffer = io.BytesIO()
    fig.set_dpi(dpi)
    FigureCanvasAgg(fig).print_png(buffer)  # lays out and draws once, where savefig does it twice
    return buffer.getvalue()


def image_grid(
    images,
    *,
    titles=None,
    row_labels=None,
    fig: Figure | SubFigure | None = None,
    size: float = 1.0,
):
    """Draw rows of images.

    Parameters
    ----------
    images : array-like, shape (rows, columns, H, W) or (rows, columns, H, W, 3)
        Pixels in [0, 1].
    titles : sequence of str, optional
        A title for each image, row by row.
    row_labels : sequence of str, optional
        A label for each row.
    fig : Figure or SubFigure, optional
        Where to draw; a new figure by default.
    size : float
        Width of an image in inches, in a new figure.

    Returns
    -------
    Figure or SubFigure
        What was drawn into.
    """
    images = np.asarray(images)
    rows, columns = images.shape[:2]
    if fig is None:
        fig = figure(size * columns + 1.2 * bool(row_labels), size * rows * (1.25 if titles else 1))
    grid = np.array(axes(fig, rows, columns)).reshape(rows, columns)
    for position, ax in enumerate(grid.flat):
        image(images[position // columns, position % columns], ax=ax)
        if titles is not None:
            ax.set_title(titles[position], fontsize=10)
    for ax, label in zip(grid[:, 0], row_labels or [], strict=False):
        ax.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=10)
    return fig


def image(pixels, *, ax, title: str = "") -> None:
    """Draw one image (H, W) or (H, W, 3) with pixels in [0, 1] into `ax`."""
    pixels = np.asarray(pixels).clip(0, 1)
    ax.imshow(pixels, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    ax.set_title(title, fontsize=10)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def difference(r, *, ax, title: str = "", limit: float | None = None) -> None:
    """Draw a perturbation r (H, W) into `ax`: purple where it adds, orange where it takes away.

    `limit` is the value of the deepest colour; the largest |r| by default.
    """
    r, limit = np.asarray(r), limit_of(r, limit)
    ax.imshow(r, cmap=DIVERGING, vmin=-limit, vmax=limit, interpolation="nearest")
    ax.set_title(title, fontsize=10)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def limit_of(r, limit: float | None = None) -> float:
    """Return the value of the deepest colour of a difference: the limit given, or r's largest."""
    return limit or max(float(np.abs(np.asarray(r)).max()), 1e-9)


def up_to(title: str, r) -> str:
    """Return the title of a difference r that is drawn with its own limit, which it names."""
    return f"{title}, up to ±{float(np.abs(np.asarray(r)).max()):.2g}"


def magnified(r, gain: float):
    """Return a difference r of colour images as pictures around mid-grey: 1/2 + gain · r."""
    return (0.5 + gain * r).clip(0, 1)


def bars(values, *, ax, labels, highlight=(), title: str = "", limit: float | None = None) -> None:
    """Draw horizontal bars, one a label, those at the positions `highlight` in another colour."""
    values = np.asarray(values)
    colours = ["#D55E00" if i in highlight else "#0072B2" for i in range(len(values))]
    ax.barh(range(len(values)), values, color=colours)
    ax.set_yticks(range(len(values)), labels)
    ax.invert_yaxis()
    ax.set_title(title, fontsize=10)
    if limit is not None:
        ax.set_xlim(0, limit)


def regions(labels, *, ax, title: str = "") -> None:
    """Draw decision regions of the unit square: row i, column j of `labels` is at (x_j, y_i).

    Labels are the integers 0, 1, 2; their colours are paler than those of the lines above them.
    """
    shades = ListedColormap(["#CFE3F1", "#F8DCC6", "#CDEBE1"])
    shown = np.asarray(labels)
    ax.imshow(shown, cmap=shades, vmin=0, vmax=2, origin="lower", extent=(0, 1, 0, 1))
    ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    ax.set(xlabel="$x_1$", ylabel="$x_2$")
    ax.spines[:].set_visible(True)  # the sides of the box
    ax.set_title(title, fontsize=10)


def heatmap(
    values, *, ax, rows, columns, xlabel, ylabel, title: str = "", number="{:.0f}", limits=None
) -> None:
    """Draw a table as colours, with its numbers written in the cells; nan stays empty.

    Parameters
    ----------
    values : array-like, shape (rows, columns)
        What is drawn.
    ax : Axes
        Where to draw.
    rows, columns : sequence of str
        Names of the rows and of the columns.
    xlabel, ylabel : str
        What the columns and what the rows are.
    title : str
        Title of the axes.
    number : str
        Format of a number.
    limits : (float, float), optional
        Values of the darkest and of the brightest colour; the range of `values` by default.
    """
    values = np.asarray(values, dtype=float)
    low, high = limits or (np.nanmin(values), np.nanmax(values))
    drawn = ax.imshow(values, cmap=SEQUENTIAL, vmin=low, vmax=high, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if not np.isnan(value):
            shade = ink(drawn.to_rgba(value)[:3])
            text = number.format(value)
            ax.text(column, row, text, ha="center", va="center", color=shade, fontsize=9)
    slanted = {"rotation": 30, "ha": "right"} if max(map(len, columns)) > 2 else {}
    ax.set_xticks(range(len(columns)), columns, fontsize=9, **slanted)
    ax.set_yticks(range(len(rows)), rows, fontsize=9)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.set_title(title, fontsize=10)


def label_map(labels, *, ax, extent) -> None:
    """Draw which label (rows, columns) a model gives in a plane, each label written in its region.

    `extent` is (left, right, bottom, top); the first row is at the bottom.
    """
    labels = np.asarray(labels)
    present = np.unique(labels)
    colours = ["#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00", "#0072B2"]
    colours = [*colours, "#999999", "#DDDDDD", "#666666"]
    shades = [colours[label % len(colours)] for label in present]
    ax.imshow(
        np.searchsorted(present, labels),
        cmap=ListedColormap(shades),
        vmin=-0.5,
        vmax=len(present) - 0.5,
        origin="lower",
        extent=extent,
        interpolation="nearest",
        alpha=0.6,
    )
    left, right, bottom, top = extent
    for label in present:
        region = np.pad(labels == label, 1)
        depth = scipy.ndimage.distance_transform_edt(region)[1:-1, 1:-1]  # from the region's edge
        if depth.max() < 0.03 * min(labels.shape):  # too small to write in
            continue
        row, column = np.unravel_index(depth.argmax(), depth.shape)
        x = left + (right - left) * (column + 0.5) / labels.shape[1]
        y = bottom + (top - bottom) * (row + 0.5) / labels.shape[0]
        ax.text(x, y, str(label), ha="center", va="center", fontsize=12, fontweight="bold")
