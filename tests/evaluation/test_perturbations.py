import numpy as np
import pytest
import torch

from helpers.evaluation import amplify, distortion, gaussian_noise, noise_like, rescale_to_mean

from ..examples import generator, uniform


@pytest.mark.parametrize("shape", [(5, 4), (5, 1, 3, 3), (5, 3, 2, 4)])
def test_distortion_is_the_root_mean_square_over_all_values(shape):
    x, y = uniform(*shape), uniform(*shape, seed=1)
    expected = [np.sqrt(np.mean((a - b) ** 2)) for a, b in zip(x.numpy(), y.numpy(), strict=True)]
    np.testing.assert_allclose(distortion(x, y).numpy(), expected, rtol=1e-6)


def test_distortion_of_a_constant_shift_is_the_shift_and_of_nothing_zero():
    x = uniform(2, 3, 8, 8)
    torch.testing.assert_close(distortion(x, x - 0.25), torch.full((2,), 0.25))
    assert distortion(x, x).tolist() == [0, 0]


@pytest.mark.parametrize("function", [distortion, lambda x, y: amplify(x, y, 0.1)])
def test_images_of_different_shapes_are_refused(function):
    with pytest.raises(ValueError, match=r"shape of inputs, \(2, 1, 3, 3\), got \(1, 1, 3, 3\)"):
        function(uniform(2, 1, 3, 3), uniform(1, 1, 3, 3))


def test_noise_is_gaussian_with_the_standard_deviation_asked_for():
    inputs = uniform(20, 1, 28, 28)
    noise = gaussian_noise(inputs, 0.3, generator=generator()) - inputs
    assert noise.mean().abs() < 0.3 * 4 / noise.numel() ** 0.5
    assert noise.std().item() == pytest.approx(0.3, rel=0.03)
    share_within_one_sigma = (noise.abs() < 0.3).float().mean().item()
    assert share_within_one_sigma == pytest.approx(0.6827, abs=0.015)


def test_noise_is_not_clipped_unless_asked():
    inputs = uniform(4, 1, 28, 28)
    free = gaussian_noise(inputs, 0.5, generator=generator(2))
    kept = gaussian_noise(inputs, 0.5, generator=generator(2), clip=True)
    assert free.min() < 0
    assert free.max() > 1
    np.testing.assert_array_equal(kept.numpy(), np.clip(free.numpy(), 0, 1))


def test_noise_follows_the_generator():
    stream = generator(1)
    inputs = uniform(2, 5).double()
    first = gaussian_noise(inputs, 1, generator=stream)
    second = gaussian_noise(inputs, 1, generator=stream)
    again = gaussian_noise(inputs, 1, generator=generator(1))
    assert first.dtype == torch.float64
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_noise_is_added_to_the_image():
    inputs = uniform(2, 5)
    expected = inputs + 0.3 * torch.randn(2, 5, generator=generator(1))
    torch.testing.assert_close(gaussian_noise(inputs, 0.3, generator=generator(1)), expected)


def test_amplified_perturbations_keep_their_direction_and_get_the_distortion():
    x, y = uniform(6, 1, 4, 4).double(), uniform(6, 1, 4, 4, seed=1).double()
    y = x + torch.logspace(-4, 0, 6, dtype=torch.float64).view(-1, 1, 1, 1) * (y - x)
    r = (y - x).flatten(1)
    amplified = (amplify(x, y, 0.1) - x).flatten(1)
    np.testing.assert_allclose(amplified.square().mean(1).sqrt(), 0.1, rtol=1e-12)
    cosine = (r * amplified).sum(1) / (r.norm(dim=1) * amplified.norm(dim=1))
    np.testing.assert_allclose(cosine, 1, rtol=1e-12)


def test_image_without_perturbation_stays_as_it_is():
    x = uniform(2, 1, 2, 2)
    y = torch.stack([x[0], x[1] + 0.5])
    amplified = amplify(x, y, 0.1)
    assert torch.equal(amplified[0], x[0])
    torch.testing.assert_close(amplified[1], x[1] + 0.1)


def test_noise_has_the_size_of_each_perturbation_and_another_direction():
    x = uniform(50, 1, 6, 6).double()
    size = torch.linspace(0, 0.3, 50, dtype=torch.float64)
    r = (torch.randint(0, 2, x.shape, generator=generator(1)) * 2 - 1) * size.view(-1, 1, 1, 1)
    noisy = noise_like(x, x + r, generator=generator(2))
    torch.testing.assert_close(distortion(x, noisy), size)
    assert noisy.min() < 0
    assert noisy.max() > 1
    cosines = ((noisy - x) * r).flatten(1).sum(1)[1:] / (36 * size[1:] ** 2)
    assert cosines.abs().mean() < 0.3
    assert cosines.std() == pytest.approx(1 / 6, rel=0.3)


def test_stretching_keeps_the_ratios_and_sets_the_mean():
    x = uniform(8, 1, 4, 4).double()
    y = x + torch.linspace(0.5, 2, 8).view(-1, 1, 1, 1) * uniform(8, 1, 4, 4, seed=1)
    before, after = distortion(x, y), distortion(x, rescale_to_mean(x, y, 0.1))
    assert after.mean().item() == pytest.approx(0.1)
    torch.testing.assert_close(after / after[0], before / before[0])
    ways = torch.cosine_similarity((rescale_to_mean(x, y, 0.1) - x).flatten(1), (y - x).flatten(1))
    torch.testing.assert_close(ways, torch.ones_like(ways))  # none is turned round


@pytest.mark.gpu
@pytest.mark.parametrize("count", [6, 7, 100])
def test_distortion_of_photographs_is_the_same_on_the_gpu(count):
    x = uniform(count, 3, 224, 224)
    y = x + 0.01 * uniform(count, 3, 224, 224, seed=1)
    found = distortion(x.cuda(), y.cuda()).cpu()
    np.testing.assert_allclose(found, distortion(x.double(), y.double()), rtol=1e-4)
