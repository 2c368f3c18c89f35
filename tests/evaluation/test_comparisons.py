import functools
import math

import numpy as np
import pytest
import scipy

from helpers import evaluation


@pytest.mark.parametrize(
    ("counts", "images", "low", "high"),
    [  # Newcombe, Statistics in Medicine 17 (1998) 873, table II, method 10
        ((48, 56), (80, 70), 0.0524, 0.3339),
        ((3, 9), (10, 10), 0.1705, 0.8090),
        ((2, 6), (7, 7), 0.0582, 0.8062),
        ((0, 5), (29, 56), -0.0381, 0.1926),
        ((0, 0), (20, 10), -0.1611, 0.2775),
        ((0, 10), (20, 10), 0.6791, 1.0),
        ((0, 10), (10, 10), 0.6075, 1.0),
    ],
)
def test_gap_of_two_shares_is_that_of_newcombe(counts, images, low, high):
    first, second = np.divide(counts, images)
    gap = evaluation.share_gap(first, second, images=images)
    assert gap.value == pytest.approx(second - first)
    assert (gap.low, gap.high) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 1 - 1e-12])
@pytest.mark.parametrize("counts", [(0, 3), (5, 0), (7, 90), (90, 7), (45, 45)])
def test_gap_has_the_intervals_of_scipy(counts, confidence):
    images = (90, 1000)
    ends = [
        scipy.stats.binomtest(count, of).proportion_ci(confidence, "wilson")
        for count, of in zip(counts, images, strict=True)
    ]
    first, second = np.divide(counts, images)
    gap = evaluation.share_gap(first, second, images=images, confidence=confidence)
    below = math.hypot(second - ends[1].low, ends[0].high - first)
    above = math.hypot(ends[1].high - second, first - ends[0].low)
    assert (gap.low, gap.high) == pytest.approx((gap.value - below, gap.value + above), abs=1e-12)


def test_gap_holds_one_more_network_as_often_as_it_says():
    generator = np.random.default_rng(0)
    held = []
    for _ in range(1000):
        shares = np.clip(generator.normal(0.3, 0.05, 6), 0, 1)  # of networks
        seen = generator.binomial(100_000, shares) / 100_000
        gap = evaluation.share_gap(
            seen[0], seen[1:].mean(), images=(100_000, 100_000), runs=seen[1:]
        )
        held.append(gap.low <= 0 <= gap.high)
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)


def test_one_network_adds_no_spread_and_rounding_adds_its_own():
    plain = evaluation.share_gap(0.1, 0.2, images=(256, 1000))
    assert evaluation.share_gap(0.1, 0.2, images=(256, 1000), runs=[0.2]) == plain
    wide = evaluation.share_gap(0.1, 0.2, images=(256, 1000), rounding=0.01)
    assert (wide.low, wide.high) == pytest.approx((plain.low - 0.01, plain.high + 0.01))


@pytest.mark.parametrize(
    "bad", [{"first": -0.1}, {"second": 1.2}, {"images": (0, 9)}, {"first": math.nan}]
)
def test_no_share_is_refused(bad):
    options = {"first": 0.1, "second": 0.2, "images": (256, 256)} | bad
    with pytest.raises(ValueError, match="must be shares between 0 and 1 of at least one image"):
        evaluation.share_gap(**options)


def test_one_image_and_shares_of_0_and_1_are_allowed():
    gap = evaluation.share_gap(0.0, 1.0, images=(1, 1))
    assert gap.value == 1
    assert gap.low < 1 == gap.high


@pytest.mark.parametrize(("share", "end"), [(0.3, 0.0), (0.7, 1.0)])
def test_share_of_one_image_that_rounds_to_none_or_all_reaches_to_that_end(share, end):
    z = scipy.stats.norm.ppf(0.975)
    other_end = 1 / (1 + z**2) if end else z**2 / (1 + z**2)  # Wilson's, of none or all of one
    gap = evaluation.share_gap(share, share, images=(1, 1))
    half = math.hypot(share - end, share - other_end)
    assert (gap.low, gap.high) == pytest.approx((-half, half))


@pytest.mark.parametrize("confidence", [0.01, 0.5, 0.95])
def test_gap_of_shares_lies_in_its_interval_even_where_wilsons_leave_a_share_out(confidence):
    for first in (0.1, 0.45, 0.55, 0.9):
        for second in (0.1, 0.45, 0.55, 0.9):
            gap = evaluation.share_gap(first, second, images=(1, 1), confidence=confidence)
            assert gap.low <= gap.value <= gap.high


