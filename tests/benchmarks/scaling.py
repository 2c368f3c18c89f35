"""What a cluster costs and what it brings: ``python -m tests.benchmarks.scaling``.

The overhead of a piece, the bytes that are moved for each image and how fast they move through a
scheduler, the time of an attack on one and on two workers of one thread beside that of a serial
run, and what an image of ImageNet costs on AlexNet. All workers and the scheduler are processes of
this machine, which should have nothing else to do. The client and the scheduler are one process:
how long its processor is busy says where they become the limit, even if the machine is not idle.

Writes ``data/results/scaling_benchmark.json``. It takes about five minutes of two cores.

Needs ``pip install -e ".[cluster]"``.
"""

import argparse
import functools
import json
import os
import pickle
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from helpers import data, models
from helpers.attack import attack_dataset, closest_adversarial
from helpers.data import Dataset, prepare
from helpers.training import trained

from .command_line import command_line
from .machine import described
from .scaling_pieces import nothing, unchanged

PIECES = 200  # without any work
MANY = 800  # images of ImageNet's size that are moved, in eight pieces
CHUNKS, CHUNK = 8, 100  # digits that are attacked
PHOTOGRAPHS, STEPS = 8, 20  # on AlexNet; the steps of chapter 11
SIDE = 224


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    return command_line("scaling", __doc__, "parts", PARTS).parse_args(arguments)


def main() -> None:
    """Measure, print and write the results."""
    chosen = options()
    torch.set_num_threads(1)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    file = chosen.results / "scaling_benchmark.json"
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for name in chosen.parts:
        found[name] = PARTS[name](chosen.folder / "scaling")
        print(name, json.dumps(found[name], indent=1))
    content = {**described(1), **{name: found[name] for name in PARTS if name in found}}
    data.write_atomically(file, f"{json.dumps(content, indent=1)}\n".encode())


def overhead(folder: Path) -> dict:
    """Measure how long pieces take that do nothing, with a cluster and without."""
    pieces = {str(i): functools.partial(nothing, i) for i in range(PIECES)}
    serial, _ = seconds(lambda: [piece() for piece in pieces.values()], folder)
    on_cluster, busy = seconds(lambda: prepare(pieces), folder, "local:1")
    return {
        "pieces": PIECES,
        "serial_ms": 1000 * serial / PIECES,
        "cluster_ms": 1000 * on_cluster / PIECES,
        "busy_ms": 1000 * busy / PIECES,
    }


def moved(folder: Path) -> dict:
    """Measure how many bytes an image of ImageNet's size is, there and back, and how fast."""
    each = MANY // 8
    inputs = torch.rand(each, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    parts = [Dataset(inputs, torch.full((each,), i), "random", f"random {i}") for i in range(8)]
    model = models.build("FC10(1)")
    goals = torch.zeros(each, dtype=torch.long)
    calls = {
        str(i): functools.partial(
            attack_dataset, "none", model, part, target=goals, attack=unchanged
        )
        for i, part in enumerate(parts)
    }
    wall, busy = seconds(lambda: prepare(calls), folder, "local:2")
    back = sum(path.stat().st_size for path in folder.rglob("*.safetensors"))
    there = 8 * len(pickle.dumps(parts[0], protocol=5))
    return {
        "images": MANY,
        "bytes_there": there / MANY,
        "bytes_back": back / MANY,
        "MB_per_second": (there + back) / 1e6 / wall,
        "MB_per_busy_second": (there + back) / 1e6 / busy,
    }


def speed_up(folder: Path) -> dict:
    """Measure an attack on digits: serially, and on one and two workers."""
    images = data.digits("train")[: CHUNKS * CHUNK]
    network = trained("Conv")
    calls = {
        str(first): functools.partial(
            attack_dataset, "Conv", network, images[first : first + CHUNK]
        )
        for first in range(0, len(images), CHUNK)
    }
    times = {
        "serial": seconds(lambda: [call() for call in calls.values()], folder)[0],
        **{
            f"{count} workers": seconds(lambda: prepare(calls), folder, f"local:{count}")[0]
            for count in (1, 2)
        },
    }
    return {
        "data": images.source,
        "pieces": CHUNKS,
        "seconds": times,
        "speed_up": {name: times["serial"] / each for name, each in times.items()},
    }


def alexnet(folder: Path) -> dict:
    """Measure what an attack on AlexNet, with random weights, costs for each photograph."""
    images = data.photos("whole", each=1, side=SIDE, shorter=256)[:PHOTOGRAPHS]
    model = models.classifier("alexnet")
    goals = torch.full_like(images.labels, models.OSTRICH)
    attack = functools.partial(
        closest_adversarial, model, images.inputs, goals, steps=STEPS, batch_size=PHOTOGRAPHS
    )
    wall, busy = seconds(attack, folder)
    return {
        "images": PHOTOGRAPHS,
        "steps": STEPS,
        "seconds_per_image": wall / PHOTOGRAPHS,
        "busy_seconds_per_image": busy / PHOTOGRAPHS,
    }


def seconds(work: Callable[[], object], folder: Path, where: str = "") -> tuple[float, float]:
    """Return how long some work takes in an empty data folder, and how long this process is busy.

    A cluster is there before.
    """
    shutil.rmtree(folder, ignore_errors=True)
    kept = {name: os.environ.get(name, "") for name in ("COURSE_DATA", "COURSE_CLUSTER")}
    os.environ.update(COURSE_DATA=str(folder), COURSE_CLUSTER=where)
    try:
        if where:
            count = int(where.rpartition(":")[2])
            prepare({f"-{i}": functools.partial(nothing, -1 - i) for i in range(4 * count)})
        wall, busy = time.perf_counter(), time.process_time()
        work()
        return time.perf_counter() - wall, time.process_time() - busy
    finally:
        os.environ.update(kept)


PARTS = {"overhead": overhead, "moved": moved, "speed-up": speed_up, "AlexNet": alexnet}

if __name__ == "__main__":
    main()
