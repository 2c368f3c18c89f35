"""Time and tightness of convolution norms, on one thread: ``python -m tests.benchmarks.spectral``.

For layers of the sizes of ResNet, VGG and AlexNet, with random weights, against

* the SVD of the Fourier coefficients at every frequency (Sedghi, Gupta and Long, "The singular
  values of convolutional layers", 2019), the paper's norm with wrap-around edges, unhurried;
* plain power iteration with 10 and 100 steps;
* ``torch.nn.utils.parametrizations.spectral_norm``, the norm of the kernel as a matrix.

Writes ``data/results/spectral_benchmark.json``. A full SVD that would take longer than a minute is
timed on some of the frequencies, and says so. What was measured of a layer is kept,
and not measured again until the code of the norms changes.
"""

import argparse
import hashlib
import json
import multiprocessing
import re
import resource
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from tabulate import tabulate
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from helpers import data, spectral
from helpers.course import RESULTS

from .machine import described, source_digest

LAYERS = {  # channels in and out, kernel, stride, padding; input size
    "ResNet 7 × 7 / 2, 3 → 64, 224²": ((3, 64, 7, 2, 3), 224),
    "ResNet 64 → 64, 56²": ((64, 64, 3, 1, 1), 56),
    "ResNet 128 → 128, 28²": ((128, 128, 3, 1, 1), 28),
    "ResNet 256 → 256, 14²": ((256, 256, 3, 1, 1), 14),
    "256 → 256, 56²": ((256, 256, 3, 1, 1), 56),
    "ResNet 512 → 512, 7²": ((512, 512, 3, 1, 1), 7),
    "VGG 64 → 64, 224²": ((64, 64, 3, 1, 1), 224),
    "AlexNet conv 1": ((3, 96, 11, 4, 2), 224),
    "AlexNet conv 2": ((96, 256, 5, 1, 2), 27),
    "AlexNet conv 3": ((256, 384, 3, 1, 1), 13),
    "AlexNet conv 4": ((384, 384, 3, 1, 1), 13),
    "AlexNet conv 5": ((384, 256, 3, 1, 1), 13),
}
PATIENCE = 60  # seconds for a full SVD
SAMPLE = 16  # of its rows of frequencies, where it would take longer


def timed(function):
    """Return the result of a function and the seconds that it took."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def full_svd(conv: nn.Conv2d, side: int) -> tuple[float | None, float]:
    """Return the largest singular value over all frequencies, and seconds; None if not all ran."""
    weight, stride = conv.weight.detach(), conv.stride[0]
    coarse = side // stride
    start = time.perf_counter()
    transforms = torch.fft.fft2(weight, (side, side)) / stride  # (D, C, side, side)
    aliased = transforms.view(*weight.shape[:2], stride, coarse, stride, coarse)
    matrices = aliased.permute(3, 5, 0, 1, 2, 4).flatten(3)  # (coarse, coarse, D, C·Δ²)
    largest = 0.0
    for row, part in enumerate(matrices, start=1):
        largest = max(largest, torch.linalg.svdvals(part).max().item())
        spent = time.perf_counter() - start
        if row < coarse and spent * coarse / row > PATIENCE and (row == SAMPLE or spent > PATIENCE):
            return None, spent * coarse / row
    return largest, time.perf_counter() - start


def wrapped_around(conv: nn.Conv2d, side: int) -> float:
    """Return the norm with wrap-around edges, by Lanczos iterations."""
    reach, weight = conv.kernel_size[0] - 1, conv.weight.detach()

    def linear(x):
        padded = functional.pad(x[None], (0, reach, 0, reach), mode="circular")
        return functional.conv2d(padded, weight, stride=conv.stride)

    like = weight.new_empty(conv.in_channels, side, side)
    return spectral.largest_singular_value(linear, like).value


def power_iteration(conv: nn.Conv2d, side: int, steps: int) -> float:
    """Return the estimate of plain power iteration on the zero-padded convolution."""
    x = torch.randn(1, conv.in_channels, side, side, generator=torch.Generator().manual_seed(1))
    weight = conv.weight.detach()
    for _ in range(steps):
        x = x / x.norm()
        y, pullback = torch.func.vjp(
            lambda x: functional.conv2d(x, weight, None, conv.stride, conv.padding), x
        )
        x = pullback(y)[0]
    return y.norm().item()


def kernel_matrix_norm(conv: nn.Conv2d) -> float:
    """Return what torch's spectral_norm divides the kernel by."""
    weight = conv.weight.detach()
    divided = parametrizations.spectral_norm(conv, n_power_iterations=100).weight.detach()
    return (weight.norm() / divided.norm()).item()


