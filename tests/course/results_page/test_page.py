"""The generated parts: between their markers, and in step with what is stored."""

import base64
import json

import pytest

from helpers.course import results
from helpers.course.results_page import overview, page

PAGES = [(path.name, name) for path, parts in page.PARTS.items() for name in parts]
MOST_LINES = 130  # of the README


# --- the markers


def marked(names):
    """Return a page with all markers and an old text between them."""
    parts = [f"{page.BEGIN.format(name)}\nold\n{page.END.format(name)}" for name in names]
    return "before\n" + "\nbetween λ\n".join(parts) + "\nafter\n"


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """Two pages with parts of their own, and a picture that is not drawn."""
    first, second = tmp_path / "README.md", tmp_path / "results.md"
    written = {first: {"a": lambda: "new a"}, second: {n: lambda n=n: f"new {n}" for n in "bc"}}
    for path, parts in written.items():
        path.write_text(marked(parts), encoding="utf-8")
    monkeypatch.setattr(page, "PARTS", written)
    monkeypatch.setattr(page, "write_picture", lambda: None)
    return first, second


def test_only_what_is_between_the_markers_is_written(pages):
    expected = [marked("a"), marked("bc")]
    for place, names in enumerate(("a", "bc")):
        for name in names:
            begin = page.BEGIN.format(name)
            expected[place] = expected[place].replace(
                f"{begin}\nold\n", f"{begin}\n\nnew {name}\n\n"
            )
    for _ in range(2):
        page.update()
        assert [path.read_text(encoding="utf-8") for path in pages] == expected


@pytest.mark.parametrize("change", ["no markers", "twice", "one missing"])
def test_page_without_its_markers_is_refused_and_nothing_is_written(pages, change):
    text = {
        "no markers": "text",
        "twice": 2 * marked("bc"),
        "one missing": marked("bc").replace(page.END.format("c"), ""),
    }[change]
    pages[1].write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"results\.md must hold the lines"):
        page.update()
    assert [path.read_text(encoding="utf-8") for path in pages] == [marked("a"), text]


# --- what is committed


@pytest.mark.parametrize(("file", "name"), PAGES)
def test_page_is_in_step_with_the_stored_results(file, name):
    (path,) = (path for path in page.PARTS if path.name == file)
    text = path.read_text(encoding="utf-8")
    shown = text.split(page.BEGIN.format(name))[1].split(page.END.format(name))[0].strip()
    assert shown == page.PARTS[path][name](), "run python -m helpers.reproduce --results"


def test_page_shows_the_overview(root):
    assert f"](../data/results/{overview.PICTURE})" in (root / "docs" / "results.md").read_text(
        encoding="utf-8"
    )


def test_readme_is_short_and_leads_to_every_chapter_and_page(root):
    text = (root / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    chapters = [f"notebooks/{path.name}" for path in (root / "notebooks").glob("[0-9]*.ipynb")]
    docs = [f"docs/{path.name}" for path in (root / "docs").glob("*.md")]
    for target in [*chapters, *docs, "CONTRIBUTING.md", "data/README.md"]:
        assert f"]({target}" in text, target
    assert text.count("![") == 1


# --- the gallery


def notebook(path, *, title, alt):
    """Write a notebook as it is stored, with a picture in its gallery cell."""
    picture = {"data": {"image/png": ""}, "metadata": {"image/png": {"alt": alt}}}
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": [f"# {title}\n", "more"]},
        {
            "cell_type": "code",
            "metadata": {},
            "source": [],
            "outputs": [picture | {"metadata": {}}],
        },
        {"cell_type": "code", "metadata": {"tags": ["gallery"]}, "outputs": [picture]},
    ]
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")


def test_gallery_shows_each_chapter_that_has_a_picture(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(results, "NOTEBOOKS", tmp_path)
    for number in range(1, 6):
        notebook(tmp_path / f"0{number}_x.ipynb", title=f"{number} · X", alt=f'a "{number}" < 9')
        if number != 3:
            (folder / f"0{number}_x.png").touch()
    text = page.gallery()
    assert text.count("<tr>") == 2  # three in a row
    assert text.count("<img ") == 4
    link, source = "../notebooks/01_x.ipynb", "../data/results/01_x.png"
    assert f'<a href="{link}"><img src="{source}"' in text
    assert 'alt="a &quot;1&quot; &lt; 9"' in text
    assert "<br>5 · X</td>" in text
    assert "03_x" not in text


def test_gallery_picture_is_the_one_that_the_notebook_stores(root):
    for path in sorted((root / "notebooks").glob("[0-9]*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        tagged = [cell for cell in cells if "gallery" in cell["metadata"].get("tags", [])]
        assert len(tagged) == 1, f"{path.stem} has {len(tagged)} cells tagged gallery"
        pictures = [
            output["data"]["image/png"]
            for output in tagged[0]["outputs"]
            if "image/png" in output.get("data", {})
        ]
        kept = (root / "data" / "results" / f"{path.stem}.png").read_bytes()
        assert base64.b64decode(pictures[-1]) == kept, path.stem
