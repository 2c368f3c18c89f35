"""What a slide is made of: heading, picture or text, and notes."""

import nbformat
from nbformat import v4

from helpers.course.classroom import decks

SLIDE = {"slideshow": {"slide_type": "slide"}}
PICTURE = v4.new_output(
    "display_data",
    data={"image/png": "iVBO\nRw0K\n", "text/plain": "x"},
    metadata={"image/png": {"alt": 'a "square" & more'}},
)
SHOWN = (
    '<img class="r-stretch" alt="a &quot;square&quot; &amp; more" '
    'src="data:image/png;base64,iVBORw0K">'
)


def figure(title="", *, tags=(), outputs=(PICTURE,), slide=True):
    metadata = {**(SLIDE if slide else {}), "tags": list(tags)}
    source = f"# @title {title}\nplot()" if title else "plot()"
    return v4.new_code_cell(source, metadata=metadata, outputs=list(outputs))


def test_slides_are_the_cells_that_say_so():
    assert decks._is_slide(figure())
    assert not decks._is_slide(figure(slide=False))
    fragment = v4.new_markdown_cell("x", metadata={"slideshow": {"slide_type": "fragment"}})
    assert not decks._is_slide(fragment)


def test_section_is_the_first_heading_of_the_last_text_that_has_one():
    cells = [
        v4.new_markdown_cell("# Title"),
        v4.new_code_cell("# no heading"),
        v4.new_markdown_cell("text\n## Part one\n### Below"),
        v4.new_markdown_cell("text alone"),
        v4.new_markdown_cell("## Part two"),
    ]
    assert [decks._section(cells, place) for place in range(5)] == [
        "Title",
        "Title",
        "Part one",
        "Part one",
        "Part two",
    ]
    assert decks._section(cells[1:], 0) == ""


def test_title_is_that_of_the_cell_in_capital():
    assert decks._title(figure("Figure: the picture ")) == "The picture"
    assert decks._title(figure("draw it")) == "Draw it"
    assert decks._title(figure()) == "Try it in the notebook"


def test_picture_is_the_first_stored_one_with_its_text():
    text = v4.new_output("stream", text="x")
    other = v4.new_output("display_data", data={"image/png": "AAAA"})
    assert decks._picture(figure(outputs=[text, PICTURE, other])) == SHOWN
    assert decks._picture(figure(outputs=[other])).startswith('<img class="r-stretch" alt="" src')
    assert decks._picture(figure(outputs=[text])) == ""


def test_slide_has_notes_only_where_there_is_something_to_say():
    assert decks._slide("a < b", "<p>", "") == "<section><h2>a &lt; b</h2><p></section>"
    told = decks._slide("a", "<p>", "**say** this")
    assert told.startswith('<section><h2>a</h2><p><aside class="notes">')
    assert "<strong>say</strong> this" in told


def test_chapter_begins_with_its_gallery_picture_and_says_what_comes_next(tmp_path, monkeypatch):
    formula = v4.new_markdown_cell("## A formula\n\n$x$ is it.", metadata=SLIDE)
    cells = [
        v4.new_markdown_cell("# Chapter one\n\nWhat it is about."),
        figure("Figure: first"),
        v4.new_markdown_cell("Said of the first."),
        figure("Figure: the gallery's", tags=["gallery"]),
        v4.new_markdown_cell("Said of the gallery's."),
        figure("Figure: without words"),
        formula,
        figure("not shown", slide=False),
        figure("Figure: last"),
    ]
    path = tmp_path / "01_one.ipynb"
    path.write_text(nbformat.writes(v4.new_notebook(cells=cells)), encoding="utf-8")
    monkeypatch.setattr(decks, "NOTEBOOKS", tmp_path)
    slides = list(decks._chapter("01"))
    headings = [slide.split("<h2>")[1].split("</h2>")[0] for slide in slides]
    assert headings == ["Chapter one", "First", "Without words", "A formula", "Last"]
    notes = [slide.split('"notes">')[1] if '"notes">' in slide else "" for slide in slides]
    assert "What it is about." in notes[0]
    assert "Said of the first." in notes[1]
    assert notes[2:] == ["", "", ""]
    assert SHOWN in slides[0]
    assert "is it." in slides[3]
    assert "A formula" not in slides[3].split("</h2>")[1]
