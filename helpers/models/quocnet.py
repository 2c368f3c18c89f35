"""The layers of the unsupervised network of Le et al. (2012), each of them differentiable.

Filters with a receptive field and weights of their own at every place (`LocalFilters`), L2 pooling
(`L2Pool`), local contrast normalisation (`LocalContrastNormalisation`); and `Centre` in front.

References
----------
Le et al., "Building high-level features using large scale unsupervised learning",
arXiv 1112.6209, section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

POOLING_EPSILON = 1e-4  # inside the square root of L2 pooling: keeps it smooth at 0
WINDOW = 5  # pixels, of contrast normalisation


class Centre(nn.Module):
    """Take the mean colour of the training images out."""

    def __init__(self, channels: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels, 1, 1))

    def fit(self, images: Tensor) -> None:
        """Set the mean from images (N, C, H, W)."""
        self.mean.copy_(images.mean((0, 2, 3))[:, None, None])

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to the same shape."""
        return images - self.mean


class LocalFilters(nn.Module):
    """Linear filters that see a small square each, with weights of their own at every place.

    A convolution without the sharing of weights: place p has its own matrix W_p, and the input's
    square at p is mapped to W_p x_p.
    """

    def __init__(self, shape: tuple[int, int, int], maps: int, size: int, stride: int):
        super().__init__()
        channels, height, width = shape
        if size > min(height, width):
            raise ValueError(f"size must be at most {min(height, width)}, the input's; got {size}")
        self.shape, self.maps, self.size, self.stride = shape, maps, size, stride
        self.grid = ((height - size) // stride + 1, (width - size) // stride + 1)
        places = self.grid[0] * self.grid[1]
        fan_in = channels * size**2
        if maps > fan_in:
            raise ValueError(f"maps must be at most {fan_in}, the values in a square; got {maps}")
        self.weight = nn.Parameter(torch.zeros(places, maps, fan_in))

    def patches(self, x: Tensor) -> Tensor:
        """Return what each place sees, shape (places, N, C·size²), of x (N, C, H, W)."""
        return functional.unfold(x, self.size, stride=self.stride).permute(2, 0, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the responses, shape (N, maps, h, w), to x of shape (N, C, H, W)."""
        return on_grid(self.patches(x) @ self.weight.mT, self.grid)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.shape}, maps={self.maps}, size={self.size}, stride={self.stride}"


def on_grid(h: Tensor, grid: tuple[int, int]) -> Tensor:
    """Arrange responses of shape (places, N, maps) as (N, maps, h, w)."""
    return h.permute(1, 2, 0).unflatten(2, grid)


class L2Pool(nn.Module):
    """The root of the sum of squares over a window of each map: sqrt(ε + Σ h²)."""

    def __init__(self, size: int, stride: int):
        super().__init__()
        self.size, self.stride = size, stride

    def forward(self, h: Tensor) -> Tensor:
        """Map (N, maps, H, W) to (N, maps, H', W')."""
        sums = functional.avg_pool2d(h.square(), self.size, self.stride) * self.size**2
        return (POOLING_EPSILON + sums).sqrt()

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"size={self.size}, stride={self.stride}"


class LocalContrastNormalisation(nn.Module):
    """Divide by the local standard deviation, after subtracting the local mean if asked to.

    v = a − G∗a and y = v / max(c, sqrt(G∗v²)), where G∗ is the average with Gaussian weights over
    a window of 5 × 5 places and over all maps. Outside the image there is nothing to average.
    Le et al. subtract the mean and fix c = 0.01; `fit` takes the mean of the denominator, as
    Jarrett et al. do. Without subtraction v = a.

    References
    ----------
    Jarrett, Kavukcuoglu, Ranzato and LeCun, "What is the best multi-stage architecture for object
    recognition?", 2009.
    """

    def __init__(self, *, subtract: bool, c: float = 0.01):
        super().__init__()
        self.subtract = subtract
        self.register_buffer("c", torch.tensor(c))
        places = torch.arange(WINDOW) - WINDOW // 2
        weights = torch.exp(-places.square() / (2 * (WINDOW / 4) ** 2))
        self.register_buffer("weights", torch.outer(weights, weights)[None, None], persistent=False)

    def average(self, a: Tensor) -> Tensor:
        """Return G∗a, shape (N, 1, H, W)."""
        inside = torch.ones_like(a[:1, :1])
        sums = functional.conv2d(a.mean(1, keepdim=True), self.weights, padding=WINDOW // 2)
        return sums / functional.conv2d(inside, self.weights, padding=WINDOW // 2)

    def fit(self, a: Tensor) -> None:
        """Set c from pooled responses (N, maps, H, W)."""
        v = self._centred(a)
        self.c.copy_(self.average(v.square()).sqrt().mean())

    def forward(self, a: Tensor) -> Tensor:
        """Map (N, maps, H, W) to the same shape."""
        v = self._centred(a)
        variance = self.average(v.square()).clamp_min(self.c.square())  # max(c, √·), smooth at 0
        return v / variance.sqrt()

    def extra_repr(self) -> str:
        """Return what is done."""
        return f"subtract={self.subtract}"

    def _centred(self, a: Tensor) -> Tensor:
        return a - self.average(a) if self.subtract else a


@dataclass(frozen=True)
class Stage:
    """The shape of one stage.

    Attributes
    ----------
    maps : int
        Filters at each place.
    size, stride : int
        Width of the receptive fields, and the distance from one place to the next.
    pool, pool_stride : int
        The same of L2 pooling.
    """

    maps: int
    size: int
    stride: int
    pool: int
    pool_stride: int


def build_quocnet(shape: tuple[int, int, int], stages: Sequence[Stage]) -> nn.Sequential:
    """Build the network, its filters still empty: centring, then three modules for each stage.

    Contrast normalisation leaves the local mean in, unlike that of Le et al.: an L2-pooled unit
    cannot tell a response from its negative, so a stage on top of signed values would lose what
    their signs say.

    Parameters
    ----------
    shape : tuple of int
        Channels, height and width of the images.
    stages : sequence of Stage
        The stages, from the image upwards.

    Returns
    -------
    nn.Sequential
        φ: maps images (N, C, H, W) to activations; in eval mode.

    Raises
    ------
    ValueError
        If a receptive field is larger than what is left of the image, or holds fewer values than
        there are maps.
    """
    layers: list[nn.Module] = [Centre(shape[0])]
    for stage in stages:
        filters = LocalFilters(shape, stage.maps, stage.size, stage.stride)
        pool = L2Pool(stage.pool, stage.pool_stride)
        layers += [filters, pool, LocalContrastNormalisation(subtract=False)]
        with torch.no_grad():
            shape = tuple(nn.Sequential(*layers[-3:])(torch.zeros(1, *shape)).shape[1:])
    return nn.Sequential(*layers).eval()
