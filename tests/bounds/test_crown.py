"""The local bound: valid against dense sampling and the attack, exact where it can be."""

import copy
from itertools import pairwise

import pytest
import torch
from torch import nn

from helpers.attack import minimal_adversarial
from helpers.bounds import certified, exact_linear, lower_bounds, parallel_lines
from helpers.bounds.crown import EXACT, GLOBAL, LOCAL, certified_locally, enclosure, excludes


def network(*widths, seed=0, scale=3.0):
    """A dense sigmoid network with weights large enough to bend."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = [nn.Flatten()]
        for fan_in, fan_out in pairwise(widths):
            layers += [nn.Linear(fan_in, fan_out), nn.Sigmoid()]
            layers[-2].weight.data.mul_(scale)
        return nn.Sequential(*layers[:-1]).eval()


def problem(model, count, pixels, seed=1):
    inputs = torch.rand(count, 1, 1, pixels, generator=torch.Generator().manual_seed(seed))
    return inputs, model(inputs).topk(2).indices[:, 1]


def test_lines_enclose_the_sigmoid_and_touch_it():
    ends = torch.tensor([-9.0, -3.0, -1.0, -1e-7, 0.0, 1e-7, 0.5, 2.0, 8.0], dtype=torch.double)
    low, high = (end.flatten() for end in torch.meshgrid(ends, ends, indexing="ij"))
    low, high = low[low <= high], high[low <= high]
    tilt, lowest, highest = parallel_lines(low, high)
    shares = torch.linspace(0, 1, 5001, dtype=torch.double)[:, None]
    y = low + shares * (high - low)
    above, below = tilt * y + highest - y.sigmoid(), y.sigmoid() - tilt * y - lowest
    assert above.min() > -1e-12
    assert below.min() > -1e-12
    assert above.amin(0).max() < 1e-6  # no room is given away
    assert below.amin(0).max() < 1e-6
    assert tilt.isfinite().all()


@pytest.mark.parametrize("widths", [(4, 6, 3), (5, 6, 7, 4), (3, 8, 5, 6, 3)])
@pytest.mark.parametrize("radius", [0.0, 0.05, 0.5, 3.0])
def test_enclosure_holds_at_a_hundred_thousand_points(widths, radius):
    model = network(*widths).double()
    generator = torch.Generator().manual_seed(2)
    x = torch.rand(1, widths[0], generator=generator, dtype=torch.double)
    centre, slope, spread = enclosure(model, x, torch.tensor([radius], dtype=torch.double))
    reach = radius * slope.norm(dim=2) + spread.abs().sum(2)
    r = torch.randn(100_000, widths[0], generator=generator, dtype=torch.double)
    r *= radius / r.norm(dim=1, keepdim=True)
    r[::2] *= torch.rand(len(r[::2]), 1, generator=generator, dtype=torch.double)
    with torch.no_grad():
        values = model(x + r)
    assert ((values - centre).abs() <= reach + 1e-9).all()


def test_enclosure_of_a_point_is_the_network_there():
    model = network(5, 6, 7, 4).double()
    x = torch.rand(3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    centre, _, spread = enclosure(model, x, torch.zeros(3, dtype=torch.double))
    assert torch.allclose(centre, model(x))
    assert spread.abs().max() < 1e-12


def test_softmax_model_is_bounded_by_the_nearest_plane_without_the_box():
    model = network(20, 2)
    inputs, targets = problem(model, 30, 20)
    inputs = 0.5 + (inputs - 0.5) / 100  # so far inside that the box does not matter
    exact = exact_linear(model, inputs, targets).distortion
    local = certified_locally(model, inputs, targets, 1.5 * exact, steps=30)
    assert torch.allclose(local, exact, rtol=1e-5)


@pytest.mark.parametrize("widths", [(30, 12, 5), (30, 20, 20, 4)])
def test_bound_lies_between_the_global_one_and_the_attack(widths):
    model = network(*widths)
    inputs, targets = problem(model, 24, 30)
    attacked = minimal_adversarial(model, inputs, targets)
    found = attacked.distortion[attacked.success]
    inputs, targets = inputs[attacked.success], targets[attacked.success]
    assert len(found) > 10
    everywhere = certified(model, inputs, targets)
    local = certified_locally(model, inputs, targets, found, batch_size=7)
    assert (local >= everywhere).all()
    assert (local <= found).all()
    assert local.mean() > 1.3 * everywhere.mean()


def test_batches_change_nothing():
    model = network(12, 8, 4)
    inputs, targets = problem(model, 9, 12)
    found = torch.full((9,), 0.5)
    whole = certified_locally(model, inputs, targets, found)
    assert torch.allclose(whole, certified_locally(model, inputs, targets, found, batch_size=2))


def test_an_image_that_has_the_target_is_bounded_by_nothing():
    model = network(12, 8, 4)
    inputs, _ = problem(model, 5, 12)
    own = model(inputs).argmax(1)
    assert (certified_locally(model, inputs, own, torch.zeros(5)) == 0).all()
    assert not excludes(copy.deepcopy(model).double(), inputs.double(), own, torch.zeros(5)).any()


def test_bad_arguments_are_refused():
    model = network(12, 8, 4)
    inputs, targets = problem(model, 5, 12)
    with pytest.raises(ValueError, match="Flatten, Linear and Sigmoid layers, got ReLU"):
        certified_locally(nn.Sequential(nn.ReLU()), inputs, targets, torch.ones(5))
    with pytest.raises(ValueError, match=r"found must have the shape of targets, \(5,\), got"):
        certified_locally(model, inputs, targets, torch.ones(4))


def test_a_sigmoid_before_the_first_linear_layer_is_refused():
    model = nn.Sequential(nn.Flatten(), nn.Sigmoid(), nn.Linear(12, 4)).eval()
    inputs, targets = problem(model, 5, 12)
    with pytest.raises(ValueError, match="must have a Linear layer before its first Sigmoid"):
        certified_locally(model, inputs, targets, torch.ones(5))


def test_a_label_that_no_image_in_the_box_has_is_infinitely_far():
    model = network(12, 3)
    model[1].bias.data = torch.tensor([0.0, 0.0, -1e3])
    inputs, _ = problem(model, 4, 12)
    targets = torch.tensor([2, 1, 2, 0])
    exact = lower_bounds(model, inputs, targets, torch.ones(4))[EXACT]
    assert exact.isinf().tolist() == [True, False, True, False]
    assert not exact.isnan().any()


def test_each_network_gets_the_bounds_that_fit_it():
    straight, bent = network(12, 4), network(12, 8, 4)
    inputs, targets = problem(straight, 6, 12)
    found = 2 * exact_linear(straight, inputs, targets).distortion.clamp(max=1)
    bounds = lower_bounds(straight, inputs, targets, found)
    assert list(bounds) == [GLOBAL, EXACT]
    assert torch.allclose(bounds[EXACT], exact_linear(straight, inputs, targets).distortion)
    assert (bounds[GLOBAL] <= bounds[EXACT] + 1e-8).all()
    bounds = lower_bounds(bent, inputs, targets, found)
    assert list(bounds) == [GLOBAL, LOCAL]
    assert torch.equal(bounds[GLOBAL], certified(bent, inputs, targets))
    assert torch.equal(bounds[LOCAL], certified_locally(bent, inputs, targets, found))
