"""Many images, some at a time: memory is bounded by the size of a chunk."""

from collections.abc import Callable
from dataclasses import fields
from typing import TypeVar

import torch
from torch import Tensor

CACHE = 400_000  # numbers of the inputs that a CPU works on at a time: 510 digits, 2 photographs
DEVICE = 100_000_000  # the same on an accelerator

Part = TypeVar("Part")


def in_chunks(work: Callable[[slice], Part], inputs: Tensor, batch_size: int | None = None) -> Part:
    """Do the work for some rows at a time, and put the results together.

    Where a CUDA device is out of memory the chunk is halved, and the work goes on from there.

    Parameters
    ----------
    work : callable
        ``work(rows)`` gives a dataclass of tensors whose first dimension is that of the rows.
    inputs : Tensor, shape (N, ...)
        What the rows are rows of.
    batch_size : int, optional
        Rows at a time; by default as many as have 400,000 numbers, which a CPU's cache holds,
        and 10⁸ on an accelerator.

    Returns
    -------
    dataclass
        What the work gives, for all N rows.

    Raises
    ------
    ValueError
        If `batch_size` is less than 1.
    torch.cuda.OutOfMemoryError
        If not even a single row fits.
    """
    if batch_size is None:
        numbers = CACHE if inputs.device.type == "cpu" else DEVICE
        batch_size = max(1, numbers // max(1, inputs[:1].numel()))
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    parts, first = [], 0
    while first < len(inputs) or not parts:  # no rows are one empty chunk
        try:
            parts.append(work(slice(first, first + batch_size)))
        except torch.cuda.OutOfMemoryError:
            if batch_size == 1:
                raise
            batch_size //= 2
        else:
            first += batch_size
    return type(parts[0])(
        **{f.name: torch.cat([getattr(part, f.name) for part in parts]) for f in fields(parts[0])}
    )
