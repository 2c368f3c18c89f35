"""What both minimisers refuse, and what they allow an objective to do."""

import numpy as np
import pytest
import torch

from helpers.lbfgsb import minimize, minimize_scipy

BOTH = pytest.mark.parametrize("solver", [minimize, minimize_scipy])
MINIMISER = torch.tensor([[1.0, -2.0, 0.5]])


def bowl(x, rows):
    r = x - MINIMISER.to(x)
    return r.square().sum(1) / 2, r


def box(**changes):
    """Return two starts in a box of three variables, with some arguments changed."""
    lower, upper = torch.full((1, 3), -9.0), torch.full((1, 3), 9.0)
    return {"x0": torch.zeros(2, 3), "lower": lower, "upper": upper} | changes


def at(row, variable, value, shape=(2, 3)):
    """Return zeros with one entry changed."""
    tensor = torch.zeros(shape)
    tensor[row, variable] = value
    return tensor


@BOTH
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x0": torch.zeros(2, 3).half()}, "x0 must be float32 or float64, got torch.float16"),
        (
            {"x0": torch.zeros(2, 3).bfloat16()},
            "x0 must be float32 or float64, got torch.bfloat16",
        ),
        ({"x0": torch.zeros(2, 3).long()}, "x0 must be float32 or float64, got torch.int64"),
        (
            {"x0": torch.zeros(3)},
            r"x0 must have shape \(N, n\), N and n at least 1, got shape \(3,\)",
        ),
        ({"x0": torch.zeros(2, 0)}, r"x0 must have shape \(N, n\), .* got shape \(2, 0\)"),
        ({"x0": torch.zeros(0, 3)}, r"x0 must have shape \(N, n\), .* got shape \(0, 3\)"),
        ({"x0": at(1, 2, np.nan)}, "x0 must be finite, got nan in row 1, variable 2"),
        ({"x0": at(0, 1, -np.inf)}, "x0 must be finite, got -inf in row 0, variable 1"),
        (
            {"lower": at(1, 0, 9.5)},
            "lower must not be above upper, got 9.5 with upper 9 in row 1, variable 0",
        ),
        ({"lower": at(1, 0, np.nan)}, "lower must not be nan, got nan in row 1, variable 0"),
        ({"upper": at(1, 0, np.nan)}, "upper must not be nan, got nan in row 1, variable 0"),
        (
            {"lower": at(0, 2, np.inf), "upper": torch.tensor(np.inf)},
            "lower must be below infinity, got inf in row 0, variable 2",
        ),
        (
            {"upper": at(0, 2, -np.inf), "lower": torch.tensor(-np.inf)},
            "upper must be above minus infinity, got -inf in row 0, variable 2",
        ),
        (
            {"upper": torch.ones(2, 4)},
            r"upper must be broadcastable to the shape of x0, \(2, 3\), got shape \(2, 4\)",
        ),
        ({"history_size": 0}, "history_size must be at least 1, got 0"),
        ({"max_iterations": -1}, "max_iterations must be at least 0, got -1"),
        ({"gtol": -1e-5}, "gtol must be at least 0, got -1e-05"),
        ({"ftol": float("nan")}, "ftol must be at least 0, got nan"),
    ],
)
def test_error_names_the_argument_and_says_what_it_was_and_must_be(solver, changes, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        solver(bowl, **box(**changes))


@BOTH
def test_same_arguments_unchanged_are_taken(solver):
    found = solver(bowl, **box())
    assert found.converged.all()
    np.testing.assert_allclose(found.x, MINIMISER.expand(2, 3), atol=1e-4)


@BOTH
@pytest.mark.parametrize(
    ("answer", "shapes"),
    [
        (lambda value, gradient: (value[:, None], gradient), r"\(\d, 1\) and \(\d, 3\)"),
        (lambda value, gradient: (value.sum(), gradient), r"\(\) and \(\d, 3\)"),
        (lambda value, gradient: (value, gradient[:, :1]), r"\(\d,\) and \(\d, 1\)"),
    ],
)
def test_objective_that_answers_in_another_shape_is_told_so(solver, answer, shapes):
    with pytest.raises(ValueError, match=f"^fun must return values of shape .*{shapes}$"):
        solver(lambda x, rows: answer(*bowl(x, rows)), **box())


def test_no_iteration_leaves_every_row_at_its_start():
    found = minimize(bowl, **box(max_iterations=0))
    assert torch.equal(found.x, torch.zeros(2, 3))
    assert found.iterations.tolist() == [0, 0]
    assert not found.converged.any()


@BOTH
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_objective_may_change_what_it_is_given(solver, dtype):
    arguments = box(x0=torch.zeros(2, 3, dtype=dtype))

    def careless(x, rows):
        x -= MINIMISER.to(x)
        value = x.square().sum(1) / 2
        rows.fill_(0)
        return value, x

    expected, found = solver(bowl, **arguments), solver(careless, **arguments)
    assert torch.equal(found.x, expected.x)
    assert torch.equal(found.evaluations, expected.evaluations)
    assert torch.equal(arguments["x0"], torch.zeros(2, 3, dtype=dtype))


@BOTH
def test_objective_may_use_its_memory_again(solver):
    kept = torch.zeros(2, 3), torch.zeros(2)

    def thrifty(x, rows):
        value, gradient = bowl(x, rows)
        kept[0][: len(x)], kept[1][: len(x)] = gradient, value
        return kept[1][: len(x)], kept[0][: len(x)]

    assert torch.equal(solver(thrifty, **box()).x, solver(bowl, **box()).x)


@BOTH
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_objective_may_differentiate_in_every_mode(solver, mode):
    def differentiated(x, rows):
        x = x.requires_grad_()
        value, _ = bowl(x, rows)
        (gradient,) = torch.autograd.grad(value.sum(), x)
        return value, gradient

    expected = solver(bowl, **box())
    assert torch.equal(solver(differentiated, **box()).x, expected.x)
    with mode():
        inside = solver(differentiated, **box())  # x0, lower and upper were made in this mode
    assert torch.equal(inside.x, expected.x)
    assert not inside.x.is_inference()
    assert not inside.value.requires_grad


@BOTH
def test_start_that_requires_a_gradient_is_taken_as_a_number(solver):
    found = solver(bowl, **box(x0=torch.zeros(2, 3, requires_grad=True)))
    assert not found.x.requires_grad
    assert torch.equal(found.x, solver(bowl, **box()).x)


@BOTH
def test_variables_that_are_all_fixed_stay_where_they_are(solver):
    fixed = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    found = solver(bowl, **box(lower=fixed, upper=fixed))
    assert torch.equal(found.x, fixed)
    assert torch.equal(found.value, bowl(fixed, None)[0])
    assert found.converged.all()
    assert found.iterations.tolist() == [0, 0]
    assert found.evaluations.tolist() == [1, 1]


@BOTH
def test_variables_that_are_partly_fixed_leave_the_others_free(solver):
    lower = torch.tensor([[3.0, -9.0, -9.0], [-9.0, -9.0, 4.0]])
    upper = torch.tensor([[3.0, 9.0, 9.0], [9.0, 9.0, 4.0]])
    found = solver(bowl, **box(lower=lower, upper=upper))
    np.testing.assert_allclose(found.x, MINIMISER.clamp(lower, upper), atol=1e-4)
    assert found.converged.all()


@BOTH
def test_bounds_of_another_type_are_taken_in_that_of_the_start(solver):
    found = solver(bowl, **box(upper=torch.tensor([0, 1, 9]), lower=torch.tensor(-1.5).double()))
    assert found.x.dtype == torch.float32
    np.testing.assert_allclose(found.x, [[0.0, -1.5, 0.5]] * 2, atol=1e-4)
