"""Dense networks trained side by side, by backpropagation written out.

A step of a 100-100-10 network on 100 images is half a millisecond of matrix products; as much again
goes by in bookkeeping, and more in an optimiser that takes its parameters one by one. Here the
weights and biases of several networks of one shape are one vector, and a step of all of them is the
chain rule in ten lines. `train` is for every other network, and the tests compare the two.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers.data import Dataset
from helpers.training.sgd import Recipe, batches, check_data

# layer → rows that enter there, shape (n, inputs of the layer), and their labels
Entries = Mapping[int, tuple[Tensor, Tensor]]
# activation → itself, in place, and its slope as a function of what it put out
SLOPES: dict[type[nn.Module], tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    nn.Sigmoid: (torch.sigmoid_, lambda a: a * (1 - a)),
    nn.ReLU: (torch.relu_, lambda a: a > 0),
    nn.Tanh: (torch.tanh_, lambda a: 1 - a * a),
}


@dataclass(frozen=True)
class Stack:
    """M networks of one shape: all their parameters are one vector, and so is the gradient.

    Attributes
    ----------
    models : tuple of nn.Sequential
        The networks; they change when `vector` does.
    vector, gradient : Tensor, shape (P,)
        All weights and biases, and where `backpropagate` puts their gradient.
    layers, gradients : list of (Tensor, Tensor)
        Weights (M, outputs, inputs) and biases (M, 1, outputs) of each layer, views of the two.
    activation : type
        What stands between the layers, a key of `SLOPES`.
    """

    models: tuple[nn.Sequential, ...]
    vector: Tensor
    gradient: Tensor
    layers: list[tuple[Tensor, Tensor]]
    gradients: list[tuple[Tensor, Tensor]]
    activation: type[nn.Module]

    @classmethod
    def of(cls, models: Sequence[nn.Sequential]) -> "Stack":
        """Move the parameters of networks into one vector.

        Raises
        ------
        ValueError
            If a network is anything but dense layers with one and the same activation of `SLOPES`
            between them, or of another shape than the first.
        """
        activation = type(models[0][2]) if len(models[0]) > 2 else nn.Sigmoid
        for model in models:
            kinds = [nn.Flatten, *(nn.Linear, activation) * (len(model) // 2)]
            if activation not in SLOPES or [type(module) for module in model] != kinds[:-1]:
                raise ValueError(
                    "models must be dense layers with sigmoids, ReLUs or tanh between them, "
                    f"the same in all, got {model}"
                )
        shapes = [[parameter.shape for parameter in model.parameters()] for model in models]
        if shapes.count(shapes[0]) != len(shapes):
            raise ValueError("models must be of one shape")
        parameters = [list(model.parameters()) for model in models]
        together = [torch.stack(same) for same in zip(*parameters, strict=True)]
        vector = torch.cat([each.detach().flatten() for each in together])
        gradient = torch.zeros_like(vector)
        views = [
            [part.view_as(each) for part, each in zip(whole.split(sizes), together, strict=True)]
            for sizes in [[each.numel() for each in together]]
            for whole in (vector, gradient)
        ]
        for number, model in enumerate(models):
            for parameter, view in zip(model.parameters(), views[0], strict=True):
                parameter.data = view[number]
        layers, gradients = (
            [(weight, bias[:, None]) for weight, bias in zip(v[::2], v[1::2], strict=True)]
            for v in views
        )
        return cls(tuple(models), vector, gradient, layers, gradients, activation)

    def release(self) -> None:
        """Give each network parameters of its own again."""
        for model in self.models:
            for parameter in model.parameters():
                parameter.data = parameter.data.clone()


def backpropagate(
    stack: Stack,
    inputs: Tensor,
    labels: Tensor,
    *,
    entries: Entries | None = None,
    rates: tuple[float, ...] = (),
) -> None:
    """Put the gradients of the mean cross-entropy of a batch of each into ``stack.gradient``.

    Parameters
    ----------
    stack : Stack
        M networks.
    inputs, labels : Tensor, shapes (M, N, ...) and (M, N)
        Images for each, and their labels.
    entries : mapping, optional
        More rows of the batch, (M, n, ...) and (M, n), which enter at a higher layer, such as
        adversarial outputs of the one below: they train that layer and all above it.
    rates : tuple of float
        Dropout of the inputs of each layer; none by default.
    """
    activate, slope = SLOPES[stack.activation]
    a, kept = inputs.flatten(2), []
    for k, (weight, bias) in enumerate(stack.layers):
        below = a.shape[1]
        if entries and k in entries:
            a = torch.cat([a, entries[k][0]], 1)
            labels = torch.cat([labels, entries[k][1]], 1)
        mask = None
        if rates and rates[k]:
            mask = torch.empty_like(a).bernoulli_(1 - rates[k]).div_(1 - rates[k])
        dropped = a if mask is None else a * mask
        kept.append((below, a, mask, dropped))
        a = torch.baddbmm(bias, dropped, weight.transpose(1, 2))
        if k + 1 < len(stack.layers):
            activate(a)
    delta = a.softmax(2)
    delta.scatter_add_(2, labels[..., None], torch.full_like(delta[..., :1], -1))
    delta /= labels.shape[1]  # now it is the gradient for the logits
    for k in reversed(range(len(stack.layers))):
        below, a, mask, dropped = kept[k]
        torch.bmm(delta.transpose(1, 2), dropped, out=stack.gradients[k][0])
        torch.sum(delta, 1, keepdim=True, out=stack.gradients[k][1])
        if k:
            delta = torch.bmm(delta, stack.layers[k][0])
            if mask is not None:
                delta *= mask
            delta, a = delta[:, :below], a[:, :below]
            delta = delta * slope(a)


@torch.no_grad()
def train_dense(
    models: Sequence[nn.Sequential],
    datasets: Sequence[Dataset],
    *,
    weight_decay: tuple[float, ...],
    recipe: Recipe,
    seeds: Sequence[int],
    decaying: bool = True,
    rates: tuple[float, ...] = (),
    entries: Sequence[Callable[[nn.Sequential, Tensor, Tensor], Entries]] = (),
) -> None:
    """Train dense networks as `train` does, side by side and several times as fast.

    Parameters
    ----------
    models : sequence of nn.Sequential
        As `Stack.of` takes them; trained in place, and in eval mode afterwards.
    datasets : sequence of Dataset
        For each network, as many images.
    weight_decay, recipe
        As for `train`, with λ‖W‖²/2 on each layer. A momentum or an averaging of 0 is none.
    seeds : sequence of int
        For each network, of the order of its images.
    decaying : bool
        Whether the step size falls to zero along a cosine, or is constant.
    rates : tuple of float
        Dropout of the inputs of each layer; it draws from PyTorch's own generator.
    entries : sequence of callable
        For each network, ``entries(model, images, labels)`` returns more rows of a batch, see
        `backpropagate`; none by default.

    Raises
    ------
    ValueError
        If the data do not fit the models, or there are not as many images for each.
    """
    counts = {len(dataset) for dataset in datasets}
    if len(counts) != 1:
        raise ValueError(f"datasets must have as many images each, got {sorted(counts)}")
    for model, dataset in zip(models, datasets, strict=True):
        check_data(model.eval(), dataset)
    stack = Stack.of(models)
    sizes = [part.numel() for layer in stack.layers for part in layer]
    decays = [each for decay in weight_decay for each in (decay, 0.0)]
    decay = torch.cat([torch.full((n,), d) for n, d in zip(sizes, decays, strict=True)])
    decay = decay.to(stack.vector)
    velocity, average = torch.zeros_like(decay), stack.vector.clone()
    epochs, size = recipe.epochs, recipe.batch_size
    steps = epochs * math.ceil(counts.pop() / size)
    orders = [batches(d, epochs, size, s, "") for d, s in zip(datasets, seeds, strict=True)]
    for step, rows in enumerate(zip(*orders, strict=True)):
        images = torch.stack([d.inputs[some] for d, some in zip(datasets, rows, strict=True)])
        labels = torch.stack([d.labels[some] for d, some in zip(datasets, rows, strict=True)])
        more = [one(models[i], images[i], labels[i]) for i, one in enumerate(entries)]
        backpropagate(stack, images, labels, entries=_stacked(more), rates=rates)
        rate = recipe.learning_rate
        if decaying:
            rate *= (1 + math.cos(math.pi * step / steps)) / 2
        stack.gradient.addcmul_(decay, stack.vector)
        velocity.mul_(recipe.momentum).add_(stack.gradient)
        stack.vector.sub_(stack.gradient.add_(velocity, alpha=recipe.momentum), alpha=rate)
        if recipe.averaging:
            average.lerp_(stack.vector, 1 - recipe.averaging if step else 1.0)
    if recipe.averaging:
        stack.vector.copy_(average)
    stack.release()


def _stacked(more: list[Entries]) -> Entries:
    """Return layer → rows and labels of all networks, from those of each."""
    return {
        layer: tuple(torch.stack([one[layer][part] for one in more]) for part in (0, 1))
        for layer in (more[0] if more else ())
    }
