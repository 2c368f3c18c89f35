"""The benchmarks' arithmetic; they themselves are no tests."""

import json
import math
import subprocess
import sys

import pytest

from helpers.data import ROOT
from tests.benchmarks import comparison
from tests.benchmarks.comparison import Record
from tests.benchmarks.picture import inside, spread

INF = math.inf


def record(*distances, ms=1.0, ours=False):
    return Record(ours=ours, distances=distances, cpu=[ms / 1000], wall=[0.002])


def test_optimality_is_the_mean_share_of_the_best_and_0_for_failures():
    best = [1.0, 2.0, 3.0, INF, 0.0]
    assert comparison.optimality([1.0, 4.0, INF, INF, 0.0], best) == (1 + 0.5 + 0 + 1) / 4
    assert comparison.optimality([1.0, 4.0], best) == 0.75  # a slow attack, on the first two


def test_best_of_all_is_that_of_the_attacks_that_were_run_on_an_image():
    records = {"all": record(3.0, 1.0, INF), "few": record(2.0)}
    assert comparison.best_of_all(records, None) == [2.0, 1.0, INF]
    assert comparison.best_of_all(records, [2.5, 0.5, 4.0]) == [2.0, 0.5, 4.0]


def test_means_are_compared_on_common_successes():
    assert comparison.common_means([1.0, 9.0, INF, 3.0], [2.0, INF, 1.0]) == (1.0, 2.0)
    assert all(map(math.isnan, comparison.common_means([INF, 1.0], [1.0, INF])))


@pytest.mark.parametrize(
    ("peer", "preset", "expected"),
    [
        (record(1.0, 1.0, ms=10), record(1.1, 1.0, ms=10), True),
        (record(1.0, 1.0, ms=11), record(1.1, 1.0, ms=10), False),  # slower
        (record(1.0, 1.0, ms=10), record(1.0, 1.0, ms=10), False),  # as close
        (record(1.0, INF, ms=10), record(1.1, 1.0, ms=10), False),  # fails more often
        (record(1.0, INF, ms=10), record(1.1, INF, 1.0, ms=10), True),  # on its two images
        (record(INF, 1.0, ms=10), record(1.0, INF, ms=10), False),  # no common image
    ],
)
def test_peer_beats_what_is_farther_no_more_successful_and_no_faster(peer, preset, expected):
    assert comparison.beats(peer, preset, strictly=True) is expected


def test_dominated_names_what_is_beaten_and_what_meets_the_peer():
    records = {
        "short": record(1.2, 1.2, ms=1, ours=True),
        "long": record(1.0, 1.0, ms=5, ours=True),
        "slow": record(1.3, 1.3, ms=9, ours=True),
        "peer": record(1.1, 1.1, ms=9),
        "better": record(0.9, 0.9, ms=5),
        "worse": record(1.4, 1.4, ms=0.5),
    }
    assert comparison.dominated(records) == [
        {"peer": "peer", "beaten": ["slow"], "met by": ["long"]},
        {"peer": "better", "beaten": ["long", "slow"], "met by": []},
    ]


def test_rows_are_relative_to_the_reference_on_common_images():
    records = {"ours": record(2.0, 4.0, 4.0, ours=True), "peer": record(1.0, INF, ms=3)}
    _, row = comparison.rows(records, "ours")
    assert row["success"] == row["relative"] == row["optimality"] == 0.5
    assert (row["mean"], row["ms"], row["wall ms"], row["images"]) == (1.0, 3.0, 2.0, 2)


def test_names_are_moved_apart_and_no_farther_than_needed():
    assert spread([0.0, 5.0], 1.0) == [0.0, 5.0]
    assert spread([1.0, 1.0, 1.0], 1.0) == [0.0, 1.0, 2.0]
    assert spread([0.0, 0.9, 1.1, 9.0], 1.0) == pytest.approx([-1 / 3, 2 / 3, 5 / 3, 9.0])


def test_names_stay_beside_their_panel():
    assert inside([0.2, 0.5], 0.1) == [0.2, 0.5]
    assert inside([0.8, 1.0, 1.2], 0.25) == pytest.approx([0.5, 0.75, 1.0])
    assert inside([-0.3, 0.0, 0.9], 0.25) == pytest.approx([0.0, 0.25, 0.9])


NAMES = ("attack", "spectral", "scaling")
HELP = f"""
import contextlib, io, json, runpy, sys

found = {{}}
for name in {NAMES}:
    out, err, code = io.StringIO(), io.StringIO(), None
    sys.argv = [name, "--help"]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            runpy.run_module(f"tests.benchmarks.{{name}}", run_name="__main__", alter_sys=True)
        except SystemExit as end:
            code = end.code
    found[name] = code, out.getvalue(), err.getvalue()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def helped():
    """Return what each benchmark says to --help, in a Python that imports what they share once."""
    command = [sys.executable, "-c", HELP]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)
    assert ran.stderr == ""
    return json.loads(ran.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_help_is_printed_and_nothing_runs(helped, name):
    code, out, err = helped[name]
    assert code == 0
    assert "--folder" in out
    assert err == ""
