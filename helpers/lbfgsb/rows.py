"""The state of `helpers.lbfgsb.minimize`: active sets, L-BFGS directions and steps, row by row."""

from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.lbfgsb.problem import Objective

EPSILON = 1e-3  # of the width of the box (at most 1): how near a bound must be to be active
STEEP = 0.9  # share of the slope that is left after a step that was too short
STEP_GROWTH, LONGEST = 10.0, 1e10  # of the next step then, and where that ends
BACKTRACKS = 10  # trials of one search


@dataclass
class Rows:
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
    trial: Tensor  # (k, n): the point to evaluate next
    predicted: Tensor  # (k,): the change of the objective that the slope promises there
    trials: Tensor  # (k,): steps that failed since the last that did not
    iterations: Tensor  # (k,)
    evaluations: Tensor  # (k,)

    @classmethod
    def start(
        cls, fun: Objective, x: Tensor, lower: Tensor, upper: Tensor, history_size: int
    ) -> "Rows":
        """Evaluate all rows where they start.

        Parameters
        ----------
        fun : callable
            As for `helpers.lbfgsb.minimize`.
        x, lower, upper : Tensor, shape (N, n)
            The starts, inside their boxes, and the boxes.
        history_size : int
            Pairs that there is room for, m.

        Returns
        -------
        Rows
            All of them alive, with no pairs and no trial yet.
        """
        index = torch.arange(len(x), device=x.device)
        vectors = x.new_zeros(len(x), 2 * history_size + 1, x.shape[1])
        value, vectors[:, -1] = fun(x, index)
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
            trial=x.clone(),
            predicted=torch.zeros_like(value),
            trials=count,
            iterations=count.clone(),
            evaluations=count + 1,
        )

    @property
    def gradient(self) -> Tensor:
        """The gradient at x, shape (k, n)."""
        return self.vectors[:, -1]

    def keep(self, alive: Tensor) -> None:
        """Drop the other rows: rows from the end fill their places, so that little is copied.

        Parameters
        ----------
        alive : Tensor, shape (k,), bool
            The rows that go on.
        """
        count = int(alive.sum())
        places = (~alive[:count]).nonzero().squeeze(1)
        fillers = count + alive[count:].nonzero().squeeze(1)
        for name, state in vars(self).items():
            state[places] = state[fillers]
            setattr(self, name, state[:count])

    def projected_gradient(self) -> Tensor:
        """Return max_i |P(x − g)_i − x_i|, shape (k,), with no difference of large numbers."""
        return (-self.gradient).clamp(self.lower - self.x, self.upper - self.x).abs().amax(1)

    def active(self) -> Tensor:
        """Return the mask of the variables that (1) leaves to their bounds, shape (k, n)."""
        width = (self.upper - self.lower).clamp(max=1)
        epsilon = torch.minimum(EPSILON * width, self.projected_gradient()[:, None])
        at_lower = (self.x - self.lower <= epsilon) & (self.gradient > 0)
        at_upper = (self.upper - self.x <= epsilon) & (self.gradient < 0)
        return at_lower | at_upper

    def aim(self) -> None:
        """Set the trial P(x + αd) of each row, and what the bracket of (3) predicts there."""
        active = self.active()
        step = self.step * self.direction(active)
        self.trial = (self.x + step).clamp(self.lower, self.upper)
        moved = torch.where(active, self.trial - self.x, step)
        self.predicted = (self.gradient * moved).sum(1)

    def direction(self, active: Tensor) -> Tensor:
        """Return the direction (2).

        With S, Y the pairs cut to F, R the upper triangle of SᵀY and D its diagonal,

            H = γI + [S γY] [R⁻ᵀ(D + γYᵀY)R⁻¹  −R⁻ᵀ; −R⁻¹  0] [S γY]ᵀ,

        theorem 2.2 of Byrd, Nocedal and Schnabel, so that H g = γ(g − Yp) + Sq with
        p = R⁻¹Sᵀg and q = R⁻ᵀ(Dp − γYᵀ(g − Yp)). It takes one product of n-vectors to have
        SᵀY, YᵀY, Sᵀg and Yᵀg.

        Parameters
        ----------
        active : Tensor, shape (k, n), bool
            The variables in A.

        Returns
        -------
        Tensor, shape (k, n)
            d, along which the objective falls; −γg where (2) does not do that.
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

    def shorten_step(self, rejected: Tensor, value: Tensor) -> Tensor:
        """Backtrack where the trial was rejected.

        The new α minimises the parabola through f(x), its slope and the trial, and is 0.1 to
        0.5 of the old. After `BACKTRACKS` of them a row forgets its pairs and tries −g.

        Parameters
        ----------
        rejected : Tensor, shape (k,), bool
            Whether the trial failed (3).
        value : Tensor, shape (k,)
            The objective at the trial.

        Returns
        -------
        Tensor, shape (k,), bool
            The rows that cannot be shortened any more.
        """
        self.evaluations += 1
        share = self.predicted / (2 * (self.predicted - (value - self.value)))
        share = share.nan_to_num(0.1).clamp(0.1, 0.5)
        self.step = torch.where(rejected[:, None], self.step * share[:, None], self.step)
        self.trials = (self.trials + 1) * rejected
        stuck = self.trials == BACKTRACKS
        hopeless = stuck & (self.age == 0).all(1)
        self.age[stuck], self.trials[stuck], self.step[stuck] = 0, 0, 1.0
        return hopeless

    def move(self, accepted: Tensor, value: Tensor, gradient: Tensor) -> None:
        """Take the accepted trials, store their pairs if sᵀy > 0, and choose the next α by (4).

        Parameters
        ----------
        accepted : Tensor, shape (k,), bool
            Whether the trial met (3).
        value : Tensor, shape (k,)
            The objective at the trial.
        gradient : Tensor, shape (k, n)
            Its gradient there.
        """
        s, y = self.trial - self.x, gradient - self.gradient
        curvature = (s * y).sum(1)
        steep = curvature <= (STEEP - 1) * self.predicted  # (4)
        following = torch.where(steep[:, None], (STEP_GROWTH * self.step).clamp(max=LONGEST), 1.0)
        self.step = torch.where(accepted[:, None], following, self.step)
        pairs = (accepted & (curvature > 0)).nonzero().squeeze(1)
        norm = s[pairs].norm(dim=1, keepdim=True)  # ‖s‖ = 1: H depends on no pair's scale
        place, m = self.age[pairs].argmin(1), self.age.shape[1]
        self.vectors[pairs, place] = s[pairs] / norm
        self.vectors[pairs, m + place] = y[pairs] / norm
        self.age[pairs, place] = self.evaluations[pairs]
        self.x = torch.where(accepted[:, None], self.trial, self.x)
        self.value = torch.where(accepted, value, self.value)
        self.vectors[:, -1] = torch.where(accepted[:, None], gradient, self.gradient)
        self.iterations += accepted


def finite(value: Tensor, gradient: Tensor) -> Tensor:
    """Return where a value and all of its gradient are finite, shape (k,)."""
    return value.isfinite() & gradient.isfinite().all(1)


def _solve(matrices: Tensor, right: Tensor) -> Tensor:
    """Solve each system (k, m, m) for its right side (k, m); no error where one is singular."""
    return torch.linalg.solve_ex(matrices, right[:, :, None]).result.squeeze(2)
