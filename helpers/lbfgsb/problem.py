"""The problem that both minimisers solve: a function of each row, to be least in a box."""

from collections.abc import Callable

from torch import Tensor

Objective = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
