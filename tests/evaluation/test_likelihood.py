"""The likelihoods against closed forms and limits."""

from math import exp, lgamma, log, pi

import pytest

from helpers.evaluation import (
    count_log_likelihood,
    mean_log_likelihood,
    network_spread,
    predicted_share,
)


def beta_binomial(k: int, n: int, a: float, b: float) -> float:
    """Return log C(n, k) B(k + a, n − k + b) / B(a, b), from the gamma function alone."""

    def beta(x, y):
        return lgamma(x) + lgamma(y) - lgamma(x + y)

    choose = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
    return choose + beta(k + a, n - k + b) - beta(a, b)


@pytest.mark.parametrize("ours", [0, 30, 400])
def test_one_network_is_jeffreys_posterior(ours):
    a, b = predicted_share(ours, 400)
    assert (a, b) == pytest.approx((ours + 0.5, 400.5 - ours))


@pytest.mark.parametrize("theirs", [0, 16, 256])
def test_count_is_the_closed_form(theirs):
    share = predicted_share(30, 400, spread=0.002, networks=5)
    found = count_log_likelihood(theirs, 256, share)
    assert found == pytest.approx(beta_binomial(theirs, 256, *share), rel=1e-9)


def test_likelihoods_of_all_counts_sum_to_one():
    share = predicted_share(8.4, 400, spread=0.01)
    assert sum(exp(count_log_likelihood(k, 256, share)) for k in range(257)) == pytest.approx(1)


def test_with_endless_images_and_equal_networks_it_is_binomial():
    share = predicted_share(1e8, int(4e8))
    binomial = lgamma(257) - lgamma(61) - lgamma(197) + 60 * log(0.25) + 196 * log(0.75)
    assert count_log_likelihood(60, 256, share) == pytest.approx(binomial, abs=1e-4)


@pytest.mark.parametrize(("spread", "networks"), [(0.0, 1), (0.003, 1), (0.003, 5)])
def test_variance_of_the_share_is_the_one_that_is_said(spread, networks):
    a, b = predicted_share(100, 400, spread=spread, networks=networks)
    mean, variance = a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))
    said = mean * (1 - mean) * (1 / 402 + spread * (1 + 1 / networks))
    assert mean == pytest.approx(100.5 / 401)
    assert variance == pytest.approx(said)


def test_mean_is_gaussian_with_the_errors_added_in_squares():
    found = mean_log_likelihood(0.062, 0.056, (0.003, 0.004))
    assert found == pytest.approx(-0.5 * (0.006 / 0.005) ** 2 - log(0.005 * (2 * pi) ** 0.5))


def test_spread_is_the_variance_of_the_shares():
    # two sets of networks: shares 0.4 and 0.6 in one entry, the same in the other
    found = network_spread([[400, 100], [600, 100]], 1000)
    assert found == pytest.approx((0.02 / 0.25 + 0) / 2, rel=1e-3)


def test_spread_of_few_images_is_measured_by_jeffreys_mean():
    mean = (3 + 0.5) / (10 + 1)  # shares 0.2 and 0.4
    assert network_spread([[2], [4]], 10) == pytest.approx(0.02 / (mean * (1 - mean)))
    assert network_spread([[0], [0]], 10) == 0


def test_share_is_of_one_network_unless_said():
    assert predicted_share(3, 10, spread=0.1) == predicted_share(3, 10, spread=0.1, networks=1)


@pytest.mark.parametrize(("ours", "images"), [(-1, 10), (11, 10)])
def test_what_is_no_count_is_refused(ours, images):
    with pytest.raises(ValueError, match="ours must be from 0"):
        predicted_share(ours, images)


def test_negative_spread_is_refused():
    with pytest.raises(ValueError, match="spread must not be negative"):
        predicted_share(1, 10, spread=-0.1)


def test_no_networks_no_images_and_a_single_set_are_refused():
    for images, networks in ((0, 1), (5, 0)):
        with pytest.raises(ValueError, match="images and networks must be at least 1"):
            predicted_share(0, images, networks=networks)
    with pytest.raises(ValueError, match="counts must be of at least two sets"):
        network_spread([[1, 2]], 10)
