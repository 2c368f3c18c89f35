"""SciPy's L-BFGS-B, row by row: slow, and what the batched method is compared with.

References
----------
Byrd, Lu, Nocedal and Zhu, "A limited memory algorithm for bound constrained optimization", 1995.
"""

import numpy as np
import scipy
import torch
from torch import Tensor

from helpers.lbfgsb.problem import Objective, check_options, checked_box, guarded
from helpers.lbfgsb.result import Result


@torch.inference_mode(mode=False)
@torch.no_grad()
def minimize_scipy(
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
    """Minimise each row of a batch with SciPy's L-BFGS-B.

    A row stops when max_i |P(x − g)_i − x_i| ≤ gtol, with P the projection onto the box, or
    when (f_k − f_{k+1}) / max(|f_k|, |f_{k+1}|, 1) ≤ ftol.

    Parameters
    ----------
    fun : callable
        ``fun(x, rows)`` gives the values (k,) and gradients (k, n) at the points x (k, n) of
        the rows (k,). It may record gradients, and change x, which is a copy.
    x0 : Tensor, shape (N, n)
        Starting points, float32 or float64.
    lower, upper : Tensor, broadcastable to (N, n)
        The boxes; ±inf where there is no bound.
    history_size : int
        Pairs of steps and gradient differences that are kept.
    max_iterations : int
        Iterations allowed per row; SciPy takes 0 for 1.
    gtol, ftol : float
        Tolerances of the two stopping tests.

    Returns
    -------
    Result
        Computed in float64 by SciPy, given back in the type of `x0`.

    Raises
    ------
    ValueError
        If `x0` is not a finite float32 or float64 tensor of shape (N, n); if `lower` or `upper`
        does not fit it, is nan, or leaves no finite x between them; if `history_size` is below 1,
        or `max_iterations`, `gtol` or `ftol` below 0; if `fun` does not return values (k,) and
        gradients (k, n).

    References
    ----------
    `scipy.optimize.minimize`, method L-BFGS-B.
    """
    check_options(history_size, max_iterations, gtol, ftol)
    lower, upper = checked_box(x0, lower, upper)
    fun = guarded(fun)
    found = []
    finite = torch.ones(len(x0), dtype=torch.bool, device=x0.device)
    for row in range(len(x0)):
        index = torch.tensor([row], device=x0.device)

        def objective(x: np.ndarray, index=index) -> tuple[float, np.ndarray]:
            point = torch.tensor(x, dtype=x0.dtype, device=x0.device)
            value, gradient = fun(point[None], index)
            finite[index] &= value.isfinite() & gradient.isfinite().all(1)
            return value.item(), gradient[0].double().cpu().numpy().copy()

        found.append(
            scipy.optimize.minimize(
                objective,
                x0[row].double().cpu().numpy(),
                jac=True,
                method="L-BFGS-B",
                bounds=scipy.optimize.Bounds(
                    lower[row].double().cpu().numpy(), upper[row].double().cpu().numpy()
                ),
                options={
                    "maxcor": history_size,
                    "maxiter": max_iterations,
                    "maxfun": 20 * max_iterations,
                    "gtol": gtol,
                    "ftol": ftol,
                },
            )
        )
    iterations = [row.get("nit", 0) for row in found]  # SciPy names none where lower == upper
    return Result(
        x=torch.as_tensor(np.stack([row.x for row in found])).to(x0),
        value=torch.tensor([float(row.fun) for row in found], dtype=x0.dtype, device=x0.device),
        converged=finite & torch.tensor([row.success for row in found], device=x0.device),
        iterations=torch.tensor(iterations, device=x0.device),
        evaluations=torch.tensor([row.nfev for row in found], device=x0.device),
    )
