"""The stored lines and the rules in the notebooks: no line is reproduced by construction."""

import ast
import json

import pytest

from helpers.course import DIFFERS, NO_POWER, REPRODUCED, RESULTS, VERDICTS
from helpers.course.claims import UNTESTED
from helpers.course.results import NOTEBOOKS, read_results
from helpers.course.samples import PAPER_IMAGES, Sampled
from helpers.course.verdicts import is_silent

RUNS = sorted(RESULTS.glob("*.full.json"))
CHAPTERS = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
RULES = {
    "phenomenon",
    "correction",
    "extension",
    "self_check",
    "proportion",
    "mean",
    "entries",
    "number",
    "bound",
    "not_testable",
}
OTHER = {"compare", "verdicts", "table", "save"}


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_each_stored_line_has_a_kind_a_rule_and_its_reasons(path):
    for claim in read_results(path)["claims"]:
        assert claim["verdict"] in VERDICTS
        assert claim["tolerance"]
        if claim["verdict"] == REPRODUCED:
            assert not is_silent(claim["paper"]), claim["claim"]
            assert claim["holds"]
        if claim["verdict"] == DIFFERS:
            assert claim["reason"], claim["claim"]
            assert claim["settle"], claim["claim"]


def calls(path):
    """Return (rule, keywords) of each line that a notebook adds to its ledger."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    found = []
    for cell in cells:
        text = "".join(cell["source"])
        if cell["cell_type"] != "code" or "ledger." not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "ledger"
            ):
                found.append((node.func.attr, {k.arg: k.value for k in node.keywords}))
    return found


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_each_line_of_a_notebook_follows_a_rule_that_can_fail(path):
    lines = [(rule, words) for rule, words in calls(path) if rule not in OTHER]
    assert lines, "no line"
    for rule, words in lines:
        assert rule in RULES, rule
        if "holds" in words:  # is computed, never typed
            assert not isinstance(words["holds"], ast.Constant)
        if {"paper", "ours"} <= words.keys():
            paper, ours = (ast.dump(words[side]) for side in ("paper", "ours"))
            assert paper != ours, "a figure beside itself"
        if "ours" in words:  # what this run measured, never typed
            assert not isinstance(words["ours"], ast.Constant)


# --- noise in the place of the attack

TRANSFER = {
    "07_cross_model": ("Table 2", "noise, σ = 0.1"),
    "08_cross_training_set": ("Table 4", "noise, σ = 0.06"),
}


def blind(chapter):
    """Return the lines for a table's entries if noise were all that the attack is."""
    run = read_results(RESULTS / f"{chapter}.MNIST.full.json")
    title, first = TRANSFER[chapter]
    (table,) = (one for one in run["tables"] if one["title"] == title)
    columns = [name.removesuffix(", %") for name in table["columns"] if name.endswith("%")]
    paper = {name: row["paper"][: len(columns)] for name, row in table["rows"].items()}
    noise = run["results"]["same_size_noise"]
    book = Sampled(comparable=True)
    for row in noise:
        control = "noise, σ = 0.1" if row.endswith(" to 0.1") else first
        ours = {row: noise[row]}
        options = {"paper": paper, "ours": ours, "noise": control, "images": 10_000}
        book.entries(title, columns, **options, reason="it is noise")
    return book.claims


@pytest.mark.parametrize(
    ("chapter", "entries", "most"), [("07_cross_model", 30, 12), ("08_cross_training_set", 12, 4)]
)
def test_with_noise_in_the_place_of_the_attack_every_line_with_power_differs(
    chapter, entries, most
):
    lines = blind(chapter)
    powerless = [line for line in lines if line.verdict == NO_POWER]
    assert len(lines) == entries
    assert len(powerless) <= most  # about a third
    assert {line.verdict for line in lines if line not in powerless} == {DIFFERS}


@pytest.mark.parametrize("paper", [2.0, 26.2, 50.0, 98.0])
def test_no_share_is_reproduced_by_whatever_is_found(paper):
    book = Sampled(comparable=True)
    for ours in range(101):
        book.proportion("x", paper=paper, ours=ours, images=PAPER_IMAGES, reason="r")
    reproduced = [line.verdict == REPRODUCED for line in book.claims]
    assert reproduced[round(paper)]
    assert sum(reproduced) < 20  # of 101 values from 0 to 100 %


def test_only_lines_that_are_not_tested_have_no_rule():
    for path in RUNS:
        for claim in read_results(path)["claims"]:
            if claim["tolerance"] == UNTESTED:
                assert claim["verdict"] == VERDICTS[-1]
