"""Controls beside one picture, with a static twin for pages without a kernel.

The picture is an ``Image`` widget and the text an ``HTML`` widget, both set by ``observe``, so
that a reader, a browser test and a headless run all see the same thing. Only the API common to
ipywidgets 7.7 and 8 is used.
"""

import base64
import html
from collections.abc import Callable

import ipywidgets
from IPython.display import display

from helpers.course import plotting


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
    controls : ipywidgets
        The widgets that give the values, by the names that `draw` takes.
    """

    def __init__(
        self,
        draw: Callable[..., str],
        *,
        size: tuple[float, float],
        progress: ipywidgets.FloatProgress | None = None,
        **controls,
    ):
        self.draw, self.size, self.controls = draw, size, controls
        self.drawings = 0
        self.image = ipywidgets.Image(format="png")
        self.image.layout.max_width = "100%"
        self.image.layout.align_self = "flex-start"  # keep the proportions of the picture
        self.text = ipywidgets.HTML()
        self.text.add_class("explorer-text")
        for control in controls.values():
            control.observe(self._update, names="value")
        self._update()
        below = [self.text, self.image] if progress is None else [progress, self.text, self.image]
        self.box = ipywidgets.VBox([*controls.values(), *below])

    def set(self, **values) -> str:
        """Move the controls as a reader would; return the text then shown."""
        for name, value in values.items():
            self.controls[name].value = value
        return self.message

    def twin(self, settings: list[dict]) -> plotting.Figure:
        """Return the static twin: the picture at each of the `settings`, one above the other."""
        width, height = self.size
        fig = plotting.figure(width, (height + 0.35) * len(settings))
        parts = fig.subfigures(len(settings), 1, squeeze=False)[:, 0]
        start = {name: control.value for name, control in self.controls.items()}
        for part, setting in zip(parts, settings, strict=True):
            part.suptitle(self.draw(part, **{**start, **setting}), fontsize=11)
        return fig

    def _update(self, change=None) -> None:
        fig = plotting.figure(*self.size)
        values = {name: control.value for name, control in self.controls.items()}
        self.message = self.draw(fig, **values)
        self.image.value = plotting.png(fig)
        self.drawings += 1  # tells whoever looks at the page that a control has been answered
        self.text.value = f'<pre data-drawing="{self.drawings}">{html.escape(self.message)}</pre>'

    def _ipython_display_(self) -> None:
        alt = f"Interactive figure: {self.message}"
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        bundle = {
            "application/vnd.jupyter.widget-view+json": view,
            "image/png": base64.b64encode(self.image.value).decode(),
            "text/plain": alt,
        }
        display(bundle, metadata={"image/png": {"alt": alt}}, raw=True)
