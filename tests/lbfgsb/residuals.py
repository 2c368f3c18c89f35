"""What the test functions of least squares are put together from."""

from collections.abc import Callable

import torch
from torch import Tensor


def squares(residuals: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return the function that is the sum of squares of these residuals."""
    return lambda x: residuals(x).square().sum(1)


def count(last: int, first: int = 1) -> Tensor:
    """Return first, …, last."""
    return torch.arange(first, last + 1).double()


def columns(*residuals: Tensor) -> Tensor:
    """Put residuals of shape (k,) or (k, m) side by side."""
    return torch.cat([one[:, None] if one.ndim == 1 else one for one in residuals], 1)
