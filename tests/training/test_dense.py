"""`train_dense` against `train`, and its gradients against autograd."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers import models
from helpers.data import Dataset
from helpers.training import Recipe, Stack, backpropagate, train, train_dense

GENERATOR = torch.Generator().manual_seed(0)
DOUBLE = torch.float64


def networks(dtype=torch.float32, activation=nn.Sigmoid) -> list[nn.Sequential]:
    built = [models.build("FC100-100-10", seed=seed).to(dtype) for seed in (1, 2)]
    return [
        nn.Sequential(*(activation() if isinstance(m, nn.Sigmoid) else m for m in model))
        for model in built
    ]


def some(count: int, dtype=torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.rand(2, count, 1, 28, 28, generator=GENERATOR, dtype=dtype)
    return images, torch.randint(10, (2, count), generator=GENERATOR)


def noise(count: int) -> list[Dataset]:
    images, labels = some(count)
    return [Dataset(images[i], labels[i], f"noise {i}", "noise") for i in (0, 1)]


def assert_gradients(stack: Stack, expected: list[nn.Sequential]) -> None:
    for number, model in enumerate(expected):
        found = [part[number] for layer in stack.gradients for part in layer]
        for one, parameter in zip(found, model.parameters(), strict=True):
            torch.testing.assert_close(
                one.view_as(parameter), parameter.grad, rtol=1e-9, atol=1e-12
            )


@pytest.mark.parametrize("activation", [nn.Sigmoid, nn.ReLU, nn.Tanh])
def test_gradients_are_those_of_autograd(activation):
    images, labels = some(30, DOUBLE)
    expected = networks(DOUBLE, activation)
    for model, x, y in zip(expected, images, labels, strict=True):
        functional.cross_entropy(model(x), y).backward()
    stack = Stack.of(networks(DOUBLE, activation))
    with torch.no_grad():
        backpropagate(stack, images, labels)
    assert_gradients(stack, expected)


def test_entries_train_what_is_above_them():
    images, labels = some(20, DOUBLE)
    pixels, hidden = some(7, DOUBLE), torch.rand(2, 5, 100, generator=GENERATOR, dtype=DOUBLE)
    entries = {
        0: (pixels[0].flatten(2), pixels[1]),
        2: (hidden, torch.arange(5).expand(2, 5)),
    }
    expected = networks(DOUBLE)
    for i, model in enumerate(expected):
        logits = torch.cat([model(images[i]), model(pixels[0][i]), model[5:](hidden[i])])
        whole = torch.cat([labels[i], pixels[1][i], torch.arange(5)])
        functional.cross_entropy(logits, whole).backward()
    stack = Stack.of(networks(DOUBLE))
    with torch.no_grad():
        backpropagate(stack, images, labels, entries=entries)
    assert_gradients(stack, expected)


def test_gradients_with_dropout_are_those_of_autograd():
    rates = (0.2, 0.3, 0.4)
    images, labels = some(30, DOUBLE)
    stack = Stack.of(networks(DOUBLE))
    torch.manual_seed(3)
    with torch.no_grad():
        backpropagate(stack, images, labels, rates=rates)
    torch.manual_seed(3)  # the same masks again
    shapes = [(2, 30, 784), (2, 30, 100), (2, 30, 100)]
    masks = [
        torch.empty(shape, dtype=DOUBLE).bernoulli_(1 - rate) / (1 - rate)
        for shape, rate in zip(shapes, rates, strict=True)
    ]
    expected = networks(DOUBLE)
    for i, model in enumerate(expected):
        a = images[i].flatten(1)
        for k, layer in enumerate(models.weight_layers(model)):
            a = layer(a * masks[k][i])
            a = a.sigmoid() if k < 2 else a
        functional.cross_entropy(a, labels[i]).backward()
    assert_gradients(stack, expected)


@pytest.mark.parametrize("averaging", [0.0, 0.9])
def test_trains_as_the_slow_way_does(averaging):
    datasets, seeds, decay = noise(250), (5, 6), (1e-2, 1e-3, 1e-4)
    recipe = Recipe(epochs=3, batch_size=50, averaging=averaging)
    fast = networks()
    train_dense(fast, datasets, weight_decay=decay, recipe=recipe, seeds=seeds)
    for model, found, dataset, seed in zip(networks(), fast, datasets, seeds, strict=True):
        slow = train(model, dataset, weight_decay=decay, recipe=recipe, seed=seed)
        for one, other in zip(slow.parameters(), found.parameters(), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=2e-5)


def test_constant_rate_and_no_momentum_are_plain_steps():
    datasets = noise(20)
    recipe = Recipe(epochs=2, batch_size=20, momentum=0.0, averaging=0.0)
    fast = networks()
    train_dense(fast, datasets, weight_decay=(0, 0, 0), recipe=recipe, seeds=(5, 6), decaying=False)
    for model, found, dataset in zip(networks(), fast, datasets, strict=True):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            optimizer.zero_grad()
            functional.cross_entropy(model(dataset.inputs), dataset.labels).backward()
            optimizer.step()
        for one, other in zip(model.parameters(), found.parameters(), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


def test_networks_have_their_own_parameters_afterwards():
    fast = networks()
    recipe = Recipe(epochs=1, batch_size=20)
    train_dense(fast, noise(20), weight_decay=(0, 0, 0), recipe=recipe, seeds=(5, 6))
    before = fast[1][1].weight.clone()
    fast[0][1].weight.data.zero_()
    torch.testing.assert_close(fast[1][1].weight, before, rtol=0, atol=0)
    assert fast[0][1].weight.untyped_storage().nbytes() == 4 * 78400


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh])
def test_trains_as_the_slow_way_does_with_other_activations(activation):
    datasets, seeds, decay = noise(250), (5, 6), (1e-2, 1e-3, 1e-4)
    recipe = Recipe(epochs=3, batch_size=50, learning_rate=0.01)
    fast = networks(activation=activation)
    train_dense(fast, datasets, weight_decay=decay, recipe=recipe, seeds=seeds)
    slow = networks(activation=activation)
    for model, found, dataset, seed in zip(slow, fast, datasets, seeds, strict=True):
        train(model, dataset, weight_decay=decay, recipe=recipe, seed=seed)
        for one, other in zip(model.parameters(), found.parameters(), strict=True):
            torch.testing.assert_close(one, other, rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize("name", ["Conv", "softplus", "two activations"])
def test_other_networks_are_refused(name):
    softplus = nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Softplus(), nn.Linear(10, 10))
    refused = {
        "Conv": [models.build("Conv")],
        "softplus": [softplus],
        "two activations": [networks()[0], networks(activation=nn.ReLU)[1]],
    }
    with pytest.raises(ValueError, match="models must be dense layers with sigmoids, ReLUs or"):
        Stack.of(refused[name])


def test_networks_of_two_shapes_are_refused():
    with pytest.raises(ValueError, match="one shape"):
        Stack.of([models.build("FC100-100-10"), models.build("FC200-200-10")])


def test_datasets_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="as many images each"):
        train_dense(
            networks(),
            [noise(20)[0], noise(30)[1]],
            weight_decay=(0, 0, 0),
            recipe=Recipe(epochs=1),
            seeds=(0, 1),
        )
