"""What only the page itself can do for an explorer: grey at once, name the picture, hear clicks."""

import functools
import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import ipywidgets

SCRIPT = Path(__file__).with_name("live.js")


def live(
    controls: Mapping[str, ipywidgets.Widget], clicked: Callable[[float, float], None] | None
) -> ipywidgets.Widget | None:
    """Return the invisible widget that watches the controls in the page, where there can be one.

    Parameters
    ----------
    controls : mapping of str to ipywidgets.Widget
        The controls.
    clicked : callable, optional
        Told the place of each click into the picture, as shares of its width and height.

    Returns
    -------
    ipywidgets.Widget or None
        None without anywidget, and on Colab, where a widget of others changes the manager of all:
        the explorer then works without it.
    """
    if "google.colab" in sys.modules or importlib.util.find_spec("anywidget") is None:
        return None
    return _class()(controls, clicked)


@functools.cache
def _class() -> type:
    """Return the widget's class; anywidget is imported only where one is made."""
    import anywidget
    import traitlets

    class Live(anywidget.AnyWidget):
        _esm = SCRIPT
        watched = traitlets.Dict().tag(sync=True)  # name: (model, what its value is called there)
        answered = traitlets.Dict().tag(sync=True)  # name: the value that is shown
        alt = traitlets.Unicode().tag(sync=True)
        clicks = traitlets.Bool(False).tag(sync=True)

        def __init__(self, controls, clicked):
            self.of_controls = {
                name: (control, "index" if "index" in control.keys else "value")
                for name, control in controls.items()
                if not isinstance(control, ipywidgets.FileUpload)  # its bytes are not compared
            }
            super().__init__(
                watched={n: [c.model_id, key] for n, (c, key) in self.of_controls.items()},
                clicks=clicked is not None,
            )
            self.on_msg(lambda widget, content, buffers: clicked(*content["click"]))

        def answer(self, message: str) -> None:
            """Say for which values the picture is, and what it shows."""
            values = {name: getattr(c, key) for name, (c, key) in self.of_controls.items()}
            with self.hold_sync():
                self.answered, self.alt = values, message

    return Live
