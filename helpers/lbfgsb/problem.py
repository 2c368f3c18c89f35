"""The problem that both minimisers solve: a function of each row, to be least in a box."""

from collections.abc import Callable

import torch
from torch import Tensor

Objective = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def checked_box(x0: Tensor, lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
    """Return the bounds in the shape, type and place of the start, if all three make sense.

    Parameters
    ----------
    x0 : Tensor, shape (N, n)
        The starts.
    lower, upper : Tensor, broadcastable to (N, n)
        The bounds.

    Returns
    -------
    lower, upper : Tensor, shape (N, n)

    Raises
    ------
    ValueError
        If `x0` is not a finite float32 or float64 tensor of shape (N, n) with N and n at least 1,
        or if a bound does not fit it, is nan, or leaves a variable no finite value.
    """
    if x0.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"x0 must be float32 or float64, got {x0.dtype}")
    if x0.ndim != 2 or 0 in x0.shape:
        raise ValueError(
            f"x0 must have shape (N, n), N and n at least 1, got shape {tuple(x0.shape)}"
        )
    _refuse(~x0.isfinite(), "x0 must be finite", x0)
    bounds = {}
    for name, bound in {"lower": lower, "upper": upper}.items():
        try:
            bounds[name] = bound.to(x0).broadcast_to(x0.shape)
        except RuntimeError:
            raise ValueError(
                f"{name} must be broadcastable to the shape of x0, {tuple(x0.shape)}, "
                f"got shape {tuple(bound.shape)}"
            ) from None
        _refuse(bounds[name].isnan(), f"{name} must not be nan", bounds[name])
    lower, upper = bounds["lower"], bounds["upper"]
    _refuse(lower == torch.inf, "lower must be below infinity", lower)
    _refuse(upper == -torch.inf, "upper must be above minus infinity", upper)
    _refuse(lower > upper, "lower must not be above upper", lower, upper)
    return lower, upper


def check_options(history_size: int, max_iterations: int, gtol: float, ftol: float) -> None:
    """Refuse options that mean nothing.

    Parameters
    ----------
    history_size, max_iterations, gtol, ftol
        As for `helpers.lbfgsb.minimize`.

    Raises
    ------
    ValueError
        If `history_size` is below 1, or one of the others below 0 or nan.
    """
    least = {"history_size": 1, "max_iterations": 0, "gtol": 0, "ftol": 0}
    given = (history_size, max_iterations, gtol, ftol)
    for (name, minimum), value in zip(least.items(), given, strict=True):
        if not value >= minimum:
            raise ValueError(f"{name} must be at least {minimum}, got {value}")


def guarded(fun: Objective) -> Objective:
    """Let an objective neither change a minimiser's memory nor answer in the wrong shape.

    Parameters
    ----------
    fun : callable
        As for `helpers.lbfgsb.minimize`.

    Returns
    -------
    callable
        It gives `fun` copies, lets it record gradients, whatever mode the caller is in, and
        returns detached values; ValueError if they do not have the shapes (k,) and (k, n).
    """

    def asked(x: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            value, gradient = fun(x.clone(), rows.clone())
        shapes = (tuple(value.shape), tuple(gradient.shape))
        if shapes != ((len(x),), tuple(x.shape)):
            raise ValueError(
                f"fun must return values of shape {(len(x),)} and gradients of shape "
                f"{tuple(x.shape)}, got {shapes[0]} and {shapes[1]}"
            )
        return value.detach(), gradient.detach()

    return asked


def _refuse(bad: Tensor, complaint: str, values: Tensor, upper: Tensor | None = None) -> None:
    """Raise for the first entry that is bad, with its value, and that of `upper` if given."""
    if bad.any():
        row, variable = bad.nonzero()[0].tolist()
        beside = "" if upper is None else f" with upper {upper[row, variable].item():.6g}"
        got = f"{values[row, variable].item():.6g}{beside}"
        raise ValueError(f"{complaint}, got {got} in row {row}, variable {variable}")
