"""Figures that everybody can read: colours, contrast, size of text, alternative texts."""

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_rgb
from nbconvert import HTMLExporter

from helpers.course import legibility, plotting

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
MODULES = sorted((ROOT / "helpers").rglob("*.py"))

# told apart with every kind of colour blindness: by lightness alone, or orange against purple
SAFE_MAPS = {"gray", "grey", "cividis", "viridis", "PuOr"}
OKABE_ITO = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000"}
PALE = {"#CFE3F1", "#F8DCC6", "#CDEBE1"}  # `plotting.regions`: three of them, made lighter
GREYS = re.compile(r"#([0-9A-F]{2})\1\1$|0\.\d+$")
NAMES = {"black", "white", "grey", "gray", "k", "none"}
SMALLEST = 8  # points; a figure of ten inches fills a page, so that zooming is rarely needed
COLOURED = {"color", "c", "facecolor", "edgecolor", "edgecolors", "ecolor", "markerfacecolor"}
FORMAT = re.compile(r"^([bgrcmykw])?(--|-\.|-|:)?([.,ov^<>sxd+*|])?([bgrcmykw])?$")


def sources():
    """Return the code of every module and of every notebook, by name."""
    code = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in MODULES}
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code[path.name] = "\n".join(
            "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"
        )
    return code


SOURCES = sources()


def strings(node):
    """Return the strings in a piece of code, wherever they stand in it."""
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and type(n.value) is str]


def keywords(tree, names):
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [word for call in calls for word in call.keywords if word.arg in names]


def unsafe_colours(source):
    """Return the colours and colour maps that a source names and that are not among the safe."""
    tree, found = ast.parse(source), []
    for text in strings(tree):
        hexes = [h.upper() for h in re.findall(r"#[0-9A-Fa-f]{6}\b", text)]
        found += [h for h in hexes if h not in OKABE_ITO | PALE and not GREYS.match(h)]
        if text in colormaps and text.removesuffix("_r") not in SAFE_MAPS:
            found.append(text)
    for word in keywords(tree, COLOURED):
        if isinstance(word.value, ast.Constant) and type(word.value.value) is str:
            text = word.value.value
            if not (text in NAMES or text.startswith("#") or GREYS.match(text) or text == "C0"):
                found.append(text)
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "plot":
            for text in [a.value for a in call.args if isinstance(a, ast.Constant)]:
                style = FORMAT.match(text) if isinstance(text, str) else None
                found += [c for c in (style.groups()[::3] if style else ()) if c not in (None, "k")]
    return found


@pytest.mark.parametrize("name", SOURCES)
def test_only_colours_that_everybody_tells_apart(name):
    assert not unsafe_colours(SOURCES[name])


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('ax.imshow(x, cmap="jet")', ["jet"]),
        ('ax.imshow(x, cmap="PuOr_r")', []),
        ('plt.rcParams["image.cmap"] = "RdYlGn"', ["RdYlGn"]),
        ('ax.plot(x, y, "r--")', ["r"]),
        ('ax.plot(x, y, "ko", color="0.4")', []),
        ('ax.plot(x, y, color="green")', ["green"]),
        ('shade = "#00ff00"', ["#00FF00"]),
        ('shades = ["#D55E00", "#bbbbbb"]', []),
        ('ax.barh(x, y, color=["#FF0000" if bad else "#0072B2"])', ["#FF0000"]),
    ],
)
def test_unsafe_colours_are_seen(source, found):
    assert unsafe_colours(source) == found


@pytest.mark.parametrize("name", SOURCES)
def test_no_text_is_too_small_to_read_from_afar(name):
    words = keywords(ast.parse(SOURCES[name]), {"fontsize", "title_fontsize", "labelsize"})
    sizes = [w.value.value for w in words if isinstance(w.value, ast.Constant)]
    assert all(size >= SMALLEST for size in sizes), sizes
    assert plotting.STYLE["font.size"] >= 11


# --- contrast


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [("white", "black", 21), ("#777777", "white", 4.48), ("#767676", "white", 4.54)],
)
def test_contrast_is_that_of_the_guidelines(first, second, ratio):
    assert legibility.contrast(first, second) == pytest.approx(ratio, abs=0.005)
    assert legibility.contrast(second, first) == legibility.contrast(first, second)


def test_ink_can_be_read_on_every_colour():
    shades = np.random.default_rng(0).random((500, 3))
    for shade in [*shades, *colormaps[plotting.SEQUENTIAL](np.linspace(0, 1, 256))[:, :3]]:
        assert legibility.contrast(legibility.ink(shade), shade) >= 4.5


def test_numbers_of_a_heatmap_can_be_read_on_their_cells():
    ax = plotting.axes(plotting.figure())
    values = np.linspace(0, 1, 50).reshape(5, 10)
    names = {"rows": list("abcde"), "columns": list("0123456789"), "xlabel": "", "ylabel": ""}
    plotting.heatmap(values, ax=ax, **names)
    picture = ax.images[0]
    for text in ax.texts:
        column, row = text.get_position()
        shade = picture.to_rgba(values[row, column])[:3]
        assert legibility.contrast(text.get_color(), shade) >= 4.5


def test_labels_in_a_map_can_be_read_on_their_regions():
    labels = np.repeat(np.arange(10), 20)[None].repeat(30, 0)
    ax = plotting.axes(plotting.figure())
    plotting.label_map(labels, ax=ax, extent=(0, 1, 0, 1))
    assert len(ax.texts) == 10
    picture = ax.images[0]
    for shade in picture.cmap.colors:
        on_white = 1 - picture.get_alpha() * (1 - np.array(to_rgb(shade)))
        assert legibility.contrast("black", on_white) >= 4.5


def test_text_is_dark_on_a_white_page():
    ax = plotting.axes(plotting.figure())
    texts = [ax.title, ax.xaxis.label, *ax.get_xticklabels()]
    for text in texts:
        assert legibility.contrast(text.get_color(), plotting.STYLE["figure.facecolor"]) >= 7


# --- alternative texts


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_alternative_texts_say_what_there_is_to_see(path):
    texts = [
        output["metadata"].get("image/png", {}).get("alt", "")
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert texts
    assert len(set(texts)) == len(texts), "two figures have the same text"
    for text in texts:
        assert 30 <= len(text) <= 400, text
        assert len(text.split()) >= 6, text
        assert not re.match(r"(figure|image|picture|plot|a figure|an image) of", text.lower()), text
        assert re.search(r"[.?\d)%a-z]$", text.strip()), text


@pytest.mark.parametrize("template", ["course", "classic"])  # the first looks like JupyterLab
def test_exported_page_has_a_text_for_each_picture(template):
    exporter = HTMLExporter(
        template_name=template, extra_template_basedirs=[str(ROOT / "docs" / "nbconvert")]
    )
    page, _ = exporter.from_filename(str(NOTEBOOKS[0]))
    pictures = re.findall(r"<img[^>]*>", page)
    assert len(pictures) >= 5
    for picture in pictures:
        assert re.search(r'alt="(?!No description)[^"]{20,}"', picture), picture[-300:]
