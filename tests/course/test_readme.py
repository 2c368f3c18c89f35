"""The README's tables: what the stored full-scale runs say, and in step with them."""

import base64
import json

import pytest
import torch

from helpers.course import Ledger, readme, results
from helpers.course.session import Scale, Session
from helpers.data import Dataset

FULL = Session(torch.device("cpu"), Scale("full"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for module in (results, readme):
        monkeypatch.setattr(module, "RESULTS", tmp_path)
    return tmp_path


def book(chapter, *, data="MNIST"):
    dataset = Dataset(torch.zeros(1, 1, 2, 2), torch.zeros(1).long(), data, data)
    return Ledger(chapter, FULL, dataset)


def columns(text, title):
    """Return the rows of the table under a title as lists of cells."""
    below = text.split(f"**{title}**")[1].split("**")[0]
    lines = [line for line in below.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return [rows[0], *rows[2:]]


def test_columns_of_one_table_from_two_chapters_stand_side_by_side(folder):
    first, second = book("02_two"), book("06_six")
    rows = {"A": (1, 2), "B": (3, 4)}
    first.compare("Table 1", ("train", "test"), paper=rows, ours=rows)
    second.compare("Table 1", ("size",), paper={"B": (5,), "C": (6,)}, ours={"B": (7,), "C": (8,)})
    second.compare("Figure 7", ("right",), paper={"noise": (51,)}, ours={"noise": (43,)})
    first.save()
    second.save()
    text = readme.summary()
    assert columns(text, "Table 1") == [
        ["paper → ours", "train", "test", "size"],
        ["A", "1 → 1", "2 → 2", "– → –"],
        ["B", "3 → 3", "4 → 4", "5 → 7"],
        ["C", "– → –", "– → –", "6 → 8"],
    ]
    assert columns(text, "Figure 7")[1] == ["noise", "51 → 43"]


def test_claims_are_counted_and_those_that_differ_are_named(folder):
    run = book("06_six")
    run.number("error", paper=1, ours=1, within=0, reason="unseen")
    run.number("size", paper=2, ours=1, within=0.5, unit=" px", reason="a better optimiser")
    run.phenomenon("A above B", paper="", ours="", holds=True, reason="unseen")
    run.save()
    text = readme.summary()
    assert "Of 3 claims tested, 2 are reproduced and 1 differ" in text
    assert "- size: 2 px in the paper, 1 px here; a better optimiser (chapter 6)" in text
    assert "unseen" not in text


def test_runs_on_other_data_or_at_another_scale_are_left_out(folder):
    for run in (book("06_six", data="shipped digits"), book("06_six"), book("07_seven")):
        rows = {run.dataset: (1,)}
        run.compare("Table 1", ("size",), paper=rows, ours=rows)
        run.scale = "class" if run.chapter == "07_seven" else "full"
        run.save()
    text = readme.summary()
    assert [row[0] for row in columns(text, "Table 1")] == ["paper → ours", "MNIST"]
    assert "data: 6 (" in text


def test_benchmark_says_who_is_slower_and_no_closer(folder):
    row = {"network": "Conv", "success": 1.0, "mean": 0.05, "ours": False, "dominated by": []}
    rows = [
        row | {"attack": "ours", "ms": 0.5, "ours": True},
        row | {"attack": "slow", "ms": 12.34, "success": 0.5, "dominated by": ["ours"]},
        row | {"attack": "close", "ms": 9.0, "mean": 0.04},
    ]
    content = json.dumps({"machine": "a machine", "rows": rows})
    (folder / "attack_benchmark.json").write_text(content, encoding="utf-8")
    book("06_six").save()
    text = readme.summary()
    assert columns(text, "The attack beside the libraries'") == [
        ["", "Conv"],
        ["ours", "0.5 ms · 0.0500"],
        ["slow", "12.3 ms · 0.0500 (50.0%)"],
        ["close", "9 ms · 0.0400"],
    ]
    assert "a machine. In 1 of 2 cases" in text


# --- the parts of the README


def marked():
    """Return a README with all markers and an old text between them."""
    parts = [
        f"{readme.BEGIN.format(name)}\nold\n{readme.END.format(name)}" for name in readme.PARTS
    ]
    return "before\n" + "\nbetween λ\n".join(parts) + "\nafter\n"


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.setattr(readme, "README", tmp_path / "README.md")
    written = {name: (lambda name=name: f"new {name}") for name in readme.PARTS}
    monkeypatch.setattr(readme, "PARTS", written)
    return tmp_path / "README.md"


def test_only_what_is_between_the_markers_is_written(page):
    page.write_text(marked(), encoding="utf-8")
    expected = marked()
    for name in readme.PARTS:
        expected = expected.replace(
            f"{readme.BEGIN.format(name)}\nold\n", f"{readme.BEGIN.format(name)}\nnew {name}\n"
        )
    for _ in range(2):
        readme.update()
        assert page.read_text(encoding="utf-8") == expected


@pytest.mark.parametrize("change", ["no markers", "twice", "one missing"])
def test_readme_without_its_markers_is_refused(page, change):
    text = {
        "no markers": "text",
        "twice": 2 * marked(),
        "one missing": marked().replace(readme.END.format(": timings"), ""),
    }[change]
    page.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"README\.md must hold the lines"):
        readme.update()
    assert page.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", readme.PARTS)
def test_readme_is_in_step_with_the_stored_results(root, name):
    text = (root / "README.md").read_text(encoding="utf-8")
    shown = text.split(readme.BEGIN.format(name))[1].split(readme.END.format(name))[0].strip()
    assert shown == readme.PARTS[name](), "run python -m helpers.reproduce --readme"


def test_networks_of_figure_5_stand_beside_each_other(folder):
    book("06_six").save()
    for name, mean in (("squeezenet1_0 samples", 0.00079), ("small AlexNet photographs", 0.0208)):
        run = book("11_imagenet", data=name)
        run.comparable = False
        run.save(figure_5={"images": 100, "success": 1.0, "mean": mean, "processor_seconds": 2.64})
    own = book("11_imagenet", data="MNIST")
    own.save(figure_5={"images": 64, "success": 1.0, "mean": 0.0065, "processor_seconds": 9.0})
    text = readme.summary()
    rows = columns(text, "Figure 5 on other networks")
    assert [row[:4] for row in rows[1:]] == [
        ["small AlexNet photographs", "100% of 100", "0.02080", "2.6 s"],
        ["squeezenet1_0 samples", "100% of 100", "0.00079", "2.6 s"],
    ]
    assert "these networks are not AlexNet" in text


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
    monkeypatch.setattr(readme, "NOTEBOOKS", tmp_path)
    for number in range(1, 6):
        notebook(tmp_path / f"0{number}_x.ipynb", title=f"{number} · X", alt=f'a "{number}" < 9')
        if number != 3:
            (folder / f"0{number}_x.png").touch()
    text = readme.gallery()
    assert text.count("<tr>") == 2  # three in a row
    assert text.count("<img ") == 4
    assert '<a href="notebooks/01_x.ipynb"><img src="data/results/01_x.png"' in text
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
