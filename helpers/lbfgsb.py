"""Minimise many functions, each in its own box; knows no networks.

``minimize`` takes all of them at once. ``minimize_scipy`` has the same signature and runs SciPy's
L-BFGS-B row by row: right before fast, and the reference.

References
----------
Bertsekas, "Projected Newton methods for optimization problems with simple constraints", 1982.
Byrd, Nocedal and Schnabel, "Representations of quasi-Newton matrices and their use in limited
memory methods", 1994.
Byrd, Lu, Nocedal and Zhu, "A limited memory algorithm for bound constrained optimization", 1995.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.optimize
import torch
from torch import Tensor

SIGMA = 1e-4  # share of the predicted decrease that a step must bring
EPSILON = 1e-3  # of the width of the box (at most 1): how near a bound must be to be active
BACKTRACKS = 10  # trials of one search

Objective = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Result:
    """What a minimiser found, row by row.

    Attributes
    ----------
    x : Tensor, shape (N, n)
        Where the minimiser of each row stopped, inside its box.
    value : Tensor, shape (N,)
        The objective there.
    converged : Tensor, shape (N,), bool
        Whether a stopping test was met; False if iterations ran out or the objective failed.
    iterations, evaluations : Tensor, shape (N,), int64
        Work that each row took.
    """

    x: Tensor
    value: Tensor
    converged: Tensor
    iterations: Tensor
    evaluations: Tensor


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
    (3)  f(P(x + αd)) ≤ f(x) + σ·(α g_F·d_F + g_A·(P(x + αd) − x)_A).

    Here ε_i = min(10⁻³·min(u_i − l_i, 1), max_j |P(x − g)_j − x_j|), and γ is sᵀy / yᵀy of the
    newest pair, or 1 / max(‖g‖, 1) before there is one.

    H is the L-BFGS matrix of the last pairs of steps and gradient differences, *cut to F*, so
    that what a variable did before its bound stopped it tells nothing about the others. A
    trial that fails (3) is repeated in the next round with a smaller α, while other rows move
    on: every round asks `fun` once, for the rows still alive.

    A row stops when max_i |P(x − g)_i − x_i| ≤ gtol, or when
    (f_k − f_{k+1}) / max(|f_k|, |f_{k+1}|, 1) ≤ ftol. It ends without, at its best point, when
    `max_iterations` are done, when (3) fails at every α even along −g, or when `fun` is not
    finite at the start; a later trial that is not finite only fails (3).

    Parameters
    ----------
    fun, x0, lower, upper, history_size, max_iterations, gtol, ftol
        As for `minimize_scipy`; float32 or float64, on any device.

    Returns
    -------
    Result
        In the type and on the device of `x0`.

    References
    ----------
    Bertsekas 1982, for (1) and (3); Byrd, Nocedal and Schnabel 1994, for H.
    """
    lower, upper = lower.broadcast_to(x0.shape), upper.broadcast_to(x0.shape)
    rows = _Rows.start(fun, x0.clamp(lower, upper), lower, upper, history_size)
    result = Result(
        x=rows.x.clone(),
        value=rows.value.clone(),
        converged=torch.zeros_like(rows.index, dtype=torch.bool),
        iterations=rows.iterations.clone(),
        evaluations=rows.evaluations.clone(),
    )
    failed = ~_finite(rows.value, rows.gradient)
    converged = ~failed & (rows.projected_gradient() <= gtol)
    while True:
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

        active = rows.active()
        direction = rows.direction(active)
        trial = (rows.x + rows.step * direction).clamp(rows.lower, rows.upper)
        moved = torch.where(active, trial - rows.x, rows.step * direction)
        predicted = (rows.gradient * moved).sum(1)  # the bracket of (3)
        value, gradient = fun(trial, rows.index.clone())
        accepted = _finite(value, gradient) & (value <= rows.value + SIGMA * predicted)
        decrease = (rows.value - value) / torch.maximum(rows.value.abs(), value.abs()).clamp(min=1)
        failed = rows.shorten_step(~accepted, value, predicted)
        rows.move(accepted, trial, value, gradient)
        converged = accepted & ((rows.projected_gradient() <= gtol) | (decrease <= ftol))


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
        the rows (k,).
    x0 : Tensor, shape (N, n)
        Starting points.
    lower, upper : Tensor, broadcastable to (N, n)
        The boxes; ±inf where there is no bound.
    history_size : int
        Pairs of steps and gradient differences that are kept.
    max_iterations : int
        Iterations allowed per row.
    gtol, ftol : float
        Tolerances of the two stopping tests.

    Returns
    -------
    Result
        Computed in float64 by SciPy, given back in the type of `x0`.

    References
    ----------
    `scipy.optimize.minimize`, method L-BFGS-B.
    """
    lower, upper = lower.broadcast_to(x0.shape), upper.broadcast_to(x0.shape)
    found = []
    finite = torch.ones(len(x0), dtype=torch.bool, device=x0.device)
    for row in range(len(x0)):
        index = torch.tensor([row], device=x0.device)

        def objective(x: np.ndarray, index=index) -> tuple[float, np.ndarray]:
            value, gradient = fun(torch.as_tensor(x).to(x0)[None], index)
            finite[index] &= value.isfinite() & gradient.isfinite().all(1)
            return value.item(), gradient[0].double().cpu().numpy()

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
    return Result(
        x=torch.as_tensor(np.stack([row.x for row in found])).to(x0),
        value=torch.tensor([float(row.fun) for row in found], dtype=x0.dtype, device=x0.device),
        converged=finite & torch.tensor([row.status == 0 for row in found], device=x0.device),
        iterations=torch.tensor([row.nit for row in found], device=x0.device),
        evaluations=torch.tensor([row.nfev for row in found], device=x0.device),
    )


@dataclass
class _Rows:
    """The state of the k rows still alive, with room for m pairs."""

    index: Tensor  # (k,)
    lower: Tensor  # (k, n)
    upper: Tensor  # (k, n)
    x: Tensor  # (k, n)
    value: Tensor  # (k,)
    vectors: Tensor  # (k, 2m + 1, n): steps s, gradient differences y, and the gradient
    room: Tensor  # (k, m + 1, n): to cut y and the gradient to the free variables
    age: Tensor  # (k, m): the round in which a pair was stored; 0 for an empty place
    step: Tensor  # (k, 1): α
    trials: Tensor  # (k,): steps that failed since the last that did not
    iterations: Tensor  # (k,)
    evaluations: Tensor  # (k,)

    @classmethod
    def start(
        cls, fun: Objective, x: Tensor, lower: Tensor, upper: Tensor, history_size: int
    ) -> "_Rows":
        """Evaluate all rows where they start."""
        index = torch.arange(len(x), device=x.device)
        vectors = x.new_zeros(len(x), 2 * history_size + 1, x.shape[1])
        value, vectors[:, -1] = fun(x.clone(), index.clone())
        count = torch.zeros_like(index)
        return cls(
            index=index,
            lower=lower.clone(),
            upper=upper.clone(),
            x=x,
            value=value.clone(),
            vectors=vectors,
            room=torch.empty_like(vectors[:, history_size:]),
            age=count[:, None].repeat(1, history_size),
            step=x.new_ones(len(x), 1),
            trials=count,
            iterations=count.clone(),
            evaluations=count + 1,
        )

    @property
    def gradient(self) -> Tensor:
        """The gradient at x, shape (k, n)."""
        return self.vectors[:, -1]

    def keep(self, alive: Tensor) -> None:
        """Drop the other rows: rows from the end fill their places, so that little is copied."""
        count = int(alive.sum())
        places = (~alive[:count]).nonzero().squeeze(1)
        fillers = count + alive[count:].nonzero().squeeze(1)
        for name, state in vars(self).items():
            state[places] = state[fillers]
            setattr(self, name, state[:count])

    def projected_gradient(self) -> Tensor:
        """Return max_i |P(x − g)_i − x_i|, shape (k,)."""
        return ((self.x - self.gradient).clamp(self.lower, self.upper) - self.x).abs().amax(1)

    def active(self) -> Tensor:
        """Return the mask of the variables that (1) leaves to their bounds, shape (k, n)."""
        width = (self.upper - self.lower).clamp(max=1)
        epsilon = torch.minimum(EPSILON * width, self.projected_gradient()[:, None])
        at_lower = (self.x - self.lower <= epsilon) & (self.gradient > 0)
        at_upper = (self.upper - self.x <= epsilon) & (self.gradient < 0)
        return at_lower | at_upper

    def direction(self, active: Tensor) -> Tensor:
        """Return the direction (2), shape (k, n).

        With S, Y the pairs cut to F, R the upper triangle of SᵀY and D its diagonal,

            H = γI + [S γY] [R⁻ᵀ(D + γYᵀY)R⁻¹  −R⁻ᵀ; −R⁻¹  0] [S γY]ᵀ,

        theorem 2.2 of Byrd, Nocedal and Schnabel, so that H g = γ(g − Yp) + Sq with
        p = R⁻¹Sᵀg and q = R⁻ᵀ(Dp − γYᵀ(g − Yp)). It takes one product of n-vectors to have
        SᵀY, YᵀY, Sᵀg and Yᵀg.
        """
        m = self.age.shape[1]
        cut = torch.mul(self.vectors[:, m:], ~active[:, None], out=self.room)  # Y and g
        products = self.vectors @ cut.mT  # (k, 2m + 1, m + 1)
        sy, yy = products[:, :m, :m], products[:, m:-1, :m]
        d, y_norm = sy.diagonal(0, 1, 2), yy.diagonal(0, 1, 2).sqrt()
        usable = (self.age > 0) & (d > torch.finfo(d.dtype).eps ** 0.5 * y_norm)  # as ‖s‖ = 1
        sg, yg = products[:, :m, m] * usable, products[:, m:-1, m] * usable
        ordered = self.age[:, :, None] <= self.age[:, None, :]  # R in the order of age, not place
        r = sy * (ordered & usable[:, :, None] & usable[:, None, :])
        r = r + torch.diag_embed((~usable).to(r))

        newest = (self.age * usable).argmax(1, keepdim=True)
        gamma = (d / y_norm.square()).gather(1, newest)  # sᵀy / yᵀy
        at_first = 1 / self.gradient.norm(dim=1, keepdim=True).clamp(min=1)  # a step ≤ 1
        gamma = torch.where(usable.any(1, keepdim=True), gamma, at_first)

        p = _solve(r, sg)
        q = _solve(r.mT, d * p - gamma * (yg - torch.einsum("kij,kj->ki", yy, p) * usable))
        weights = -torch.cat([q, -gamma * p, gamma], 1)
        steepest = -gamma * self.gradient
        newton = torch.where(active, steepest, (weights[:, None] @ self.vectors).squeeze(1))
        descends = (cut[:, -1] * newton).sum(1, keepdim=True) < 0
        return torch.where(descends, newton, steepest)

    def shorten_step(self, rejected: Tensor, value: Tensor, predicted: Tensor) -> Tensor:
        """Backtrack where a trial was rejected; return the rows that can not, shape (k,).

        The new α minimises the parabola through f(x), its slope and the trial, and is 0.1 to
        0.5 of the old. After `BACKTRACKS` of them a row forgets its pairs and tries −g.
        """
        self.evaluations += 1
        share = predicted / (2 * (predicted - (value - self.value)))
        share = share.nan_to_num(0.1).clamp(0.1, 0.5)
        self.step = torch.where(rejected, self.step.squeeze(1) * share, 1.0)[:, None]
        self.trials = (self.trials + 1) * rejected
        stuck = self.trials == BACKTRACKS
        hopeless = stuck & (self.age == 0).all(1)
        self.age[stuck], self.trials[stuck], self.step[stuck] = 0, 0, 1.0
        return hopeless

    def move(self, accepted: Tensor, x: Tensor, value: Tensor, gradient: Tensor) -> None:
        """Take the accepted trials, and store their pairs, scaled to ‖s‖ = 1, if sᵀy > 0."""
        s, y = x - self.x, gradient - self.gradient
        pairs = (accepted & ((s * y).sum(1) > 0)).nonzero().squeeze(1)
        norm = s[pairs].norm(dim=1, keepdim=True)  # H does not depend on the scale of a pair
        place, m = self.age[pairs].argmin(1), self.age.shape[1]
        self.vectors[pairs, place] = s[pairs] / norm
        self.vectors[pairs, m + place] = y[pairs] / norm
        self.age[pairs, place] = self.evaluations[pairs]
        self.x = torch.where(accepted[:, None], x, self.x)
        self.value = torch.where(accepted, value, self.value)
        self.vectors[:, -1] = torch.where(accepted[:, None], gradient, self.gradient)
        self.iterations += accepted


def _finite(value: Tensor, gradient: Tensor) -> Tensor:
    return value.isfinite() & gradient.isfinite().all(1)


def _solve(matrices: Tensor, right: Tensor) -> Tensor:
    """Solve each system (k, m, m) for its right side (k, m); no error where one is singular."""
    return torch.linalg.solve_ex(matrices, right[:, :, None]).result.squeeze(2)
