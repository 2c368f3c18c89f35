"""What holds for every image, network and target: the box, the distortion, the order of D."""

from itertools import pairwise

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from helpers.attack import closest_adversarial, minimal_adversarial
from helpers.bounds import certified, exact_linear
from helpers.evaluation import amplify, distortion, predict

EXAMPLES = settings(max_examples=15, deadline=None, derandomize=True, database=None)
SCALES = st.sampled_from([1e-3, 0.1, 1.0, 30.0])


def problem(seed, scale, *, classes=4, hidden=()):
    """Return a network whose weights have a scale, images with pixels at 0 and 1, and targets."""
    generator, widths = torch.Generator().manual_seed(seed), (9, *hidden, classes)
    model = nn.Sequential(nn.Flatten())
    for before, after in pairwise(widths):
        layer = nn.Linear(before, after)
        for parameter in layer.parameters():
            parameter.data = scale * torch.randn(parameter.shape, generator=generator)
        model.extend([layer, nn.Sigmoid()])
    model = model[:-1].eval()
    x = (1.5 * torch.rand(5, 1, 3, 3, generator=generator) - 0.25).clamp(0, 1)
    shift = torch.randint(1, classes, (5,), generator=generator)
    return model, x, (predict(model, x) + shift) % classes


@EXAMPLES
@given(st.integers(0, 10**6), SCALES, st.sampled_from([(), (6,), (8, 5)]))
def test_what_an_attack_says_of_itself_is_so(seed, scale, hidden):
    model, x, targets = problem(seed, scale, hidden=hidden)
    for found in (
        closest_adversarial(model, x, targets, steps=10),
        minimal_adversarial(model, x, targets, max_searches=5),
    ):
        assert found.adversarial.min() >= 0
        assert found.adversarial.max() <= 1
        seen = predict(model, found.adversarial)
        assert torch.equal(seen[found.success], targets[found.success])
        r = (found.adversarial - x).double().flatten(1).numpy()
        expected = np.linalg.norm(r, axis=1) / 3
        np.testing.assert_allclose(found.distortion, expected, rtol=1e-5, atol=1e-9)


@EXAMPLES
@given(st.integers(0, 10**6), SCALES)
def test_proved_and_exact_distances_are_below_what_is_found(seed, scale):
    model, x, targets = problem(seed, scale)
    exact = exact_linear(model.double(), x.double(), targets)
    below = certified(model, x.double(), targets)
    assert (below <= exact.distortion + 1e-8).all()
    found = closest_adversarial(model, x.double(), targets, steps=10)
    assert (exact.distortion <= found.distortion + 1e-8)[found.success].all()
    assert not found.success[exact.distortion.isinf()].any()


@EXAMPLES
@given(st.integers(0, 10**6), SCALES)
def test_bound_of_a_deep_network_is_below_what_is_found(seed, scale):
    model, x, targets = problem(seed, scale, hidden=(7, 6))
    model, x = model.double(), x.double()
    found = closest_adversarial(model, x, targets, steps=10)
    assert (certified(model, x, targets) <= found.distortion + 1e-12)[found.success].all()


@EXAMPLES
@given(st.integers(0, 10**6), st.floats(1e-6, 10), st.sampled_from([(4,), (1, 3, 3), (3, 2, 5)]))
def test_amplified_changes_have_the_distortion_that_was_asked_for(seed, rms, shape):
    x, y = torch.rand(2, 3, *shape, generator=torch.Generator().manual_seed(seed)).double()
    np.testing.assert_allclose(distortion(x, amplify(x, y, rms)), rms, rtol=1e-6)
