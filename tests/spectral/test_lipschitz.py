import math

import pytest
import torch
from torch import nn

from helpers import models
from helpers.spectral import (
    jacobian_norm,
    layer_constant,
    lipschitz_bound,
    lipschitz_constants,
    squared_norms,
)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def steepest_pair(layer, shape, pairs=1000, seed=0):
    """Return the largest ‖φ(x) − φ(x + r)‖ / ‖r‖ over random pairs near and far."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(pairs, *shape, generator=generator, dtype=torch.float64)
    r = torch.randn(pairs, *shape, generator=generator, dtype=torch.float64)
    r *= 10 ** torch.linspace(-4, 1, pairs, dtype=torch.float64).view(-1, *[1] * len(shape))
    with torch.no_grad():
        moved = (layer(x + r) - layer(x)).flatten(1).norm(dim=1)
    return (moved / r.flatten(1).norm(dim=1)).max().item()


BLOCKS = {  # block, shape of its input, its constant where that is known
    "relu": (nn.ReLU(), (5,), 1),
    "tanh": (nn.Tanh(), (5,), 1),
    "sigmoid": (nn.Sigmoid(), (5,), 0.25),
    "identity": (nn.Identity(), (5,), 1),
    "flatten": (nn.Flatten(), (2, 3, 3), 1),
    "dropout": (nn.Dropout(0.4).eval(), (5,), 1),
    "disjoint max": (nn.MaxPool2d(2), (2, 6, 6), 1),
    "AlexNet's max": (nn.MaxPool2d(3, 2), (2, 7, 7), 2),
    "max, oblong": (nn.MaxPool2d((3, 2), (1, 2)), (1, 7, 6), math.sqrt(3)),
    "max, padded": (nn.MaxPool2d(3, 2, padding=1), (1, 8, 8), 2),
    "disjoint average": (nn.AvgPool2d(2), (2, 6, 6), 0.5),
    "average without padding to count": (
        nn.AvgPool2d(2, count_include_pad=False),
        (2, 6, 6),
        0.5,
    ),
    "overlapping average": (nn.AvgPool2d(3, 2), (2, 9, 9), None),
    "adaptive average": (nn.AdaptiveAvgPool2d(3), (2, 6, 9), math.sqrt(1 / 6)),
    "adaptive average of its own size": (nn.AdaptiveAvgPool2d(6), (1, 6, 6), 1),
    "preprocessing": (models.Standardise((0.4, 0.5), (0.25, 0.2)).double(), (2, 3, 3), 5),
    "contrast": (models.ContrastNormalisation(0.1, 0.75), (2, 3), 0.1**-0.75),
    "linear": (nn.Linear(5, 3).double(), (5,), None),
    "convolution": (nn.Conv2d(2, 3, 3, padding=1).double(), (2, 6, 6), None),
    "taps above each other": (nn.Conv2d(2, 3, (2, 1)).double(), (2, 6, 6), None),
    "taps side by side": (nn.Conv2d(2, 3, (1, 2)).double(), (2, 6, 6), None),
    "points in groups": (nn.Conv2d(4, 6, 1, groups=2).double(), (4, 3, 3), None),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_no_random_pair_of_a_block_beats_its_constant(name):
    layer, shape, expected = BLOCKS[name]
    bound = layer_constant(layer, shape).item()
    assert steepest_pair(layer, shape) <= bound * (1 + 1e-9)
    if expected is not None:
        assert bound == pytest.approx(expected, rel=1e-6)


def slope(layer, x, r):
    with torch.no_grad():
        return ((layer(x + r) - layer(x)).norm() / r.norm()).item()


@pytest.mark.parametrize(
    ("name", "x", "r"),
    [
        ("relu", torch.ones(1, 5), torch.ones(1, 5)),
        ("sigmoid", torch.zeros(1, 5), 1e-3 * torch.ones(1, 5)),
        ("tanh", torch.zeros(1, 5), 1e-3 * torch.ones(1, 5)),
        ("contrast", torch.zeros(1, 2, 3), 1e-5 * torch.ones(1, 2, 3)),
        ("preprocessing", torch.zeros(1, 2, 3, 3), torch.eye(2)[1].view(1, 2, 1, 1)),
        ("disjoint average", torch.zeros(1, 2, 6, 6), torch.ones(1, 2, 6, 6)),
    ],
)
def test_constants_are_reached(name, x, r):
    layer, shape, _ = BLOCKS[name]
    r = r.double().expand(1, *shape).clone()
    assert slope(layer, x.double(), r) == pytest.approx(
        layer_constant(layer, shape).item(), rel=1e-4
    )


@pytest.mark.parametrize(
    ("kernel", "stride", "pixel"), [(3, 2, (2, 2)), (3, 1, (3, 3)), (5, 2, (4, 4)), (2, 2, (2, 2))]
)
def test_constant_of_max_pooling_is_reached_by_one_bright_pixel(kernel, stride, pixel):
    layer = nn.MaxPool2d(kernel, stride)
    dark, bright = torch.zeros(2, 1, 1, 9, 9, dtype=torch.float64)
    bright[0, 0, pixel[0], pixel[1]] = 1
    assert slope(layer, dark, bright) == layer_constant(layer, (1, 9, 9)).item()


def test_contrast_normalisation_is_as_steep_as_the_paper_says_for_every_gamma():
    for gamma in (0.5, 0.6, 0.75, 1.0):
        for epsilon in (1e-3, 0.1, 2.0):
            layer = models.ContrastNormalisation(epsilon, gamma)
            x = random(200, 3, seed=1) * 10 ** torch.linspace(-4, 1, 200).double()[:, None]
            norms = jacobian_norm(layer, x)
            assert norms.max() <= epsilon**-gamma * (1 + 1e-12)
            assert norms.max() >= 0.99 * epsilon**-gamma


def test_constant_of_a_convolution_of_single_pixels_is_the_norm_of_its_matrix():
    layer = nn.Conv2d(5, 4, 1).double()
    norm = torch.linalg.svdvals(layer.weight.flatten(1))[0].item()
    assert layer_constant(layer, (5, 3, 3)).item() == pytest.approx(norm, rel=1e-12)


@pytest.mark.parametrize("name", ["taps above each other", "taps side by side", "points in groups"])
def test_constant_of_a_convolution_is_little_above_its_norm(name):
    layer, shape, _ = BLOCKS[name]
    pixels = torch.eye(math.prod(shape)).double().view(-1, *shape)
    with torch.no_grad():
        matrix = (layer(pixels) - layer(0 * pixels)).flatten(1)
    norm = torch.linalg.svdvals(matrix)[0].item()
    constant = layer_constant(layer, shape).item()
    assert norm <= constant * (1 + 1e-12)  # of single pixels they are one number, rounded twice
    assert constant <= 1.3 * norm  # the border costs a little


def test_dropout_that_is_at_work_scales_up():
    assert layer_constant(nn.Dropout(0.5), (3,)).item() == 2


NETWORKS = list(models.ARCHITECTURES)


@pytest.mark.parametrize("name", NETWORKS)
def test_no_random_pair_of_a_network_beats_the_product(name):
    model = models.build(name, seed=1).double().eval()
    for scale in (1, 5):  # of the weights
        for parameter in model.parameters():
            parameter.data *= scale
        bound = lipschitz_bound(model, (1, 28, 28)).item()
        assert 0 < steepest_pair(model, (1, 28, 28)) <= bound


def test_product_of_a_network_by_hand():
    weights = random(3, 4, seed=2), random(2, 3, seed=3)
    model = nn.Sequential(
        nn.Sequential(nn.Flatten(), nn.Linear(4, 3)), nn.Sigmoid(), nn.Linear(3, 2), nn.ReLU()
    ).double()
    model[0][1].weight.data, model[2].weight.data = weights
    norms = [torch.linalg.svdvals(weight)[0].item() for weight in weights]
    found = lipschitz_constants(model, (1, 2, 2))
    assert [one.name for one in found] == ["0.0", "0.1", "1", "2", "3"]
    assert [one.layer for one in found][1] is model[0][1]
    expected = [1, norms[0], 0.25, norms[1], 1]
    assert [one.bound.item() for one in found] == pytest.approx(expected)
    assert lipschitz_bound(model, (1, 2, 2)).item() == pytest.approx(math.prod(expected))
    penalty = squared_norms(model, (1, 2, 2))
    assert penalty.item() == pytest.approx((norms[0] ** 2 + norms[1] ** 2) / 2)
    penalty.backward()
    assert model[2].weight.grad.norm().item() == pytest.approx(norms[1])


def test_preprocessing_counts_in_the_product_of_alexnet():
    model = models.alexnet()[:4]  # preprocessing, convolution, ReLU, pooling
    found = [one.bound.item() for one in lipschitz_constants(model, (3, 67, 67))]
    assert found[0] == pytest.approx(1 / 0.224)
    assert found[2:] == [1, 2]
    assert lipschitz_bound(model, (3, 67, 67)).item() == pytest.approx(math.prod(found), rel=1e-6)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (
            nn.GELU(),
            "^layer must be a block whose Lipschitz constant is known: .*; got GELU",
        ),
        (nn.BatchNorm2d(1).eval(), "got BatchNorm2d"),
        (nn.MaxPool2d(2, dilation=2), "dilation 1 .*, got MaxPool2d"),
        (nn.AvgPool2d(3, 2, ceil_mode=True), "divide by the window's size everywhere"),
        (nn.AvgPool2d(3, padding=1, count_include_pad=False), "window's size everywhere"),
        (nn.AdaptiveAvgPool2d((None, 2)), r"numbers as its output size, got .*\(None, 2\)"),
        (nn.AdaptiveAvgPool2d(None), "numbers as its output size, got .*None"),
        (nn.AdaptiveAvgPool2d(4), r"must divide its input, got .* for \(1, 6, 6\)"),
    ],
)
def test_unknown_blocks_are_refused_by_name(layer, message):
    with pytest.raises(ValueError, match=message):
        lipschitz_bound(nn.Sequential(nn.ReLU(), layer), (1, 6, 6))


def test_nothing_has_constant_one():
    assert lipschitz_bound(nn.Sequential(), (3,)).item() == 1


def test_layers_without_weights_have_no_penalty():
    penalty = squared_norms(nn.Sequential(nn.Flatten(), nn.Sigmoid()), (1, 2, 2))
    assert isinstance(penalty, torch.Tensor)
    assert penalty.item() == 0


def test_bound_without_parameters_has_the_precision_of_the_buffers():
    model = nn.Sequential(models.Standardise([0.4], [0.3]).double())
    bound = lipschitz_bound(model, (1, 2, 2))
    assert bound.dtype == torch.double
    assert bound.item() == 1 / model[0].deviation.item()
    assert lipschitz_bound(model.float(), (1, 2, 2)).dtype == torch.float


def test_bound_of_a_network_that_holds_nothing_is_double():
    for layers in ((), (nn.Flatten(), nn.Sigmoid())):
        assert lipschitz_bound(nn.Sequential(*layers), (1, 2, 2)).dtype == torch.double
