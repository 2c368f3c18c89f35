"""How a widget is shown: live where a kernel is, and by a text or a picture where none is."""

import base64

import ipywidgets
from IPython.display import display

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def widget_view(widget: ipywidgets.Widget) -> dict[str, dict]:
    """Return the part of an output by which a live page shows a widget."""
    return {WIDGET_VIEW: {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}}


def show_widget(widget: ipywidgets.Widget, *, alt: str, png: bytes | None = None) -> None:
    """Show a widget.

    Parameters
    ----------
    widget : ipywidgets.Widget
        The widget.
    alt : str
        What stands in its place as a text, and describes the picture.
    png : bytes, optional
        A picture of it for pages without a kernel.
    """
    bundle = {**widget_view(widget), "text/plain": alt}
    if png is not None:
        bundle["image/png"] = base64.b64encode(png).decode()
    display(bundle, metadata={"image/png": {"alt": alt}}, raw=True)
