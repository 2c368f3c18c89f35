"""The entries of the tables, and which line of the ledger judges them."""

from fnmatch import fnmatchcase

import numpy as np
import pytest

from helpers.course.results_page import entries
from helpers.course.results_page.entries import JUDGES, Entry, compared, full_runs, merged
from helpers.course.verdicts import BOUND, DIFFERS, NO_POWER, REPRODUCED


def table(title, columns, rows):
    return {"title": title, "columns": list(columns), "rows": rows}


def sides(*values):
    return {"paper": list(values), "ours": [10 * value for value in values]}


def run(*tables, chapter="02_two", claims=()):
    return {"chapter": chapter, "tables": list(tables), "claims": list(claims)}


def test_columns_of_one_table_from_two_chapters_stand_side_by_side():
    first = table("Table 1", ["train", "test"], {"A": sides(1, 2), "B": sides(3, 4)})
    second = table("Table 1", ["size"], {"B": sides(5), "C": sides(6)})
    other = table("Figure 7", ["right"], {"noise": sides(51)})
    found = merged([run(first), run(other, second)])
    assert [content["title"] for content in found] == ["Table 1", "Figure 7"]
    assert found[0]["columns"] == ["train", "test", "size"]
    assert {name: row["paper"] for name, row in found[0]["rows"].items()} == {
        "A": [1, 2, None],
        "B": [3, 4, 5],
        "C": [None, None, 6],
    }


def test_entries_are_those_that_both_have():
    rows = {"A": {"paper": [1, None], "ours": [2, 3]}}
    found = compared([run(table("Table 9", ["x", "y"], rows))])
    assert found == [Entry("Table 9", "A", "x", 1, 2, "")]


def test_verdicts_are_those_of_the_lines_that_judge(stored):
    verdicts = {(e.table, e.row, e.column): e.verdict for e in compared(full_runs(comparable=True))}
    size, networks = "av. min. distortion", ("FC100-100-10", "FC123-456-10", "FC100-100-10′")
    assert verdicts["Table 1", "FC10(1)", size] == REPRODUCED
    assert verdicts["Table 1", "FC100-100-10", size] == DIFFERS
    rows = {
        row: [verdicts["Table 4", row, f"{name}, %"] for name in networks]
        for _, row, _ in verdicts
        if row != "FC10(1)"
    }
    assert rows["FC100-100-10"] == ["", REPRODUCED, DIFFERS]  # not of its own network
    assert rows["FC123-456-10 to 0.1"] == [REPRODUCED, "", DIFFERS]
    assert rows["noise, σ = 0.1"] == ["", "", ""]


def test_one_line_that_differs_is_enough():
    lines = [
        {"claim": "Table 4, row A: error of B", "verdict": verdict}
        for verdict in (NO_POWER, BOUND, REPRODUCED, DIFFERS)
    ]
    found = compared(
        [run(table("Table 4", ["B, %"], {"A": sides(1)}), chapter="08_x", claims=lines)]
    )
    assert [entry.verdict for entry in found] == [DIFFERS]


def test_line_of_another_chapter_judges_nothing():
    line = {"claim": "Table 4, row A: error of B", "verdict": DIFFERS}
    found = compared(
        [run(table("Table 4", ["B, %"], {"A": sides(1)}), chapter="07_x", claims=[line])]
    )
    assert [entry.verdict for entry in found] == [""]


@pytest.mark.parametrize("judge", JUDGES, ids=lambda judge: f"{judge[0]} {judge[4]}")
def test_every_judge_is_a_line_of_the_stored_ledgers(judge):
    titles, names, column, chapter, line = judge
    runs = full_runs(comparable=True)
    rows = {
        row
        for content in merged(runs)
        if fnmatchcase(content["title"], titles)
        if column == entries.OTHERS or any(fnmatchcase(c, column) for c in content["columns"])
        for row in content["rows"]
        if fnmatchcase(row, names)
    }
    claims = [
        c["claim"] for run in runs if int(run["chapter"][:2]) == chapter for c in run["claims"]
    ]
    lines = {line.format(row=row, column="*") for row in rows}
    judged = [c for c in claims if any(fnmatchcase(c, one) for one in lines)]
    assert judged, f"no claim of chapter {chapter} reads {line}"


def test_arcsine_gives_a_sampling_error_one_length():
    generator = np.random.default_rng(0)
    for percent in (10, 50, 80):
        shares = 100 * generator.binomial(256, percent / 100, 20_000) / 256
        assert entries.arcsine(shares).std() == pytest.approx(1 / (2 * 256**0.5), rel=0.05)


def test_arcsine_stretches_the_ends_and_holds_per_cent_in_their_range():
    found = entries.arcsine(np.array([0, 25, 50, 100, -1, 101]))
    assert found == pytest.approx(np.pi * np.array([0, 1 / 6, 1 / 4, 1 / 2, 0, 1 / 2]))
    assert Entry("Table 2", "A", "B, %", 25, 75, "").distance == pytest.approx(np.pi / 6)
    assert Entry("Table 2", "A", "B, %", 75, 25, "").distance == pytest.approx(np.pi / 6)


def test_columns_in_per_cent_are_shares_and_that_of_the_rows_network_is_its_own():
    kinds = [
        Entry("Table 4", row, column, 1, 2, "")
        for row in ("A", "A to 0.1", "B")
        for column in ("A, %", "A", "A to 0.1, %")
    ]
    assert [entry.is_share for entry in kinds] == 3 * [True, False, True]
    assert [entry.is_own for entry in kinds] == 2 * [True, False, False] + [False] * 3


def test_fingerprint_is_that_of_every_figure():
    one = Entry("Table 1", "A", "x", 1, 2, "")
    others = [Entry("Table 1", "A", "x", 1, 2.0001, ""), Entry("Table 1", "A", "x", 1, 2, DIFFERS)]
    prints = {entries.fingerprint([entry]) for entry in (one, *others)}
    assert len(prints) == 3
    assert all(len(one) == 16 and int(one, 16) >= 0 for one in prints)
    assert entries.fingerprint([one]) == entries.fingerprint([Entry("Table 1", "A", "x", 1, 2, "")])
