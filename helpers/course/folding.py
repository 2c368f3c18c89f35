"""A picture that is folded away under a line where a kernel is alive, and shown where none is."""

import ipywidgets


def folded(png: bytes, summary: str) -> dict[str, dict]:
    """Return what, beside the picture itself, makes a live page show a line that unfolds it.

    Pages without a kernel do not know the widget, and show the picture.

    Parameters
    ----------
    png : bytes
        The picture.
    summary : str
        The line.
    """
    image = ipywidgets.Image(value=png, format="png")
    image.layout.max_width = "100%"
    image.layout.align_self = "flex-start"
    accordion = ipywidgets.Accordion([image], selected_index=None)
    accordion.set_title(0, summary)
    view = {"version_major": 2, "version_minor": 0, "model_id": accordion.model_id}
    return {"application/vnd.jupyter.widget-view+json": view}