def test_spread_of_the_networks_is_added_in_squares():
    runs, options = [0.1, 0.2, 0.4], {"images": (256, 1000), "confidence": 0.9}
    plain = evaluation.share_gap(0.1, 0.2, **options)
    wide = evaluation.share_gap(0.1, 0.2, runs=runs, **options)
    spread = scipy.stats.t.ppf(0.95, 2) * np.std(runs, ddof=1) * math.sqrt(4 / 3)
    assert wide.value - wide.low == pytest.approx(math.hypot(plain.value - plain.low, spread))
    assert wide.high - wide.value == pytest.approx(math.hypot(plain.high - plain.value, spread))


@pytest.mark.parametrize("first", [1.5, 2.0])
def test_share_above_1_is_refused_on_either_side(first):
    for shares in ((first, 0.2), (0.2, first)):
        with pytest.raises(ValueError, match="must be shares between 0 and 1"):
            evaluation.share_gap(*shares, images=(256, 256))


def test_two_runs_have_a_spread():
    runs = [0.0, 2.0]
    gap = evaluation.mean_gap(1.0, 1.0, errors=(0, 0), runs=runs)
    half = scipy.stats.t.ppf(0.975, 1) * np.std(runs, ddof=1) * math.sqrt(1.5)
    assert gap.high - gap.value == pytest.approx(half)


def test_gap_of_two_means_is_that_of_a_normal_sum():
    gap = evaluation.mean_gap(1.0, 3.0, errors=(0.3, 0.4))
    assert (gap.low, gap.high) == pytest.approx((2 - 1.959964 * 0.5, 2 + 1.959964 * 0.5))
    runs = [2.0, 3.0, 4.0]
    half = 4.302653 * 1 * math.sqrt(4 / 3)  # of Student's t with two degrees of freedom
    gap = evaluation.mean_gap(1.0, 3.0, errors=(0, 0), runs=runs, rounding=0.1)
    assert (gap.low, gap.high) == pytest.approx((2 - half - 0.1, 2 + half + 0.1))


@pytest.mark.parametrize("z", [0.5, 1.0, 1.96, 3.0, 5.0])
def test_p_of_a_gap_is_that_of_its_test(z):
    def interval(confidence):
        return evaluation.mean_gap(0, z, errors=(0.6, 0.8), confidence=confidence)

    expected = 2 * scipy.stats.norm.sf(z)
    assert evaluation.p_of_gap(interval) == pytest.approx(expected, rel=1e-6)


def test_p_of_a_gap_has_no_sign_and_is_never_said_to_be_below_a_millionth_of_a_millionth():
    def interval(confidence, gap):
        return evaluation.mean_gap(0, gap, errors=(1, 0), confidence=confidence)

    found = [evaluation.p_of_gap(functools.partial(interval, gap=gap)) for gap in (-2, 2, 0, 40)]
    two_sided = 2 * scipy.stats.norm.sf(2)
    assert found == pytest.approx([two_sided, two_sided, 1, 1e-12], rel=1e-6, abs=0)


def welch(first, second):
    """The difference of two means, its standard error and its degrees of freedom (Welch 1947)."""
    parts = [sample.var(ddof=1) / len(sample) for sample in (first, second)]
    df = sum(parts) ** 2 / sum(
        part**2 / (len(sample) - 1) for part, sample in zip(parts, (first, second), strict=True)
    )
    gap, error = first.mean() - second.mean(), sum(parts) ** 0.5
    p = 2 * scipy.stats.t.sf(abs(gap / error), df)
    assert p == pytest.approx(scipy.stats.ttest_ind(first, second, equal_var=False).pvalue)
    return gap, error, df


def test_equivalence_is_two_one_sided_tests():
    generator = np.random.default_rng(1)
    first, second = generator.normal(0, 1, 80), generator.normal(0.1, 2, 120)
    found = evaluation.equivalence(first, second, margin=0.5)
    gap, error, df = welch(first, second)
    # equivalent at p where the 1 − 2p interval just fits into the margin
    low, high = scipy.stats.t.interval(1 - 2 * found.p, df, gap, error)
    assert max(abs(low), abs(high)) == pytest.approx(0.5)
    assert found.gap == pytest.approx(first.mean() - second.mean())


