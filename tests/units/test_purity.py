import itertools
import math
import warnings

import numpy as np
import pytest
import torch
from scipy import stats

from helpers import units

from ..examples import generator

# labels of a row, purity, entropy in bits, all by hand
ROWS = [
    ([3, 3, 3, 3, 3, 3, 3, 3], 1.0, 0.0),
    ([0, 0, 0, 0, 9, 9, 9, 9], 0.5, 1.0),
    ([1, 1, 1, 1, 2, 2, 3, 4], 0.5, 1.75),  # 1/2 · 1 + 1/4 · 2 + 2 · 1/8 · 3
    ([0, 1, 2, 3, 4, 5, 6, 7], 0.125, 3.0),
]


def test_purity_and_entropy_are_those_by_hand():
    labels = torch.tensor([row for row, _, _ in ROWS])
    assert units.label_purity(labels).tolist() == [purity for _, purity, _ in ROWS]
    np.testing.assert_allclose(
        units.label_entropy(labels), [entropy for _, _, entropy in ROWS], atol=1e-12
    )


def test_purity_and_entropy_follow_scipy():
    labels = torch.randint(0, 6, (40, 11), generator=generator())
    shares = [np.bincount(row, minlength=6) / 11 for row in labels.numpy()]
    np.testing.assert_allclose(units.label_purity(labels), [s.max() for s in shares])
    np.testing.assert_allclose(
        units.label_entropy(labels), [stats.entropy(s, base=2) for s in shares], atol=1e-12
    )


@pytest.mark.parametrize("measure", [units.label_purity, units.label_entropy])
def test_labels_need_rows(measure):
    with pytest.raises(ValueError, match=r"labels must have shape \(M, k\), got \(4,\)"):
        measure(torch.tensor([1, 2, 3, 3]))


def test_mean_similarity_is_the_mean_over_pairs():
    descriptors = torch.nn.functional.normalize(torch.rand(12, 5, generator=generator()), dim=1)
    rows = torch.stack([torch.randperm(12, generator=generator(i))[:4] for i in range(6)])
    expected = [
        np.mean([descriptors[i] @ descriptors[j] for i, j in itertools.combinations(row, 2)])
        for row in rows.tolist()
    ]
    found = units.mean_similarity(descriptors, rows)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_mean_similarity_by_hand():
    descriptors = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [-1.0, 0.0]])
    rows = torch.tensor([[0, 2], [0, 1], [0, 3]])
    assert units.mean_similarity(descriptors, rows).tolist() == [1.0, 0.0, -1.0]


def test_a_blank_image_is_like_no_other():
    descriptors = torch.tensor([[1.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    rows = torch.tensor([[0, 1, 2], [1, 3, 0]])
    assert units.mean_similarity(descriptors, rows).tolist() == pytest.approx([1 / 3, 0])


@pytest.mark.parametrize("shape", [(3, 1), (4,)])
def test_mean_similarity_needs_pairs(shape):
    with pytest.raises(ValueError, match=r"rows must have shape \(M, k\) with k ≥ 2"):
        units.mean_similarity(torch.eye(5), torch.zeros(shape, dtype=torch.long))


@pytest.mark.parametrize("turns", [0, 1])
def test_one_stroke_has_one_orientation(turns):
    # A ramp to the right has the slope 0° everywhere, a ramp downwards 90°, in bins of 45°.
    ramp = torch.linspace(0, 1, 8).expand(8, 8)
    images = torch.rot90(ramp, -turns, (0, 1))[None, None]
    histograms = units.orientation_histograms(images, cells=2, bins=4).view(4, 2, 2)
    assert (histograms[2 * turns] > 0).all()
    assert histograms.sum() == histograms[2 * turns].sum()
    assert histograms.norm() == pytest.approx(1)


def test_orientation_does_not_know_light_from_dark():
    images = torch.rand(3, 1, 12, 12, generator=generator(), dtype=torch.double)
    torch.testing.assert_close(
        units.orientation_histograms(1 - images), units.orientation_histograms(images)
    )


def test_blank_image_has_no_orientation():
    blank = torch.full((1, 1, 8, 8), 0.3)
    assert not units.orientation_histograms(blank).any()


def test_orientation_histograms_are_those_of_scikit_image():
    feature = pytest.importorskip("skimage.feature", reason="scikit-image is not installed")
    images = torch.rand(1100, 1, 12, 8, generator=generator(), dtype=torch.double)
    found = units.orientation_histograms(images, cells=4, bins=9).view(-1, 9, 4, 4)
    for i in (0, 500, 1099):
        expected = feature.hog(
            images[i, 0].numpy(), 9, (3, 2), (4, 4), block_norm="L2", feature_vector=False
        )
        np.testing.assert_allclose(found[i].permute(1, 2, 0), expected[0, 0], atol=1e-4)


@pytest.mark.parametrize("shape", [(2, 3, 8, 8), (2, 1, 9, 8), (2, 8, 8)])
def test_images_that_have_no_such_cells_are_refused(shape):
    with pytest.raises(ValueError, match=r"inputs must have shape \(N, 1, H, W\)"):
        units.orientation_histograms(torch.zeros(shape))


def test_coherence_measures_the_images_in_the_rows():
    labels = torch.tensor([5, 5, 6, 6, 6])
    descriptors = torch.eye(5)[[0, 0, 1, 2, 3]]
    found = units.coherence(torch.tensor([[0, 1], [1, 2]]), labels, descriptors)
    assert {name: values.tolist() for name, values in found.items()} == {
        "purity": [1.0, 0.5],
        "entropy": [0.0, 1.0],
        "similarity": [1.0, 0.0],
    }


def test_permutation_p_counts_the_splits():
    # Of the 20 ways to split these six values into three and three, two are as extreme.
    first, second = torch.tensor([10.0, 11.0, 12.0]), torch.tensor([1.0, 2.0, 3.0])
    assert units.permutation_p(first, second) == pytest.approx(2 / 20)


def test_permutation_p_is_near_the_t_test_for_gaussians():
    first = torch.randn(60, generator=generator(), dtype=torch.double)
    second = torch.randn(80, generator=generator(1), dtype=torch.double) + 0.35
    expected = stats.ttest_ind(first, second).pvalue
    assert 0.005 < expected < 0.5
    found = units.permutation_p(first, second, resamples=9999)
    assert found == pytest.approx(expected, abs=0.02)


def test_permutation_p_is_seeded_and_quiet():
    first, second = torch.rand(30, generator=generator()), torch.rand(20, generator=generator(1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        once = units.permutation_p(first, second, resamples=500)
    assert units.permutation_p(first, second, resamples=500) == once


def test_superiority_counts_pairs_and_half_the_ties():
    first, second = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([2.0, 3.0])
    wins = sum((a > b) + 0.5 * (a == b) for a in first.tolist() for b in second.tolist())
    assert units.probability_of_superiority(first, second) == pytest.approx(wins / 6)
    assert math.isclose(units.probability_of_superiority(second, first), 1 - wins / 6)
