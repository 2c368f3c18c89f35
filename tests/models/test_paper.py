import math

import pytest
import torch
from torch import nn

from helpers.models import ARCHITECTURES, architecture, build, weight_layers

NAMES = list(ARCHITECTURES)


DENSE_WIDTHS = {
    "FC10(1e-4)": (784, 10),
    "FC10(1e-2)": (784, 10),
    "FC10(1)": (784, 10),
    "FC100-100-10": (784, 100, 100, 10),
    "FC200-200-10": (784, 200, 200, 10),
    "FC123-456-10": (784, 123, 456, 10),
    "AE400-10": (784, 400, 10),
}


GAINS = {  # of each weight layer; a hidden layer behind a sigmoid, of slope 1/4, has 4
    "FC10(1e-4)": (1,),
    "FC10(1e-2)": (1,),
    "FC10(1)": (1,),
    "FC100-100-10": (1, 4, 1),
    "FC200-200-10": (1, 4, 1),
    "FC123-456-10": (1, 4, 1),
    "AE400-10": (1, 1),
    "Conv": (1, 1, 1, 1),
}


PAPER_DECAY = {  # Tables 1 and 3
    "FC10(1e-4)": (1e-4,),
    "FC10(1e-2)": (1e-2,),
    "FC10(1)": (1,),
    "FC100-100-10": (1e-5, 1e-5, 1e-6),
    "FC200-200-10": (1e-5, 1e-5, 1e-6),
    "FC123-456-10": (1e-5, 1e-5, 1e-6),
}


@pytest.mark.parametrize("name", NAMES)
def test_network_maps_images_to_ten_logits(name):
    model = build(name)
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    logits = model(images)
    assert type(model) is nn.Sequential
    assert logits.shape == (3, 10)
    assert logits.min() < 0
    assert not torch.allclose(logits.sum(1), torch.ones(3))


@pytest.mark.parametrize("name", DENSE_WIDTHS)
def test_dense_network_is_its_formula(name):
    model = build(name)
    widths = DENSE_WIDTHS[name]
    layers = weight_layers(model)
    assert [tuple(layer.weight.shape) for layer in layers] == list(
        zip(widths[1:], widths[:-1], strict=True)
    )
    images = torch.rand(2, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    h = images.reshape(2, 784)
    for layer in layers[:-1]:
        h = 1 / (1 + torch.exp(-(h @ layer.weight.T + layer.bias)))
    expected = h @ layers[-1].weight.T + layers[-1].bias
    torch.testing.assert_close(model(images), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", PAPER_DECAY)
def test_weight_decay_is_the_papers(name):
    assert architecture(name).weight_decay == PAPER_DECAY[name]


@pytest.mark.parametrize("name", NAMES)
def test_each_weight_layer_has_its_weight_decay(name):
    layers = weight_layers(build(name))
    assert len(layers) == len(architecture(name).weight_decay)
    assert layers[-1].out_features == 10


@pytest.mark.parametrize(("name", "gains"), GAINS.items())
def test_weights_fill_xaviers_interval_widened_between_sigmoids(name, gains):
    for layer, gain in zip(weight_layers(build(name)), gains, strict=True):
        area = layer.weight[0, 0].numel()  # of a convolution's kernel, 1 in a dense layer
        fan_out, fan_in = layer.weight.shape[0] * area, layer.weight.shape[1] * area
        bound = gain * math.sqrt(6 / (fan_in + fan_out))
        assert 0.95 * bound < layer.weight.abs().max() <= bound * (1 + 1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_layers_give_nothing_at_rest(name):
    model = build(name)
    for i, layer in enumerate(model):
        if hasattr(layer, "weight"):
            rest = 0.5 if i and isinstance(model[i - 1], nn.Sigmoid) else 0.0
            output = layer(torch.full((1, *layer.weight[0].shape), rest))
            torch.testing.assert_close(output, torch.zeros_like(output), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["FC100-100-10", "Conv"])
def test_seed_decides_the_weights(name):
    first, again, other = build(name, seed=1), build(name, seed=1), build(name, seed=2)
    for a, b, c in zip(*map(weight_layers, (first, again, other)), strict=True):
        assert torch.equal(a.weight, b.weight)
        assert not torch.equal(a.weight, c.weight)


def test_build_leaves_the_global_random_state():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    build("FC100-100-10")
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.gpu
def test_build_leaves_the_random_state_of_the_gpu():
    torch.cuda.manual_seed(5)
    expected = torch.rand(3, device="cuda")
    torch.cuda.manual_seed(5)
    build("FC100-100-10")
    assert torch.equal(torch.rand(3, device="cuda"), expected)


@pytest.mark.parametrize("function", [architecture, build])
def test_unknown_name_is_refused_with_the_names_there_are(function):
    with pytest.raises(ValueError, match=r"one of FC10\(1e-4\), .*Conv; got 'FC7'"):
        function("FC7")
