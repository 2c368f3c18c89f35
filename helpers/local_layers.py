"""The layers of the unsupervised network of Le et al. (2012), each of them differentiable.

Filters with a receptive field and weights of their own at every place (`LocalFilters`), L2 pooling
(`L2Pool`), local contrast normalisation (`ContrastNormalisation`); and `Whitening` in front.

References
----------
Le et al., "Building high-level features using large scale unsupervised learning",
arXiv 1112.6209, section 3.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-4  # inside the square root of L2 pooling: keeps it smooth at 0
WINDOW = 5  # pixels, of contrast normalisation
RETINA = 9  # pixels, of the whitening filter


class Whitening(nn.Module):
    """Take the colour's mean out and make neighbouring pixels less alike, as a retina does.

    One filter for each channel, the same everywhere: the middle row of the matrix that whitens
    patches of 9 × 9 pixels (ZCA), with `softness` times the mean variance added to each
    eigenvalue. Le et al. have no such step; for small images and short training it matters
    (Coates, Ng and Lee, "An analysis of single-layer networks", 2011).
    """

    def __init__(self, channels: int, softness: float):
        super().__init__()
        self.softness = softness
        self.register_buffer("mean", torch.zeros(channels, 1, 1))
        kernel = torch.zeros(channels, channels, RETINA, RETINA)
        kernel[:, :, RETINA // 2, RETINA // 2] = torch.eye(channels)
        self.register_buffer("kernel", kernel)

    def fit(self, images: Tensor) -> None:
        """Set mean and filters from images (N, C, H, W); the result has variance 1."""
        self.mean.copy_(images.mean((0, 2, 3))[:, None, None])
        patches = functional.unfold(images[:1000], RETINA, stride=RETINA - 2)
        patches = patches.transpose(1, 2).flatten(0, 1).double()
        eigenvalues, basis = torch.linalg.eigh(patches.T.cov(correction=0))
        scale = (eigenvalues + self.softness * eigenvalues.mean()).rsqrt()
        middle = torch.arange(len(self.mean)) * RETINA**2 + RETINA**2 // 2
        rows = (basis[middle.to(basis.device)] * scale) @ basis.T
        self.kernel.copy_(rows.view_as(self.kernel))
        self.kernel.div_(self(images[:1000]).std())

    def forward(self, images: Tensor) -> Tensor:
        """Map images (N, C, H, W) to as many whitened ones; edges are continued outwards."""
        padded = functional.pad(images - self.mean, [RETINA // 2] * 4, mode="replicate")
        return functional.conv2d(padded, self.kernel)

    def extra_repr(self) -> str:
        """Return the softness, for people and for the keys of checkpoints."""
        return f"softness={self.softness}"


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
        self.shape, self.size, self.stride = shape, size, stride
        self.grid = ((height - size) // stride + 1, (width - size) // stride + 1)
        places = self.grid[0] * self.grid[1]
        self.weight = nn.Parameter(torch.empty(places, maps, channels * size**2))

    def start(self, generator: torch.Generator) -> None:
        """Draw random filters; the maps begin with the same filter everywhere.

        They need not stay alike, but L2 pooling adds up neighbours, and it is for the training
        to decide which differences between neighbours to build.
        """
        places, maps, fan_in = self.weight.shape
        filters = torch.randn(maps, fan_in, generator=generator)
        filters = filters / filters.norm(dim=1, keepdim=True)
        surplus = max(1.0, places * maps / math.prod(self.shape))  # filters per input value
        with torch.no_grad():
            self.weight.copy_(filters / surplus**0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Return W x, shape (N, maps, h, w), for x of shape (N, C, H, W)."""
        squares = functional.unfold(x, self.size, stride=self.stride).permute(2, 0, 1)
        return (squares @ self.weight.mT).permute(1, 2, 0).unflatten(2, self.grid)

    def transposed(self, h: Tensor) -> Tensor:
        """Return Wᵀ h, shape (N, C, H, W): where squares overlap, they add up."""
        squares = h.flatten(2).permute(2, 0, 1) @ self.weight  # (places, N, C·size²)
        return functional.fold(
            squares.permute(1, 2, 0), self.shape[1:], self.size, stride=self.stride
        )

    def extra_repr(self) -> str:
        """Return the sizes, for people and for the keys of checkpoints."""
        return f"{self.shape}, maps={self.weight.shape[1]}, size={self.size}, stride={self.stride}"


class L2Pool(nn.Module):
    """The root of the sum of squares over a window of each map: sqrt(ε + Σ h²)."""

    def __init__(self, size: int, stride: int):
        super().__init__()
        self.size, self.stride = size, stride

    def forward(self, h: Tensor) -> Tensor:
        """Map (N, maps, H, W) to (N, maps, H', W')."""
        sums = functional.avg_pool2d(h.square(), self.size, self.stride) * self.size**2
        return (EPSILON + sums).sqrt()

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"size={self.size}, stride={self.stride}"


class ContrastNormalisation(nn.Module):
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
        """Return what is done, for people and for the keys of checkpoints."""
        return f"subtract={self.subtract}"

    def _centred(self, a: Tensor) -> Tensor:
        return a - self.average(a) if self.subtract else a
