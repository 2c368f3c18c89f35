import importlib.util
import sys

import ipywidgets
import pytest

from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._panels import Bars

pytest.importorskip("anywidget")


def explorer(**options):
    def draw(*, level, kind):
        return f"{kind} {level}", [[Bars(values=[level / 9], labels=[kind])]]

    return PanelExplorer(
        draw,
        level=ipywidgets.IntSlider(0, 0, 9, description="level"),
        kind=ipywidgets.Dropdown(options=["one", "two"], description="kind"),
        **options,
    )


def test_page_is_told_for_which_values_the_picture_is():
    shown = explorer()
    assert shown.live.answered == {"level": 0, "kind": 0}  # what the page's models hold
    shown.set(level=3, kind="two")
    assert shown.live.answered == {"level": 3, "kind": 1}
    assert shown.live.alt == shown.message == "two 3"
    watched = shown.live.watched
    assert watched["kind"] == [shown.controls["kind"].model_id, "index"]
    assert watched["level"] == [shown.controls["level"].model_id, "value"]


def test_clicks_reach_the_explorer():
    clicks = []
    shown = explorer(click=lambda place, point: clicks.append((place, point)) or {"level": 5})
    assert shown.live.clicks
    shown.live._handle_custom_msg({"click": [0.5, 0.5]}, [])
    assert clicks[0][0] == (0, 0)
    assert shown.message == "one 5"
    assert not explorer().live.clicks


def test_on_colab_the_explorer_greys_itself(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", sys)
    shown = explorer()
    assert shown.live is None
    seen = []
    shown.image.observe(lambda change: seen.append(shown.box._dom_classes), names="value")
    assert shown.set(level=4) == "one 4"
    assert seen == [("explorer", "explorer-stale")]
    assert shown.box._dom_classes == ("explorer",)


def test_without_anywidget_the_explorer_works(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    shown = explorer()
    assert shown.live is None
    assert shown.set(level=4) == "one 4"


def test_useful_controls_only_are_shown():
    shown = explorer(useful=lambda level, kind: {"kind"} if kind == "one" else {"kind", "level"})
    assert shown.controls["level"].layout.display == "none"
    shown.set(kind="two")
    assert shown.controls["level"].layout.display is None


def test_play_moves_its_slider_in_the_page():
    shown = explorer(play="level")
    row = shown.box.children[0]
    play, slider = row.children
    assert slider is shown.controls["level"]
    assert (play.value, play.min, play.max) == (0, 0, 9)


def test_sliders_are_live_and_wide():
    from helpers.course.explorers import _parts

    for slider in (_parts.stretch(), _parts.which_image(5), _parts.price()):
        assert slider.continuous_update
        assert slider.layout.width == "min(100%, 40rem)"
        assert slider.description
