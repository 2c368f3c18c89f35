"""The teaching material: in step with notebooks and tests, and without a dead link."""

import importlib.util
import json
import pkgutil
import re
from pathlib import Path

import pytest

from helpers.course import checks

IMPORTS = "import math\nimport torch\nfrom torch import nn"  # what the exercises' chapters have
ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
CHAPTERS = [path for path in NOTEBOOKS if path.stem[2] == "_"]  # the others are appendices: 08b
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "data/README.md"]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in GLOSSARY.splitlines()
    if line.startswith("| ") and not line.startswith("| term")
]


def words(path: Path) -> str:
    """Return the text of a notebook without its code, in lower case."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = " ".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return re.sub(r"[*_`]|\s+", " ", text.lower().replace("**", ""))


def script(name: str):
    """Return a script of docs/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def solutions():
    return script("solutions")


@pytest.fixture(scope="module")
def glossary_links():
    return script("glossary_links")


# --- links


def anchors(path: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:href|src)="([^"]+)"', text)
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_between_notebooks_lead_somewhere(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    for link in re.findall(r"\]\(([^)\s]+\.(?:ipynb|md|py))\)", text):
        if not re.match(r"[a-z]+:", link):
            assert (path.parent / link).exists(), link


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_chapter_is_to_come_that_is_there(path):
    there = {int(other.name[:2]) for other in NOTEBOOKS}
    announced = re.findall(r"chapter (\d+) \(to come\)", words(path))
    assert not there & {int(number) for number in announced}


# --- what the README shows


def test_code_of_the_readme_runs(capsys):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.+?)^```", text, re.MULTILINE | re.DOTALL)
    names = {}
    exec(code, names)
    assert names["found"].success.all()
    assert len(names["found"].success) == 8  # as its comment says
    assert capsys.readouterr().out.startswith("tensor([True")


def test_settings_name_every_variable_of_the_code_and_no_other():
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "helpers").rglob("*.py")]
    read = set(re.findall(r"COURSE_[A-Z]+", " ".join(sources)))
    read -= set(re.findall(r"^(COURSE_[A-Z]+) = ", "\n".join(sources), re.MULTILINE))  # constants
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert set(re.findall(r"COURSE_[A-Z]+", text)) == read


# --- what the other pages name


def test_new_names_of_the_changelog_are_there():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    pairs = re.findall(r"^\| `[\w.]+` \| `([\w.]+)` \|$", text, re.MULTILINE)
    rooms = re.findall(r"^\| `(\w+)` \| (.+ → .+) \|$", text, re.MULTILINE)
    assert len(pairs) >= 20
    assert len(rooms) >= 10
    for name in pairs:
        assert pkgutil.resolve_name(f"helpers.{name}"), name
    for room, modules in rooms:
        for module in re.findall(r"→ ([\w/]+)", modules):
            path = ROOT / "helpers" / room / module
            assert path.is_dir() or path.with_suffix(".py").exists(), f"{room}/{module}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_and_commands_that_a_page_names_are_there(page):
    text = page.read_text(encoding="utf-8")
    code = " ".join(re.findall(r"`([^`]+)`", text))
    for path in re.findall(
        r"(?:tests|helpers|notebooks|docs|\.ci)/[\w/]+(?:\.(?:py|ipynb|md))?", code
    ):
        assert (ROOT / path).exists(), path
    for module in re.findall(r"python -m (helpers\.\w+)", code):
        assert importlib.util.find_spec(module), module


# --- glossary


def test_glossary_is_in_alphabetical_order_and_names_each_term_once():
    terms = [row[0].lower() for row in ROWS]
    assert terms == sorted(terms, key=lambda term: term.replace("-", "").replace(" ", ""))
    assert len(set(terms)) == len(terms) >= 50


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_term_has_a_korean_name_a_meaning_and_a_chapter_that_uses_it(row):
    term, korean, meaning, chapter = row
    assert re.search("[가-힣]", korean) or korean.startswith("L-BFGS")
    assert meaning.endswith(".")
    assert 30 < len(meaning) < 200
    (name,) = re.findall(r"\(\.\./notebooks/(.+)\)$", chapter)
    number = int(re.match(r"\[(\d+)\]", chapter)[1])
    assert number == int(name[:2])
    text = words(ROOT / "notebooks" / name)
    variants = [variant.strip().lower() for variant in term.split(",")]
    assert any(variant in text for variant in variants), f"chapter {number} does not say {term}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_chapter_uses_terms_of_the_glossary(path):
    text = words(path)
    used = [row[0] for row in ROWS if any(v.strip().lower() in text for v in row[0].split(","))]
    assert len(used) >= 10, used


# --- exercises


def test_solutions_are_in_step(solutions):
    written = (ROOT / "docs" / "solutions.md").read_text(encoding="utf-8")
    assert written == solutions.page(), "run python docs/solutions.py"


def test_every_chapter_has_two_or_three_exercises_and_every_check_is_used(solutions):
    found = dict(solutions.exercises())
    assert list(found) == [path.stem for path in CHAPTERS]
    for chapter, tasks in found.items():
        numbers = [task[0] for task in tasks if not task[0].startswith("Step")]
        assert numbers == ["1", "2", "3"][: len(numbers)], chapter
        assert 2 <= len(numbers) <= 3, chapter
        steps = [task[0] for task in tasks[len(numbers) :]]  # of the larger one, if there is one
        assert steps == [f"Step {number}" for number in range(1, len(steps) + 1)], chapter
        assert not steps or 3 <= len(steps) <= 6, chapter
    used = [task[3] for tasks in found.values() for task in tasks]
    assert sorted(used) == sorted(checks.__all__)


def test_every_check_knows_several_mistakes_and_explains_them(solutions):
    answers = solutions.Answers()
    assert set(answers.right) == set(answers.mistakes) == set(checks.__all__)
    for check, mistakes in answers.mistakes.items():
        assert len(mistakes) >= 5, check
        reasons = {hint for _, hint in mistakes if not hint.startswith(("it raised", "it should"))}
        assert len(reasons) >= 2, check


@pytest.mark.parametrize("check", sorted(checks.__all__))
def test_written_solution_passes_its_check(solutions, check, capsys):
    names = {"__name__": "solution"}
    code = solutions.Answers().source(check, "answer")
    exec(f"{IMPORTS}\n{code}", names)
    getattr(checks, check)(names["answer"])
    assert capsys.readouterr().out == "passed\n"


def test_the_guide_says_of_every_chapter_what_it_leans_on_and_what_is_hard():
    guide = (ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[?(\d+) .+? \| (.+) \| (.+) \|$", guide, re.MULTILINE)
    assert {int(path.name[:2]) for path in NOTEBOOKS} <= {int(number) for number, *_ in rows}
    for number, leans, _hard in rows:
        earlier = re.findall(r"\d+", leans)
        assert all(int(one) < int(number) for one in earlier), number


def prose(path: Path) -> str:
    """Return a notebook's text without headings, code, formulas, readings and other links."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(c["source"]) for c in cells if c["cell_type"] == "markdown"]
    text = "\n\n".join(t for t in texts if not t.startswith("## What to read next"))
    text = re.sub(r"^(#| {4}|\*\"Intriguing).*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"```.*?```|\$\$.*?\$\$", "", text, flags=re.DOTALL)
    text = re.sub(r"`[^`\n]*`|\$[^$\n]*\$", "", text)
    text = re.sub(r"unit (square|vector|circle)", "", text)
    return re.sub(r"\[[^\]]*\]\((?!\.\./docs/glossary\.md\))[^)]*\)", "", text)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_first_use_of_each_term_in_a_chapter_is_a_link_to_the_glossary(path):
    text, bare = prose(path), []
    links = [match.span() for match in re.finditer(r"\[[^\]]*\]\(\.\./docs/glossary\.md\)", text)]
    assert len(links) >= 10
    for row in ROWS:
        names = [name.strip() for name in row[0].split(",")]
        names = "|".join(re.escape(name) for name in names if name != "interval")
        found = re.search(rf"(?<![\w∂-])({names})(e?s)?(?![\w-])", text, re.IGNORECASE)
        if found and not any(start < found.start() < end for start, end in links):
            bare.append(text[found.start() - 30 : found.end() + 30])
    assert not bare, f"{bare}: run python docs/glossary_links.py"


TERMS = (
    "| term | |\n| box, box constraint | |\n| loss | |\n| softmax | |\n| softmax classifier | |\n"
)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            ["# The loss", "`loss` $loss$ ∂loss A loss."],
            ["# The loss", "`loss` $loss$ ∂loss A [loss]."],
        ),
        (["A softmax classifier", "its softmax"], ["A [softmax classifier]", "its softmax"]),
        (["[chapter on the loss](5.ipynb), loss"], ["[chapter on the loss](5.ipynb), [loss]"]),
        (["**Boxes** and a box constraint"], ["**[Boxes]** and a box constraint"]),
        (["a toolbox, a box-shaped lossy thing"], ["a toolbox, a box-shaped lossy thing"]),
        (["## What to read next\n\nA box"], ["## What to read next\n\nA box"]),
        (["a loss", "the [loss](../docs/glossary.md)"], ["a [loss]", "the loss"]),
    ],
)
def test_links_to_the_glossary_are_set_where_they_belong(glossary_links, before, after):
    expected = [re.sub(r"\](?!\()", "](../docs/glossary.md)", text) for text in after]
    assert glossary_links.linked(before, TERMS) == expected
    assert glossary_links.linked(expected, TERMS) == expected
