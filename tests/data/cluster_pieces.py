"""Pieces for a cluster's workers, which import them: each keeps a measurement."""

import os
import time
from pathlib import Path

from helpers.data import measured


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


def slow(name, gate):
    """Wait for the file `gate` the first time that this runs; keep a measurement."""

    def make():
        Path(name).touch()
        while not Path(gate).exists():
            time.sleep(0.05)
        return {"value": 5}

    return measured("slow", {"name": name}, make)
