"""A picture that is folded away under a line where a kernel is alive, and shown where none is."""

import ipywidgets

from helpers.course.widget_output import widget_view


def folded(png: bytes, summary: str, width: int) -> dict[str, dict]:
    """Return what, beside the picture itself, makes a live page show a line that unfolds it.

    Pages without a kernel do not know the widget, and show the picture.

    Parameters
    ----------
    png : bytes
        The picture.
    summary : str
        The line.
    width : int
        Of the picture on the page, in pixels.
    """
    image = ipywidgets.Image(value=png, format="png")
    image.layout.width, image.layout.max_width = f"{width}px", "100%"
    image.layout.align_self = "flex-start"
    accordion = ipywidgets.Accordion([image], selected_index=None)
    accordion.set_title(0, summary)
    return widget_view(accordion)
