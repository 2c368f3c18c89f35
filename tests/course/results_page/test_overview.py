"""What the results page says first, against runs whose figures are known."""

import numpy as np
import pytest
from PIL import Image

from helpers.course.results import RESULTS
from helpers.course.results_page import overview
from helpers.course.results_page.entries import Entry, compared, fingerprint, full_runs
from helpers.course.results_page.picture import paper_and_ours
from helpers.course.verdicts import DIFFERS, REPRODUCED


def test_headline_counts_the_claims(stored):
    assert overview.headline() == (
        "Of 6 claims of the paper's that were tested at full scale on its own data, 3 are "
        "reproduced and 3 differ."
    )


def test_summary_has_three_sentences_with_the_figures_of_the_runs(stored):
    stands, differs, why, luck, *_ = overview.summary().split("\n\n")
    assert "in 1 of the 2 rows of changed images in Tables 2 and 4" in stands  # the other has 99 %
    assert "in all 2 the other networks err more often" in stands
    assert "Of the 3 claims that differ, 2 are chapter 8's" in differs
    farthest = (
        "70 % for the paper's 22 % (Table 4, row FC123-456-10 to 0.1, column FC100-100-10′), "
    )
    assert f"the figures farthest from the paper's are {farthest}" in differs
    assert "12 and 71 % of the cases here, in 6 and 48 %" in why
    assert "and in 7 and 35 % in the paper" in why
    for sentence in (stands, differs, why, luck):
        assert sentence.endswith(".")


def test_summary_without_chapter_8_says_what_is_there(book):
    run = book("06_six")
    run.compare("Table 1", ("error, %",), paper={"A": (1,)}, ours={"A": (2,)})
    run.save()
    text = overview.summary()
    assert "**Why.** Each line that differs has" in text
    assert "the grey band" not in text


def test_summary_says_which_chapters_ran_on_which_machine(book, monkeypatch):
    for chapter, machine in (("04_four", "CPU"), ("05_five", "GPU"), ("06_six", "CPU")):
        monkeypatch.setattr("helpers.course.ledger.hardware", lambda machine=machine: machine)
        run = book(chapter)
        run.compare("Table 1", ("error, %",), paper={"A": (1,)}, ours={"A": (2,)})
        run.save()
    assert "on the paper's data: 4, 6 (CPU); 5 (GPU)." in overview.summary()


def test_alternative_text_counts_the_dots():
    dots = [
        Entry("Table 2", "A", "B, %", 10, 60, DIFFERS),
        Entry("Table 2", "A", "C, %", 10, 9, REPRODUCED),
        Entry("Table 2", "A", "A, %", 100, 100, ""),
    ]
    text = overview.alternative_text(dots)
    assert "Of 3 dots 1 lie above the diagonal and 1 below; 1 are marked as differing" in text
    assert "The farthest are 10 → 60 in Table 2, 10 → 9 in Table 2" in text


def test_three_shares_are_the_farthest_and_the_very_farthest_comes_first():
    dots = [Entry("Table 2", "A", "B, %", 50, ours, "") for ours in (51, 90, 49, 20, 60)]
    dots.append(Entry("Table 1", "A", "distortion", 0.1, 99, ""))
    assert [entry.ours for entry in overview.farthest(dots)] == [90, 20, 60]


# --- the picture


def drawn(ax) -> dict:
    """Return the dots of each kind: edge colour → set of (paper, ours)."""
    found = {}
    for dots in ax.collections:
        if dots.get_offsets().size and dots.get_sizes().size:
            colour = tuple(np.round(dots.get_edgecolors()[0][:3], 2))
            found[colour] = {tuple(map(float, place)) for place in dots.get_offsets()}
    return found


def test_picture_shows_every_entry_once_in_its_panel(stored):
    entries = compared(full_runs(comparable=True))
    panels = {ax.get_title(): ax for ax in paper_and_ours(entries, images=None, named=[]).axes}
    assert list(panels) == ["Table 2", "Table 4", "other errors and accuracies", "distortions"]
    assert drawn(panels["Table 2"]) == {}
    blue, orange, grey = (0.0, 0.45, 0.7), (0.84, 0.37, 0.0), (0.4, 0.4, 0.4)
    assert drawn(panels["Table 4"]) == {
        blue: {(26, 24), (96, 98)},
        orange: {(6, 12), (22, 70)},
        grey: {(100, 100), (100, 99), (3, 3)},
    }
    assert drawn(panels["distortions"]) == {blue: {(0.14, 0.1)}, orange: {(0.058, 0.0598)}}


def test_band_holds_what_a_binomial_sample_gives():
    ax = paper_and_ours([], images=256, named=[]).axes[0]
    (band,) = ax.collections[:1]
    (path,) = band.get_paths()
    shares = 100 * np.random.default_rng(0).binomial(256, 0.3, 5000) / 256
    inside = path.contains_points(np.column_stack([shares, np.full_like(shares, 30)]))
    assert inside.mean() == pytest.approx(0.95, abs=0.015)


def test_named_entries_have_their_figures_beside_them():
    dots = [Entry("Table 4", "A", f"{name}, %", 10, 60, "") for name in "BC"]
    panels = paper_and_ours(dots, images=None, named=dots[:1]).axes
    assert [[text.get_text() for text in ax.texts] for ax in panels] == [[], ["10 → 60"], [], []]


def test_kept_picture_bears_the_entries_that_it_shows(stored, folder):
    overview.write_picture()
    with Image.open(folder / overview.PICTURE) as picture:
        assert picture.text[overview.FINGERPRINT] == fingerprint(
            compared(full_runs(comparable=True))
        )
        assert picture.size == (1200, 1260)  # for a slide
        assert len(picture.getcolors()) <= 64


def test_stored_picture_is_in_step_with_the_stored_results():
    with Image.open(RESULTS / overview.PICTURE) as picture:
        shown = picture.text[overview.FINGERPRINT]
    entries = compared(full_runs(comparable=True))
    assert shown == fingerprint(entries), "run python -m helpers.reproduce --results"
