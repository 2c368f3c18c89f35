"""Each chapter's explorers in a real browser: the picture and its text follow the controls."""

import re

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

RUN_TIMEOUT = 240  # seconds for all cells of a notebook
STEP_TIMEOUT = 30  # seconds for a change to be drawn

EXPLORER = ".jp-OutputArea-output .widget-vbox:has(> .explorer-text)"
# JupyterLab shows a traceback as it shows stderr, but begins it in red
TRACEBACK = '[data-mime-type="application/vnd.jupyter.stderr"] pre:has(> .ansi-red-fg:first-child)'
ALL_RUN = """traceback => {
    const prompts = [...document.querySelectorAll('.jp-NotebookPanel .jp-CodeCell')]
        .filter(cell => cell.querySelector('.cm-content').textContent.trim())
        .map(cell => cell.querySelector('.jp-InputPrompt').textContent.trim());
    const done = prompts.length && prompts.every(prompt => /^\\[\\d+\\]:$/.test(prompt));
    return done || document.querySelector(traceback) !== null;
}"""
PIXELS = """async image => {
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    canvas.getContext('2d').drawImage(image, 0, 0);
    return canvas.toDataURL();
}"""


def choose(option: str):
    """Return the action that chooses an option of a drop-down."""
    return lambda control: control.locator("select").select_option(option)


def press(key: str):
    """Return the action that presses a key on a slider: an arrow, Home, End …"""
    return lambda control: control.locator("[role=slider]").press(key)


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
        (0, "network", choose("FC10(1)")),
    ],
    "03_units": [
        (0, "direction", choose("random direction")),
        (0, "number", press("ArrowRight")),
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
        (0, "random", press("ArrowRight")),
        (0, "image", press("ArrowRight")),
    ],
    "05_formal_description": [
        (0, "evaluation", press("Home")),
        (0, "evaluation", press("ArrowRight")),
        (1, "c", press("ArrowRight")),
        (1, "target", choose("5")),
        (1, "scale", press("End")),
        (1, "image", press("ArrowRight")),
    ],
    "06_minimal_distortion": [
        (0, "network", choose("FC200-200-10")),
        (0, "target", choose("0")),
        (0, "image", press("ArrowRight")),
        (0, "network", choose("FC10(1)")),
    ],
    "07_cross_model": [
        (0, "made for", choose("FC10(1)")),
        (0, "read by", choose("FC10(1)")),
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
}


def run_all(page, lab, notebook: str) -> None:
    """Open a notebook and run all its cells; fail on the first traceback."""
    page.goto(lab.url(notebook), timeout=60_000)
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for(timeout=60_000)
    lab.wait_for_kernel()  # the toolbar says idle before there is one
    status = page.locator("#jp-main-statusbar")
    expect(status).to_contain_text("| Idle", timeout=60_000)
    forget_stored_outputs(page)
    menu(page, "Run", r"^Run All Cells")
    page.wait_for_function(ALL_RUN, arg=TRACEBACK, timeout=RUN_TIMEOUT * 1000)
    assert not page.locator(TRACEBACK).all_inner_texts()
    expect(status).to_contain_text("| Idle", timeout=STEP_TIMEOUT * 1000)


def forget_stored_outputs(page) -> None:
    """Clear outputs and numbers, so that what is seen afterwards was made here."""
    menu(page, "Edit", r"^Clear Outputs of All Cells")
    expect(page.locator(".jp-NotebookPanel .jp-OutputArea-output")).to_have_count(0)


def menu(page, name: str, item: str) -> None:
    page.get_by_role("menuitem", name=name, exact=True).click()
    page.get_by_role("menuitem", name=re.compile(item)).click()


def picture(explorer) -> str:
    """Return the pixels of the explorer's picture."""
    return explorer.locator("img.widget-image").evaluate(PIXELS)


def text(explorer):
    return explorer.locator(".explorer-text pre")


def control(explorer, label: str):
    """Return the widget that is labelled so."""
    name = explorer.page.locator(".widget-label", has_text=re.compile(f"^{re.escape(label)}$"))
    return explorer.locator(".widget-inline-hbox").filter(has=name)


def test_every_chapter_with_an_explorer_is_in_the_table(root):
    sources = {path.stem: path.read_text("utf-8") for path in (root / "notebooks").glob("*.ipynb")}
    explorers = {
        name for name, source in sources.items() if re.search(r"\bexplorers\.\w+\(", source)
    }
    assert explorers == set(CHAPTERS)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_explorers_follow_their_controls(chapter, lab, page, screenshots):
    page.set_default_timeout(STEP_TIMEOUT * 1000)
    run_all(page, lab, f"{chapter}.ipynb")
    for step, (number, label, act) in enumerate(CHAPTERS[chapter], start=1):
        explorer = page.locator(EXPLORER).nth(number)
        explorer.scroll_into_view_if_needed()
        if step == 1:
            page.screenshot(path=screenshots / f"{chapter}_0.png")
        old_text, old_picture = text(explorer).inner_text(), picture(explorer)
        act(control(explorer, label))
        expect(text(explorer)).not_to_have_text(old_text, timeout=STEP_TIMEOUT * 1000)
        assert picture(explorer) != old_picture, f"{label}: the picture did not change"
        page.screenshot(path=screenshots / f"{chapter}_{step}_{label}.png")
