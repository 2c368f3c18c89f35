"""What is proved of D(x, l), kept: proofs take longer than the attacks they are set against."""

import math

import torch
from torch import Tensor, nn

from helpers import bounds, models
from helpers.data import Dataset, digest, measured

PROOFS = 1  # of the proofs in `helpers.bounds`: what was kept of another is not used


def kept_lower_bounds(
    model: nn.Sequential, dataset: Dataset, targets: Tensor, found: Tensor
) -> dict[str, Tensor]:
    """Return what `helpers.bounds.lower_bounds` proves, or read what was proved before.

    Parameters
    ----------
    model : nn.Sequential
        A softmax model, or a network with sigmoids.
    dataset : Dataset
        N images x.
    targets : Tensor, shape (N,)
        Labels l, int64.
    found : Tensor, shape (N,)
        A distortion at which the target has been found.

    Returns
    -------
    dict of str to Tensor
        As of `helpers.bounds.lower_bounds`, on the device of the images.
    """
    weights = {name: value.cpu() for name, value in model.state_dict().items()}
    key = {
        "version": PROOFS,
        "network": [models.signature(model), digest(weights)],
        "data": dataset.digest,
        "problems": digest({"targets": targets.cpu(), "found": found.cpu()}),
    }

    def make() -> dict[str, dict]:
        proved = bounds.lower_bounds(model, dataset.inputs, targets, found)
        return {
            way: {
                "type": str(values.dtype).removeprefix("torch."),
                "values": [value if math.isfinite(value) else None for value in values.tolist()],
            }
            for way, values in proved.items()
        }

    return {
        way: torch.tensor(
            [math.inf if value is None else value for value in kept["values"]],
            dtype=getattr(torch, kept["type"]),
            device=dataset.inputs.device,
        )
        for way, kept in measured("proofs", key, make).items()
    }
