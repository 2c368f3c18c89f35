"""Minimise many functions at once, each in its own box; knows no networks.

The attack of section 4.1 minimises c‖r‖² + loss(x + r, l) with the pixels of x + r in [0, 1], one
such problem for each image, "by box-constrained L-BFGS". ``minimize`` takes the problems of all
images together and moves each at its own pace. ``minimize_scipy`` is called in the same way and
gives one after the other to SciPy's L-BFGS-B: it is slower, and it is the reference.

A problem is a row of a batch: row i of x0, of lower and of upper. The objective is asked for the
values and gradients of many rows in one call, and told which rows they are.
"""

from helpers.lbfgsb.result import Result
from helpers.lbfgsb.scipy_reference import minimize_scipy
from helpers.lbfgsb.solver import minimize

__all__ = ["Result", "minimize", "minimize_scipy"]
