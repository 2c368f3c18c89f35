"""Trained networks on disk: found by what made them, verified when read, never half-written."""

import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import safetensors
import safetensors.torch
from torch import Tensor, nn

from helpers import data

SHIPPED = data.ROOT / "data" / "checkpoints"


def load_or_make(
    model: nn.Module,
    title: str,
    key: dict,
    make: Callable[[nn.Module], None],
    *,
    keep: Path | None = None,
) -> nn.Module:
    """Give `model` the weights of its checkpoint, or make them now and keep them.

    A checkpoint is looked for among the shipped ones and then in the data folder's ``trained/``.
    Of two processes that want the same one at once, the second waits for the first.

    Parameters
    ----------
    model : nn.Module
        Set in place.
    title : str
        Beginning of the file's name, for people.
    key : dict
        Everything the weights depend on; the file's name ends with its hash.
    make : callable
        ``make(model)`` trains the model in place.
    keep : Path, optional
        Where a new checkpoint is kept; ``trained/`` in the data folder by default.

    Returns
    -------
    nn.Module
        `model`.
    """
    text = json.dumps(key, sort_keys=True)
    stem = re.sub(r"[^\w.-]+", "_", title).strip("_")
    name = f"{stem}.{hashlib.sha256(text.encode()).hexdigest()[:12]}.safetensors"
    path = (keep or data.folder() / "trained") / name
    if _load(model, SHIPPED / name, text) or _load(model, path, text):
        return model
    with _alone(path):
        if not _load(model, path, text):  # another process may have made it while this one waited
            make(model)
            _save(model, path, text)
    return model


def _load(model: nn.Module, path: Path, key: str) -> bool:
    """Load the weights at `path`; False where there is no such file or it is damaged."""
    if not path.exists():
        return False
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if metadata.get("sha256") != _digest(tensors):
            raise ValueError("its contents do not match their hash")
        if metadata.get("key") != key or _shapes(tensors) != _shapes(model.state_dict()):
            raise ValueError("it holds another network")
        model.load_state_dict(tensors)
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        print(f"{path} is damaged ({error}): training this network again", file=sys.stderr)
        return False
    return True


def _save(model: nn.Module, path: Path, key: str) -> None:
    """Write a checkpoint; where that is impossible, say so and go on with the model."""
    tensors = {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
    content = safetensors.torch.save(tensors, {"key": key, "sha256": _digest(tensors)})
    try:
        data.write_atomically(path, content)
    except OSError as error:  # a full disk, a read-only folder
        print(
            f"{path} could not be written ({error}): this network will be trained again next time",
            file=sys.stderr,
        )


def _digest(tensors: dict[str, Tensor]) -> str:
    content = hashlib.sha256()
    for name in sorted(tensors):
        content.update(name.encode())
        content.update(tensors[name].contiguous().numpy().data)
    return content.hexdigest()


def _shapes(tensors: dict[str, Tensor]) -> dict[str, tuple]:
    return {name: (value.dtype, value.shape) for name, value in tensors.items()}


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock between processes, or none where the folder can not be written to."""
    lock = filelock.FileLock(f"{path}.lock")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        if os.access(path.parent, os.W_OK):
            lock.acquire()
    try:
        yield
    finally:
        lock.release()