def test_power_of_equivalence_has_the_degrees_of_freedom_of_welch():
    first, second = np.array([0.0, 1.0, 3.0]), np.array([0.5, 0.7, 2.0, 2.5])
    _, error, df = welch(first, second)
    room = 9 / error - scipy.stats.t.ppf(0.95, df)
    expected = 2 * scipy.stats.t.cdf(room, df) - 1
    assert evaluation.equivalence(first, second, margin=9).power == pytest.approx(expected)


def test_power_is_that_of_the_level_and_none_within_a_narrow_margin():
    first, second = np.array([0.0, 1.0, 3.0]), np.array([0.5, 0.7, 2.0, 2.5])
    _, error, df = welch(first, second)
    for level, options in ((0.05, {}), (0.01, {"level": 0.01})):
        room = 20 / error - scipy.stats.t.ppf(1 - level, df)
        power = evaluation.equivalence(first, second, margin=20, **options).power
        assert power == pytest.approx(2 * scipy.stats.t.cdf(room, df) - 1)
    assert evaluation.equivalence(first, second, margin=0.1).power == 0


@pytest.mark.parametrize("margin", [0.2, 0.5, 0.8])
def test_power_of_equivalence_is_how_often_it_is_shown(margin):
    generator = np.random.default_rng(2)
    shown, powers = [], []
    for _ in range(800):
        found = evaluation.equivalence(
            generator.normal(0, 1, 40), generator.normal(0, 1.5, 60), margin=margin
        )
        shown.append(found.p < 0.05)
        powers.append(found.power)
    assert np.mean(powers) == pytest.approx(np.mean(shown), abs=0.05)


def test_means_that_differ_by_the_margin_are_called_equivalent_at_the_level_only():
    generator = np.random.default_rng(3)
    shown = [
        evaluation.equivalence(
            generator.normal(0.5, 1, 100), generator.normal(0, 1, 100), margin=0.5
        ).p
        < 0.05
        for _ in range(1000)
    ]
    assert np.mean(shown) == pytest.approx(0.05, abs=0.02)


def test_holm_steps_down():
    found = evaluation.holm([0.01, 0.04, 0.03, 0.005])
    assert found == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert evaluation.holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert evaluation.holm([]) == []


def test_crossed_difference_holds_the_truth_over_new_seeds_and_new_images():
    generator = np.random.default_rng(4)
    held = {"crossed": [], "seeds only": []}
    for _ in range(400):
        hard = generator.normal(0, 1, (2, 1, 300))  # what an image does to each method
        luck = generator.normal(0, 0.05, (2, 5, 1))  # what a seed does
        values = hard + luck + generator.normal(0, 0.5, (2, 5, 300))
        for name, gap in (
            ("crossed", evaluation.crossed_difference(*values)),
            ("seeds only", evaluation.paired_difference(*values.mean(2))),
        ):
            held[name].append(gap.low <= 0 <= gap.high)
    assert np.mean(held["crossed"]) >= 0.94
    assert np.mean(held["seeds only"]) < 0.9


@pytest.mark.parametrize("confidence", [0.5, 0.95])
def test_crossed_difference_adds_the_variance_over_runs_and_that_over_images(confidence):
    first, second = np.random.default_rng(6).normal(size=(2, 3, 7))
    gaps = first - second
    over_runs = sum((gaps[k].mean() - gaps.mean()) ** 2 for k in range(3)) / 2 / 3
    over_images = sum((gaps[:, i].mean() - gaps.mean()) ** 2 for i in range(7)) / 6 / 7
    t, z = scipy.stats.t.isf((1 - confidence) / 2, 2), scipy.stats.norm.isf((1 - confidence) / 2)
    half = math.sqrt(t**2 * over_runs + z**2 * over_images)
    found = evaluation.crossed_difference(first, second, confidence=confidence)
    assert found == pytest.approx((gaps.mean(), gaps.mean() - half, gaps.mean() + half))
    if confidence == 0.95:
        assert evaluation.crossed_difference(first, second) == found
    assert evaluation.crossed_difference(first[:2], second[:2]).value == pytest.approx(
        gaps[:2].mean()
    )


@pytest.mark.parametrize(
    ("first", "second"),
    [([[0.0, 1.0]], [[0.0, 0.0]]), (np.zeros((3, 4)), np.zeros((1, 4))), ([0.0, 1.0], [0.0, 0.0])],
)
def test_runs_that_cannot_be_compared_are_refused(first, second):
    with pytest.raises(ValueError, match="first and second must have one shape"):
        evaluation.crossed_difference(first, second)
