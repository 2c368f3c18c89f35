"""What both minimisers promise."""

import numpy as np
import pytest
import scipy.optimize
import torch

from helpers.lbfgsb import minimize, minimize_scipy

from .quadratics import LOWER, UPPER, least_squares

BOTH = pytest.mark.parametrize("solver", [minimize, minimize_scipy])


@BOTH
def test_coupled_box_qps_have_the_solution_of_bvls(solver):
    fun, a, b = least_squares()
    found = solver(fun, torch.zeros(5, 8).double(), LOWER, UPPER, gtol=1e-9, ftol=0)
    for row in range(5):
        exact = scipy.optimize.lsq_linear(a[row], b[row], (-0.25, 0.5), method="bvls", tol=1e-14)
        assert (exact.active_mask != 0).any()
        assert (exact.active_mask == 0).any()
        np.testing.assert_allclose(found.x[row], exact.x, atol=1e-7)


@BOTH
def test_solution_meets_the_kkt_conditions(solver):
    fun, a, b = least_squares(seed=1)
    found = solver(fun, torch.zeros(5, 8).double(), LOWER, UPPER, gtol=1e-6, ftol=0)
    residual = torch.einsum("kij,kj->ki", a, found.x) - b
    gradient = torch.einsum("kij,ki->kj", a, residual)
    at_lower, at_upper = found.x == LOWER, found.x == UPPER
    assert found.converged.all()
    assert gradient[~at_lower & ~at_upper].abs().max() <= 1e-6
    assert gradient[at_lower].min() >= -1e-6
    assert gradient[at_upper].max() <= 1e-6


@BOTH
def test_value_is_the_objective_at_x_in_the_type_of_x(solver):
    fun, _, _ = least_squares()
    found = solver(fun, torch.zeros(5, 8).double(), LOWER, UPPER)
    values, _ = fun(found.x, torch.arange(5))
    np.testing.assert_allclose(found.value, values, rtol=1e-13)


@BOTH
def test_each_row_has_its_own_box(solver):
    fun, a, b = least_squares(rows=3)
    lower = torch.tensor([[-0.1], [-torch.inf], [0.2]]).double()
    upper = torch.tensor([[0.1], [torch.inf], [torch.inf]]).double()
    found = solver(fun, torch.full((3, 8), 0.3).double(), lower, upper, gtol=1e-9, ftol=0)
    for row in range(3):
        box = (lower[row].item(), upper[row].item())
        exact = scipy.optimize.lsq_linear(a[row], b[row], box, method="bvls", tol=1e-14)
        np.testing.assert_allclose(found.x[row], exact.x, atol=1e-7)


@BOTH
def test_start_outside_the_box_ends_inside(solver):
    fun, _, _ = least_squares()
    inside = solver(fun, torch.zeros(5, 8).double(), LOWER, UPPER, gtol=1e-9, ftol=0)
    outside = solver(fun, torch.full((5, 8), 7.0).double(), LOWER, UPPER, gtol=1e-9, ftol=0)
    np.testing.assert_allclose(outside.x, inside.x, atol=1e-7)


@BOTH
def test_every_point_asked_for_is_in_the_box_and_counted(solver):
    fun, _, _ = least_squares()
    calls = torch.zeros(5, dtype=torch.long)

    def watched(x, index):
        assert ((x >= LOWER) & (x <= UPPER)).all()
        calls[index] += 1
        return fun(x, index)

    found = solver(watched, torch.zeros(5, 8).double(), LOWER, UPPER)
    assert found.evaluations.tolist() == calls.tolist()
    assert (found.iterations > 0).all()
    assert (found.iterations < found.evaluations).all()


@BOTH
def test_rows_that_run_out_of_iterations_say_so(solver):
    fun, _, _ = least_squares()
    start = torch.zeros(5, 8).double()
    found = solver(fun, start, LOWER, UPPER, max_iterations=2, gtol=1e-12, ftol=0)
    assert not found.converged.any()
    assert found.iterations.tolist() == [2] * 5
    assert (found.value < fun(start, torch.arange(5))[0]).all()


@BOTH
def test_start_at_the_solution_stays_there(solver):
    fun, _, _ = least_squares()
    first = solver(fun, torch.zeros(5, 8).double(), LOWER, UPPER, gtol=1e-9, ftol=0)
    again = solver(fun, first.x, LOWER, UPPER, gtol=1e-5)
    assert torch.equal(again.x, first.x)
    assert again.iterations.tolist() == [0] * 5
    assert again.converged.all()


@BOTH
def test_nan_row_fails_alone(solver):
    fun, _, _ = least_squares()

    def second_is_nan(x, index):
        values, gradients = fun(x, index)
        broken = index == 1
        return values.masked_fill(broken, np.nan), gradients.masked_fill(broken[:, None], np.nan)

    start = torch.zeros(5, 8).double()
    expected = solver(fun, start, LOWER, UPPER)
    found = solver(second_is_nan, start, LOWER, UPPER)
    others = torch.tensor([0, 2, 3, 4])
    assert found.converged.tolist() == [True, False, True, True, True]
    np.testing.assert_allclose(found.x[others], expected.x[others], rtol=0, atol=1e-12)
    assert ((found.x[1] >= LOWER) & (found.x[1] <= UPPER)).all()


@BOTH
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_results_have_the_type_of_the_start(solver, dtype):
    fun, _, _ = least_squares(dtype=dtype)
    found = solver(fun, torch.zeros(5, 8, dtype=dtype), LOWER.to(dtype), UPPER.to(dtype))
    assert (found.x.dtype, found.value.dtype) == (dtype, dtype)
    assert found.converged.dtype == torch.bool
    assert (found.iterations.dtype, found.evaluations.dtype) == (torch.int64, torch.int64)
    assert ((found.x >= LOWER) & (found.x <= UPPER)).all()
