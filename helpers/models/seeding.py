"""Random weights that are the same every time."""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from a given seed inside the block, and leave the global random state as it was.

    PyTorch's layers take their initial weights, and its dropout its masks, from one global
    generator on the CPU.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield
