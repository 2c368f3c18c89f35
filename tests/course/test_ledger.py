import re

import numpy as np
import pytest
import torch

from helpers.course import (
    DIFFERS,
    EXTENSION,
    NOT_TESTABLE,
    REPRODUCED,
    SELF_CHECK,
    Ledger,
    load_results,
)
from helpers.course.results import results_file
from helpers.course.session import SEED, Scale, Session
from helpers.data import Dataset

SESSION = Session(torch.device("cpu"), Scale("ci"))


def ledger(data="MNIST", **options):
    dataset = Dataset(torch.zeros(1, 1, 2, 2), torch.zeros(1).long(), data, f"{data}, one image")
    return Ledger("02_framework", SESSION, dataset, **options)


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.course.results.RESULTS", tmp_path / "results")
    return tmp_path / "results"


def filled(data="MNIST"):
    book = ledger(data)
    book.number("error", paper=1.64, ours=1.70001, within=0.5, rule="r", unit=" %", reason="unseen")
    book.phenomenon("A above B", paper="3 > 1", ours="2 > 1", holds=True, reason="unseen")
    book.phenomenon("C above D", paper="3 > 1", ours="1 > 2", holds=False, reason="small data")
    book.extension("E above F", ours="1 > 2", holds=False, reason="equal")
    book.self_check("D ≤ r", ours="1 ≤ 2", holds=True, reason="unseen")
    return book


@pytest.mark.parametrize("data", ["MNIST", "shipped digits"])
def test_verdicts_are_the_phenomena_without_figures(capsys, data):
    assert filled(data).verdicts() is None
    assert capsys.readouterr().out == (
        "reproduced: A above B\ndiffers: C above D\nextension, not so: E above F\n"
        "self-check: D ≤ r\n"
    )


def cells(markdown):
    lines = [line for line in markdown.data.splitlines() if line.startswith("|")]
    rows = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    return [[cell.strip() for cell in row] for row in rows]


def test_table_shows_every_claim_and_the_source():
    table = filled().table()
    header, _, *rows = cells(table)
    assert header == ["claim", "paper", "ours (ci)", "rule", "verdict"]
    assert rows == [
        ["error", "1.64 %", "1.7 %", "± 0.5 %: r", "reproduced"],
        ["A above B", "3 > 1", "2 > 1", "holds", "reproduced"],
        ["C above D", "3 > 1", "1 > 2", "holds", "differs: small data"],
        ["E above F", "not in the paper", "1 > 2", "holds", "extension, not so: equal"],
        ["D ≤ r", "not in the paper", "1 ≤ 2", "holds", "self-check"],
    ]
    assert table.data.endswith("Data: MNIST, one image.")


def test_table_survives_the_papers_vertical_bars():
    book = ledger()
    book.phenomenon("c·|r| falls", paper="|r| < 1", ours="|r| < 1", holds=True, reason="")
    assert {len(row) for row in cells(book.table())} == {5}


def test_saved_results_are_loaded_again(results):
    filled("shipped digits").save(errors=[1.5, 2], note="λ ≤ 1")
    assert [path.name for path in results.iterdir()] == ["02_framework.shipped_digits.ci.json"]
    found = load_results("02_framework", "shipped digits", "ci")
    assert found["results"] == {"errors": [1.5, 2], "note": "λ ≤ 1"}
    assert (found["scale"], found["seed"]) == ("ci", SEED)
    assert found["source"] == "shipped digits, one image"
    assert found["versions"]["torch"] == torch.__version__
    assert [c["verdict"] for c in found["claims"]] == [
        NOT_TESTABLE,
        REPRODUCED,
        DIFFERS,
        EXTENSION,
        SELF_CHECK,
    ]


def test_runs_on_other_data_do_not_replace_each_other(results):
    for data in ("MNIST", "shipped digits"):
        ledger(data).save(data=data)
    for data in ("MNIST", "shipped digits"):
        assert load_results("02_framework", data, "ci")["results"] == {"data": data}


@pytest.mark.parametrize(
    ("bad", "where", "kind"),
    [
        (torch.zeros(2), "bad", "Tensor"),
        (np.zeros(2), "bad", "ndarray"),
        (np.float32(1), "bad", "float32"),
        (np.bool_(True), "bad", "bool"),
        ({1, 2}, "bad", "set"),
        ({"a": [1, {"b": torch.tensor(1.0)}]}, "bad['a'][1]['b']", "Tensor"),
        ((1, 2, np.int64(3)), "bad[2]", "int64"),
        (b"bytes", "bad", "bytes"),
    ],
)
def test_results_that_json_can_not_hold_are_named_and_replace_nothing(results, bad, where, kind):
    ledger().save(good=1)
    message = rf"^{re.escape(where)} must be what JSON can hold.*it is a {kind}_?: take its tolist"
    with pytest.raises(TypeError, match=message):
        ledger().save(fine=2, bad=bad)
    assert load_results("02_framework", "MNIST", "ci")["results"] == {"good": 1}
    assert len(list(results.iterdir())) == 1


