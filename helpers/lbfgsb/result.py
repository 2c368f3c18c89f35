"""What the two minimisers give back."""

from dataclasses import dataclass

from torch import Tensor


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
