"""The website and the decks: every chapter is in them, pictures have their texts, links lead on."""

import re
import subprocess

import nbformat
import pytest

from helpers import classroom as command
from helpers.course import classroom
from helpers.course.classroom import decks, website
from helpers.course.classroom.links import unlinked

SLIDE = re.compile(r"<section>(.*?)</section>", re.DOTALL)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "source"
    website._write_sources(folder)
    return folder


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """The decks, with nothing of reveal.js and MathJax beside them."""
    empty = tmp_path_factory.mktemp("package")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decks, "_package_folder", lambda path: empty)
        return classroom.slides(tmp_path_factory.mktemp("decks") / "new")


def test_every_plan_of_the_guide_has_a_deck_of_its_chapters(root, shown):
    guide = (root / "docs" / "teaching.md").read_text("utf-8")
    lecture = guide.split("**One lecture", 1)[1].split("**One lab", 1)[0]
    numbers = re.findall(r"notebooks/(\d+b?)_", lecture)
    assert tuple(dict.fromkeys(numbers)) == decks.DECKS["lecture"]
    week = guide.split("**One week", 1)[1].split("\n\n", 2)[1]
    for day, chapters in re.findall(r"^\| (\d) \| ([^|]+) \|", week, re.MULTILINE):
        named = tuple(f"{int(n):02d}" for n in re.findall(r"\d+", chapters))
        assert named == decks.DECKS[f"day {day}"]
    assert [path.stem for path in shown] == [name.replace(" ", "_") for name in decks.DECKS]


def test_deck_begins_with_a_picture_and_fetches_nothing(shown):
    for path in shown:
        page = path.read_text("utf-8")
        first, *others = SLIDE.findall(page)
        assert "<img" in first
        assert len(others) > 5
        assert not re.search(r'<(?:img|script|link)[^>]*(?:src|href)="(?!assets/|data:)', page)


def test_slide_has_a_heading_and_a_picture_or_text(shown):
    for path in shown:
        for slide in SLIDE.findall(path.read_text("utf-8")):
            heading = re.match(r"<h2>(.+?)</h2>", slide)
            assert heading
            assert "@title" not in heading[1]
            assert re.search(r'<img class="r-stretch" alt="[^"]{20,}"|<p>', slide)


def test_prose_behind_a_slide_becomes_its_notes(shown):
    lecture = shown[0].read_text("utf-8")
    notes = re.findall(r'<aside class="notes">(.*?)</aside>', lecture, re.DOTALL)
    assert any("Which rows are units?" in note for note in notes)
    assert len(notes) > 20


def test_site_has_every_chapter_and_page(root, sources):
    contents = (sources / "README.md").read_text("utf-8")
    for path in (root / "notebooks").glob("[0-9]*.ipynb"):
        assert f"notebooks/{path.stem}\n" in contents
        assert (sources / "notebooks" / path.name).stat().st_size > 1000
    for name in ("results", "glossary", "teaching", "settings", "cluster"):
        assert f"docs/{name}\n" in contents
    assert not list(sources.rglob("solutions*"))


def test_pictures_of_the_site_have_texts(sources):
    for path in (sources / "notebooks").iterdir():
        for cell in nbformat.read(path, as_version=4).cells:
            if any("image/png" in o.get("data", {}) for o in cell.get("outputs", [])):
                assert len(cell.metadata.mystnb.image.alt) > 20


def test_links_of_the_site_lead_somewhere(sources):
    for page in sources.rglob("*.md"):
        for link in re.findall(r"\]\(([^)\s#]+)", page.read_text("utf-8")):
            assert re.match("[a-z]+:", link) or (page.parent / link).exists(), (page.name, link)


def test_buttons_lead_to_the_fork_and_its_branch():
    clone = (
        'REPOSITORY = "https://github.com/ada/construed"\n["git", "--branch", "true", REPOSITORY]'
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(clone)])
    settings = {"html_theme_options": {}}
    exec(website._address(notebook), settings)
    options = settings["html_theme_options"]
    assert options["repository_url"] == "https://github.com/ada/construed"
    assert options["repository_branch"] == "true"
    assert options["launch_buttons"]["colab_url"] == "https://colab.research.google.com"


def test_course_without_an_address_has_no_buttons():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('REPOSITORY = ""')])
    assert website._address(notebook) == ""


@pytest.mark.parametrize("what", ["site", "slides"])
def test_full_folder_and_missing_packages_are_said(tmp_path, monkeypatch, capsys, what):
    (tmp_path / "mine.txt").touch()
    monkeypatch.setattr(website, "_require", lambda *names: None)
    with pytest.raises(SystemExit):
        command.main([what, str(tmp_path)])
    assert "folder must be empty or not there" in capsys.readouterr().err


def test_program_that_ends_in_an_error_is_named(tmp_path, monkeypatch, capsys):
    def fail(command, **_):
        raise subprocess.CalledProcessError(2, command)

    monkeypatch.setattr(website, "_require", lambda *names: None)
    monkeypatch.setattr(website, "_write_sources", lambda source: None)
    monkeypatch.setattr(website.subprocess, "run", fail)
    with pytest.raises(SystemExit) as end:
        command.main(["site", str(tmp_path / "new")])
    assert end.value.code == 1
    assert capsys.readouterr().err == "sphinx ended with status 2; what it said is above\n"


def test_missing_package_is_named():
    with pytest.raises(ModuleNotFoundError, match=r"no_such_package is missing: pip install"):
        website._require("no_such_package")
    with pytest.raises(ModuleNotFoundError, match=r"no-such-package is missing: pip install"):
        decks._package_folder("no-such-package/static")


def test_buttons_of_a_fork_are_left_out_since_their_pictures_are_elsewhere(tmp_path):
    text = "# 1\n\n[![Open in Binder](https://a/b.svg)](https://b) [![Open on a J](x)](y)\n\nA"
    assert unlinked(text, tmp_path).split() == ["#", "1", "A"]


def test_unlinked_keeps_what_leads_somewhere(tmp_path):
    (tmp_path / "a.md").touch()
    text = "[here](a.md#x), [there](b.md), [far](https://example.org), ![seen](c.png)"
    assert unlinked(text, tmp_path).strip() == (
        "[here](a.md#x), there, [far](https://example.org), ![seen](c.png)"
    )


def test_site_is_built(tmp_path):
    pytest.importorskip("myst_nb")
    pytest.importorskip("sphinx_book_theme")
    pages = classroom.site(tmp_path / "site")
    page = (pages / "notebooks" / "05_formal_description.html").read_text("utf-8")
    assert re.search(r'<img alt="[^"]{20,}" class="[^"]*" src="\.\./_images/', page) or (
        re.search(r'<img alt="[^"]{20,}"', page)
    )
    for script in re.findall(r'<(?:script|link)[^>]*(?:src|href)="(https?:[^"]*)"', page):
        raise AssertionError(f"the page fetches {script}")
    assert (pages / "_static" / "mathjax" / "tex-chtml.js").exists()
