"""Each chapter's explorers in a real browser: the picture and its text follow the controls.

A reader's way through the controls of a chapter is written down in `CHAPTERS`; then every control
is found in the page and taken to its extremes.
"""

import io
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import nbformat
import pytest
import skimage.data
from PIL import Image

from tests.browser.reader import EXPLORER, RUN_TIMEOUT, Watched, answers, labelled, picture, text

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

MANY = 12  # entries of a drop-down; of more, the first, the middle and the last are chosen

# not those of the pad and of the play button, which have tests of their own
CONTROLS = ", ".join(
    f"{kind}:not(.digit-pad *, .widget-play *)"
    for kind in ("[role=slider]", "select", "button", "input[type=checkbox]", "input[list]")
)
LABEL = """control => control.closest('.widget-inline-hbox')?.querySelector('.widget-label')
    ?.textContent || control.textContent.trim()"""
VALUE = """control => control.getAttribute('aria-valuenow')
    ?? (control.tagName === 'SELECT' ? control.selectedIndex
        : control.list ? control.value : null)"""


def choose(option: str):
    """Return the action that chooses an option of a drop-down."""
    return lambda control: control.locator("select").select_option(option)


def press(key: str):
    """Return the action that presses a key on a slider: an arrow, Home, End …"""
    return lambda control: control.locator("[role=slider]").press(key)


def name(text: str):
    """Return the action that writes into a text field and leaves it."""

    def act(control):
        control.locator("input").fill(text)
        control.locator("input").press("Tab")

    return act


def click(across: float, down: float):
    """Return the action that clicks into the picture, which chooses in a drop-down."""

    def act(control):
        choice = control.locator("select")
        before = choice.input_value()
        place = control.page.locator(EXPLORER).first.locator("img").bounding_box()
        at = (place["x"] + across * place["width"], place["y"] + down * place["height"])
        control.page.mouse.click(*at)
        expect(choice).not_to_have_value(before)

    return act


def upload(content: bytes):
    """Return the action that sends a file with the explorer's upload button."""

    def act(control):
        button = control.page.locator(EXPLORER).first.locator("button")
        with control.page.expect_file_chooser() as chooser:
            button.click()
        chooser.value.set_files({"name": "mine.png", "mimeType": "image/png", "buffer": content})

    return act


def photograph(name: str) -> bytes:
    """Return a photograph of scikit-image as a PNG file: a network sees something in it."""
    file = io.BytesIO()
    Image.fromarray(getattr(skimage.data, name)()).resize((320, 240)).save(file, "PNG")
    return file.getvalue()


