"""An explorer without a mouse: Tab reaches every control, and keys move it."""

import pytest

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHAPTER = "01_shortened.ipynb"
FOCUSED = """() => {
    const row = document.activeElement.closest('.widget-inline-hbox');
    return row ? row.querySelector('.widget-label').textContent.trim() : '';
}"""


def test_tab_reaches_every_control_and_arrows_move_it(
    explorers, lab, open_notebook, page, complaints
):
    page.set_default_timeout(30_000)
    explorers.run_all(page, lab, open_notebook, complaints, CHAPTER)
    explorer = page.locator(explorers.EXPLORER).first
    explorer.scroll_into_view_if_needed()
    labels = explorer.locator(".widget-inline-hbox .widget-label").all_inner_texts()
    labels = [label for label in labels if label]  # the text below has none
    assert len(labels) >= 3
    explorers.control(explorer, labels[0]).locator("select, [role=slider]").focus()
    reached = [page.evaluate(FOCUSED)]
    for _ in range(3 * len(labels)):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    assert [label for label in dict.fromkeys(reached) if label][: len(labels)] == labels
    before = explorers.text(explorer).inner_text()
    slider = explorer.locator("[role=slider]").last
    slider.focus()
    page.keyboard.press("ArrowLeft")
    explorers.expect(explorers.text(explorer)).not_to_have_text(before)
