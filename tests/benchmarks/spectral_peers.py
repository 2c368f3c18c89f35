"""Other ways to the norm of a convolution with wrap-around edges, for `tests.benchmarks.spectral`.

All of stride 1, on one thread, with the time of the processor:

* the SVD at every frequency, without use of A(−ξ) being the conjugate of A(ξ);
* Gram iteration (Delattre et al., 2023) with five squarings: an upper bound;
* ``scipy.sparse.linalg.svds`` on the whole convolution, ``torch.lobpcg`` on AᵀA and
  ``torch.svd_lowrank`` at every frequency: estimates from below.

What they share is made before, and not timed: the matrices A(ξ), the transform of the weights.
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from scipy.sparse import linalg
from tabulate import tabulate
from torch import Tensor, nn

from helpers import spectral
from helpers.spectral.fourier import frequency_matrices
from helpers.spectral.gram import gram_bound

REPEATS = 3  # of what takes less than PATIENCE seconds; the least time is kept
PATIENCE = 5


def timed(function: Callable) -> tuple:
    """Return the result of a function and the processor's seconds that it took."""
    start = time.process_time()
    result = function()
    return result, time.process_time() - start


def by_svd(weight: Tensor, side: int) -> float:
    """Return the largest singular value over all frequencies."""
    transforms = torch.fft.fft2(weight, (side, side)).permute(2, 3, 0, 1)
    return max(torch.linalg.svdvals(row)[:, 0].max().item() for row in transforms)


def by_gram_iteration(parts: list[Tensor]) -> float:
    """Return the upper bound of Gram iteration."""
    return max(gram_bound(part, 5).max().item() for part in parts)


def by_svds(transform: Tensor) -> float:
    """Return what ARPACK finds, given the weights' transform (D, C, side, side)."""
    outs, ins, *size = transform.shape
    conjugate = transform.conj().resolve_conj()

    def through(formula: str, weight: Tensor) -> Callable[[np.ndarray], np.ndarray]:
        def multiply(values: np.ndarray) -> np.ndarray:
            x = torch.from_numpy(values).view(-1, *size)
            return torch.fft.ifft2(torch.einsum(formula, weight, torch.fft.fft2(x))).real.numpy()

        return lambda values: multiply(values.astype(np.float32)).ravel()

    pixels = size[0] * size[1]
    matrix = linalg.LinearOperator(
        (outs * pixels, ins * pixels),
        matvec=through("dcyx,cyx->dyx", conjugate),
        rmatvec=through("dcyx,dyx->cyx", transform),
        dtype=np.float32,
    )
    return float(linalg.svds(matrix, 1, tol=1e-6, return_singular_vectors=False)[0])


def by_lobpcg(parts: list[Tensor]) -> float:
    """Return what LOBPCG finds at all frequencies, on real matrices of twice the size."""
    largest = 0.0
    for part in parts:
        grams = (part.mH @ part).flatten(0, 2)
        real = torch.cat(
            [torch.cat([grams.real, -grams.imag], 2), torch.cat([grams.imag, grams.real], 2)], 1
        )
        largest = max(largest, torch.lobpcg(real, k=1, tol=1e-4)[0].max().item())
    return largest**0.5


def by_low_rank(parts: list[Tensor]) -> float:
    """Return what a randomised SVD of rank 6 finds at all frequencies."""
    return max(torch.svd_lowrank(part.flatten(0, 2))[1][:, 0].max().item() for part in parts)


def compare(conv: nn.Conv2d, side: int) -> dict[str, dict[str, float]]:
    """Return ``norm`` and ``seconds`` of `conv_norm_fourier` and of each other way.

    Parameters
    ----------
    conv : nn.Conv2d
        Of stride 1, with one group.
    side : int
        Of the input.
    """
    size, weight = (side, side), conv.weight.detach()
    parts = list(frequency_matrices(conv, size))
    transform = torch.fft.fft2(weight, size)
    ways = {
        "fourier": lambda: spectral.conv_norm_fourier(conv, size).item(),
        "full SVD": lambda: by_svd(weight, side),
        "Gram iteration": lambda: by_gram_iteration(parts),
        "svds": lambda: by_svds(transform),
        "LOBPCG": lambda: by_lobpcg(parts),
        "svd_lowrank": lambda: by_low_rank(parts),
    }
    found = {}
    for name, way in ways.items():
        norm, least = timed(way)
        for _ in range(REPEATS - 1 if least < PATIENCE else 0):
            least = min(least, timed(way)[1])
        found[name] = {"norm": norm, "seconds": least}
    return found


def table_of_peers(found: dict[str, dict[str, float]]) -> str:
    """Return each way's time, also as a multiple of ours, and how far its norm is from ours."""
    ours = found["fourier"]
    table = [
        (
            name,
            f"{one['seconds']:.3f}",
            f"{one['seconds'] / ours['seconds']:.1f}",
            f"{one['norm'] / ours['norm'] - 1:+.0e}",
        )
        for name, one in found.items()
    ]
    return tabulate(table, ("way", "s", "times ours", "error"), "github", disable_numparse=True)