# chapter: (number of the explorer in the notebook, label of the control, what to do with it)
CHAPTERS = {
    "01_introduction": [
        (0, "target", choose("5")),
        (0, "scale", press("End")),
        (0, "scale", press("ArrowLeft")),
        (0, "image", press("ArrowRight")),
    ],
    "02_framework": [
        (0, "network", choose("AE400-10")),
        (0, "first unit", press("ArrowRight")),
        (0, "first unit", press("End")),
        (0, "first unit", press("Home")),
        (0, "network", choose("FC10(1)")),
    ],
    "03_units": [
        (0, "unit", press("ArrowRight")),
        (0, "direction", choose("random direction")),
        (0, "random direction", press("ArrowRight")),
        (0, "direction", choose("difference of two images")),
        (0, "towards", press("ArrowRight")),
        (0, "away from", press("End")),
        (0, "layer", press("ArrowLeft")),
        (0, "network", choose("FC100-100-10, untrained")),
        (0, "images", press("End")),
    ],
    "04_blind_spots": [
        (0, "radius", press("End")),
        (0, "angle", press("End")),
        (0, "random direction", press("ArrowRight")),
        (0, "image", press("ArrowRight")),
    ],
    "05_formal_description": [
        (0, "x, across", press("ArrowRight")),
        (0, "c", press("ArrowLeft")),
        (1, "evaluation", press("End")),
        (1, "evaluation", press("ArrowLeft")),
        (2, "c", press("ArrowRight")),
        (2, "target", choose("5")),
        (2, "scale", press("End")),
        (2, "image", press("ArrowRight")),
        (2, "network", choose("mine")),
    ],
    "06_minimal_distortion": [
        (0, "network", choose("FC200-200-10")),
        (0, "target", choose("0")),
        (0, "image", press("ArrowRight")),
        (0, "network", choose("FC10(1)")),
        (0, "network", click(0.8, 0.7)),
    ],
    "07_cross_model": [
        (0, "made for", choose("FC10(1)")),
        (0, "read by", choose("FC10(1)")),
        (0, "made for", click(0.8, 0.7)),
        (0, "scale", press("End")),
        (0, "image", press("ArrowRight")),
    ],
    "08_cross_training_set": [
        (0, "distortion", press("ArrowRight")),
        (0, "made for", choose("FC100-100-10′")),
        (0, "image", press("ArrowRight")),
    ],
    "09_adversarial_training": [
        (0, "strength", press("End")),
        (0, "pool of", choose("image")),
        (0, "network", choose("pools for all layers")),
        (0, "image", press("ArrowRight")),
    ],
    "10_spectral_analysis": [
        (0, "layer", choose("Conv, second layer")),
        (0, "stride", choose("2")),
        (0, "size", press("Home")),
        (0, "layer", choose("blur")),
    ],
    "11_imagenet": [
        (0, "target", name("teapot")),
        (0, "picture", choose("a cup of coffee")),
        (0, "target", name("cat")),  # several classes have it in their names
        (0, "target", name("hen-of")),  # one has
        (0, "scale", press("Home")),
        (0, "magnified", press("End")),
        (0, "picture", choose("Eileen Collins, astronaut")),
        (0, "target", name("ostrich")),
        (0, "picture", upload(photograph("rocket"))),
        (0, "scale", press("End")),
        (0, "picture", upload(b"this is no picture")),
        (0, "picture", upload(photograph("chelsea"))),
        (0, "target", name("teapot")),
    ],
    "12_quocnet": [
        (0, "scale", press("End")),
        (0, "magnified", press("End")),
        (0, "picture", press("ArrowRight")),
        (0, "picture", press("End")),
    ],
    "13_discussion": [
        (0, "network", choose("robust, ρ = 0.06")),
        (0, "epsilon", press("End")),
        (0, "signs", choose("random signs")),
        (0, "image", press("ArrowRight")),
    ],
}


def made_in(root: Path, chapter: str) -> int:
    """Return how many explorers a notebook makes; the pad is none, and has tests of its own."""
    source = (root / "notebooks" / f"{chapter}.ipynb").read_text("utf-8")
    return len(re.findall(r"\bexplorers\.(?!drawing_pad)\w+\(", source))


def test_every_chapter_with_an_explorer_is_in_the_table(root):
    names = {path.stem for path in (root / "notebooks").glob("*.ipynb")}
    assert {name for name in names if made_in(root, name)} == set(CHAPTERS)


def extremes(control, uploads: Path) -> list[tuple[str, Callable]]:
    """Return the names of a control's extremes, and what takes the control there."""
    kind = control.evaluate("control => control.tagName + ' ' + control.className")
    if kind.startswith("SELECT"):
        entries = enumerate(control.locator("option").all_inner_texts())
        return [(name, lambda c, i=i: c.select_option(index=i)) for i, name in some(entries)]
    if control.evaluate("control => Boolean(control.list)"):  # a text field with proposals
        entries = control.evaluate("control => [...control.list.options].map(o => o.value)")
        return [(entry, write(entry)) for entry in ("no such entry", *some(entries))]
    if "widget-upload" in kind:
        return [(name, send(picture_file(uploads, name))) for name in ("bad", "good")]
    if kind.startswith(("BUTTON", "INPUT")):
        return [(f"click {number}", lambda c: c.click()) for number in (1, 2)]
    return [(key, lambda c, key=key: c.press(key)) for key in ("Home", "End")]


