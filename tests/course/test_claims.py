"""The rules of the ledger: each kind of verdict, and what no line may be."""

import math

import numpy as np
import pytest

from helpers.course import (
    BOUND,
    CORRECTION,
    DIFFERS,
    EXTENSION,
    FITTED,
    NO_POWER,
    NOT_TESTABLE,
    REPRODUCED,
    SELF_CHECK,
    VERDICTS,
    said,
)
from helpers.course.claims import SETTLE
from helpers.course.samples import Sampled
from helpers.course.verdicts import is_silent


def line(method, *arguments, comparable=True, **options):
    """Return the one line that a rule adds."""
    book = Sampled(comparable=comparable)
    assert getattr(book, method)(*arguments, **options) is None
    (claim,) = book.claims
    assert claim.verdict in VERDICTS
    assert claim.tolerance
    return claim


# --- orders, ratios and signs

WORDS = {"paper": "3 > 1", "ours": "2 > 1"}


@pytest.mark.parametrize("comparable", [True, False])
@pytest.mark.parametrize(("holds", "verdict"), [(True, REPRODUCED), (False, DIFFERS)])
def test_phenomenon_is_tested_on_any_data(comparable, holds, verdict):
    claim = line("phenomenon", "A", comparable=comparable, **WORDS, holds=holds, reason="noise")
    assert (claim.verdict, claim.phenomenon) == (verdict, True)
    assert claim.reason == ("" if holds else "noise")
    assert claim.settle == ("" if holds else SETTLE)
    assert said(claim.verdict, claim.holds) == verdict


def test_what_would_settle_a_line_is_kept_where_it_differs():
    options = WORDS | {"reason": "noise", "settle": "a larger sample"}
    assert line("phenomenon", "A", **options, holds=False).settle == "a larger sample"
    assert line("phenomenon", "A", **options, holds=True).settle == ""


@pytest.mark.parametrize(
    "paper",
    [
        "not in the paper",
        "not in the paper: “fairly discontinuous” (§1)",
        "not looked at on ImageNet",
        "Not said",
        "not said how far its examples go",
        "not shown",
        "does not say how targets were chosen",
        "a later method",
        "without these controls",
        "none",
    ],
)
def test_what_the_paper_does_not_claim_can_not_be_reproduced(paper):
    assert is_silent(paper)
    with pytest.raises(ValueError, match="paper must be what the paper says, got"):
        line("phenomenon", "A", paper=paper, ours="1", holds=True, reason="")
    claim = line("extension", "A", paper=paper, ours="1", holds=True, reason="")
    assert claim.verdict == EXTENSION


@pytest.mark.parametrize("paper", ["no distinction", "0 %", "nothing is near", "hard to find"])
def test_what_the_paper_does_claim_is_not_taken_for_silence(paper):
    assert not is_silent(paper)


@pytest.mark.parametrize("holds", [True, False])
def test_other_kinds_stay_what_they_are_and_say_if_they_fail(holds):
    words = {"ours": "2", "holds": holds, "reason": "because"}
    claims = {
        CORRECTION: line("correction", "A", paper="prints 1/Δ²", **words),
        EXTENSION: line("extension", "A", **words),
        SELF_CHECK: line("self_check", "A", **words),
    }
    for verdict, claim in claims.items():
        assert (claim.verdict, claim.holds) == (verdict, holds)
        assert said(claim.verdict, claim.holds) == (verdict if holds else f"{verdict}, not so")
        assert claim.reason == ("" if holds else "because")


# --- shares of images


def share(paper, ours, **options):
    options = {"images": 10_000, "reason": "seeds", "comparable": True} | options
    return line("proportion", "error", paper=paper, ours=ours, **options)


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [(43.0, REPRODUCED), (38.5, REPRODUCED), (48.5, REPRODUCED), (36, DIFFERS), (51, DIFFERS)],
)
def test_share_is_reproduced_where_both_samples_allow_it(ours, verdict):
    claim = share(43, ours)  # 43 % of 256 is 37 to 49 %
    assert claim.verdict == verdict
    assert claim.reason == ("" if verdict == REPRODUCED else "seeds")
    assert "N = 256 and 10,000" in claim.tolerance


def test_share_of_fewer_images_or_of_networks_that_scatter_is_held_to_less():
    assert share(43, 51).verdict == DIFFERS
    assert share(43, 51, images=100).verdict == REPRODUCED
    scattered = share(43, 51, seeds=[48.0, 54.0, 51.0])
    assert scattered.verdict == REPRODUCED
    assert "3 networks" in scattered.tolerance


