"""The kernel machine as a network: scikit-learn's own decision functions are the oracle."""

import pytest
import torch
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC

from helpers.blind_spots import nearest_distance, rbf_svm
from helpers.blind_spots.kernel_svm import RadialBasis
from helpers.data import Dataset


@pytest.fixture(scope="module")
def blobs() -> Dataset:
    """Four overlapping clouds of 5 × 5 pictures."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(120) % 4
    centres = torch.rand(4, 1, 5, 5, generator=generator)
    noise = 0.3 * torch.randn(120, 1, 5, 5, generator=generator)
    return Dataset((centres[labels] + noise).clamp(0, 1), labels, "blobs", "drawn")


@pytest.mark.parametrize(("gamma", "penalty"), [(None, 10), (0.05, 1), (2.0, 100)])
def test_logits_are_the_decision_functions_of_scikit_learn(blobs, gamma, penalty):
    machine = OneVsRestClassifier(SVC(C=penalty, gamma=gamma or "scale"))
    machine.fit(blobs.inputs.flatten(1).double().numpy(), blobs.labels.numpy())
    fresh = torch.rand(50, 1, 5, 5, generator=torch.Generator().manual_seed(1))
    expected = machine.decision_function(fresh.flatten(1).double().numpy())
    found = rbf_svm(blobs, gamma=gamma, penalty=penalty).double()(fresh.double())
    # scikit-learn stops its solver at a tolerance of 1e-3 of the margin
    torch.testing.assert_close(found, torch.as_tensor(expected), rtol=0, atol=1e-3)


def test_it_is_an_ordinary_network(blobs):
    model = rbf_svm(blobs)
    assert [type(layer).__name__ for layer in model] == ["Flatten", "RadialBasis", "Linear"]
    assert not model.training
    assert not any(p.requires_grad for p in model.parameters())
    assert model(blobs.inputs).dtype == blobs.inputs.dtype
    assert (model(blobs.inputs).argmax(1) == blobs.labels).double().mean() > 0.9


def test_no_centre_is_idle(blobs):
    model = rbf_svm(blobs)
    assert (model[-1].weight.abs().sum(0) > 0).all()
    assert len(model[1].centres) < len(blobs)


def test_gradient_is_that_of_finite_differences(blobs):
    model = rbf_svm(blobs).double()
    x = blobs.inputs[:3].double().requires_grad_()
    assert torch.autograd.gradcheck(model, x)


def test_kernel_is_one_at_a_centre_and_falls_to_1_over_e():
    layer = RadialBasis(torch.zeros(1, 4), gamma=0.25)
    x = torch.tensor([[0.0, 0, 0, 0], [2, 0, 0, 0]])
    torch.testing.assert_close(layer(x), torch.tensor([[1.0], [1 / torch.e]]))
    assert "4 → 1 centres, gamma=0.25" in repr(layer)


def test_nearest_distance_is_the_smallest_distortion():
    generator = torch.Generator().manual_seed(2)
    x, others = (torch.rand(n, 1, 3, 3, generator=generator).double() for n in (4, 6))
    distances = (x[:, None] - others).flatten(2).square().mean(2).sqrt()
    torch.testing.assert_close(nearest_distance(x, others), distances.amin(1))
    allowed = torch.arange(6).expand(4, 6) % 2 == 0
    torch.testing.assert_close(nearest_distance(x, others, allowed), distances[:, ::2].amin(1))
    assert nearest_distance(x, others, allowed & False).isinf().all()
    torch.testing.assert_close(nearest_distance(x, x), torch.zeros(4).double(), atol=1e-7, rtol=0)
