"""ICA with reconstruction cost (RICA), by which the network of chapter 12 learns without labels.

References
----------
Le, Karpenko, Ngiam and Ng, "ICA with reconstruction cost for efficient overcomplete feature
learning", 2011.
"""

import torch
from torch import Tensor

from helpers.local_layers import L2Pool, on_grid


def reconstruction_cost(
    x: Tensor, weight: Tensor, grid: tuple[int, int], pool: L2Pool, sparsity: float
) -> Tensor:
    """Return the cost of a stage: Σ_p ‖W_pᵀ W_p x_p − x_p‖² + λ Σ_j sqrt(ε + H_j (W x)²).

    The first sum runs over the places p, the second over the pooled units j, H_j is the window
    of one; the mean over images is taken. Le et al. write it with separate matrices for W and Wᵀ.

    Parameters
    ----------
    x : Tensor, shape (places, N, D)
        What each place sees of each image.
    weight : Tensor, shape (places, maps, D)
        W_p.
    grid : (int, int)
        Rows and columns of places.
    pool : L2Pool
        The pooling.
    sparsity : float
        λ.

    Returns
    -------
    Tensor, shape ()
        The cost.
    """
    h = x @ weight.mT  # W x
    error = (h @ weight - x).square().sum()  # ‖Wᵀ W x − x‖²
    return (error + sparsity * pool(on_grid(h, grid)).sum()) / x.shape[1]


def whitening(squares: Tensor, count: int, softness: float) -> Tensor:
    """Return Z, shape (count, D): the main components of what the places see, made alike.

    Z x holds the `count` principal components of x, each divided by the root of its mean square
    plus `softness` times their average: at 0 all of them vary as much. Their mean square is 1 on
    average. Whitening is what the reconstruction cost expects, and it matters (Coates, Ng and Lee,
    "An analysis of single-layer networks in unsupervised feature learning", 2011); Le et al. do
    not mention it.

    Parameters
    ----------
    squares : Tensor, shape (places, N, D)
        What each place sees; all places count together.
    count : int
        Components, at most D.
    softness : float
        At least 0.
    """
    rows = squares.flatten(0, 1).double()
    energy, basis = torch.linalg.eigh(rows.T @ rows / len(rows))
    energy, basis = energy.flip(0)[:count].clamp_min(0), basis.flip(1)[:, :count]
    scale = (energy + softness * energy.mean()).clamp_min(1e-12).rsqrt()
    scale = scale / (energy * scale.square()).mean().sqrt().clamp_min(1e-6)
    return (scale[:, None] * basis.T).to(squares)
