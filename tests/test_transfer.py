import re

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from helpers import transfer
from helpers.data import Dataset
from helpers.evaluation import distortion

ONE_HOT = nn.Flatten()  # logits are the pixels


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def random_images(*shape, seed=0):
    return torch.rand(*shape, generator=seeded(seed))


@pytest.fixture
def digits():
    labels = torch.arange(20) % 4
    return Dataset(random_images(20, 1, 2, 2), labels, "noise", "made here")


@pytest.fixture
def networks():
    flipped = nn.Sequential(nn.Flatten(), nn.Linear(4, 4, bias=False))
    flipped[1].weight.data = -torch.eye(4)
    return {"largest": ONE_HOT, "smallest": flipped}


def test_table_agrees_with_counting_by_hand(digits, networks):
    rows = [(name, random_images(20, 1, 2, 2, seed=seed)) for seed, name in enumerate("abc", 1)]
    targets = (digits.labels + 1) % 4
    table = transfer.transfer_table(iter(rows), networks, digits)
    assert table.rows == ("a", "b", "c")
    assert table.columns == ("largest", "smallest")
    for i, (_, images) in enumerate(rows):
        torch.testing.assert_close(table.distortion[i], distortion(digits.inputs, images))
        for j, pick in enumerate((np.argmax, np.argmin)):
            answers = np.array([pick(x) for x in images.flatten(1).numpy()])
            before = np.array([pick(x) for x in digits.inputs.flatten(1).numpy()])
            wrong, right = answers != digits.labels.numpy(), before == digits.labels.numpy()
            assert table.error()[i, j] == pytest.approx(wrong.mean())
            assert table.error_where_right()[i, j] == pytest.approx(wrong[right].mean())
            newly = answers[wrong & right] == targets.numpy()[wrong & right]
            assert table.share_of_target(targets)[i, j] == pytest.approx(newly.mean())


def test_where_no_image_was_right_there_is_no_error_to_speak_of(digits):
    digits = Dataset(digits.inputs, ONE_HOT(digits.inputs).argmax(1), "noise", "made here")
    opposite = nn.Sequential(nn.Flatten(), nn.Linear(4, 4, bias=False))
    opposite[1].weight.data = -torch.eye(4)
    table = transfer.transfer_table([("same", digits.inputs)], {"opposite": opposite}, digits)
    assert table.error().item() == 1
    assert table.error_where_right().isnan().item()
    assert table.share_of_target(digits.labels).isnan().item()


def test_row_of_another_shape_is_refused(digits, networks):
    message = "row 'short' must have the shape of the images, (20, 1, 2, 2), got (19, 1, 2, 2)"
    with pytest.raises(ValueError, match=re.escape(message)):
        transfer.transfer_table([("short", digits.inputs[1:])], networks, digits)


def test_noise_has_the_size_of_each_perturbation_and_another_direction():
    x = random_images(50, 1, 6, 6).double()
    size = torch.linspace(0, 0.3, 50, dtype=torch.float64)
    r = (torch.randint(0, 2, x.shape, generator=seeded(1)) * 2 - 1) * size.view(-1, 1, 1, 1)
    noisy = transfer.noise_like(x, x + r, generator=seeded(2))
    torch.testing.assert_close(distortion(x, noisy), size)
    assert noisy.min() < 0
    assert noisy.max() > 1
    cosines = ((noisy - x) * r).flatten(1).sum(1)[1:] / (36 * size[1:] ** 2)
    assert cosines.abs().mean() < 0.3
    assert cosines.std() == pytest.approx(1 / 6, rel=0.3)


def test_stretching_keeps_the_ratios_and_sets_the_mean():
    x = random_images(8, 1, 4, 4).double()
    y = x + torch.linspace(0.5, 2, 8).view(-1, 1, 1, 1) * random_images(8, 1, 4, 4, seed=1)
    before, after = distortion(x, y), distortion(x, transfer.stretch(x, y, 0.1))
    assert after.mean().item() == pytest.approx(0.1)
    torch.testing.assert_close(after / after[0], before / before[0])


def test_bootstrap_interval_of_a_share_is_that_of_scipy():
    wrong = torch.arange(200) % 5 == 0
    value, low, high = transfer.bootstrap(wrong, resamples=4000, generator=seeded())
    expected = stats.bootstrap(
        (wrong.numpy(),), np.mean, method="percentile", n_resamples=4000, random_state=0
    ).confidence_interval
    assert value == pytest.approx(0.2)
    assert (low, high) == pytest.approx(tuple(expected), abs=0.006)


def test_bootstrap_of_a_ratio_keeps_the_images_paired():
    first = (torch.arange(300) % 3 == 0).float()
    both = torch.stack([first, 2 * first])  # the ratio is 2 on every draw
    low, high = transfer.bootstrap(
        both, lambda means: means[:, 1] / means[:, 0], generator=seeded()
    )
    assert (value, low, high) == pytest.approx((2, 2, 2))


def test_bootstrap_has_one_interval_for_each_figure():
    values = torch.stack([torch.zeros(50), torch.arange(50.0)]).view(2, 1, 50)
    value, low, high = transfer.bootstrap(values, confidence=0.5, generator=seeded())
    assert value.shape == low.shape == high.shape == (2, 1)
    assert low[0] == high[0] == 0
    half_width = stats.norm.ppf(0.75) * np.arange(50).std() / 50**0.5
    assert (high - low)[1, 0] == pytest.approx(2 * half_width, rel=0.15)


def test_bootstrap_of_nothing_is_refused():
    with pytest.raises(ValueError, match="values must hold at least one image"):
        transfer.bootstrap(torch.zeros(3, 0), generator=seeded())


def test_bootstrap_allows_an_infinite_ratio():
    values = torch.stack([torch.ones(40), torch.zeros(40)])
    values[1, 0] = 1
    value, low, high = transfer.bootstrap(values, lambda m: m[:, 0] / m[:, 1], generator=seeded())
    assert value == pytest.approx(40)
    assert 0 < low < 40
    assert high == np.inf


@pytest.mark.parametrize("ties", [False, True])
def test_rank_correlation_is_spearmans(ties):
    random = np.random.default_rng(0)
    a, b = random.integers(0, 4 if ties else 10**6, (2, 30, 6))
    found = transfer.rank_correlation(a, b)
    np.testing.assert_allclose(
        found, [stats.spearmanr(*pair).statistic for pair in zip(a, b, strict=True)]
    )


def test_rank_correlation_with_a_constant_row_is_undefined():
    assert np.isnan(transfer.rank_correlation([1, 1, 1], [1, 2, 3]))


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
    assert transfer.possible(printed, images) == expected


def test_every_share_of_256_images_is_possible_for_256():
    assert all(transfer.possible(f"{100 * count / 256:.1f}", 256) for count in range(257))


@pytest.mark.parametrize("count", [0, 16, 256])
def test_binomial_interval_is_where_the_tails_weigh_a_fortieth(count):
    share, low, high = transfer.binomial_interval(count / 256, 256)
    assert share == count / 256
    assert low == 0 if count == 0 else stats.binom.sf(count - 1, 256, low) == pytest.approx(0.025)
    assert high == 1 if count == 256 else stats.binom.cdf(count, 256, high) == pytest.approx(0.025)
