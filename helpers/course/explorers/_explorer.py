"""Controls beside one picture, with a static twin for pages without a kernel.

The picture is an ``Image`` widget and the text an ``HTML`` widget, both set by ``observe``, so
that a reader, a browser test and a headless run all see the same thing. Only the API common to
ipywidgets 7.7 and 8 is used. While a control is dragged its values come one at a time: the front
end sends the next when the last was answered, and always the last one in the end.
"""

import html
import textwrap
from collections.abc import Callable, Container
from pathlib import Path

import ipywidgets

from helpers.course import plotting
from helpers.course.explorers._live import live
from helpers.course.explorers._sheet import Rows, Sheet, into_figure, size_of
from helpers.course.widget_output import show_widget

LETTERS = 12  # an inch, of a title
STYLE = Path(__file__).with_name("explorer.css").read_text(encoding="utf-8")


class Explorer:
    """One picture and one line of text under controls.

    Parameters
    ----------
    draw : callable
        ``draw(fig, **values)`` draws into a Figure or SubFigure and returns the line of text.
    size : (float, float)
        Width and height of the picture in inches.
    progress : ipywidgets.FloatProgress, optional
        A bar under the controls, for a `draw` that takes its time and moves it.
    play : str, optional
        The control that gets a play button.
    click : callable, optional
        ``click(place, point)`` answers a click into the picture: ``place`` is the row and column
        of the panel, ``point`` the coordinates in its axes. It returns the values that controls
        get, by name.
    useful : callable, optional
        ``useful(**values)`` returns the names of the controls that have a say as things are; the
        others are hidden.
    images : helpers.course.explorers._yours.Yours, optional
        A pad there, which one of the controls opens.
    controls : ipywidgets
        The widgets that give the values, by the names that `draw` takes.
    """

    def __init__(
        self,
        draw: Callable[..., str],
        *,
        size: tuple[float, float],
        progress: ipywidgets.FloatProgress | None = None,
        **options,
    ):
        self.size = size
        self._set_up(draw, below=progress, **options)

    def _set_up(
        self,
        draw: Callable,
        *,
        play: str | None = None,
        click: Callable[..., dict] | None = None,
        useful: Callable[..., Container[str]] | None = None,
        below: ipywidgets.Widget | None = None,
        images=None,
        **controls,
    ) -> None:
        if images is not None:
            below, images.tell = images.place, self.redraw
        self.draw, self.controls, self.useful = draw, controls, useful
        self.drawings, self._moving = 0, False
        self.image = ipywidgets.Image(format="png")
        self.image.layout.max_width = "100%"
        self.image.layout.align_self = "flex-start"  # keep the proportions of the picture
        self.text = ipywidgets.HTML()
        self.text.add_class("explorer-text")
        self.box = ipywidgets.VBox()
        self.box.add_class("explorer")
        self.live = live(controls, self._clicked if click else None)
        self._click = click
        for control in controls.values():
            control.observe(self._follow, names="value")
        self.redraw()
        shown = [_with_play(c) if name == play else c for name, c in controls.items()]
        style = ipywidgets.HTML(f"<style>{STYLE}</style>")
        parts = [below, self.text, self.image, self.live, style]
        self.box.children = [*shown, *(part for part in parts if part is not None)]

    def set(self, **values) -> str:
        """Move controls and draw once, for all of them; return the text then shown."""
        self._moving = True
        try:
            for name, value in values.items():
                self.controls[name].value = value
        finally:
            self._moving = False
        self._follow()
        return self.message

    def twin(self, settings: list[dict]) -> plotting.Figure:
        """Return the static twin: the picture at each of the `settings`, one above the other.

        Where a kernel is alive it is folded away, since the explorer itself shows the same.
        """
        width, height = self.size
        fig = plotting.figure(width, (height + 0.35) * len(settings))
        fig.set_label("The picture at a few settings, for pages without a kernel")
        parts = fig.subfigures(len(settings), 1, squeeze=False)[:, 0]
        start = self.values()
        for part, setting in zip(parts, settings, strict=True):
            message = self._draw_into(part, {**start, **setting})
            lines = (textwrap.fill(line, int(LETTERS * width)) for line in message.splitlines())
            part.suptitle("\n".join(lines), fontsize=11)
        return fig

    def values(self) -> dict:
        """Return where the controls are, by name."""
        return {name: control.value for name, control in self.controls.items()}

    def _follow(self, change=None) -> None:
        """Draw once, whether one control was moved, or `set` or one of them moved several."""
        if not self._moving and self.values() != self._shown:
            self.redraw()

    def redraw(self) -> None:
        """Draw the picture for where the controls are now."""
        if self.live is None:  # nobody else says so while it is drawn
            self.box.add_class("explorer-stale")
        values = self.values()
        if self.useful is not None:
            self._hide_all_but(self.useful(**values))
        self.message, self.image.value = self._picture(values)
        self._shown = values
        self.drawings += 1  # tells whoever looks at the page that a control has been answered
        self.text.value = f'<pre data-drawing="{self.drawings}">{html.escape(self.message)}</pre>'
        if self.live is None:
            self.box.remove_class("explorer-stale")
        else:
            self.live.answer(self.message)

    def _picture(self, values: dict) -> tuple[str, bytes]:
        fig = plotting.figure(*self.size)
        message = self.draw(fig, **values)
        return message, plotting.png(fig, plotting.SCREEN_DPI)

    def _draw_into(self, fig: plotting.SubFigure, values: dict) -> str:
        return self.draw(fig, **values)

    def _hide_all_but(self, names: Container[str]) -> None:
        for name, control in self.controls.items():
            display = None if name in names else "none"
            if control.layout.display != display:
                control.layout.display = display

    def _clicked(self, across: float, down: float) -> None:
        """Move controls in answer to a click at these shares of the picture's width and height."""

    def _ipython_display_(self) -> None:
        show_widget(self.box, alt=f"Interactive figure: {self.message}", png=self.image.value)


class PanelExplorer(Explorer):
    """An explorer whose picture is made of panels, fast enough to follow a slider.

    Parameters
    ----------
    draw : callable
        ``draw(**values)`` returns the line of text and rows of panels.
    options
        As for `Explorer`, controls included.
    """

    def __init__(self, draw: Callable[..., tuple[str, Rows]], **options):
        self.sheet = Sheet()
        self._set_up(draw, **options)

    def _picture(self, values: dict) -> tuple[str, bytes]:
        message, rows = self.draw(**values)
        self.size = size_of(rows)
        return message, self.sheet.png(rows)

    def _draw_into(self, fig: plotting.SubFigure, values: dict) -> str:
        message, rows = self.draw(**values)
        into_figure(fig, rows)
        return message

    def _clicked(self, across: float, down: float) -> None:
        found = self.sheet.at(across, down)
        if found is not None:
            self.set(**self._click(*found))


def _with_play(slider: ipywidgets.IntSlider) -> ipywidgets.HBox:
    """Return a slider with a button that moves it on, also where the kernel is slow."""
    play = ipywidgets.Play(value=slider.value, min=slider.min, max=slider.max, interval=150)
    ipywidgets.jslink((play, "value"), (slider, "value"))
    return ipywidgets.HBox([play, slider])
