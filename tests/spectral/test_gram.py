import pytest
import torch

from helpers.spectral.gram import (
    any_above,
    gram,
    gram_bound,
    largest_eigenvalue,
    likeliest,
    spectral_norms,
)

from ..examples import generator

SHAPES = [(3, 7), (7, 3), (5, 5), (1, 4)]


@pytest.mark.parametrize("shape", SHAPES)
def test_gram_bound_is_above_the_norm_by_no_more_than_a_root_of_the_rank(shape):
    weight = torch.randn(20, *shape, generator=generator(1)).double()
    expected = torch.linalg.svdvals(weight)[:, 0]
    for iterations in range(7):
        bound = gram_bound(weight, iterations)
        assert (bound >= expected * (1 - 1e-12)).all()
        assert (bound <= expected * min(shape) ** (1 / 2 ** (iterations + 1)) * (1 + 1e-12)).all()
        scaled = gram_bound(1e-30 * weight, iterations)
        torch.testing.assert_close(1e30 * scaled, bound, rtol=1e-9, atol=0)


def test_bound_of_nothing_is_zero_and_has_a_gradient():
    weight = torch.zeros(3, 2, requires_grad=True)
    bound = gram_bound(weight, 4)
    assert bound.item() < 1e-15
    assert torch.autograd.grad(bound, weight)[0].isfinite().all()


@pytest.mark.parametrize("shape", SHAPES)
def test_spectral_norms_are_the_largest_singular_values(shape):
    matrices = torch.randn(20, *shape, generator=generator(), dtype=torch.complex128)
    torch.testing.assert_close(spectral_norms(matrices), torch.linalg.svdvals(matrices)[:, 0])


def test_largest_eigenvalue_is_that_of_all_matrices_and_says_whose_it_is():
    grams = gram(torch.randn(50, 4, 6, generator=generator()).double())
    expected, whose = torch.linalg.eigvalsh(grams)[:, -1].max(0)
    found, winner = largest_eigenvalue(grams, 0.0)
    assert found == pytest.approx(expected.item(), rel=1e-12)
    assert winner == whose
    above = 1.01 * expected.item()
    assert largest_eigenvalue(grams, above) == (above, -1)


@pytest.mark.parametrize("size", [1, 2, 9])
def test_eigenvalues_above_are_seen(size):
    grams = gram(torch.randn(40, size, 12, generator=generator(), dtype=torch.complex128))
    largest = torch.linalg.eigvalsh(grams)[:, -1]
    square = largest.median().item() * (1 + 1e-9)
    assert torch.equal(any_above(grams, square), largest > square)
    assert any_above(grams, -1.0).all()


@pytest.mark.parametrize("size", [1, 3, 60])
@pytest.mark.parametrize("scale", [1e-100, 1, 1e100])
def test_matrix_that_stands_out_is_the_likeliest(size, scale):
    grams = gram(torch.randn(30, size, 80, generator=generator()).double())
    grams[17] += 0.2 * torch.linalg.eigvalsh(grams).max() * torch.eye(size)
    grams *= scale
    assert likeliest(grams) == torch.linalg.eigvalsh(grams)[:, -1].argmax()
