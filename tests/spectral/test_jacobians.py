import pytest
import torch
from torch import nn

from helpers import models
from helpers.spectral import ascend, jacobian_norm, lipschitz_bound
from helpers.spectral.jacobians import jacobian


@pytest.mark.parametrize("name", ["FC100-100-10", "Conv"])
def test_jacobians_are_between_zero_and_the_product(name):
    model = models.build(name).double().eval()
    x = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0)).double()
    found = ascend(model, x, steps=10)
    torch.testing.assert_close(jacobian_norm(model, found.inputs), found.norm)
    torch.testing.assert_close(jacobian_norm(model, x), found.start)
    assert (found.norm > 1.1 * found.start).all()
    assert (found.norm <= lipschitz_bound(model, (1, 28, 28))).all()
    assert found.inputs.min() >= 0
    assert found.inputs.max() <= 1


def test_jacobian_is_that_of_autograd_and_of_a_matrix():
    model = models.build("FC123-456-10").double().eval()
    x = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0)).double()
    found = jacobian(model, x)
    expected = torch.autograd.functional.jacobian(model, x[1:]).flatten(2).view(10, 784)
    torch.testing.assert_close(found[1], expected)
    linear = nn.Linear(4, 3).double()
    torch.testing.assert_close(jacobian(linear, x.view(-1, 4))[0], linear.weight.detach())


def test_ascent_finds_where_a_sigmoid_is_steepest():
    layer = nn.Linear(1, 1).double()
    layer.weight.data.fill_(8.0)
    layer.bias.data.fill_(-4.0)  # σ(8x − 4) is steepest at x = 1/2, with slope 2
    found = ascend(nn.Sequential(layer, nn.Sigmoid()).eval(), torch.tensor([[0.1], [0.9]]).double())
    torch.testing.assert_close(found.norm, torch.full((2,), 2.0).double(), rtol=1e-3, atol=0)


def test_steps_are_a_twentieth_at_first_and_shrink_linearly():
    layer = nn.Linear(1, 1).double()
    layer.weight.data.fill_(1.0)
    layer.bias.data.fill_(-1.0)  # steepest at the end of the box, so that every step goes up
    model, start = nn.Sequential(layer, nn.Sigmoid()).eval(), torch.zeros(1, 1).double()
    assert ascend(model, start, steps=1).inputs.item() == pytest.approx(0.05)
    assert ascend(model, start, steps=4).inputs.item() == pytest.approx(0.05 * 2.5)
    assert ascend(model, start, steps=2, first_step=0.1).inputs.item() == pytest.approx(0.15)


def test_ascent_has_fifty_steps():
    layer, seen = nn.Linear(1, 1).double(), []
    model = nn.Sequential(layer, nn.Sigmoid()).eval()
    layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    ascend(model, torch.zeros(1, 1).double())
    assert len(seen) == 1 + 2 * 50  # the start, and at each step the gradient and what it led to


@pytest.mark.parametrize("frozen", [False, True])
def test_linear_network_is_equally_steep_everywhere(frozen):
    model = nn.Sequential(nn.Flatten(), nn.Linear(9, 3)).double().requires_grad_(not frozen).eval()
    found = ascend(model, torch.rand(2, 1, 3, 3).double(), steps=3)
    expected = torch.linalg.svdvals(model[1].weight.detach())[0]
    torch.testing.assert_close(found.norm, expected.expand(2))
    torch.testing.assert_close(found.norm, found.start)


def test_ascent_smooths_the_relus_of_an_inner_sequential():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layers = [nn.Flatten(), nn.Linear(9, 20), nn.ReLU(), nn.Linear(20, 3)]
    flat = nn.Sequential(*layers).double().eval()
    nested = nn.Sequential(layers[0], nn.Sequential(nn.Sequential(*layers[1:3])), layers[3]).eval()
    starts = torch.rand(4, 1, 3, 3, generator=torch.Generator().manual_seed(0)).double()
    expected, found = ascend(flat, starts, steps=5), ascend(nested, starts, steps=5)
    assert (found.norm > found.start).any()
    torch.testing.assert_close(found.inputs, expected.inputs)


def test_ascent_on_a_model_in_training_mode_is_refused():
    with pytest.raises(ValueError, match="model is in training mode"):
        ascend(nn.Sequential(nn.Flatten(), nn.Linear(9, 3)), torch.rand(1, 1, 3, 3))
