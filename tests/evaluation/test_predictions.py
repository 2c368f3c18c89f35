import re

import numpy as np
import pytest
import torch
from torch import nn

from helpers.evaluation import amplify, distortion, error_rate, gaussian_noise, logits, predict

ONE_HOT = nn.Flatten()  # logits are the pixels


def images(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_prediction_is_the_largest_logit_at_any_batch_size(batch_size):
    inputs = images(7, 1, 2, 2)
    expected = [int(np.argmax(x)) for x in inputs.flatten(1).numpy()]
    assert predict(ONE_HOT, inputs, batch_size=batch_size).tolist() == expected


def test_error_rate_is_the_share_of_wrong_labels():
    inputs = torch.eye(4).view(4, 1, 2, 2)
    assert error_rate(ONE_HOT, inputs, torch.tensor([0, 1, 2, 3])) == 0
    assert error_rate(ONE_HOT, inputs, torch.tensor([0, 1, 3, 3])) == 0.25
    assert error_rate(ONE_HOT, inputs, torch.tensor([1, 2, 3, 0])) == 1


def test_error_rate_of_nothing_is_refused():
    with pytest.raises(ValueError, match="inputs must hold at least one image, got none"):
        error_rate(ONE_HOT, images(0, 1, 2, 2), torch.zeros(0).long())


@pytest.mark.parametrize(("inputs", "labels"), [(3, (2,)), (3, (3, 1)), (3, ())])
def test_error_rate_refuses_labels_that_do_not_match(inputs, labels):
    expected = f"labels must have shape ({inputs},), one for each input, got {labels}"
    with pytest.raises(ValueError, match=re.escape(expected)):
        error_rate(ONE_HOT, images(inputs, 1, 2, 2), torch.zeros(labels).long())


@pytest.mark.parametrize("shape", [(5, 4), (5, 1, 3, 3), (5, 3, 2, 4)])
def test_distortion_is_the_root_mean_square_over_all_values(shape):
    x, y = images(*shape), images(*shape, seed=1)
    expected = [np.sqrt(np.mean((a - b) ** 2)) for a, b in zip(x.numpy(), y.numpy(), strict=True)]
    np.testing.assert_allclose(distortion(x, y).numpy(), expected, rtol=1e-6)


def test_distortion_of_a_constant_shift_is_the_shift_and_of_nothing_zero():
    x = images(2, 3, 8, 8)
    torch.testing.assert_close(distortion(x, x - 0.25), torch.full((2,), 0.25))
    assert distortion(x, x).tolist() == [0, 0]


@pytest.mark.parametrize("function", [distortion, lambda x, y: amplify(x, y, 0.1)])
def test_images_of_different_shapes_are_refused(function):
    with pytest.raises(ValueError, match=r"shape of inputs, \(2, 1, 3, 3\), got \(1, 1, 3, 3\)"):
        function(images(2, 1, 3, 3), images(1, 1, 3, 3))


def test_noise_is_gaussian_with_the_standard_deviation_asked_for():
    inputs = images(20, 1, 28, 28)
    noise = gaussian_noise(inputs, 0.3, generator=torch.Generator().manual_seed(0)) - inputs
    assert noise.mean().abs() < 0.3 * 4 / noise.numel() ** 0.5
    assert noise.std().item() == pytest.approx(0.3, rel=0.03)
    share_within_one_sigma = (noise.abs() < 0.3).float().mean().item()
    assert share_within_one_sigma == pytest.approx(0.6827, abs=0.015)


def test_noise_is_not_clipped_unless_asked():
    inputs = images(4, 1, 28, 28)
    free = gaussian_noise(inputs, 0.5, generator=torch.Generator().manual_seed(2))
    kept = gaussian_noise(inputs, 0.5, generator=torch.Generator().manual_seed(2), clip=True)
    assert free.min() < 0
    assert free.max() > 1
    np.testing.assert_array_equal(kept.numpy(), np.clip(free.numpy(), 0, 1))


def test_noise_follows_the_generator():
    generator = torch.Generator().manual_seed(1)
    inputs = images(2, 5).double()
    first = gaussian_noise(inputs, 1, generator=generator)
    second = gaussian_noise(inputs, 1, generator=generator)
    again = gaussian_noise(inputs, 1, generator=generator.manual_seed(1))
    assert first.dtype == torch.float64
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_amplified_perturbations_keep_their_direction_and_get_the_distortion():
    x, y = images(6, 1, 4, 4).double(), images(6, 1, 4, 4, seed=1).double()
    y = x + torch.logspace(-4, 0, 6, dtype=torch.float64).view(-1, 1, 1, 1) * (y - x)
    r = (y - x).flatten(1)
    amplified = (amplify(x, y, 0.1) - x).flatten(1)
    np.testing.assert_allclose(amplified.square().mean(1).sqrt(), 0.1, rtol=1e-12)
    cosine = (r * amplified).sum(1) / (r.norm(dim=1) * amplified.norm(dim=1))
    np.testing.assert_allclose(cosine, 1, rtol=1e-12)


def test_image_without_perturbation_stays_as_it_is():
    x = images(2, 1, 2, 2)
    y = torch.stack([x[0], x[1] + 0.5])
    amplified = amplify(x, y, 0.1)
    assert torch.equal(amplified[0], x[0])
    torch.testing.assert_close(amplified[1], x[1] + 0.1)


def test_logits_are_the_models_whatever_the_batch():
    model, inputs = nn.Linear(5, 3), torch.rand(7, 5)
    found = logits(model, inputs, batch_size=3)
    assert torch.allclose(found, model(inputs), atol=1e-6)
    assert not found.requires_grad
