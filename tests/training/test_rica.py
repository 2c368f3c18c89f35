import pytest
import torch

from helpers.models import L2Pool, quocnet
from helpers.training import rica


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def seen(maps=4, places=9, count=6):
    """What nine places see, W_p, and the windows of 2 × 2 places that are pooled."""
    x = torch.randn(places, count, 5, generator=generator(3))
    weight = torch.randn(places, maps, 5, generator=generator(4))
    return x, weight


def test_reconstruction_cost_against_loops():
    x, weight = seen()
    expected = 0.0
    for n in range(6):
        h = torch.stack([weight[p] @ x[p, n] for p in range(9)])
        for p in range(9):
            expected += (weight[p].T @ h[p] - x[p, n]).square().sum() / 6
        for window in ([0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]):
            pooled = (h[window].square().sum(0) + quocnet.POOLING_EPSILON).sqrt()
            expected += 0.7 * pooled.sum() / 6
    found = rica.reconstruction_cost(x, weight, (3, 3), L2Pool(2, 1), 0.7)
    torch.testing.assert_close(found, expected)


def test_gradient_of_the_reconstruction_cost():
    x, weight = (tensor.double() for tensor in seen(count=2))

    def cost(weight):
        return rica.reconstruction_cost(x, weight, (3, 3), L2Pool(2, 1), 0.5)

    assert torch.autograd.gradcheck(cost, weight.requires_grad_())


def test_rotations_reconstruct_what_they_see():
    x, _ = seen()
    rotations = torch.linalg.qr(torch.randn(9, 5, 5, generator=generator()))[0]
    cost = rica.reconstruction_cost(x, rotations, (3, 3), L2Pool(1, 1), 0.0)
    assert cost.item() == pytest.approx(0, abs=1e-8)


def test_hard_whitening_leaves_uncorrelated_components_of_equal_size():
    squares = torch.randn(3, 400, 5, generator=generator()) @ torch.randn(
        5, 5, generator=generator(1)
    )
    z = rica.whitening(squares, 4, 0.0)
    rows = squares.flatten(0, 1) @ z.T
    torch.testing.assert_close(rows.T @ rows / 1200, torch.eye(4), atol=1e-3, rtol=0)


def test_soft_whitening_keeps_the_order_of_the_components():
    scales = torch.tensor([4.0, 2.0, 1.0, 0.1])
    squares = scales * torch.randn(3, 400, 4, generator=generator())
    sizes = {}
    for softness in (0.0, 1.0, 100.0):
        rows = squares.flatten(0, 1) @ rica.whitening(squares, 4, softness).T
        sizes[softness] = rows.square().mean(0).sqrt()
    assert sizes[1.0].diff().max() < 0
    spread = {s: (size[0] / size[-1]).item() for s, size in sizes.items()}
    assert spread[0.0] == pytest.approx(1, abs=1e-2)
    assert 1.5 < spread[1.0] < spread[100.0] < 45
