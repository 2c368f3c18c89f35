import pytest
import torch

from helpers.attack import choose_targets, random_targets, runner_up
from helpers.data import Dataset

from ..examples import generator
from .examples import images, several_classes


@pytest.fixture
def dataset():
    labels = torch.randint(10, (11,), generator=generator(1))
    return Dataset(images(11), labels, "noise", "made here")


@pytest.mark.parametrize("classes", [2, 10])
def test_random_targets_are_uniform_over_the_wrong_labels(classes):
    labels = torch.arange(classes).repeat_interleave(1000)
    targets = random_targets(labels, classes=classes, generator=generator())
    assert targets.dtype == torch.int64
    counts = torch.zeros(classes, classes)
    counts.index_put_((labels, targets), torch.ones(()), accumulate=True)
    assert counts.diagonal().tolist() == [0] * classes
    wrong = counts[~torch.eye(classes, dtype=torch.bool)]
    expected = 1000 / (classes - 1)
    chi_squared = (wrong - expected).square().sum() / expected
    assert chi_squared < 127 * (classes == 10) + 1e-9  # 80 degrees of freedom, p = 0.0006


def test_random_targets_follow_the_generator():
    labels = torch.zeros(50, dtype=torch.long)
    first, again, other = (random_targets(labels, generator=generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_random_targets_are_wrong_and_the_same_for_every_network(dataset):
    first, other = (several_classes(10, seed) for seed in (0, 1))
    targets = choose_targets(first, dataset, "random", seed=3)
    assert (targets != dataset.labels).all()
    assert torch.equal(targets, choose_targets(other, dataset, "random", seed=3))
    assert not torch.equal(targets, choose_targets(first, dataset, "random", seed=4))


def test_nearest_target_has_the_largest_logit_of_the_wrong_labels(dataset):
    model = several_classes(10)
    targets = choose_targets(model, dataset, "nearest")
    for image, label, target in zip(dataset.inputs, dataset.labels, targets, strict=True):
        scores = model(image[None])[0].tolist()
        wrong = [k for k in range(10) if k != label]
        assert target == max(wrong, key=scores.__getitem__)


def test_runner_up_is_the_largest_logit_of_another_label():
    logits = torch.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0], [1.0, 2.0, 3.0]])
    labels = torch.tensor([0, 2, 0])
    expected = [
        max((j for j in range(3) if j != y), key=lambda j: z[j])
        for z, y in zip(logits, labels, strict=True)
    ]
    assert runner_up(logits, labels).tolist() == expected


def test_random_targets_are_of_the_first_seed_unless_said(dataset):
    model = several_classes(10)
    found = choose_targets(model, dataset, "random")
    assert torch.equal(found, choose_targets(model, dataset, "random", seed=0))
    expected = random_targets(dataset.labels, classes=10, generator=generator(0))
    assert torch.equal(found, expected)


def test_own_targets_are_taken_as_they_are_if_there_is_one_for_each_image(dataset):
    model, own = several_classes(10), torch.arange(11) % 10
    assert choose_targets(model, dataset, own) is own
    for wrong in (own[:5], own[None]):
        with pytest.raises(ValueError, match=r"target must have shape \(11,\).*; got \("):
            choose_targets(model, dataset, wrong)


def test_unknown_way_is_refused(dataset):
    with pytest.raises(ValueError, match="labels or one of random, nearest; got 'farthest'"):
        choose_targets(several_classes(10), dataset, "farthest")


@pytest.mark.parametrize("way", ["random", "nearest"])
def test_label_that_the_model_lacks_is_refused_and_the_last_one_is_not(way):
    model = several_classes(4)
    fits = Dataset(images(3), torch.tensor([0, 3, 1]), "noise", "made here")
    found = choose_targets(model, fits, way)
    assert 0 <= found.min() <= found.max() <= 3
    beyond = Dataset(images(3), torch.tensor([0, 4, 1]), "noise", "made here")
    with pytest.raises(ValueError, match="labels from 0 to 3, as model has; got 4"):
        choose_targets(model, beyond, way)
