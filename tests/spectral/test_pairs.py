import pytest
import torch
from torch import nn

from helpers.spectral import jacobian_norm, lipschitz_bound, steepest_pair


def starts(count=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 12, generator=generator, dtype=torch.double)


def test_slope_of_a_linear_map_becomes_its_norm():
    layer = nn.Linear(12, 40).double()
    found = steepest_pair(layer.eval(), starts(), steps=60)
    expected = torch.linalg.svdvals(layer.weight.detach())[0].item()
    assert found.slope.tolist() == pytest.approx([expected] * 3, rel=1e-3)
    assert (found.slope <= expected * (1 + 1e-9)).all()


def test_pair_is_as_steep_as_it_says_and_no_steeper_than_the_bound():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Linear(12, 30), nn.ReLU(), nn.Linear(30, 20), nn.ReLU(), nn.Linear(20, 7)
        )
    model = model.double().eval()
    x = starts(4, 1)
    found = steepest_pair(model, x, steps=90, distance=0.05, first_step=0.1)
    with torch.no_grad():
        apart = (model(found.others) - model(found.inputs)).norm(dim=1)
    between = (found.others - found.inputs).norm(dim=1)
    assert torch.allclose(apart / between, found.slope)
    assert (found.slope <= lipschitz_bound(model, (12,))).all()
    at_the_start = jacobian_norm(model, x)
    assert (found.slope > 0.95 * at_the_start).all()
    assert found.slope.max() > 1.01 * at_the_start.max()
    assert found.inputs.min() >= 0
    assert found.inputs.max() <= 1


def test_constant_network_has_slope_zero():
    model = nn.Linear(12, 3).double().eval()
    nn.init.zeros_(model.weight)
    assert steepest_pair(model, starts(2), steps=3).slope.tolist() == [0, 0]


def test_model_in_training_mode_is_refused():
    with pytest.raises(ValueError, match="training mode"):
        steepest_pair(nn.Linear(12, 3).double().train(), starts())
