"""The paper's networks, as sequences of layers from pixels in [0, 1] to logits (section 2).

`build` gives those of Tables 1 and 3 under the paper's names, `alexnet` the one of Table 5,
`efficientnet_lite0` an ImageNet network that pip brings and `classifier` any of torchvision's, and
`build_quocnet` the unsupervised one.
A prefix ``model[:k]`` is a representation φ, the rest ``model[k:]`` maps it to logits.
"""

from helpers.models.efficientnet_lite import LITE0, efficientnet_lite0, lite0_weights
from helpers.models.imagenet import (
    OSTRICH,
    categories,
    classifier,
    kept_weights,
    preparation,
    weights_file,
)
from helpers.models.layers import ContrastNormalisation, Residual, Standardise, weight_layers
from helpers.models.paper import ARCHITECTURES, architecture, build
from helpers.models.paper_alexnet import alexnet
from helpers.models.quocnet import L2Pool, Stage, build_quocnet, on_grid
from helpers.models.seeding import seeded
from helpers.models.signatures import signature

__all__ = [
    "ARCHITECTURES",
    "LITE0",
    "OSTRICH",
    "ContrastNormalisation",
    "L2Pool",
    "Residual",
    "Stage",
    "Standardise",
    "alexnet",
    "architecture",
    "build",
    "build_quocnet",
    "categories",
    "classifier",
    "efficientnet_lite0",
    "kept_weights",
    "lite0_weights",
    "on_grid",
    "preparation",
    "seeded",
    "signature",
    "weight_layers",
    "weights_file",
]
