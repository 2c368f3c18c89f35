"""Fourier norms beside other ways: ``python tests/benchmarks/spectral_peers.py [weights.pt …]``.

Layers with random weights, and the largest 3 × 3 layers of each file of trained weights (a state
dict), on one thread. Times are the processor's, each the least of a few in one run, and stand as
ratios to `conv_norm_fourier`. The peers:

* the SVD at every frequency, without use of A(−ξ) being the conjugate of A(ξ);
* Gram iteration (Delattre et al., 2023) with five squarings: an upper bound;
* ``scipy.sparse.linalg.svds``, ``torch.lobpcg`` on AᵀA and ``torch.svd_lowrank`` at every
  frequency: estimates from below of the same norm, with wrap-around edges.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import linalg
from tabulate import tabulate
from torch import Tensor, nn

from helpers import spectral
from helpers.spectral.fourier import frequency_matrices
from helpers.spectral.gram import gram_bound

RANDOM = {(256, 14), (256, 28), (512, 7), (512, 14)}  # channels and side
SIDES = 14, 28  # of the input of trained layers
WIDEST = 2  # layers of a file
REPEATS = 2


def processor_time(function) -> tuple[float, float]:
    """Return the result of a function, as a number, and the least time that it took."""
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        result = float(function())
        times.append(time.process_time() - began)
    return result, min(times)


def every_frequency(conv: nn.Conv2d, side: int) -> float:
    """Return the largest singular value over all frequencies."""
    transforms = torch.fft.fft2(conv.weight, (side, side)).permute(2, 3, 0, 1)
    return max(torch.linalg.svdvals(row)[:, 0].max().item() for row in transforms)


def wrapped(conv: nn.Conv2d, x: Tensor, *, back: bool = False) -> Tensor:
    """Apply the convolution with wrap-around edges, or its transpose, to (N, C, side, side)."""
    weight = torch.fft.fft2(conv.weight, x.shape[-2:])
    formula = "dcyx,ndyx->ncyx" if back else "dcyx,ncyx->ndyx"
    moved = torch.einsum(formula, weight if back else weight.conj(), torch.fft.fft2(x))
    return torch.fft.ifft2(moved).real


def by_svds(conv: nn.Conv2d, side: int) -> float:
    """Return what ARPACK finds."""
    into, out = conv.in_channels, conv.out_channels

    def multiply(maps: int, back: bool):
        return lambda v: (
            wrapped(conv, torch.tensor(v.reshape(1, maps, side, side)), back=back).numpy().ravel()
        )

    matrix = linalg.LinearOperator(
        (out * side**2, into * side**2),
        matvec=multiply(into, False),
        rmatvec=multiply(out, True),
        dtype=np.float32,
    )
    return linalg.svds(matrix, 1, tol=1e-6, return_singular_vectors=False)[0]


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


def layers(files: list[str]) -> dict[str, tuple[nn.Conv2d, int]]:
    """Return the convolutions to measure, each with the side of its input."""
    found = {}
    for channels, side in sorted(RANDOM):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        found[f"random {channels} → {channels}, {side}²"] = conv, side
    for file in files:
        tensors = torch.load(file, map_location="cpu", weights_only=True)
        kernels = [value for value in tensors.values() if value.ndim == 4 and value.shape[1] > 1]
        widest = sorted(kernels, key=lambda value: min(value.shape[:2]) * value[0, 0].numel())
        for weight in widest[-WIDEST:]:
            for side in SIDES:
                conv = nn.Conv2d(*weight.shape[1::-1], tuple(weight.shape[2:]), bias=False)
                conv.weight.data = weight.float()
                name = f"{Path(file).stem} {tuple(weight.shape)}, {side}²"
                found[name] = conv, side
    return {name: (conv.requires_grad_(False), side) for name, (conv, side) in found.items()}


def measure(conv: nn.Conv2d, side: int) -> list[str]:
    """Return the norm, our time, and each other way's time in ours and its error."""
    size = side, side
    exact = spectral.conv_norm_fourier(conv.double(), size).item()
    conv.float()
    value, seconds = processor_time(lambda: spectral.conv_norm_fourier(conv, size))
    parts = list(frequency_matrices(conv, size))
    ways = [
        lambda: spectral.conv_norm_bound(conv, size),
        lambda: every_frequency(conv, side),
        lambda: max(gram_bound(part, 5).max() for part in parts),
        lambda: by_svds(conv, side),
        lambda: by_lobpcg(parts),
        lambda: by_low_rank(parts),
    ]
    cells = [(found / exact - 1, spent / seconds) for found, spent in map(processor_time, ways)]
    shown = [f"{ratio:.1f} ({error:+.0e})" for error, ratio in cells]
    return [f"{exact:.5f} ({value / exact - 1:+.0e})", f"{seconds:.3f}", *shown]


def main() -> None:
    """Measure every layer and print the table: times as ratios, relative errors in brackets."""
    torch.set_num_threads(1)
    headers = ("layer", "norm", "s", "bound", "full SVD", "Gram it.", "svds", "LOBPCG", "low rank")
    rows = []
    for name, (conv, side) in layers(sys.argv[1:]).items():
        rows.append((name, *measure(conv, side)))
        print(*rows[-1], sep=" | ", flush=True)
    print(tabulate(rows, headers, "github", disable_numparse=True))


if __name__ == "__main__":
    main()
