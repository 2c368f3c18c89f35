import numpy as np
import pytest
import torch

from helpers.lbfgsb import minimize, minimize_scipy
from helpers.lbfgsb.rows import BACKTRACKS

from .quadratics import LOWER, UPPER, box_qps, exact_box_qp, least_squares


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


def test_another_order_of_the_variables_gives_the_same_value():
    fun, _, _ = least_squares(rows=50, n=30)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(0))
    back = order.argsort()

    def turned(x, index):
        value, gradient = fun(x[:, back], index)
        return value, gradient[:, order]

    start, options = torch.zeros(50, 30).double(), {"gtol": 1e-9, "ftol": 0}
    plain = minimize(fun, start, LOWER, UPPER, **options)
    found = minimize(turned, start, LOWER, UPPER, **options)
    np.testing.assert_allclose(found.value, plain.value, rtol=1e-13)
    np.testing.assert_allclose(found.x[:, back], plain.x, atol=1e-6)


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
    assert torch.equal(found.converged.cpu(), on_cpu.converged)
    np.testing.assert_allclose(found.value.cpu(), on_cpu.value, rtol=1e-13)
    # Rows end at the rounding error of the value, and x is known to its square root only: the
    # variables in another order move it as much on the CPU.
    np.testing.assert_allclose(found.x.cpu(), on_cpu.x, atol=1e-6)
