"""The tables of the results page."""

import json

from helpers.course.results_page import tables


def rows(text):
    """Return the rows of a Markdown table as lists of cells."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return [cells[0], *cells[2:]]


def below(text, title):
    return rows(text.split(f"### {title}\n")[1].split("###")[0])


def test_paper_and_ours_have_a_cell_each_and_what_differs_is_bold(stored):
    text = tables.comparisons()
    assert below(text, "Table 1") == [
        ["av. min. distortion", "paper", "ours"],
        ["FC10(1)", "0.14", "0.1"],
        ["FC100-100-10", "0.058", "**0.0598**"],
    ]
    assert below(text, "Table 4") == [
        ["", "", "FC100-100-10, %", "FC123-456-10, %", "FC100-100-10′, %"],
        ["FC100-100-10", "paper", "100", "26", "6"],
        ["", "ours", "100", "24", "**12**"],
        ["FC123-456-10 to 0.1", "paper", "96", "100", "22"],
        ["", "ours", "98", "99", "**70**"],
        ["noise, σ = 0.1", "paper", "3", "3", "3"],
        ["", "ours", "3", "3", "3"],
    ]


def test_what_only_one_chapter_measured_is_a_dash(book):
    first, second = book("02_two"), book("06_six")
    first.compare("Table 1", ("test",), paper={"A": (1,)}, ours={"A": (2,)})
    second.compare("Table 1", ("size",), paper={"B": (3,)}, ours={"B": (4,)})
    first.save()
    second.save()
    assert below(tables.comparisons(), "Table 1")[1:] == [
        ["A", "paper", "1", "–"],
        ["", "ours", "2", "–"],
        ["B", "paper", "–", "3"],
        ["", "ours", "–", "4"],
    ]


def test_claims_that_differ_are_named_with_their_reason(book):
    run = book("06_six")
    run.number("error", paper=1, ours=1, within=0, rule="r", reason="unseen")
    why = {"reason": "a better optimiser", "settle": "its code"}
    run.number("|size|", paper=2, ours=1, within=0.5, rule="r", unit=" px", **why)
    run.save()
    _, *lines = rows(tables.differing_claims().replace(r"\|", "∣"))
    link = "[6](../notebooks/06_six.ipynb)"
    assert lines == [[link, "∣size∣", "2 px", "1 px", "a better optimiser", "its code"]]


def test_runs_on_other_data_or_at_another_scale_are_left_out(book):
    for run in (book("06_six", data="shipped digits"), book("06_six"), book("07_seven")):
        content = {f"{run.chapter} {run.dataset}": (1,)}
        run.compare("Table 1", ("size",), paper=content, ours=content)
        run.scale = "class" if run.chapter == "07_seven" else "full"
        run.save()
    assert [row[0] for row in below(tables.comparisons(), "Table 1")[1:]] == ["06_six MNIST"]


def test_networks_of_figure_5_stand_beside_each_other(book):
    for name, mean in (
        ("squeezenet1_0 samples", 0.00079),
        ("efficientnet_lite0 photographs", 0.0208),
    ):
        run = book("11_imagenet", data=name)
        run.save(figure_5={"images": 100, "success": 1.0, "mean": mean, "processor_seconds": 2.64})
    book("12_quocnet", data="faces").save(other=1)
    own = book("11_imagenet", data="MNIST")
    own.save(figure_5={"images": 64, "success": 1.0, "mean": 0.0065, "processor_seconds": 9.0})
    assert [row[:4] for row in rows(tables.other_networks())[1:]] == [
        ["efficientnet_lite0 photographs", "100% of 100", "0.02080", "2.6 s"],
        ["squeezenet1_0 samples", "100% of 100", "0.00079", "2.6 s"],
    ]


def test_benchmark_has_a_cell_for_each_attack_and_says_who_is_beaten(folder):
    ours = {"attack": "ours", "optimality": 0.9954, "ms": 0.5}
    peer = {"attack": "peer", "optimality": 1.0, "ms": 1916.3}
    beats = {"peer": "peer", "beaten": ["ours"], "met by": ["longer", "longest"]}
    networks = [
        {"network": "Conv", "targeted": [ours, peer], "targeted, dominated": [beats]},
        {"network": "ReLU", "targeted": [ours], "targeted, dominated": []},
    ]
    networks[1] |= {"untargeted": [ours], "untargeted, dominated": []}
    content = {"machine": "a machine", "data": "digits", "networks": networks}
    content["left out"] = {"Big": "no weights"}
    (folder / "attack_benchmark.json").write_text(json.dumps(content), encoding="utf-8")
    text = tables.benchmark()
    assert below(text, "Targeted") == [
        ["attack", "Conv", "ReLU"],
        ["ours", "99.5, 0.5 ms", "99.5, 0.5 ms"],
        ["peer", "100.0, 1,916 ms", "–"],
    ]
    assert below(text, "Untargeted") == [["attack", "ReLU"], ["ours", "99.5, 0.5 ms"]]
    assert "library's: ours on Conv by peer, which is met by longer and longest." in text
    assert "library's: none." in text
    assert "Left out: Big (no weights)." in text


def test_kinds_are_counted_with_those_that_did_not_come_out_so(book):
    run = book("06_six")
    for holds in (True, False, True):
        run.extension("an extension", ours="1", holds=holds, reason="r")
        run.phenomenon("a claim", paper="1", ours="1", holds=holds, reason="r")
    run.save()
    lines = {row[0]: row[1] for row in rows(tables.kinds())[1:]}
    assert lines["reproduced"] == "2"
    assert lines["differs"] == "1"
    assert lines["extension"] == "3, 1 of them not so"
    assert lines["no power"] == "0"
