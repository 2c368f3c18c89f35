"""The paper's networks under the paper's names (Tables 1 and 3), as ``nn.Sequential`` → logits.

A prefix ``model[:k]`` is the representation φ of section 3, the rest ``model[k:]`` is the tail
that maps it to logits, and the children are the layers of section 4.3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from helpers.models.layers import weight_layers
from helpers.models.seeding import seeded


@dataclass(frozen=True)
class Architecture:
    """One network of the paper.

    Attributes
    ----------
    description : str
        What the paper's tables say of it.
    layers : callable
        Builds the list of modules.
    weight_decay : tuple of float
        The paper's λ of each weight layer, from the input to the logits.
    """

    description: str
    layers: Callable[[], list[nn.Module]]
    weight_decay: tuple[float, ...]


def _dense(*widths: int) -> Callable[[], list[nn.Module]]:
    """Return a builder of dense layers of the given widths with sigmoids between them."""

    def layers() -> list[nn.Module]:
        modules: list[nn.Module] = [nn.Flatten()]
        for fan_in, fan_out in pairwise(widths):
            modules += [nn.Linear(fan_in, fan_out), nn.Sigmoid()]
        return modules[:-1]  # logits, not probabilities

    return layers


def _convolutional() -> list[nn.Module]:
    """Section 3's "convolutional neural network trained on MNIST", whose shape it does not give."""
    return [
        nn.Conv2d(1, 16, 5),  # (N, 16, 24, 24)
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5),  # (N, 32, 8, 8)
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),  # (N, 512)
        nn.Linear(512, 100),
        nn.ReLU(),
        nn.Linear(100, 10),
    ]


_HIDDEN_DECAY = (1e-5, 1e-5, 1e-6)

ARCHITECTURES: dict[str, Architecture] = {
    "FC10(1e-4)": Architecture("softmax, λ = 1e-4", _dense(784, 10), (1e-4,)),
    "FC10(1e-2)": Architecture("softmax, λ = 1e-2", _dense(784, 10), (1e-2,)),
    "FC10(1)": Architecture("softmax, λ = 1", _dense(784, 10), (1.0,)),
    "FC100-100-10": Architecture("sigmoid", _dense(784, 100, 100, 10), _HIDDEN_DECAY),
    "FC200-200-10": Architecture("sigmoid", _dense(784, 200, 200, 10), _HIDDEN_DECAY),
    "FC123-456-10": Architecture("sigmoid", _dense(784, 123, 456, 10), _HIDDEN_DECAY),
    "AE400-10": Architecture("softmax on a frozen autoencoder", _dense(784, 400, 10), (0.0, 1e-6)),
    "Conv": Architecture("convolutional, ReLU", _convolutional, (1e-5, 1e-5, 1e-5, 1e-6)),
}


def architecture(name: str) -> Architecture:
    """Return the paper's network called `name`, a key of `ARCHITECTURES`.

    Raises
    ------
    ValueError
        If there is no network of that name; the message lists those that there are.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"name must be one of {', '.join(ARCHITECTURES)}; got {name!r}")
    return ARCHITECTURES[name]


def build(name: str, *, seed: int = 0) -> nn.Sequential:
    """Build an untrained network of the paper.

    Parameters
    ----------
    name : str
        A key of `ARCHITECTURES`, such as ``"FC100-100-10"``.
    seed : int
        Seed of the random weights; the global random state is left as it was.

    Returns
    -------
    nn.Sequential
        Maps inputs of shape (N, 1, 28, 28) to logits of shape (N, 10).

    Raises
    ------
    ValueError
        If there is no network of that name.
    """
    chosen = architecture(name)
    with seeded(seed):
        model = nn.Sequential(*chosen.layers())
        for layer in weight_layers(model):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        for sigmoid, layer in pairwise(model):
            if isinstance(sigmoid, nn.Sigmoid):
                # A sigmoid's slope is at most 1/4 and its output is 1/2 at rest.
                layer.weight.data.mul_(4 if layer is not model[-1] else 1)
                layer.bias.data.copy_(-layer.weight.sum(1) / 2)
    return model
