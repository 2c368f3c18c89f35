"""Runs of small ledgers, in a folder of their own."""

import pytest
import torch

from helpers.course import Ledger, results
from helpers.course.session import Scale, Session
from helpers.data import Dataset

FULL = Session(torch.device("cpu"), Scale("full"))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder of the results, an empty one."""
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    return tmp_path


@pytest.fixture
def book(folder):
    """Return a function that makes a full-scale ledger of a chapter, on MNIST by default."""

    def make(chapter, *, data="MNIST"):
        dataset = Dataset(torch.zeros(1, 1, 2, 2), torch.zeros(1).long(), data, data)
        return Ledger(chapter, FULL, dataset)

    return make


@pytest.fixture
def stored(book):
    """Store three chapters: Tables 1 and 4, and the number of the paper's images."""
    six, seven, eight = book("06_six"), book("07_seven"), book("08_eight")
    sizes = {"FC10(1)": (0.14,), "FC100-100-10": (0.058,)}
    found = {"FC10(1)": (0.1,), "FC100-100-10": (0.0598,)}
    six.compare("Table 1", ("av. min. distortion",), paper=sizes, ours=found)
    for name in sizes:
        words = f"average minimum distortion of {name}"
        paper, ours = sizes[name][0], found[name][0]
        six.number(
            words,
            paper=paper,
            ours=ours,
            within=0.0015 if paper < 0.1 else 0.05,
            rule="r",
            reason="because",
        )
    columns = ("FC100-100-10, %", "FC123-456-10, %", "FC100-100-10′, %")
    noise = {"noise, σ = 0.1": (3, 3, 3)}
    paper = {"FC100-100-10": (100, 26, 6), "FC123-456-10 to 0.1": (96, 100, 22)} | noise
    ours = {"FC100-100-10": (100, 24, 12), "FC123-456-10 to 0.1": (98, 99, 70)} | noise
    rows = {name: row for name, row in ours.items() if name not in noise}
    eight.compare("Table 4", columns, paper=paper, ours=ours)
    eight.entries(
        "Table 4", [c[:-3] for c in columns], paper=paper, ours=rows, images=1000, reason="r"
    )
    six.save()
    seven.save(images_behind_the_paper={"N": 256})
    weights = {"paper": [7.05, 35], "as in chapter 2": [11.6, 71.3], "first weights × 3": [6, 47.8]}
    eight.save(first_weights=weights)
