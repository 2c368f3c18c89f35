"""Pieces for a cluster's workers, which import them, and what a data folder holds then."""

import os
import time
from pathlib import Path

from safetensors.torch import load_file

from helpers.attack import closest_adversarial
from helpers.data import digest, measured
from tests.data.examples import without_locks


def contents(folder):
    """Return what each file holds; safetensors writes its header in any order."""
    return {
        path.relative_to(folder).as_posix(): (
            digest(load_file(path)) if path.suffix == ".safetensors" else path.read_bytes()
        )
        for path in without_locks(Path(folder).rglob("*"))
        if path.is_file()
    }


def five(name):
    """Keep the number 5, and the process that found it."""
    return measured("five", {"name": name}, lambda: {"value": 5, "process": os.getpid()})


def count(name, dataset):
    """Keep the number of images."""
    return measured("count", {"name": name}, lambda: {"images": len(dataset)})


def fail(name):
    """Fail each time, and count how often in the file `name`."""

    def make():
        path = Path(name)
        path.write_text(f"{path.read_text() if path.exists() else ''}x")
        raise ArithmeticError("no result")

    return measured("fail", {"name": name}, make)


def die_once(name):
    """End the worker's process the first time; keep a measurement the second."""

    def make():
        path = Path(name)
        if not path.exists():
            path.touch()
            os._exit(1)
        return {"value": 5}

    return measured("die", {"name": name}, make)


def die(dataset):
    """End the worker's process each time."""
    return measured("dies", {"images": len(dataset)}, lambda: os._exit(1))


def slow(name, gate):
    """Wait for the file `gate` the first time that this runs; keep a measurement."""

    def make():
        Path(name).touch()
        while not Path(gate).exists():
            time.sleep(0.05)
        return {"value": 5}

    return measured("slow", {"name": name}, make)


def deadly(model, inputs, targets, *, died):
    """Attack, and end the worker's process before the result is sent, the first time."""
    found = closest_adversarial(model, inputs, targets, steps=10)
    if not Path(died).exists():
        Path(died).touch()
        os._exit(1)
    return found
