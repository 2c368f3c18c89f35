import numpy as np
import pytest
import torch
from torch import nn

from helpers.units import (
    activations,
    dead_units,
    last_hidden,
    random_directions,
    random_rotation,
    top_images,
)

from ..examples import generator


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_activations_are_phi_of_each_image_flattened(batch_size):
    inputs = torch.rand(6, 2, 3, 3, generator=generator())
    phi = nn.Sequential(nn.MaxPool2d(2))
    expected = inputs[:, :, :2, :2].numpy().max(axis=(2, 3))
    found = activations(phi, inputs, batch_size=batch_size)
    np.testing.assert_array_equal(found.numpy(), expected)


def test_activations_need_no_gradient():
    found = activations(nn.Linear(2, 3), torch.zeros(4, 2))
    assert found.shape == (4, 3)
    assert not found.requires_grad


def test_random_directions_are_uniform_on_the_sphere():
    stream = generator()
    v = random_directions(3000, 3, generator=stream)
    torch.testing.assert_close(v.norm(dim=1), torch.ones(3000))
    # On the sphere in three dimensions each coordinate is uniform in [-1, 1] (Archimedes).
    for coordinate in v.T:
        counts = torch.histc(coordinate, bins=10, min=-1, max=1)
        assert (counts - 300).square().sum() / 300 < 27.9  # χ² with 9 degrees, p = 0.001


def test_random_direction_follows_the_generator():
    first = random_directions(1, 50, generator=generator(1))
    assert torch.equal(random_directions(1, 50, generator=generator(1)), first)
    assert not torch.equal(random_directions(1, 50, generator=generator(2)), first)


def test_random_rotation_is_orthogonal():
    q = random_rotation(20, generator=generator())
    torch.testing.assert_close(q @ q.T, torch.eye(20), atol=1e-6, rtol=0)
    torch.testing.assert_close(q.T @ q, torch.eye(20), atol=1e-6, rtol=0)


def test_random_rotation_is_uniform():
    # Uniform: every row is uniform on the sphere, and the determinant is 1 or −1 as a coin falls.
    stream = generator()
    q = torch.stack([random_rotation(3, generator=stream) for _ in range(2000)])
    for entry in q.flatten(1).T:  # uniform in [-1, 1], as in the test of random directions
        counts = torch.histc(entry, bins=10, min=-1, max=1)
        assert (counts - 200).square().sum() / 200 < 27.9
    assert abs((q.det() > 0).float().mean() - 0.5) < 0.04


def brute_force(features, direction, count):
    responses = [
        sum(f * v for f, v in zip(row, direction, strict=True)) for row in features.tolist()
    ]
    return sorted(range(len(responses)), key=lambda row: (-responses[row], row))[:count]


@pytest.mark.parametrize("count", [1, 10, 200])
@pytest.mark.parametrize("direction", [[0.0, 1.0, 0.0], [1.0, -2.0, 1.0], [0.0, 0.0, 0.0]])
def test_top_images_are_a_brute_force_sort_with_ties_in_order(direction, count):
    features = torch.randint(-3, 4, (200, 3), generator=generator()).float()
    (found,) = top_images(features @ torch.tensor(direction)[:, None], count)
    assert found.tolist() == brute_force(features, direction, count)


@pytest.mark.parametrize("count", [0, -1, 4])
def test_count_out_of_range_is_refused(count):
    with pytest.raises(ValueError, match=f"count must be from 1 to 3, got {count}"):
        top_images(torch.zeros(3, 2), count)


@pytest.mark.parametrize("count", [1, 10, 200])
def test_top_images_of_many_directions_are_each_a_brute_force_sort(count):
    responses = torch.randint(-3, 4, (200, 120), generator=generator()).float()
    responses[:, 7] = 0.0  # nothing but ties
    found = top_images(responses, count)
    assert found.shape == (120, count)
    for column, rows in zip(responses.T, found, strict=True):
        assert rows.tolist() == brute_force(column[:, None], [1.0], count)


def test_units_are_the_directions_of_the_natural_basis():
    features = torch.rand(50, 6, generator=generator())
    assert torch.equal(top_images(features, 4), top_images(features @ torch.eye(6), 4))


def test_silent_units_have_fewer_responses_than_images_wanted():
    responses = torch.zeros(6, 300)
    responses[:2, 1] = 1.0  # two images stand out
    responses[:3, 299] = torch.tensor([1.0, 2.0, 3.0])
    responses[:, 2] = 0.5
    responses[0, 2] = -0.5  # five of six
    for count, heard in ((1, [1, 2, 299]), (2, [1, 2, 299]), (3, [2, 299]), (5, [2]), (6, [])):
        assert (~dead_units(responses, count)).nonzero().squeeze(1).tolist() == heard


def test_last_hidden_is_what_the_last_weights_see():
    dense = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2), nn.Softmax(1))
    x = torch.rand(5, 1, 2, 2, generator=generator())
    hidden = last_hidden(dense)
    assert not hidden.training
    assert torch.allclose(dense[3](hidden(x)).softmax(1), dense(x))


def test_last_hidden_of_a_convolution_is_the_mean_over_the_places():
    network = nn.Sequential(nn.Conv2d(1, 3, 1), nn.ReLU(), nn.Conv2d(3, 2, 1), nn.Flatten())
    x = torch.rand(5, 1, 4, 4, generator=generator())
    found = activations(last_hidden(network), x)
    expected = network[1](network[0](x)).detach().numpy().mean(axis=(2, 3))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


def test_last_hidden_needs_weights():
    with pytest.raises(ValueError, match="no module with weights"):
        last_hidden(nn.Sequential(nn.Flatten(), nn.ReLU()))
