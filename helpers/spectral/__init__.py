"""Operator norms of layers and the Lipschitz constants of networks (section 4.3).

`dense_norm` and `conv_norm` estimate how far one layer can stretch a difference of two inputs,
`conv_norm_bound` bounds it from above, and `lipschitz_bound` multiplies the bounds of all layers.
`ascend` and `steepest_pair` bound a network from below.
"""

from helpers.spectral.blocks import BlockConstant, block_constants
from helpers.spectral.fourier import spectrum
from helpers.spectral.jacobians import Steepest, ascend, jacobian_norm
from helpers.spectral.lanczos import SingularValue, largest_singular_value
from helpers.spectral.lipschitz import (
    Constant,
    layer_constant,
    lipschitz_bound,
    lipschitz_constants,
    squared_norms,
)
from helpers.spectral.norms import (
    conv_norm,
    conv_norm_bound,
    conv_norm_fourier,
    conv_singular_value,
    dense_norm,
)
from helpers.spectral.pairs import SteepPair, steepest_pair

__all__ = [
    "BlockConstant",
    "Constant",
    "SingularValue",
    "SteepPair",
    "Steepest",
    "ascend",
    "block_constants",
    "conv_norm",
    "conv_norm_bound",
    "conv_norm_fourier",
    "conv_singular_value",
    "dense_norm",
    "jacobian_norm",
    "largest_singular_value",
    "layer_constant",
    "lipschitz_bound",
    "lipschitz_constants",
    "spectrum",
    "squared_norms",
    "steepest_pair",
]
