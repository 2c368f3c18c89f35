import numpy as np
import torch

from helpers.lbfgsb.rows import Rows

from .quadratics import least_squares


def test_direction_is_that_of_dense_bfgs_on_the_free_variables():
    fun, a, _ = least_squares(rows=1, n=12)
    generator = torch.Generator().manual_seed(1)
    inf = torch.full((1, 12), torch.inf).double()
    rows = Rows.start(fun, torch.zeros(1, 12).double(), -inf, inf, 4)
    steps = torch.nn.functional.normalize(torch.randn(4, 12, generator=generator).double())
    differences = steps @ a[0].T.double() @ a[0]
    free = torch.arange(12) < 8
    differences[2, free] = -steps[2, free]  # a pair that bends the wrong way there: left out
    rows.vectors[0, :4], rows.vectors[0, 4:8] = steps, differences
    rows.age[0] = torch.tensor([7, 9, 8, 3])

    newest = 1
    s, y = steps[newest, free], differences[newest, free]
    gamma = s @ y / (y @ y)
    inverse = gamma * torch.eye(8).double()
    for pair in (3, 0, 1):  # by age
        s, y = steps[pair, free], differences[pair, free]
        left = torch.eye(8).double() - torch.outer(s, y) / (s @ y)
        inverse = left @ inverse @ left.T + torch.outer(s, s) / (s @ y)

    direction = rows.direction(~free[None])[0]
    np.testing.assert_allclose(direction[free], -inverse @ rows.gradient[0, free], rtol=1e-10)
    np.testing.assert_allclose(direction[~free], -gamma * rows.gradient[0, ~free], rtol=1e-12)
