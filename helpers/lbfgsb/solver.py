"""A projected limited-memory BFGS method that minimises many functions at once.

References
----------
Bertsekas, "Projected Newton methods for optimization problems with simple constraints", 1982.
Byrd, Nocedal and Schnabel, "Representations of quasi-Newton matrices and their use in limited
memory methods", 1994.
Wolfe, "Convergence conditions for ascent methods", 1969.
"""

import torch
from torch import Tensor

from helpers.lbfgsb.problem import Objective, check_options, checked_box, guarded
from helpers.lbfgsb.result import Result
from helpers.lbfgsb.rows import Rows, finite

SIGMA = 1e-4  # share of the predicted decrease that a step must bring
VISIBLE = 16  # units of rounding, relative to the objective, below which nothing is seen


@torch.inference_mode(mode=False)
@torch.no_grad()
def minimize(
    fun: Objective,
    x0: Tensor,
    lower: Tensor,
    upper: Tensor,
    *,
    history_size: int = 10,
    max_iterations: int = 200,
    gtol: float = 1e-5,
    ftol: float = 1e-9,
) -> Result:
    """Minimise all rows of a batch at once with a projected limited-memory BFGS method.

    Each row has its own active set A, direction d and step α; P projects onto its box:

    (1)  A = {i : x_i − l_i ≤ ε_i and g_i > 0, or u_i − x_i ≤ ε_i and g_i < 0},
    (2)  d_F = −H g_F on the free variables F, and d_A = −γ g_A,
    (3)  f(P(x + αd)) ≤ f(x) + σ·(α g_F·d_F + g_A·(P(x + αd) − x)_A),
    (4)  α = 1 for the next step if sᵀy > 0.1·|bracket of (3)|, or else 10 times as long.

    Here ε_i = min(10⁻³·min(u_i − l_i, 1), max_j |P(x − g)_j − x_j|), and γ is sᵀy / yᵀy of the
    newest pair, or 1 / max(‖g‖, 1) before there is one.

    H is the L-BFGS matrix of the last pairs of steps s and gradient differences y, *cut to F*,
    so that what a variable did before its bound stopped it tells nothing about the others. A
    trial that fails (3) is repeated in the next round with a smaller α, while other rows move
    on: every round asks `fun` once, for the rows still alive. A step after which more than 0.9
    of the slope is left was too short; as no search makes it longer, (4) does so for the next.
    That is Wolfe's curvature condition with the constant of SciPy's search, and it is what
    moves a row along a function without curvature, that has no pairs.

    A row stops when max_i |P(x − g)_i − x_i| ≤ gtol. It also stops when
    (f_k − f_{k+1}) / max(|f_k|, |f_{k+1}|, 1) ≤ ftol, *and* the bracket of (3) promises the next
    step no more than that (or than 16 units of rounding): the last step may have brought little
    because the search had shortened it, or because it ended near a saddle. A row ends without
    convergence, at its best point, when `max_iterations` are done, when (3) fails at every α
    even along −g, or when `fun` is not finite at the start; a later trial that is not finite
    only fails (3).

    Parameters
    ----------
    fun, x0, lower, upper, history_size, max_iterations, gtol, ftol
        As for `minimize_scipy`; on any device.

    Returns
    -------
    Result
        In the type and on the device of `x0`.

    Raises
    ------
    ValueError
        As from `minimize_scipy`.

    References
    ----------
    Bertsekas 1982, for (1) to (3); Byrd, Nocedal and Schnabel 1994, for H; Wolfe 1969, for (4).
    """
    check_options(history_size, max_iterations, gtol, ftol)
    lower, upper = checked_box(x0, lower, upper)
    fun = guarded(fun)
    rows = Rows.start(fun, x0.clamp(lower, upper), lower, upper, history_size)
    result = Result(
        x=rows.x.clone(),
        value=rows.value.clone(),
        converged=torch.zeros_like(rows.index, dtype=torch.bool),
        iterations=rows.iterations.clone(),
        evaluations=rows.evaluations.clone(),
    )
    failed = ~finite(rows.value, rows.gradient)
    slow = torch.zeros_like(failed)
    visible = max(ftol, VISIBLE * torch.finfo(x0.dtype).eps)
    while True:
        rows.aim()
        promises_little = -rows.predicted <= visible * rows.value.abs().clamp(min=1)
        at_rest = (rows.projected_gradient() <= gtol) | (slow & promises_little)
        converged = at_rest & ~failed
        ended = converged | failed | (rows.iterations == max_iterations)
        if ended.any():
            done = rows.index[ended]
            result.x[done], result.value[done] = rows.x[ended], rows.value[ended]
            result.converged[done] = converged[ended]
            result.iterations[done] = rows.iterations[ended]
            result.evaluations[done] = rows.evaluations[ended]
            rows.keep(~ended)
        if len(rows.index) == 0:
            return result

        value, gradient = fun(rows.trial, rows.index)
        accepted = finite(value, gradient) & (value <= rows.value + SIGMA * rows.predicted)
        decrease = (rows.value - value) / torch.maximum(rows.value.abs(), value.abs()).clamp(min=1)
        slow = accepted & (decrease <= ftol)
        failed = rows.shorten_step(~accepted, value)
        rows.move(accepted, value, gradient)
