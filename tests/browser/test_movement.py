"""What moves: a pad that is drawn on, a slider that is dragged, a recorder that plays, Tab."""

import re

import nbformat
import pytest

from tests.browser import reader
from tests.browser.reader import EXPLORER, labelled, text

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

FIRST = "01_shortened.ipynb"
COLLECT = """explorer => {
    window.shownPictures = new Set();
    window.shownTexts = [];
    const look = () => {
        window.shownPictures.add(explorer.querySelector('img').src);
        const text = explorer.querySelector('.explorer-text pre')?.textContent;
        if (window.shownTexts.at(-1) !== text) window.shownTexts.push(text);
    };
    look();
    new MutationObserver(look).observe(explorer,
        {subtree: true, childList: true, attributes: true, characterData: true});
}"""
TRIPS = "document.querySelector('.digit-pad').parentElement.padTrips.length"
FOCUSED = """() => {
    const row = document.activeElement.closest('.widget-inline-hbox');
    return row ? row.querySelector('.widget-label').textContent.trim() : '';
}"""


def draw(page, box, *corners):
    """Draw straight lines from corner to corner with the mouse, in pixels of the pad.

    At each corner there is another answer before the mouse goes on.
    """

    def place(x, y):
        return box["x"] + x * box["width"] / 28, box["y"] + y * box["height"] / 28

    page.mouse.move(*place(*corners[0]))
    page.mouse.down()
    answers = 0
    for corner in corners[1:]:
        page.mouse.move(*place(*corner), steps=6)
        page.wait_for_function(f"answers => {TRIPS} > answers", arg=answers)
        answers = page.evaluate(TRIPS)
    page.mouse.up()


def test_a_seven_drawn_with_the_mouse_is_read_by_six_networks(ran, screenshots):
    page = ran(FIRST).page
    pad = page.locator(".digit-pad")
    pad.scroll_into_view_if_needed()
    canvas = pad.locator(".pad-canvas")
    draw(page, canvas.bounding_box(), (8, 6), (12, 6), (16, 6), (20, 6), (17, 14), (13, 23))
    rows = pad.locator("tr")
    expect(rows).to_have_count(6)
    expect(pad).not_to_have_class(re.compile("pad-stale"))
    labels = [row.locator("td.pad-label").inner_text() for row in rows.all()]
    assert labels.count("7") >= 4, labels
    expect(pad.get_by_role("status")).to_contain_text("FC100-100-10 sees 7")
    expect(pad.locator("figure:visible")).to_have_count(1)
    pad.locator("select").first.select_option("3")
    expect(pad.get_by_role("status")).to_contain_text("makes FC100-100-10 see 3")
    expect(pad.locator("figure:visible")).to_have_count(3)
    expect(rows.first.locator("td.pad-label").last).to_have_text("→ 3")
    page.screenshot(path=screenshots / "pad_seven.png")

    with page.expect_download() as download:
        pad.get_by_role("button", name="download").click()
    assert download.value.suggested_filename == "digit.png"
    pad.get_by_role("button", name="clear").click()
    expect(pad.get_by_role("status")).to_have_text("Draw a digit.")

    # the keyboard: down the middle, with the pen on the pad
    canvas.focus()
    for _ in range(8):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    for _ in range(16):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(pad.get_by_role("status")).to_contain_text("FC100-100-10 sees 1")
    page.keyboard.press("Delete")
    expect(pad.get_by_role("status")).to_have_text("Draw a digit.")


def test_a_dragged_slider_shows_pictures_on_its_way_and_the_last_in_the_end(ran, screenshots):
    page = ran(FIRST).page
    explorer = page.locator(EXPLORER).first
    explorer.scroll_into_view_if_needed()
    explorer.evaluate(COLLECT)
    slider = labelled(explorer, "scale").locator("[role=slider]")
    handle = slider.bounding_box()
    track = labelled(explorer, "scale").locator(".noUi-target").bounding_box()
    assert track["width"] >= 300, "too narrow to aim with"
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    seen = 1
    for step in range(41):
        share = 1 / 3 + (0.9 - 1 / 3) * step / 40  # of the track, from scale 1 on
        page.mouse.move(track["x"] + share * track["width"], track["y"] + track["height"] / 2)
        page.wait_for_timeout(25)
        if step % 8 == 7:  # at five stops there is a newer picture before the mouse lets go
            page.wait_for_function("seen => window.shownPictures.size > seen", arg=seen)
            seen = page.evaluate("window.shownPictures.size")
    page.mouse.up()
    expect(explorer).not_to_have_class(re.compile("explorer-stale"))
    assert page.evaluate("window.shownPictures.size") >= 7  # the first, five between, the last
    value = float(slider.get_attribute("aria-valuenow"))
    assert value > 2.4
    shown = explorer.evaluate("e => e.querySelector('img').alt")
    assert shown == text(explorer).inner_text()
    sizes = [float(text.split()[-1]) for text in page.evaluate("window.shownTexts")]
    assert sizes == sorted(sizes), "an older picture came after a newer one"
    assert sizes[-1] == pytest.approx(value * sizes[0], rel=0.05)  # that of scale 1, at first
    page.screenshot(path=screenshots / "dragged.png")


