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


def seen_by(model, x, **options):
    """Return the images x and the changes r that a walk shows the model, step by step."""
    ends = []
    handle = model.register_forward_pre_hook(lambda _, inputs: ends.append(inputs[0].detach()))
    steepest_pair(model.eval(), x, **options)
    handle.remove()
    near, far = torch.stack(ends).chunk(2, dim=1)
    return near, far - near


def test_images_rest_for_a_third_and_then_go_steps_that_shrink_linearly():
    model = nn.Sequential(nn.Linear(12, 9), nn.Tanh()).double()
    x = 0.5 + 0 * starts()
    near, r = seen_by(model, x, steps=9, first_step=0.01, distance=0.1)
    assert torch.equal(near[:4], x.expand(4, -1, -1))
    moves = near.diff(dim=0).square().mean(2).sqrt()[3:]
    expected = 0.01 * (1 - torch.arange(3, 8).double() / 9)
    torch.testing.assert_close(moves, expected[:, None].expand(5, 3))
    torch.testing.assert_close(r.square().mean(2).sqrt(), torch.full((9, 3), 0.1).double())


def test_walk_has_thirty_steps_with_a_small_change_unless_said():
    model, x = nn.Sequential(nn.Linear(12, 9), nn.Tanh()).double(), 0.5 + 0 * starts()
    near, r = seen_by(model, x)
    assert len(near) == 30
    torch.testing.assert_close(r.square().mean(2).sqrt(), torch.full((30, 3), 1e-3).double())
    first_move = (near[11] - near[10]).square().mean(1).sqrt()
    torch.testing.assert_close(first_move, torch.full((3,), 0.02 * 20 / 30).double())


def test_change_next_is_what_both_ends_say_of_the_direction_apart():
    layer = nn.Linear(12, 9).double()
    _, r = seen_by(layer, starts(), steps=2)
    expected = r[0] @ layer.weight.T @ layer.weight  # a step of power iteration
    cosines = torch.cosine_similarity(r[1], expected.detach(), dim=1)
    torch.testing.assert_close(cosines, torch.ones(3).double())


def test_pair_of_a_constant_network_is_the_image_and_the_first_change():
    model = nn.Linear(12, 3).double().eval()
    nn.init.zeros_(model.weight)
    _, r = seen_by(model, starts(2), steps=3)
    found = steepest_pair(model, starts(2), steps=3)
    torch.testing.assert_close(found.inputs, starts(2))
    torch.testing.assert_close(found.others - found.inputs, r[0])