def test_key_that_json_can_not_hold_is_named(results):
    with pytest.raises(TypeError, match=r"^bad\['a'\] must have keys of text .*got \(1, 2\)"):
        ledger().save(bad={"a": {(1, 2): 3}})
    assert not results.exists()


def test_numbers_that_are_not_finite_are_null(results):
    values = [1.5, float("nan"), np.inf, np.float64("-inf"), np.float64(2)]
    book = ledger()
    book.compare("Table 9", ("a",), paper={"A": (1,)}, ours={"A": (np.nan,)})
    book.save(values=values, nested={"x": (float("nan"), True, None, "NaN")})
    found = load_results("02_framework", "MNIST", "ci")
    assert found["results"]["values"] == [1.5, None, None, None, 2]
    assert found["results"]["nested"] == {"x": [None, True, None, "NaN"]}
    assert found["tables"][0]["rows"] == {"A": {"paper": [1], "ours": [None]}}


def test_table_and_claim_with_a_tensor_are_refused_when_they_are_added():
    book = ledger()
    where = r"Table 9\['rows'\]\['A'\]\['ours'\]\[0\] must be what JSON can hold"
    with pytest.raises(TypeError, match=where):
        book.compare("Table 9", ("a",), paper={"A": (1,)}, ours={"A": (torch.tensor(1.0),)})
    with pytest.raises(TypeError, match=r"the claim 'c'\['ours'\] must be what JSON can hold"):
        book.phenomenon("c", paper="1", ours=torch.tensor(1.0), holds=True, reason="")
    assert (book.tables, book.claims) == ([], [])


def test_runs_that_were_never_made_are_empty(results):
    ledger().save()
    assert load_results("02_framework", "MNIST") == {}
    assert load_results("03_units", "MNIST", "ci") == {}


def halved(text):
    return text[: len(text) // 2]


def not_text(text):
    return b"\xff\xfe" + text


@pytest.mark.parametrize("damage", [halved, not_text])
def test_damaged_results_are_an_error_with_a_remedy(results, damage):
    filled().save()
    path = results_file("02_framework", "MNIST", "ci")
    path.write_bytes(damage(path.read_bytes()))
    remedy = r"02_framework\.MNIST\.ci\.json is damaged .*COURSE_SCALE=ci .*reproduce 02"
    with pytest.raises(RuntimeError, match=remedy):
        load_results("02_framework", "MNIST", "ci")


# --- tables of the paper

PAPER = {"A": (1.0, 20.0), "B": (0.062, None)}
OURS = {"A": [1.234, 19.96], "B": (0.0519, 3.0)}


def test_compared_table_shows_paper_and_ours_in_each_entry():
    table = ledger().compare("Table 9", ("error, %", "size"), paper=PAPER, ours=OURS)
    header, _, *rows = cells(table)
    assert header == ["paper → ours", "error, %", "size"]
    assert rows == [["A", "1 → 1.23", "20 → 20"], ["B", "0.062 → 0.0519", "– → 3"]]
    assert table.data.endswith("Data: MNIST, one image.")


def test_compared_table_is_saved_with_all_digits(results):
    book = ledger()
    book.compare("Table 9", ("error, %", "size"), paper=PAPER, ours=OURS)
    book.save()
    found = load_results("02_framework", "MNIST", "ci")
    assert found["comparable"]
    assert found["tables"] == [
        {
            "title": "Table 9",
            "columns": ["error, %", "size"],
            "rows": {
                "A": {"paper": [1.0, 20.0], "ours": [1.234, 19.96]},
                "B": {"paper": [0.062, None], "ours": [0.0519, 3.0]},
            },
        }
    ]


def test_results_on_other_data_say_that_they_are_not_comparable(results):
    ledger("shipped digits").save()
    assert load_results("02_framework", "shipped digits", "ci")["comparable"] is False


@pytest.mark.parametrize(
    ("ours", "why"),
    [
        ({"A": (1, 2)}, "rows A, B; got A$"),
        ({"B": (1, 2), "A": (1, 2)}, "rows A, B; got B, A"),
        ({"A": (1, 2), "B": (1, 2, 3)}, r"each row must have 2 values, got \{2, 3\}"),
    ],
)
def test_table_with_other_rows_or_columns_is_refused(ours, why):
    book = ledger()
    with pytest.raises(ValueError, match=why):
        book.compare("Table 9", ("error", "size"), paper=PAPER, ours=ours)
    assert book.tables == []
