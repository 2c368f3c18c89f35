"""Quadratic functions in boxes, whose solutions are known otherwise."""

import numpy as np
import torch

LOWER, UPPER = torch.tensor(-0.25).double(), torch.tensor(0.5).double()


def least_squares(rows=5, n=8, *, seed=0, dtype=torch.float64):
    """Return random coupled functions ½‖A x − b‖², one a row."""
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(rows, n + 2, n, generator=generator, dtype=dtype)
    b = 2 * torch.randn(rows, n + 2, generator=generator, dtype=dtype)

    def fun(x, index):
        residual = torch.einsum("kij,kj->ki", a[index], x) - b[index]
        return residual.square().sum(1) / 2, torch.einsum("kij,ki->kj", a[index], residual)

    return fun, a, b


def box_qps(rows, n, condition, *, seed=0):
    """Return ½(x − z)ᵀH(x − z), H dense and z mostly outside a box with some infinite sides."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(rows, n, generator=generator).double()
    basis = torch.linalg.qr(torch.randn(rows, n, n, generator=generator).double()).Q
    h = basis * torch.logspace(0, np.log10(condition), n).double() @ basis.mT
    lower = -0.1 - torch.rand(rows, n, generator=generator).double()
    upper = 0.1 + torch.rand(rows, n, generator=generator).double()
    lower[torch.rand(rows, n, generator=generator) < 0.15] = -torch.inf
    upper[torch.rand(rows, n, generator=generator) < 0.15] = torch.inf

    def fun(x, index):
        gradient = torch.einsum("kij,kj->ki", h[index], x - z[index])
        return ((x - z[index]) * gradient).sum(1) / 2, gradient

    return fun, h, z, lower, upper


def exact_box_qp(h, z, lower, upper, guess):
    """Return the minimiser on the face of `guess`, and prove that it is the minimiser."""
    free = (guess > lower) & (guess < upper)
    x = np.where(free, 0, guess)
    x[free] = z[free] - np.linalg.solve(
        h[np.ix_(free, free)], h[np.ix_(free, ~free)] @ (x - z)[~free]
    )
    gradient = h @ (x - z)
    assert ((x >= lower - 1e-12) & (x <= upper + 1e-12)).all()
    assert (gradient[~free & (x == lower)] >= 0).all()
    assert (gradient[~free & (x == upper)] <= 0).all()
    return x