def test_level_of_a_line_is_what_it_says():
    generator = np.random.default_rng(0)
    paper, ours = (100 * generator.binomial(n, 0.2, 300) / n for n in (256, 2000))
    verdicts = [share(p, o, images=2000).verdict for p, o in zip(paper, ours, strict=True)]
    assert verdicts.count(DIFFERS) / 300 == pytest.approx(0.05, abs=0.03)


@pytest.mark.parametrize(
    ("paper", "noise", "powerless"),
    [(11.7, 10.1, True), (2, 0.8, True), (5.1, 2.4, True), (8.2, 2.4, False), (87.1, 10.1, False)],
)
def test_share_that_the_paper_can_not_tell_from_noise_has_no_power(paper, noise, powerless):
    for ours in (paper, noise, 99):
        claim = share(paper, ours, noise=noise)
        assert (claim.verdict == NO_POWER) == powerless
    if not powerless:
        assert share(paper, noise, images=60_000, noise=noise).verdict == DIFFERS


def test_share_has_a_p_that_agrees_with_its_verdict():
    for ours in (30, 36, 38.5, 43, 48.5, 51, 90):
        claim = share(43, ours)
        assert (claim.p < 0.05) == (claim.verdict == DIFFERS)


def test_rounding_of_a_printed_figure_widens_the_rule():
    assert share(0, 0.06, images=60_000, paper_images=60_000).verdict == DIFFERS
    wide = share(0, 0.06, images=60_000, paper_images=60_000, rounding=0.05)
    assert wide.verdict == REPRODUCED


# --- means over images


def size(ours, **options):
    options = {"images": 10_000, "spread": 0.0247, "reason": "seeds", "comparable": True} | options
    return line("mean", "distortion", paper=0.058, ours=ours, **options)


@pytest.mark.parametrize(
    ("ours", "plain", "bound"),
    [
        (0.0500, DIFFERS, BOUND),
        (0.0555, REPRODUCED, REPRODUCED),
        (0.0605, REPRODUCED, REPRODUCED),
        (0.0620, DIFFERS, DIFFERS),
    ],
)
def test_mean_is_held_to_both_standard_errors_and_a_bound_only_from_above(ours, plain, bound):
    assert size(ours).verdict == plain
    claim = size(ours, bound=True)
    assert claim.verdict == bound
    assert claim.holds == (bound != DIFFERS)


def test_rules_of_samples_know_figures_that_a_recipe_was_chosen_by():
    assert share(43, 99, fitted=True).verdict == FITTED
    assert share(43, 99, noise=43, fitted=True).verdict == FITTED
    assert size(0.09, fitted=True).verdict == FITTED
    assert not size(0.09, fitted=True).holds


# --- numbers without a known error


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [
        (2.0, REPRODUCED),
        (1.5, REPRODUCED),
        (2.5, REPRODUCED),
        (1.49, DIFFERS),
        (2.51, DIFFERS),
        (math.nan, DIFFERS),
        (math.inf, DIFFERS),
    ],
)
def test_number_is_reproduced_within_its_band(ours, verdict):
    claim = line(
        "number", "n", paper=2, ours=ours, within=0.5, rule="a digit", unit=" %", reason="r"
    )
    assert claim.verdict == verdict
    assert claim.reason == ("r" if verdict == DIFFERS else "")
    assert (claim.paper, claim.tolerance) == ("2 %", "± 0.5 %: a digit")
    assert not claim.phenomenon


@pytest.mark.parametrize(("ours", "verdict"), [(1, BOUND), (2, BOUND), (2.1, DIFFERS)])
def test_bound_is_never_reproduced(ours, verdict):
    assert line("bound", "b", paper=2, ours=ours, reason="r").verdict == verdict


@pytest.mark.parametrize("ours", [math.nan, math.inf])
def test_figure_that_is_not_finite_differs(ours):
    assert share(43, ours).verdict == DIFFERS
    assert size(ours, bound=True).verdict == DIFFERS
    assert line("bound", "b", paper=2, ours=math.nan, reason="r").verdict == DIFFERS


def test_numbers_are_not_compared_on_other_data():
    book = Sampled(comparable=False)
    book.number("a", paper=1, ours=9, within=1, rule="a", reason="never shown")
    book.bound("b", paper=1, ours=9, reason="never shown")
    book.proportion("c", paper=1, ours=9, images=9, noise=1, reason="never shown")
    book.mean("d", paper=1, ours=9, images=9, spread=1, reason="never shown")
    for claim in book.claims:
        assert (claim.verdict, claim.reason, claim.settle) == (NOT_TESTABLE, "", "")
        assert claim.holds


def test_what_no_run_can_test_says_why():
    claim = line("not_testable", "conv 1 of Table 5", paper="2.75", reason="its weights are lost")
    assert (claim.verdict, claim.reason) == (NOT_TESTABLE, "its weights are lost")
    assert (claim.paper, claim.ours) == ("2.75", "–")
