import numpy as np
import pytest
import scipy.stats
import torch
from sklearn.decomposition import PCA
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import nn

from helpers import units
from helpers.data import Dataset
from helpers.units import detectors

from ..examples import generator


@pytest.fixture
def scored():
    """Scores with ties of 7 detectors, and labels of one in four."""
    scores = torch.randint(0, 9, (60, 7), generator=generator()).float()
    labels = (torch.arange(60) % 4 == 0).long()
    return scores + labels[:, None], labels


@pytest.fixture
def blobs():
    """Bright and dark images of 2 × 2 pixels: in label 1, one in ten, the first one stands out."""
    random = generator()
    inputs = (
        torch.rand(300, 1, 1, 1, generator=random) / 2
        + torch.rand(300, 1, 2, 2, generator=random) / 8
    )
    labels = (torch.arange(300) % 10 == 0).long()
    inputs[labels == 1, 0, 0, 0] += 0.2
    return Dataset(inputs, labels, "blobs", "made here")


def test_ranking_against_scikit_learn(scored):
    scores, labels = scored
    expected = [roc_auc_score(labels, column) for column in scores.T]
    assert units.roc_auc(scores, labels).tolist() == pytest.approx(expected)
    assert units.roc_auc(scores[:, 0], labels).item() == pytest.approx(expected[0])


def test_ranking_where_scipy_ranks_in_single_precision(scored, monkeypatch):
    scores, labels = scored
    expected = units.roc_auc(scores, labels)
    plain = scipy.stats.rankdata
    single = lambda *a, **k: plain(*a, **k).astype(np.float32)  # noqa: E731
    monkeypatch.setattr(scipy.stats, "rankdata", single)
    assert units.roc_auc(scores, labels).tolist() == expected.tolist()


@pytest.mark.parametrize("label", [0, 1])
def test_ranking_needs_both_classes(label):
    with pytest.raises(ValueError, match=rf"ones and zeros, got {4 * label} ones of 4"):
        units.roc_auc(torch.rand(4), torch.full((4,), label))


def test_average_precision_of_a_known_order():
    # the ones stand first and third: precisions 1 and 2/3
    scores, labels = torch.tensor([4.0, 3, 2, 1]), torch.tensor([1, 0, 1, 0])
    assert units.average_precision(scores, labels) == pytest.approx((1 + 2 / 3) / 2)


def test_resampled_precisions_spread_around_the_precision(scored):
    scores, labels = scored
    found = units.resampled_precision(
        [scores[:, 0], scores[:, 0], -scores[:, 0]], labels, resamples=200, generator=generator()
    )
    assert found.shape == (200, 3)
    assert (found[:, 0] == found[:, 1]).all()  # the same images for all
    whole = average_precision_score(labels, scores[:, 0])
    assert found[:, 0].quantile(0.1) < whole < found[:, 0].quantile(0.9)


def test_best_by_chance_grows_with_the_number_of_units():
    labels = (torch.arange(80) % 4 == 0).long()
    many = torch.rand(80, 300, generator=generator(1))
    best = {
        count: units.best_by_chance(many[:, :count], labels, shuffles=30, generator=generator())
        for count in (1, 300)
    }
    assert best[300].mean() > best[1].mean() + 0.1
    assert best[1].min() >= 0.5


def test_with_label_asks_one_question():
    whole = Dataset(torch.rand(4, 1, 2, 2), torch.tensor([1, 3, 1, 0]), "digits", "made here")
    assert units.with_label(whole, 1).labels.tolist() == [1, 0, 1, 0]


def test_balanced_repeats_the_rarer_class_only(blobs):
    found = detectors.balanced(blobs)
    assert found.labels.bincount().tolist() == [270, 270]
    assert len(found.inputs[found.labels == 0].unique(dim=0)) == 270


def test_detector_finds_its_class_and_leaves_phi_alone(blobs):
    phi = nn.Sequential(nn.Flatten(), nn.Linear(4, 4))
    nn.init.eye_(phi[1].weight)
    before = [p.clone() for p in phi.parameters()]
    model = detectors.detector(phi, blobs, weight_decay=1e-3)
    assert all((a == b).all() for a, b in zip(before, phi.parameters(), strict=True))
    assert model(blobs.inputs).shape == (300, 2)
    found = units.scores(model, blobs.inputs)
    logits = model(blobs.inputs)
    torch.testing.assert_close(found, logits[:, 1] - logits[:, 0])
    assert units.average_precision(found, blobs.labels) > 0.9
    recall = (found > 0)[blobs.labels == 1].float().mean()
    assert recall > 0.8  # both classes count the same, though one is ten times as rare


def test_chosen_detector_takes_the_decay_that_is_best_on_images_held_out(blobs):
    model, decay = units.chosen_detector(
        nn.Sequential(), blobs, weight_decays=(1e-3, 1e6), generator=generator()
    )
    assert decay == 1e-3
    assert units.average_precision(units.scores(model, blobs.inputs), blobs.labels) > 0.9


def test_principal_components_against_scikit_learn():
    images = torch.rand(50, 2, 3, 3, generator=generator()) * torch.linspace(1, 3, 9).view(3, 3)
    found = units.principal_components(images, 4)(images)
    expected = torch.from_numpy(PCA(4).fit_transform(images.flatten(1).double().numpy()))
    expected = expected / expected[:, 0].std()
    torch.testing.assert_close(found.double().abs(), expected.abs(), atol=1e-4, rtol=1e-4)


def grating(angle, size=12):
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    return torch.cos(1.5 * (x * torch.cos(angle) + y * torch.sin(angle)))


def test_selectivity_of_gratings_spots_and_their_sums():
    angles = torch.tensor([0.0, 0.6, 1.2, 2.5])
    gratings = torch.stack([grating(angle) for angle in angles])[:, None]
    assert units.orientation_selectivity(gratings).min() > 0.8
    y, x = torch.meshgrid(torch.arange(-6, 7), torch.arange(-6, 7), indexing="ij")
    spot = torch.exp(-(x.square() + y.square()) / 4.0)[None, None]
    crossed = (grating(angles[0]) + grating(angles[0] + torch.pi / 2))[None, None]
    assert units.orientation_selectivity(spot).item() < 0.02
    assert units.orientation_selectivity(crossed).item() < 0.05


def test_selectivity_ignores_scale_and_sign():
    filters = torch.randn(5, 3, 6, 6, generator=generator())
    found = units.orientation_selectivity(filters)
    torch.testing.assert_close(units.orientation_selectivity(-3 * filters), found)
