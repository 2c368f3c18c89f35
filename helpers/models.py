"""The paper's networks under the paper's names (Tables 1 and 3), as ``nn.Sequential`` → logits.

A prefix ``model[:k]`` is the representation φ of section 3, the rest ``model[k:]`` is the tail
that maps it to logits, and the children are the layers of section 4.3.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn


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
    """Return the paper's network called `name`, or raise ValueError with the names there are."""
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
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
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


def alexnet(*, seed: int = 0) -> nn.Sequential:
    """Build AlexNet in the shape of the paper's Table 5, with the preprocessing as first module.

    The paper's network was split over two GPUs in places; its Table 5 is not, and neither is
    this. Torchvision's, of another shape but with trained weights, is
    ``imagenet.classifier("alexnet")``.

    Parameters
    ----------
    seed : int
        Seed of the random weights; the global random state is left as it was.

    Returns
    -------
    nn.Sequential
        Maps images (N, 3, 224, 224) with pixels in [0, 1] to logits (N, 1000); in eval mode.

    References
    ----------
    Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural
    networks", 2012.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model = nn.Sequential(
            Standardise((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
            *[nn.Conv2d(3, 96, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)],
            *[nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)],
            *[nn.Conv2d(256, 384, 3, padding=1), nn.ReLU()],
            *[nn.Conv2d(384, 384, 3, padding=1), nn.ReLU()],
            *[nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)],
            *[nn.AdaptiveAvgPool2d(6), nn.Flatten(), nn.Dropout()],
            *[nn.Linear(9216, 4096), nn.ReLU(), nn.Dropout()],
            *[nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 1000)],
        )
    return model.eval()


def weight_layers(model: nn.Sequential) -> list[nn.Module]:
    """Return the layers of `model` that have a weight, from the input to the logits."""
    return [layer for layer in model if hasattr(layer, "weight")]


class Standardise(nn.Module):
    """Map each channel's pixels to (x − mean) / deviation: the preprocessing of ImageNet networks.

    Parameters
    ----------
    mean, deviation : sequence of float
        One for each channel.
    """

    def __init__(self, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation).view(-1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map images (N, C, H, W) to images of the same shape."""
        return (x - self.mean) / self.deviation


class ContrastNormalisation(nn.Module):
    """Divide each image by a power of its length: x / (ε + ‖x‖²)^γ (section 4.3).

    Parameters
    ----------
    epsilon : float
        ε > 0.
    gamma : float
        γ in [1/2, 1].
    """

    def __init__(self, epsilon: float, gamma: float) -> None:
        super().__init__()
        if not epsilon > 0 or not 0.5 <= gamma <= 1:
            raise ValueError(f"epsilon must be > 0 and gamma in [0.5, 1], got {epsilon}, {gamma}")
        self.epsilon, self.gamma = epsilon, gamma

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (N, ...) to outputs of the same shape."""
        squares = x.flatten(1).square().sum(1).view(-1, *[1] * (x.ndim - 1))
        return x / (self.epsilon + squares) ** self.gamma