def test_accessibility_tree_names_controls_picture_and_status(ran):
    explorer = ran(FIRST).page.locator(EXPLORER).first
    expect(explorer.get_by_role("slider", name="scale")).to_be_visible()
    tree = explorer.aria_snapshot()
    for name in ("image", "target", "scale"):
        assert re.search(rf'(slider|combobox) "{name}', tree), tree
    assert re.search(r'img "target \d: the network sees', tree), tree
    assert "- status" in tree, tree


def test_tab_reaches_every_control_and_arrows_move_it(ran):
    explorer = ran(FIRST).page.locator(EXPLORER).first
    keyboard = explorer.page.keyboard
    explorer.scroll_into_view_if_needed()
    labels = explorer.locator(".widget-inline-hbox .widget-label").all_inner_texts()
    labels = [label for label in labels if label]  # the text below has none
    assert len(labels) >= 3
    labelled(explorer, labels[0]).locator("select, [role=slider]").focus()
    reached = [explorer.page.evaluate(FOCUSED)]
    for _ in range(3 * len(labels)):
        keyboard.press("Tab")
        reached.append(explorer.page.evaluate(FOCUSED))
    assert [label for label in dict.fromkeys(reached) if label][: len(labels)] == labels
    before = text(explorer).inner_text()
    explorer.locator("[role=slider]").last.focus()
    keyboard.press("ArrowLeft")
    expect(text(explorer)).not_to_have_text(before)


def test_recorder_plays_from_the_beginning_and_clicks_move_x(ran, screenshots):
    page = ran("05_formal_description.ipynb").page
    plane, recorder = page.locator(EXPLORER).nth(0), page.locator(EXPLORER).nth(1)
    recorder.scroll_into_view_if_needed()
    expect(text(recorder)).to_contain_text("evaluation 0 of")
    recorder.evaluate(COLLECT)
    recorder.locator(".widget-play button").first.click()
    later = re.compile(r"evaluation ([5-9]|\d\d) of")  # it goes on between two looks
    expect(text(recorder)).to_contain_text(later)
    page.wait_for_function("window.shownPictures.size >= 5")
    recorder.locator(".widget-play button").nth(0).click()
    page.screenshot(path=screenshots / "recorder.png")

    plane.scroll_into_view_if_needed()
    picture = plane.locator("img").bounding_box()
    page.mouse.click(picture["x"] + 0.75 * picture["width"], picture["y"] + 0.3 * picture["height"])
    expect(text(plane)).not_to_contain_text("x = (0.30, 0.50)")
    x, y = map(float, re.search(r"x = \(([\d.]+), ([\d.]+)\)", text(plane).inner_text()).groups())
    assert 0.65 < x < 0.9
    assert 0.6 < y < 0.8
    page.screenshot(path=screenshots / "plane.png")


SLOW = """
import time
import ipywidgets
from helpers.course.explorers._explorer import PanelExplorer
from helpers.course.explorers._panels import Bars

def draw(*, level):
    time.sleep(2 if level else 0)
    return f"level {level}", [[Bars(values=[level / 9], labels=["level"])]]

explorer = PanelExplorer(draw, level=ipywidgets.IntSlider(0, 0, 9, description="level"))
explorer
"""


@pytest.fixture
def slow_explorer(ran, lab):
    """An explorer that takes its time, in a notebook of its own."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SLOW)])
    nbformat.write(notebook, lab.folder / "slow.ipynb")
    return ran("slow.ipynb").page.locator(EXPLORER).first


def test_picture_is_grey_while_it_is_not_that_of_the_controls(slow_explorer):
    stale = re.compile("explorer-stale")
    expect(slow_explorer).not_to_have_class(stale)
    labelled(slow_explorer, "level").locator("[role=slider]").press("ArrowRight")
    assert "explorer-stale" in slow_explorer.get_attribute("class")  # at once
    expect(slow_explorer).not_to_have_class(stale)
    expect(text(slow_explorer)).to_have_text("level 1")


def test_restarted_kernel_is_said_beside_the_explorer(slow_explorer):
    line = "e => getComputedStyle(e, '::before').content"
    assert "run the" not in slow_explorer.evaluate(line)
    reader.menu(slow_explorer.page, "Kernel", r"^Restart Kernel…")
    slow_explorer.page.locator(".jp-Dialog button.jp-mod-accept").click()
    expect(slow_explorer).to_have_class(re.compile("jupyter-widgets-disconnected"))
    assert "run the" in slow_explorer.evaluate(line)
