"""The local bound: below the attack, above the global bound, exact where it can be."""

import copy

import pytest
import torch
from torch import nn

from helpers.attack import minimal_adversarial
from helpers.bounds import certified, certified_locally, exact_linear, lower_bounds
from helpers.bounds.local import EXACT, GLOBAL, LOCAL, excludes

from .examples import network, problem


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


def test_parabolas_prove_more_and_stay_below_the_attack():
    model = network(30, 20, 20, 4)
    inputs, targets = problem(model, 24, 30)
    attacked = minimal_adversarial(model, inputs, targets)
    kept = attacked.success
    arguments = model, inputs[kept], targets[kept], attacked.distortion[kept]
    lines, both = (certified_locally(*arguments, parabolas=use) for use in (False, True))
    assert (both >= lines - 1e-3 * attacked.distortion[kept]).all()  # the last halving
    assert (both <= attacked.distortion[kept]).all()
    assert both.mean() > 1.1 * lines.mean()


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


def test_parabolas_are_tried_unless_they_are_switched_off():
    model = network(8, 8, 8, 3)
    inputs, targets = problem(model, 6, 8)
    found = torch.full((6,), 0.4)
    default, both, lines = (
        certified_locally(model, inputs, targets, found, **options)
        for options in ({}, {"parabolas": True}, {"parabolas": False})
    )
    assert torch.equal(default, both)
    assert (both >= lines).all()
    assert (both > lines).any()
    exact, radii = copy.deepcopy(model).double(), 8**0.5 * (lines + both) / 2
    proved = both > lines
    assert excludes(exact, inputs.double(), targets, radii)[proved].any()
    assert not excludes(exact, inputs.double(), targets, radii, parabolas=False)[proved].any()


def test_interval_is_halved_twelve_times():
    model = network(8, 8, 3)
    inputs, targets = problem(model, 6, 8)
    low, high = certified(model, inputs, targets), torch.full((6,), 0.4).double()
    places = (certified_locally(model, inputs, targets, high) - low) / (high - low) * 2**12
    torch.testing.assert_close(places, places.round(), rtol=0, atol=1e-6)
    assert (places.round() % 2 == 1).any()


def test_lines_alone_exclude_a_label_up_to_the_nearest_plane():
    model = network(20, 3)
    inputs, targets = problem(model, 10, 20)
    w, z = model[1].weight.double(), model(inputs).double()
    rival = z.argmax(1)
    nearest = (z.amax(1) - z.gather(1, targets[:, None])[:, 0]) / (w[rival] - w[targets]).norm(
        dim=1
    )
    exact = copy.deepcopy(model).double()
    for share, proved in ((0.99, True), (1.01, False)):
        found = excludes(exact, inputs.double(), targets, share * nearest, parabolas=False)
        assert (found == proved).all()


def test_one_image_is_bounded_as_among_others():
    model = network(12, 8, 4)
    inputs, targets = problem(model, 3, 12)
    found = torch.full((3,), 0.5)
    whole = certified_locally(model, inputs, targets, found)
    alone = certified_locally(model, inputs[:1], targets[:1], found[:1])
    torch.testing.assert_close(alone, whole[:1])
