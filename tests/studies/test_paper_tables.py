"""The paper's tables as the recipes are judged by them: the figures that the chapters show."""

import ast

import nbformat
import pytest

from helpers.course import NOTEBOOKS
from helpers.studies import paper_tables


def shown(chapter: str, name: str):
    """Return a table that a cell of a chapter writes out."""
    for cell in nbformat.read(NOTEBOOKS / f"{chapter}.ipynb", as_version=4).cells:
        if cell.cell_type == "code" and f"{name} = " in cell.source:
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.Assign) and node.targets[0].id == name:
                    return ast.literal_eval(node.value)
    raise LookupError(f"{chapter} has no table {name}")


def test_distortions_of_table_1_are_those_of_chapter_6():
    expected = {name: row[1] for name, row in paper_tables.TABLE_1.items()}
    assert shown("06_minimal_distortion", "PAPER") == expected


def test_table_2_is_that_of_chapter_7():
    table = shown("07_cross_model", "PAPER_TABLE_2")
    assert {name: table[name][:6] for name in paper_tables.TABLE_2} == paper_tables.TABLE_2


def test_table_3_is_that_of_chapter_2():
    table = shown("02_framework", "PAPER_TABLE_3")
    for name, (other, test, _) in paper_tables.TABLE_3.items():
        assert {0.0, other, test} == set(table[name])


@pytest.mark.parametrize(
    ("block", "ending", "noise"),
    [("MINIMAL", "", "noise, σ = 0.06"), ("STRETCHED", " to 0.1", "noise, σ = 0.1")],
)
def test_table_4_is_that_of_chapter_8(block, ending, noise):
    table = shown("08_cross_training_set", "PAPER_TABLE_4")
    for name, row in getattr(paper_tables, f"TABLE_4_{block}").items():
        assert table[noise if name == "noise" else f"{name}{ending}"] == row
