import numpy as np
import pytest
import torch
from scipy import stats

from helpers import evaluation

from ..examples import generator


def test_bootstrap_interval_of_a_share_is_that_of_scipy():
    wrong = torch.arange(200) % 5 == 0
    value, low, high = evaluation.bootstrap(wrong, resamples=4000, generator=generator())
    expected = stats.bootstrap(
        (wrong.numpy(),), np.mean, method="percentile", n_resamples=4000, random_state=0
    ).confidence_interval
    assert value == pytest.approx(0.2)
    assert (low, high) == pytest.approx(tuple(expected), abs=0.006)


def test_bootstrap_of_a_ratio_keeps_the_images_paired():
    first = (torch.arange(300) % 3 == 0).float()
    both = torch.stack([first, 2 * first])  # the ratio is 2 on every draw
    value, low, high = evaluation.bootstrap(
        both, lambda means: means[:, 1] / means[:, 0], generator=generator()
    )
    assert (value, low, high) == pytest.approx((2, 2, 2))


def test_bootstrap_has_one_interval_for_each_figure():
    values = torch.stack([torch.zeros(50), torch.arange(50.0)]).view(2, 1, 50)
    value, low, high = evaluation.bootstrap(values, confidence=0.5, generator=generator())
    assert value.shape == low.shape == high.shape == (2, 1)
    assert low[0] == high[0] == 0
    half_width = stats.norm.ppf(0.75) * np.arange(50).std() / 50**0.5
    assert (high - low)[1, 0] == pytest.approx(2 * half_width, rel=0.15)


def test_bootstrap_of_nothing_is_refused():
    with pytest.raises(ValueError, match="values must hold at least one image"):
        evaluation.bootstrap(torch.zeros(3, 0), generator=generator())


def test_bootstrap_allows_an_infinite_ratio():
    values = torch.stack([torch.ones(40), torch.zeros(40)])
    values[1, 0] = 1
    value, low, high = evaluation.bootstrap(
        values, lambda m: m[:, 0] / m[:, 1], generator=generator()
    )
    assert value == pytest.approx(40)
    assert 0 < low < 40
    assert high == np.inf


@pytest.mark.parametrize("ties", [False, True])
def test_rank_correlation_is_spearmans(ties):
    random = np.random.default_rng(0)
    a, b = random.integers(0, 4 if ties else 10**6, (2, 30, 6))
    found = evaluation.rank_correlation(a, b)
    np.testing.assert_allclose(
        found, [stats.spearmanr(*pair).statistic for pair in zip(a, b, strict=True)]
    )


def test_rank_correlation_with_a_constant_row_is_undefined():
    assert np.isnan(evaluation.rank_correlation([1, 1, 1], [1, 2, 3]))


@pytest.mark.parametrize(
    ("printed", "images", "expected"),
    [
        ("6.25", 16, True),
        ("6.25", 256, True),
        ("6.25", 100, False),
        ("6.3", 16, True),
        ("11.7", 256, True),
        ("11.7", 255, False),
        ("2", 256, True),
        ("2", 10, False),
        ("100", 7, True),
        ("0", 7, True),
    ],
)
def test_printed_percentage_tells_which_counts_are_possible(printed, images, expected):
    assert evaluation.grim_consistent(printed, images) == expected


def test_every_share_of_256_images_is_possible_for_256():
    assert all(evaluation.grim_consistent(f"{100 * count / 256:.1f}", 256) for count in range(257))


@pytest.mark.parametrize("count", [0, 16, 256])
def test_binomial_interval_is_where_the_tails_weigh_a_fortieth(count):
    share, low, high = evaluation.binomial_interval(count / 256, 256)
    assert share == count / 256
    assert low == 0 if count == 0 else stats.binom.sf(count - 1, 256, low) == pytest.approx(0.025)
    assert high == 1 if count == 256 else stats.binom.cdf(count, 256, high) == pytest.approx(0.025)


@pytest.mark.parametrize("samples", [10, 1000, 10**6])
def test_upper_confidence_limit_without_a_hit_is_the_rule_of_three(samples):
    found = evaluation.upper_confidence_limit(0, samples)
    assert found == pytest.approx(1 - 0.05 ** (1 / samples))
    assert found <= 3 / samples


def test_upper_confidence_limit_leaves_out_what_is_too_rare():
    found = evaluation.upper_confidence_limit(3, 50)
    assert stats.binom.cdf(3, 50, found) == pytest.approx(0.05)
    assert evaluation.upper_confidence_limit(50, 50) == 1


def test_paired_difference_is_that_of_a_t_test():
    first, second = [1.2, 1.5, 1.1, 1.9], [1.0, 1.1, 1.0, 1.5]
    found = evaluation.paired_difference(first, second)
    test = stats.ttest_rel(first, second)
    interval = test.confidence_interval(0.95)
    assert found.value == pytest.approx(0.275)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    wider = evaluation.paired_difference(first, second, confidence=0.99)
    assert wider.low < found.low


@pytest.mark.parametrize(("first", "second"), [([1.0], [2.0]), ([1.0, 2.0], [1.0])])
def test_paired_difference_needs_pairs(first, second):
    with pytest.raises(ValueError, match="must be at least two pairs, got"):
        evaluation.paired_difference(first, second)
