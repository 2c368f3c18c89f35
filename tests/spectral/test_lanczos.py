import pytest
import torch

from helpers.spectral import conv_norm, conv_singular_value, largest_singular_value

from ..examples import generator
from .examples import exact, tall_kernel


@pytest.mark.parametrize("shape", [(3, 70), (70, 3), (40, 40)])
def test_it_is_the_largest_singular_value_of_a_matrix(shape):
    matrix = torch.randn(shape, generator=generator()).double()
    _, expected, v = torch.linalg.svd(matrix)
    found = largest_singular_value(lambda x: matrix @ x, torch.zeros(shape[1]).double())
    assert found.converged
    assert found.value == pytest.approx(expected[0].item(), rel=1e-12)
    assert (found.input @ v[0]).abs().item() == pytest.approx(1, abs=1e-6)


def test_float32_is_close_and_large_inputs_keep_few_vectors():
    conv = tall_kernel().float()
    found = conv_singular_value(conv, (40, 40), basis=6)
    assert found.converged
    assert found.applications > 12  # it had to restart
    expected = conv_norm(conv.double(), (40, 40))
    assert found.value == pytest.approx(expected, rel=1e-5)


def test_search_that_is_cut_short_says_so():
    found = conv_singular_value(tall_kernel(), (12, 12), max_applications=4, starts=1)
    assert not found.converged
    assert found.applications == 4
    assert found.residual > 1e-10
    assert found.value < exact(tall_kernel(), (12, 12))


def test_two_vectors_in_memory_are_enough():
    found = conv_singular_value(tall_kernel(), (6, 6), basis=2, max_applications=5000)
    assert found.converged
    assert found.value == pytest.approx(exact(tall_kernel(), (6, 6)), rel=1e-9)


@pytest.mark.parametrize(
    ("dtype", "options", "message"),
    [
        (torch.double, {"basis": 1}, "basis must be at least 2, got 1"),
        (torch.double, {"starts": 0}, "starts must be at least 1, got 0"),
        (torch.half, {}, "like must be float32 or float64, got torch.float16"),
    ],
)
def test_search_that_can_not_be_is_refused(dtype, options, message):
    with pytest.raises(ValueError, match=message):
        largest_singular_value(lambda x: 2 * x, torch.zeros(5, dtype=dtype), **options)


def test_search_that_never_ends_is_given_up_after_a_thousand_applications():
    scale = torch.linspace(1, 2, 50).double()
    found = largest_singular_value(lambda x: scale * x, scale, tolerance=-1.0, starts=1)
    assert not found.converged
    assert found.applications == 1000
    assert found.value == pytest.approx(2, rel=1e-12)


def test_restart_keeps_the_best_third(monkeypatch):
    sizes, eigh = [], torch.linalg.eigh

    def measured(matrix):
        sizes.append(len(matrix))
        return eigh(matrix)

    monkeypatch.setattr(torch.linalg, "eigh", measured)
    scale = torch.linspace(1, 2, 50).double()
    largest_singular_value(
        lambda x: scale * x, scale, tolerance=-1.0, max_applications=24 + 16, starts=1
    )
    assert sizes == [*range(1, 25), *range(9, 25)]  # 8 of 24 vectors are kept


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.float64, 1e-10)])
def test_residual_is_that_of_the_type_unless_said(dtype, tolerance):
    scale = torch.linspace(1, 2, 400).to(dtype) ** 0.2
    found, as_said, doubled = (
        largest_singular_value(lambda x: scale * x, scale, starts=1, **options).applications
        for options in ({}, {"tolerance": tolerance}, {"tolerance": 2 * tolerance})
    )
    assert found == as_said > doubled


def test_two_starts_are_made_unless_said():
    applied = []

    def linear(x):
        applied.append(x)
        return torch.linspace(1, 2, 30).double() * x

    like = torch.zeros(30).double()
    counts = {}
    for starts in (1, 2, 3):
        applied.clear()
        value = largest_singular_value(linear, like, starts=starts).value
        counts[starts] = len(applied)
        assert value == pytest.approx(2)
    assert counts[1] < counts[2] < counts[3]
    applied.clear()
    largest_singular_value(linear, like)
    assert len(applied) == counts[2]
