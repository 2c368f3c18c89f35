"""Time and tightness of convolution norms, on one thread: ``python -m tests.benchmarks.spectral``.

For layers of the sizes of ResNet, VGG and AlexNet, with random weights, and one of SqueezeNet with
trained ones, against

* the SVD of the Fourier coefficients at every frequency (Sedghi, Gupta and Long, "The singular
  values of convolutional layers", 2019), the paper's norm with wrap-around edges, unhurried;
* plain power iteration with 10 and 100 steps;
* ``torch.nn.utils.parametrizations.spectral_norm``, the norm of the kernel as a matrix;
* on two of the layers, Gram iteration, ``svds``, LOBPCG and ``svd_lowrank``
  (`tests.benchmarks.spectral_peers`).

Times are the processor's. Writes ``data/results/spectral_benchmark.json``. A full SVD that would
take longer than a minute is timed on some of the frequencies, and says so. What was measured of a
layer is kept, and not measured again until the code of the norms changes.
"""

import hashlib
import json
import multiprocessing
import re
import resource
import time
from pathlib import Path

import torch
from tabulate import tabulate
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations

from helpers import data, models, spectral

from .command_line import command_line
from .machine import described, source_digest
from .spectral_peers import compare, table_of_peers, timed

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
    "SqueezeNet, trained, 64 → 256, 13²": ((64, 256, 3, 1, 1), 13),
}
TRAINED = {"SqueezeNet, trained, 64 → 256, 13²": "squeezenet1_0"}  # the last layer of this size
BESIDE_PEERS = {"ResNet 256 → 256, 14²", *TRAINED}
PATIENCE = 60  # seconds for a full SVD
SAMPLE = 16  # of its rows of frequencies, where it would take longer


def layer(name: str) -> tuple[nn.Conv2d, int]:
    """Return a convolution and the side of its input; OSError where its weights cannot be had."""
    arguments, side = LAYERS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        conv = nn.Conv2d(*arguments, bias=False)
    if name in TRAINED:
        network = models.classifier(TRAINED[name], weights=models.weights_file(TRAINED[name]))
        layers = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
        weights = [m.weight for m in layers if m.weight.shape == conv.weight.shape]
        conv.weight.data = weights[-1].data.clone()
    return conv.requires_grad_(False), side


def full_svd(conv: nn.Conv2d, side: int) -> tuple[float | None, float]:
    """Return the largest singular value over all frequencies, and seconds; None if not all ran."""
    weight, stride = conv.weight.detach(), conv.stride[0]
    coarse = side // stride
    start = time.process_time()
    transforms = torch.fft.fft2(weight, (side, side)) / stride  # (D, C, side, side)
    aliased = transforms.view(*weight.shape[:2], stride, coarse, stride, coarse)
    matrices = aliased.permute(3, 5, 0, 1, 2, 4).flatten(3)  # (coarse, coarse, D, C·Δ²)
    largest = 0.0
    for row, part in enumerate(matrices, start=1):
        largest = max(largest, torch.linalg.svdvals(part).max().item())
        spent = time.process_time() - start
        if row < coarse and spent * coarse / row > PATIENCE and (row == SAMPLE or spent > PATIENCE):
            return None, spent * coarse / row
    return largest, time.process_time() - start


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
    conv, side = layer(name)
    size = (side, side)
    row, before = {"layer": name} | described(1), peak()
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
    if name in BESIDE_PEERS:
        row["peers"] = compare(conv, side)
    row["kernel matrix"], row["kernel matrix seconds"] = timed(lambda: kernel_matrix_norm(conv))
    return row


def kept(name: str, folder: Path) -> dict:
    """Return what `measure` says of a layer: as it was kept, or measured now and kept."""
    key = [name, LAYERS[name], name in BESIDE_PEERS, torch.__version__]
    content = hashlib.sha256(json.dumps(key).encode())
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
    chosen = command_line("spectral", __doc__, "layers", LAYERS).parse_args()
    path = chosen.results / "spectral_benchmark.json"
    before = json.loads(path.read_text("utf-8"))["rows"] if path.exists() else []
    found = {row["layer"]: row for row in before}
    for name in chosen.layers:
        try:
            found[name] = kept(name, chosen.folder)
        except OSError as error:
            print(f"{name} is left out: {error}")
            continue
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
    for row in rows:
        if "peers" in row:
            print(f"\n{row['layer']}, with wrap-around edges\n{table_of_peers(row['peers'])}")
    text = json.dumps({"rows": rows}, indent=1, ensure_ascii=False)
    data.write_atomically(path, f"{text}\n".encode())


if __name__ == "__main__":
    main()
