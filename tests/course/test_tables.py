import pytest

from helpers.course import table


def cells(line):
    return [cell.strip() for cell in line.strip("|").split(" | ")]


def test_cells_are_shown_as_they_are_given():
    head, rule, *rows = table([("FC10(1)", 0.10), ("1e5", "007")], ("network", "size")).data.split(
        "\n"
    )
    assert cells(head) == ["network", "size"]
    assert set(rule) <= set("|-")
    assert [cells(row) for row in rows] == [["FC10(1)", "0.1"], ["1e5", "007"]]


def test_bar_does_not_end_its_cell():
    assert r"\|r\|" in table([("|r|",)], ("size",)).data


def test_rows_may_be_made_one_by_one():
    assert table((row for row in [(1, 2)]), "ab").data == table([(1, 2)], "ab").data


def test_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r"rows must have 2 cells, one a header; got \['1'\]"):
        table([(1,)], ("a", "b"))
