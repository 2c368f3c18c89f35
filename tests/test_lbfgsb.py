import numpy as np
import pytest
import scipy.optimize
import torch

from helpers.lbfgsb import minimize, minimize_scipy
from helpers.lbfgsb_rows import BACKTRACKS, Rows

BOTH = pytest.mark.parametrize("solver", [minimize, minimize_scipy])


def least_squares(rows=5, n=8, *, seed=0, dtype=torch.float64):
    """Return random coupled functions ½‖A x − b‖², one a row."""
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(rows, n + 2, n, generator=generator, dtype=dtype)
    b = 2 * torch.randn(rows, n + 2, generator=generator, dtype=dtype)

    def fun(x, index):
        residual = torch.einsum("kij,kj->ki", a[index], x) - b[index]
        return residual.square().sum(1) / 2, torch.einsum("kij,ki->kj", a[index], residual)

    return fun, a, b


def box_qps(rows, n, condition, *, seed=0):
    """Return ½(x − z)ᵀH(x − z), H dense and z mostly outside a box with some infinite sides."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(rows, n, generator=generator).double()
    basis = torch.linalg.qr(torch.randn(rows, n, n, generator=generator).double()).Q
    h = basis * torch.logspace(0, np.log10(condition), n).double() @ basis.mT
    lower = -0.1 - torch.rand(rows, n, generator=generator).double()
    upper = 0.1 + torch.rand(rows, n, generator=generator).double()
    lower[torch.rand(rows, n, generator=generator) < 0.15] = -torch.inf
    upper[torch.rand(rows, n, generator=generator) < 0.15] = torch.inf

    def fun(x, index):
        gradient = torch.einsum("kij,kj->ki", h[index], x - z[index])
        return ((x - z[index]) * gradient).sum(1) / 2, gradient

    return fun, h, z, lower, upper


def exact_box_qp(h, z, lower, upper, guess):
    """Return the minimiser on the face of `guess`, and prove that it is the minimiser."""
    free = (guess > lower) & (guess < upper)
    x = np.where(free, 0, guess)
    x[free] = z[free] - np.linalg.solve(
        h[np.ix_(free, free)], h[np.ix_(free, ~free)] @ (x - z)[~free]
    )
    gradient = h @ (x - z)
    assert ((x >= lower - 1e-12) & (x <= upper + 1e-12)).all()
    assert (gradient[~free & (x == lower)] >= 0).all()
    assert (gradient[~free & (x == upper)] <= 0).all()
    return x


LOWER, UPPER = torch.tensor(-0.25).double(), torch.tensor(0.5).double()


@pytest.mark.parametrize(
    ("n", "rows", "condition"),
    [
        (2, 100, 1e1),
        (2, 50, 1e4),
        (5, 100, 1e2),
        (5, 50, 1e4),
        (10, 100, 1e4),
        (20, 60, 1e3),
        (50, 30, 1e4),
        (100, 15, 1e4),
        (200, 5, 1e2),
        (200, 5, 1e4),
    ],
)
def test_coupled_box_qps_of_all_sizes_reach_the_exact_solution(n, rows, condition):
    fun, h, z, lower, upper = box_qps(rows, n, condition)
    every, start = torch.arange(rows), torch.zeros(rows, n).double()
    options = {"max_iterations": 2000, "gtol": 1e-7, "ftol": 0}
    found = minimize(fun, start, lower, upper, **options)
    reference = minimize_scipy(fun, start, lower, upper, **options)

    gradient = fun(found.x, every)[1]
    residual = ((found.x - gradient).clamp(lower, upper) - found.x).abs().amax(1)
    assert (residual <= 1e-6 * fun(start, every)[1].abs().amax(1).clamp(min=1)).all()
    exact = torch.stack(
        [
            torch.from_numpy(
                exact_box_qp(*(part[row].numpy() for part in (h, z, lower, upper, found.x)))
            )
            for row in range(rows)
        ]
    )
    least = torch.minimum(fun(exact, every)[0], reference.value)
    assert (found.value <= least + 1e-8 * least.abs().clamp(min=1)).all()
    assert found.evaluations.sum() <= 1.5 * reference.evaluations.sum()


def test_those_box_qps_have_solutions_on_and_off_the_bounds():
    fun, _, _, lower, upper = box_qps(20, 20, 1e3)
    found = minimize(fun, torch.zeros(20, 20).double(), lower, upper)
    on_bound = ((found.x == lower) | (found.x == upper)).double().mean(1)
    assert on_bound.min() > 0.2
    assert on_bound.max() < 0.9


def test_rosenbrock_in_boxes():
    def rosenbrock(x, index):
        valley, slope = x[:, 1] - x[:, 0] ** 2, 1 - x[:, 0]
        gradient = torch.stack([-400 * x[:, 0] * valley - 2 * slope, 200 * valley], 1)
        return 100 * valley**2 + slope**2, gradient

    generator = torch.Generator().manual_seed(0)
    start = 2 * torch.randn(40, 2, generator=generator).double()
    upper = torch.full((40, 2), torch.inf).double()
    upper[20:, 0] = 0.8
    exact = torch.ones(40, 2).double()
    exact[20:] = torch.tensor([0.8, 0.64])
    found = minimize(rosenbrock, start, torch.tensor(-1.5).double(), upper, gtol=1e-8, ftol=0)
    assert found.converged.all()
    np.testing.assert_allclose(found.x, exact, atol=1e-6)


def test_direction_is_that_of_dense_bfgs_on_the_free_variables():
    fun, a, _ = least_squares(rows=1, n=12)
    generator = torch.Generator().manual_seed(1)
    inf = torch.full((1, 12), torch.inf).double()
    rows = Rows.start(fun, torch.zeros(1, 12).double(), -inf, inf, 4)
    steps = torch.nn.functional.normalize(torch.randn(4, 12, generator=generator).double())
    differences = steps @ a[0].T.double() @ a[0]
    free = torch.arange(12) < 8
    differences[2, free] = -steps[2, free]  # a pair that bends the wrong way there: left out
    rows.vectors[0, :4], rows.vectors[0, 4:8] = steps, differences
    rows.age[0] = torch.tensor([7, 9, 8, 3])

    newest = 1
    s, y = steps[newest, free], differences[newest, free]
    gamma = s @ y / (y @ y)
    inverse = gamma * torch.eye(8).double()
    for pair in (3, 0, 1):  # by age
        s, y = steps[pair, free], differences[pair, free]
        left = torch.eye(8).double() - torch.outer(s, y) / (s @ y)
        inverse = left @ inverse @ left.T + torch.outer(s, s) / (s @ y)

    direction = rows.direction(~free[None])[0]
    np.testing.assert_allclose(direction[free], -inverse @ rows.gradient[0, free], rtol=1e-10)
    np.testing.assert_allclose(direction[~free], -gamma * rows.gradient[0, ~free], rtol=1e-12)


def test_rows_do_the_same_alone_in_chunks_and_together():
    fun, _, _, lower, upper = box_qps(12, 30, 1e1)
    start = torch.linspace(-1, 1, 12).double()[:, None].expand(12, 30)
    options = {"gtol": 1e-6, "ftol": 0}
    together = minimize(fun, start, lower, upper, **options)
    assert together.converged.all()
    assert together.evaluations.min() < together.evaluations.max()
    for size in (1, 5):
        for chunk in torch.arange(12).split(size):
            alone = minimize(
                lambda x, index, chunk=chunk: fun(x, chunk[index]),
                start[chunk],
                lower[chunk],
                upper[chunk],
                **options,
            )
            np.testing.assert_allclose(alone.x, together.x[chunk], rtol=0, atol=1e-10)


def test_rows_that_ended_are_not_asked_for_again():
    fun, _, _ = least_squares(rows=12, n=30)
    sizes = []

    def watched(x, index):
        assert x.shape == (len(index), 30)
        assert len(index.unique()) == len(index)
        sizes.append(len(index))
        return fun(x, index)

    found = minimize(watched, torch.zeros(12, 30).double(), LOWER, UPPER)
    assert sizes == [int((found.evaluations > trial).sum()) for trial in range(len(sizes))]


def test_arguments_are_left_as_they_are():
    fun, _, _ = least_squares()
    start, lower, upper = torch.full((5, 8), 3.0).double(), LOWER.repeat(5, 8), UPPER.repeat(5, 8)
    minimize(fun, start, lower, upper)
    assert (start == 3).all()
    assert (lower == LOWER).all()
    assert (upper == UPPER).all()


@pytest.mark.parametrize(
    ("value_outside", "gradient_outside"), [(np.nan, np.nan), (-np.inf, 1), (-100, np.nan)]
)
def test_trial_that_is_not_finite_is_shortened(value_outside, gradient_outside):
    asked = []

    def barrier(x, index):
        asked.append(x)
        outside = (x <= 0).any(1)
        value = (x - x.abs().log()).sum(1).masked_fill(outside, value_outside)
        return value, (1 - 1 / x).masked_fill(outside[:, None], gradient_outside)

    inf = torch.tensor(torch.inf).double()
    start = torch.tensor([[30.0, 20.0], [0.01, 5.0]]).double()
    found = minimize(barrier, start, -inf, inf, gtol=1e-8, ftol=0)
    assert min(x.min() for x in asked) < 0
    np.testing.assert_allclose(found.x, 1, atol=1e-7)
    assert found.converged.all()


def test_start_that_is_not_finite_ends_there():
    def broken(x, index):
        return torch.full_like(x[:, 0], torch.nan), torch.zeros_like(x)

    start = torch.full((2, 3), 0.3).double()
    found = minimize(broken, start, LOWER, UPPER)
    assert torch.equal(found.x, start)
    assert not found.converged.any()
    assert found.evaluations.tolist() == [1, 1]


def test_search_that_fails_starts_afresh_once_and_ends_at_the_best_point():
    fun, _, _ = least_squares(rows=1)
    values = []

    def turned(x, index):
        value, gradient = fun(x, index)
        values.append(value.item())
        return value, gradient if len(values) < 5 else -gradient

    found = minimize(turned, torch.zeros(1, 8).double(), LOWER, UPPER, gtol=0, ftol=0)
    assert not found.converged
    assert found.iterations > 0
    assert found.evaluations == len(values) == 5 + 2 * BACKTRACKS
    assert found.value == min(values)


def test_float32_ends_at_rounding_error():
    fun, _, _, lower, upper = box_qps(20, 30, 1e2)
    exact = minimize(fun, torch.zeros(20, 30).double(), lower, upper, gtol=1e-9, ftol=0)

    def single(x, index):
        value, gradient = fun(x.double(), index)
        return value.float(), gradient.float()

    start, lower, upper = torch.zeros(20, 30), lower.float(), upper.float()
    found = minimize(single, start, lower, upper, gtol=0, ftol=0, max_iterations=1000)
    assert found.iterations.max() < 200
    np.testing.assert_allclose(found.value, exact.value, rtol=1e-6)
    assert ((found.x >= lower) & (found.x <= upper)).all()


@pytest.mark.gpu
def test_gpu_agrees_with_cpu():
    fun, a, b = least_squares(rows=50, n=30)
    on_gpu = a.cuda(), b.cuda()

    def gpu_fun(x, index):
        residual = torch.einsum("kij,kj->ki", on_gpu[0][index], x) - on_gpu[1][index]
        gradient = torch.einsum("kij,ki->kj", on_gpu[0][index], residual)
        return residual.square().sum(1) / 2, gradient

    start, options = torch.zeros(50, 30).double(), {"gtol": 1e-9, "ftol": 0}
    on_cpu = minimize(fun, start, LOWER, UPPER, **options)
    found = minimize(gpu_fun, start.cuda(), LOWER.cuda(), UPPER.cuda(), **options)
    assert found.x.device.type == "cuda"
    np.testing.assert_allclose(found.x.cpu(), on_cpu.x, atol=1e-8)
    assert torch.equal(found.converged.cpu(), on_cpu.converged)


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


def test_row_that_turns_nan_on_its_way_is_not_called_converged():
    def logarithm(x, index):
        return x.log().sum(1), 1 / x

    start, inf = torch.full((1, 2), 0.5).double(), torch.tensor(torch.inf).double()
    found = minimize_scipy(logarithm, start, -inf, inf)
    assert not found.converged.any()


@BOTH
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_results_have_the_type_of_the_start(solver, dtype):
    fun, _, _ = least_squares(dtype=dtype)
    found = solver(fun, torch.zeros(5, 8, dtype=dtype), LOWER.to(dtype), UPPER.to(dtype))
    assert (found.x.dtype, found.value.dtype) == (dtype, dtype)
    assert found.converged.dtype == torch.bool
    assert (found.iterations.dtype, found.evaluations.dtype) == (torch.int64, torch.int64)
    assert ((found.x >= LOWER) & (found.x <= UPPER)).all()
