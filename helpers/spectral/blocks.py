"""The Lipschitz constants of a network block by block, as Table 5 has them layer by layer.

A block is a module of the network's outer sequence: a layer, an ``nn.Sequential`` of layers, or a
`Residual` around one, whose shortcut adds 1 to the product of what it goes around.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers import models
from helpers.spectral.lipschitz import Constant, like_of, lipschitz_constants


@dataclass(frozen=True)
class BlockConstant:
    """The Lipschitz constant of a block.

    Attributes
    ----------
    name : str
        Its position in the network.
    block : nn.Module
        The block.
    layers : list of Constant
        The layers in it.
    bound : Tensor, shape ()
        Π L_k of the layers, or 1 + Π L_k where a shortcut goes around them.
    """

    name: str
    block: nn.Module
    layers: list[Constant]
    bound: Tensor


def block_constants(model: nn.Sequential, shape: tuple[int, ...]) -> list[BlockConstant]:
    """Bound the Lipschitz constant of every block of a network.

    Parameters
    ----------
    model : nn.Sequential
        Of blocks whose layers `layer_constant` knows.
    shape : tuple of int
        Of one input, without the batch: (C, H, W).

    Returns
    -------
    list of BlockConstant
        In the order of the blocks; the product of their bounds is that of `lipschitz_bound`.

    Raises
    ------
    ValueError
        If the network has a layer whose constant is not known.
    """
    like = like_of(model)
    x, found = like.new_zeros(1, *shape), []
    for name, block in model.named_children():
        shortcut = isinstance(block, models.Residual)
        body = block.body if shortcut else block
        layers = body if isinstance(body, nn.Sequential) else nn.Sequential(body)
        inside = lipschitz_constants(layers, x.shape[1:])
        product = torch.stack([one.bound for one in inside]).prod().to(like)
        found.append(BlockConstant(name, block, inside, shortcut + product))
        with torch.no_grad():
            x = block(x)
    return found
