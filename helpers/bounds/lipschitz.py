"""A certified distance from the Lipschitz constants of layers (section 4.3): D(x, l) is no less."""

import copy
import math

import torch
from torch import Tensor, nn

from helpers.evaluation import check_device, check_model, check_targets, forward
from helpers.spectral import lipschitz_bound


def certified(model: nn.Sequential, inputs: Tensor, targets: Tensor) -> Tensor:
    """Bound D(x, l) of a network from below, by the Lipschitz constants of its layers.

    Let w_j be the rows of the last layer and L_1 … L_{K−1} upper bounds of the constants of the
    layers before it. The difference z_j − z_l of two logits moves by at most
    ‖w_j − w_l‖ · Π_{k<K} L_k · ‖r‖, and label l needs z_j − z_l ≤ 0 for every rival j. So

    D(x, l) ≥ max_j (z_j − z_l) / (‖w_j − w_l‖₂ · Π_{k<K} L_k) / √n,

    the predicted label p being one of the rivals j. It holds without the box as well.

    Parameters
    ----------
    model : nn.Sequential
        Ends with an ``nn.Linear``; in eval mode, of blocks that
        `helpers.spectral.layer_constant` knows.
    inputs : Tensor, shape (N, ...)
        Images x with pixels in [0, 1].
    targets : Tensor, shape (N,)
        Labels l, int64.

    Returns
    -------
    Tensor, shape (N,)
        No image with the target is closer, as a distortion (root mean square over all pixels);
        0 where the image has the target already. In float64, for the network as it is in exact
        arithmetic.

    Raises
    ------
    ValueError
        If the model has a block whose constant is not known or does not end with an
        ``nn.Linear``, or an input or a target is not as described above.
    """
    if not isinstance(model, nn.Sequential) or not len(model) or type(model[-1]) is not nn.Linear:
        last = model[-1] if isinstance(model, nn.Sequential) and len(model) else model
        raise ValueError(f"model must end with an nn.Linear, got {type(last).__name__}")
    check_model(model)
    check_device(model, inputs)
    check_targets(inputs, targets, model[-1].out_features)
    exact = copy.deepcopy(model).double()
    logits = forward(exact, inputs.double())
    with torch.no_grad():
        before = lipschitz_bound(exact[:-1], tuple(inputs.shape[1:]))
        of_target = logits.gather(1, targets[:, None])
        rows = exact[-1].weight
        speeds = before * (rows - rows[:, None]).norm(dim=2)[targets]  # (N, K)
        lead = logits - of_target
        radii = torch.where(lead > 0, lead / speeds, 0)  # no 0 / 0 for the target itself
    return radii.amax(1) / math.sqrt(inputs[0].numel())
