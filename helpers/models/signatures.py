"""What a network is, in words of the course's own: the part of a checkpoint's key that says so.

A key must change when the weights would, and only then. How PyTorch prints a network changes with
PyTorch, and with the name of a class; these words do not.
"""

from torch import nn

from helpers.models.layers import ContrastNormalisation, Standardise
from helpers.models.quocnet import Centre, L2Pool, LocalContrastNormalisation, LocalFilters

WORDS: dict[type[nn.Module], tuple[str, ...]] = {  # a word for each kind, and what it depends on
    nn.Flatten: ("flatten",),
    nn.Linear: ("dense", "in_features", "out_features"),
    nn.Conv2d: (
        "convolution",
        *("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups"),
    ),
    nn.Sigmoid: ("sigmoid",),
    nn.ReLU: ("relu",),
    nn.Tanh: ("tanh",),
    nn.MaxPool2d: ("max pool", "kernel_size", "stride", "padding"),
    nn.AvgPool2d: ("average pool", "kernel_size", "stride", "padding"),
    nn.AdaptiveAvgPool2d: ("average pool to", "output_size"),
    nn.Dropout: ("dropout", "p"),
    Standardise: ("standardise",),
    ContrastNormalisation: ("contrast normalisation", "epsilon", "gamma"),
    Centre: ("centre",),
    LocalFilters: ("local filters", "shape", "maps", "size", "stride"),
    L2Pool: ("L2 pool", "size", "stride"),
    LocalContrastNormalisation: ("local contrast normalisation", "subtract"),
}


def signature(module: nn.Module) -> list:
    """Return what a network computes, apart from the values of its weights.

    Parameters
    ----------
    module : nn.Module
        A network, or a layer.

    Returns
    -------
    list
        For a sequence, the signatures of its parts; for a layer that has a word in `WORDS`, the
        word and the attributes named there; for any other module, its class's name, what PyTorch
        prints of its settings, and the signatures of its parts. All of it can be written as JSON.
    """
    if type(module) in WORDS:
        word, *settings = WORDS[type(module)]
        return [word, *(getattr(module, name) for name in settings)]
    parts = [signature(part) for part in module.children()]
    if type(module) is nn.Sequential:
        return parts
    return [type(module).__name__, module.extra_repr(), *parts]
