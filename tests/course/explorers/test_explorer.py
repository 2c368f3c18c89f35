import base64
import io

import ipywidgets
import numpy as np
import pytest
from PIL import Image

from helpers.course import plotting, widget_output
from helpers.course.explorers._explorer import Explorer

BLUE, ORANGE = (0, 114, 178), (213, 94, 0)


def draw(fig, *, height, colour):
    ax = fig.subplots()
    ax.bar([0], [height], width=2, color=np.divide(BLUE if colour == "blue" else ORANGE, 255))
    ax.set(xlim=(-1, 1), ylim=(0, 4))
    ax.axis("off")
    return f"{colour} & {height} < 5"


def explorer():
    return Explorer(
        draw,
        size=(2, 1),
        height=ipywidgets.IntSlider(2, 0, 4),
        colour=ipywidgets.Dropdown(options=["blue", "orange"], value="blue"),
    )


def area(png, colour):
    """Return the share of the picture that has this colour."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    return (pixels == colour).all(axis=2).mean()


def test_explorer_starts_with_the_values_of_its_controls():
    shown = explorer()
    assert shown.message == "blue & 2 < 5"
    assert Image.open(io.BytesIO(shown.image.value)).size == (
        2 * plotting.SCREEN_DPI,
        plotting.SCREEN_DPI,
    )
    assert area(shown.image.value, BLUE) > 0.3
    assert area(shown.image.value, ORANGE) == 0


def test_set_moves_several_controls_and_draws_once():
    shown = explorer()
    assert shown.set(height=3, colour="orange") == "orange & 3 < 5"
    assert shown.drawings == 2  # the first is the start's
    assert shown.set(height=3, colour="orange") == "orange & 3 < 5"
    assert shown.drawings == 2


def test_set_moves_text_and_picture():
    shown = explorer()
    full_at_two = area(shown.image.value, BLUE)
    assert shown.set(height=4) == "blue & 4 < 5"
    assert area(shown.image.value, BLUE) == pytest.approx(2 * full_at_two, rel=0.1)
    assert shown.set(height=2, colour="orange") == "orange & 2 < 5"
    assert area(shown.image.value, BLUE) == 0
    assert area(shown.image.value, ORANGE) == pytest.approx(full_at_two, rel=0.01)


def test_moving_a_control_moves_text_and_picture():
    shown = explorer()
    before = shown.image.value
    shown.controls["height"].value = 1
    assert shown.message == "blue & 1 < 5"
    assert area(shown.image.value, BLUE) < area(before, BLUE)


def test_text_is_escaped_and_counts_the_drawings():
    shown = explorer()
    assert shown.text.value == '<pre data-drawing="1">blue &amp; 2 &lt; 5</pre>'
    shown.set(height=3)
    assert shown.text.value == '<pre data-drawing="2">blue &amp; 3 &lt; 5</pre>'


def test_box_holds_controls_text_and_picture():
    shown = explorer()
    controls = shown.controls["height"], shown.controls["colour"]
    assert shown.box.children[:4] == (*controls, shown.text, shown.image)
    assert all(is_invisible(part) for part in shown.box.children[4:])


def is_invisible(part):
    """What stands below is the watcher of the controls and a style sheet."""
    return part.__class__.__name__ == "Live" or part.value.startswith("<style>")


def test_unknown_control_is_refused():
    with pytest.raises(KeyError, match="width"):
        explorer().set(width=3)


def test_twin_draws_every_setting_and_moves_nothing():
    shown = explorer()
    before = shown.image.value
    fig = shown.twin([{"height": 1}, {"colour": "orange"}, {"height": 3, "colour": "orange"}])
    heights = [part.axes[0].patches[0].get_height() for part in fig.subfigs]
    assert heights == [1, 2, 3]
    texts = [part.texts[0].get_text() for part in fig.subfigs]
    assert texts == ["blue & 1 < 5", "orange & 2 < 5", "orange & 3 < 5"]
    assert fig.get_figwidth() == 2
    assert fig.get_figheight() > 3
    assert shown.message == "blue & 2 < 5"
    assert shown.image.value == before
    assert shown.controls["height"].value == 2


def test_displayed_explorer_has_a_picture_with_alternative_text(monkeypatch):
    published = []
    monkeypatch.setattr(
        widget_output, "display", lambda bundle, **options: published.append((bundle, options))
    )
    shown = explorer()
    shown.set(height=3)
    shown._ipython_display_()
    ((bundle, options),) = published
    alt = "Interactive figure: blue & 3 < 5"
    assert options == {"metadata": {"image/png": {"alt": alt}}, "raw": True}
    assert bundle["text/plain"] == alt
    assert base64.b64decode(bundle["image/png"]) == shown.image.value
    view = bundle["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == shown.box.model_id


def test_progress_stands_between_the_controls_and_the_text():
    bar = ipywidgets.FloatProgress()
    slider = ipywidgets.IntSlider(2, 0, 4)
    shown = Explorer(lambda fig, height: f"{height}", size=(2, 1), progress=bar, height=slider)
    assert shown.box.children[:4] == (slider, bar, shown.text, shown.image)
    assert shown.set(height=3) == "3"
