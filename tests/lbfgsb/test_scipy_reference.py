import torch

from helpers.lbfgsb import minimize_scipy


def test_row_that_turns_nan_on_its_way_is_not_called_converged():
    def logarithm(x, index):
        return x.log().sum(1), 1 / x

    start, inf = torch.full((1, 2), 0.5).double(), torch.tensor(torch.inf).double()
    found = minimize_scipy(logarithm, start, -inf, inf)
    assert not found.converged.any()