def peak() -> float:
    """Return this process's peak memory so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def measure(name: str) -> dict:
    """Measure one layer; in a process of its own, for its peak memory."""
    torch.set_num_threads(1)
    arguments, side = LAYERS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        conv = nn.Conv2d(*arguments, bias=False).requires_grad_(False)
    size = (side, side)
    row, before = {"layer": name}, peak()
    found, row["lanczos seconds"] = timed(lambda: spectral.conv_singular_value(conv, size))
    row["lanczos"], row["residual"], row["converged"] = (
        found.value,
        found.residual,
        found.converged,
    )
    row["lanczos GB"] = peak() - before
    bound, row["bound seconds"] = timed(lambda: spectral.conv_norm_bound(conv, size))
    row["bound"] = bound.item()
    coarse, row["coarse bound seconds"] = timed(
        lambda: spectral.conv_norm_bound(conv, size, grid=max(24, 2 * conv.kernel_size[0]))
    )
    row["coarse bound"] = coarse.item()
    row["all GB"] = peak() - before
    for steps in (10, 100):
        row[f"power {steps}"], row[f"power {steps} seconds"] = timed(
            lambda steps=steps: power_iteration(conv, side, steps)
        )
    fourier, row["fourier seconds"] = timed(lambda: spectral.conv_norm_fourier(conv, size))
    row["fourier"], row["wrapped lanczos"] = fourier.item(), wrapped_around(conv, side)
    row["full SVD"], row["full SVD seconds"] = full_svd(conv, side)
    row["kernel matrix"], row["kernel matrix seconds"] = timed(lambda: kernel_matrix_norm(conv))
    return row


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.spectral", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--layers",
        nargs="+",
        choices=LAYERS,
        default=list(LAYERS),
        metavar="NAME",
        help=f"some of: {'; '.join(LAYERS)}; those of an earlier run stay in the results",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=data.folder() / "benchmark",
        help="where measurements are kept (%(default)s)",
    )
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help="where the result is written (%(default)s)"
    )
    return parser.parse_args(arguments)


def kept(name: str, folder: Path) -> dict:
    """Return what `measure` says of a layer: as it was kept, or measured now and kept."""
    content = hashlib.sha256(json.dumps([name, LAYERS[name], torch.__version__]).encode())
    content.update(source_digest(("spectral",)).encode())
    title = re.sub(r"[^\w-]+", "_", f"spectral {name}")
    path = folder / f"{title}.{content.hexdigest()[:16]}.json"
    if not path.exists():
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            row = pool.apply(measure, (name,))
        data.write_atomically(path, json.dumps(row).encode())
    return json.loads(path.read_text("utf-8"))


def main() -> None:
    """Measure every layer or some, print the table and write the results."""
    chosen = options()
    path = chosen.results / "spectral_benchmark.json"
    before = json.loads(path.read_text("utf-8"))["rows"] if path.exists() else []
    found = {row["layer"]: row for row in before}
    for name in chosen.layers:
        found[name] = kept(name, chosen.folder)
        print(json.dumps(found[name]), flush=True)
    rows = [found[name] for name in LAYERS if name in found]
    headers = ("layer", "norm", "bound", "s", "bound s", "full SVD s", "power 10", "kernel matrix")
    table = [
        (
            row["layer"],
            f"{row['lanczos']:.4f}",
            f"{row['bound'] / row['lanczos'] - 1:+.2%}",
            f"{row['lanczos seconds']:.2f}",
            f"{row['bound seconds']:.2f}",
            f"{row['full SVD seconds']:.1f}",
            f"{row['power 10'] / row['lanczos'] - 1:+.1%}",
            f"{row['kernel matrix'] / row['lanczos'] - 1:+.1%}",
        )
        for row in rows
    ]
    print(tabulate(table, headers, "github", disable_numparse=True))
    text = json.dumps(described(1) | {"rows": rows}, indent=1, ensure_ascii=False)
    data.write_atomically(path, f"{text}\n".encode())


if __name__ == "__main__":
    main()