def bring_up(explorer, control, controls, uploads: Path, watched) -> bool:
    """Move drop-downs until a control is visible; return whether it is."""
    for choice in (c for c in controls if c.evaluate("c => c.tagName") == "SELECT"):
        for _, act in extremes(choice, uploads):
            change(explorer, choice, act, watched)
            if control.is_visible():
                return True
    return False


def some(entries: Iterable) -> list:
    """Return all entries, or of many the first, the middle and the last."""
    entries = list(entries)
    last = len(entries) - 1
    return entries if last < MANY else [entries[0], entries[last // 2], entries[last]]


def write(entry: str):
    """Return the action that writes into a text field and leaves it."""

    def act(control):
        control.fill(entry)
        control.press("Tab")

    return act


def send(file: Path):
    """Return the action that uploads a file."""

    def act(control):
        with control.page.expect_file_chooser() as chooser:
            control.click()
        chooser.value.set_files(file)

    return act


def picture_file(folder: Path, name: str) -> Path:
    """Write a picture, or for ``"bad"`` something else with the ending of a picture."""
    file = folder / f"{name}.png"
    if name == "bad":
        file.write_bytes(b"this is no picture")
    else:
        file.write_bytes(photograph("astronaut"))
    return file


def change(explorer, control, act: Callable, watched) -> bool:
    """Do something with a control, wait for the answer, and say whether the picture changed.

    Where the control has a value and already had the one that it has now, no answer comes.
    """
    old_picture, old_value = picture(explorer), control.evaluate(VALUE)
    drawing = text(explorer).get_attribute("data-drawing")
    act(control)
    value = control.evaluate(VALUE)
    if value is not None and value == old_value:
        return False
    assert answers(explorer, drawing, watched), f"{control.evaluate(LABEL)}: nothing was drawn"
    return picture(explorer) != old_picture


def drive(explorer, name: str, screenshots: Path, uploads: Path, watched) -> int:
    """Take every control to its extremes; return how many there are.

    Each must change the picture. One that does not, as things are, is tried again at every entry
    of every drop-down: there may be one that it has no say in. One that is hidden at first must
    have come up when the others have been moved.
    """
    expect(explorer).to_be_visible()
    controls = explorer.locator(CONTROLS).all()
    idle = []
    for control in sorted(controls, key=lambda c: not c.is_visible()):
        if not control.is_visible():
            assert bring_up(explorer, control, controls, uploads, watched), (
                "a control is never shown"
            )
        label = control.evaluate(LABEL)
        moved = False
        for place, act in extremes(control, uploads):
            moved |= change(explorer, control, act, watched)
            file = re.sub(r"[^\w.-]+", "-", f"{name}_{label}_{place}")
            explorer.screenshot(path=screenshots / f"{file}.png")
        if not moved:
            idle.append(control)
    for choice in (c for c in controls[::-1] if c.evaluate("c => c.tagName") == "SELECT"):
        for _, act in extremes(choice, uploads):
            if not idle:
                break
            change(explorer, choice, act, watched)
            idle = [
                c
                for c in idle
                if not any(change(explorer, c, act, watched) for _, act in extremes(c, uploads))
            ]
    unheard = [control.evaluate(LABEL) for control in idle]
    assert not unheard, f"{name}: {unheard} never changed the picture"
    return len(controls)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_explorers_follow_their_controls(chapter, root, ran, screenshots, tmp_path):
    watched = ran(f"{chapter}.ipynb")
    page = watched.page
    for step, (number, label, act) in enumerate(CHAPTERS[chapter], start=1):
        explorer = page.locator(EXPLORER).nth(number)
        explorer.scroll_into_view_if_needed()
        if step == 1:
            page.screenshot(path=screenshots / f"{chapter}_0.png")
        changed = change(explorer, labelled(explorer, label), act, watched)
        assert changed, f"{label}: the picture did not change"
        page.screenshot(path=screenshots / f"{chapter}_{step}_{label}.png")
    shown = page.locator(EXPLORER).all()
    assert len(shown) >= made_in(root, chapter)
    for number, explorer in enumerate(shown):
        assert drive(explorer, f"{chapter}_extremes_{number}", screenshots, tmp_path, watched) > 0


def test_explorer_under_voila_on_a_projector(voila, browser, screenshots, tmp_path):
    watched = Watched(browser)
    page = watched.page
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(voila, timeout=RUN_TIMEOUT * 1000)
    explorer = page.locator(EXPLORER)
    expect(explorer).to_have_count(1, timeout=RUN_TIMEOUT * 1000)
    expect(page.get_by_text("REPOSITORY =")).to_have_count(0)  # Voilà shows no code
    watched.complaints.clear()
    assert drive(explorer, "01_voila", screenshots, tmp_path, watched) == 3
    tree = explorer.aria_snapshot()
    for label in ("image", "target", "scale"):
        assert re.search(rf'(slider|combobox) "{label}', tree), tree
    assert re.search(r'img "[^"]{20,}', tree), tree
    assert "- status" in tree, tree
    page.screenshot(path=screenshots / "01_voila.png")
    watched.check()


ALL_KINDS = """
import ipywidgets, warnings
from helpers.course import plotting
from helpers.course.explorers._explorer import Explorer

def draw(fig, *, level, pace, kind, word, on, file):
    if level == {fails_at}:
        raise ZeroDivisionError
    if level == {warns_at}:
        warnings.warn("too low")
    name = "no file"
    if file:
        first = list(file.values())[0] if isinstance(file, dict) else file[0]
        name = "a picture" if bytes(first["content"]).startswith(b"\\x89PNG") else "no picture"
    shown = pace if kind == "pace" else 0.5
    ax = plotting.axes(fig)
    ax.barh([0, 1, 2, 3], [level, {dead} or shown, on, len(name + word)])
    return f"level {{level}}, {{kind}}, {{word}}, {{name}}"

Explorer(
    draw,
    size=(4, 2),
    level=ipywidgets.IntSlider(1, 0, 3, description="level", continuous_update=False),
    pace=ipywidgets.FloatLogSlider(1, min=-1, max=1, description="pace", continuous_update=False),
    kind=ipywidgets.Dropdown(options=["pace", "level only"], description="kind"),
    word=ipywidgets.Combobox(
        value="a", options=["a", "bb"], description="word", continuous_update=False
    ),
    on=ipywidgets.ToggleButton(False, description="on"),
    file=ipywidgets.FileUpload(accept="image/*"),
)
"""


FAULTLESS = {"fails_at": None, "warns_at": None, "dead": 0}


def test_every_kind_of_control_is_driven_and_faults_are_seen(lab, ran, tmp_path):
    faults = ({}, {"fails_at": 3}, {"warns_at": 0, "dead": 1})
    cells = [nbformat.v4.new_code_cell(ALL_KINDS.format(**FAULTLESS | some)) for some in faults]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbformat.write(notebook, lab.folder / "all_kinds.ipynb")
    watched = ran("all_kinds.ipynb")
    faultless, failing, warning = watched.page.locator(EXPLORER).all()

    assert drive(faultless, "kinds", tmp_path, tmp_path, watched) == 6
    assert text(faultless).inner_text() == "level 3, level only, bb, a picture"
    shown = {path.name for path in tmp_path.glob("kinds_*")}
    assert len(shown) == 13
    assert {"kinds_level_Home.png", "kinds_kind_level-only.png", "kinds_on_click-2.png"} <= shown
    watched.check()

    with pytest.raises(AssertionError, match="level: nothing was drawn"):
        drive(failing, "failing", tmp_path, tmp_path, watched)
    assert any("ZeroDivisionError" in message for message in watched.complaints)

    watched.complaints.clear()
    with pytest.raises(AssertionError, match=r"pace.* never changed the picture"):
        drive(warning, "warning", tmp_path, tmp_path, watched)
    assert any("too low" in message for message in watched.complaints)
    watched.complaints.clear()  # as it should be
