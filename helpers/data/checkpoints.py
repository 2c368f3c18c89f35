"""Tensors on disk: found by what made them, verified when read, never half-written.

`load_or_make` keeps trained networks; `Stored` is what it stands on, for any tensors.
"""

import contextlib
import glob
import hashlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from helpers.data.files import IS_CHECKOUT, ROOT, folder, places, write_atomically
from helpers.data.locks import making

# a wheel has a copy of the repository's data/checkpoints
SHIPPED = ROOT / ("data" if IS_CHECKOUT else "helpers") / "checkpoints"


def load_or_make(
    model: nn.Module,
    title: str,
    key: dict,
    make: Callable[[nn.Module], None],
    *,
    keep: Path | None = None,
) -> nn.Module:
    """Give `model` the weights of its checkpoint, or make them now and keep them.

    A checkpoint is looked for among the shipped ones and then in the ``trained/`` of the shared
    folders and of the data folder.
    Of two processes that want the same one at once, the second waits for the first.

    Parameters
    ----------
    model : nn.Module
        Set in place.
    title : str
        Beginning of the file's name, for people.
    key : dict
        Everything the weights depend on; the file's name ends with its hash. What the network is
        stands under ``"network"``.
    make : callable
        ``make(model)`` trains the model in place.
    keep : Path, optional
        Where a new checkpoint is kept; ``trained/`` in the data folder by default.

    Returns
    -------
    nn.Module
        `model`.

    Raises
    ------
    FloatingPointError
        If the training ends with weights that are not finite; nothing is kept then.
    """
    shapes = _shapes(model.state_dict())
    own, shipped = (
        Stored.under(place, title, key, shapes, "training this network", finite=True)
        for place in (keep or folder() / "trained", SHIPPED)
    )

    def trained() -> dict[str, Tensor]:
        for path in own.under_older_keys():
            print(f"{path} was kept by an earlier version: {own.making} again", file=sys.stderr)
        make(model)
        weights = model.state_dict()
        if not _are_finite(weights):
            raise FloatingPointError(
                f"{title} has weights that are not finite numbers after its training: it is not "
                "kept; look at its data, or take a smaller learning rate"
            )
        return weights

    model.load_state_dict(shipped.load() or own.load_or_make(trained))
    return model


@dataclass(frozen=True)
class Stored:
    """A safetensors file of tensors that can be made again.

    Attributes
    ----------
    path : Path
        The file.
    key : str
        Everything the tensors depend on, as JSON.
    shapes : dict
        Name of each tensor → its dtype and shape.
    making : str
        What making them is, for messages, such as ``"training this network"``.
    finite : bool
        Whether they are of use only where all of them are finite numbers.
    """

    path: Path
    key: str
    shapes: dict[str, tuple]
    making: str
    finite: bool = False

    @classmethod
    def under(
        cls, folder: Path, title: str, key: dict, shapes: dict, making: str, *, finite: bool = False
    ) -> "Stored":
        """Name the file after a title, for people, and the hash of its key."""
        name, text = address(title, key)
        return cls(folder / f"{name}.safetensors", text, shapes, making, finite)

    def under_older_keys(self) -> list[Path]:
        """Return files of this title whose keys differ in how they describe the network only."""
        rest = {**json.loads(self.key), "network": None}
        title, _, ending = self.path.name.rsplit(".", 2)
        found = []
        for path in self.path.parent.glob(f"{glob.escape(title)}.*.{ending}"):
            with contextlib.suppress(
                safetensors.SafetensorError, OSError, ValueError, KeyError, TypeError
            ):
                with safetensors.safe_open(path, framework="pt") as file:
                    key = json.loads((file.metadata() or {})["key"])
                if {**key, "network": None} == rest and path != self.path:
                    found.append(path)
        return found

    def exists(self) -> bool:
        """Return whether there is such a file, here or in a shared folder, damaged or not."""
        return any(path.exists() for path in places(self.path))

    def load(self) -> dict[str, Tensor] | None:
        """Return the tensors, here or in a shared folder; None where no such file is sound."""
        read = (self._read(path) for path in places(self.path) if path.exists())
        return next((tensors for tensors in read if tensors is not None), None)

    def _read(self, path: Path) -> dict[str, Tensor] | None:
        """Return the tensors of a file; None where it is damaged."""
        try:
            with safetensors.safe_open(path, framework="pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if metadata.get("sha256") != digest(tensors):
                raise ValueError("its contents do not match their hash")
            if metadata.get("key") != self.key or _shapes(tensors) != self.shapes:
                raise ValueError("it holds something else")
            if self.finite and not _are_finite(tensors):
                raise ValueError("it holds numbers that are not finite")
        except (safetensors.SafetensorError, OSError, ValueError) as error:
            print(f"{path} is damaged ({error}): {self.making} again", file=sys.stderr)
            return None
        return tensors

    def load_or_make(self, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        """Return the tensors of the file, or those that ``make()`` returns, and keep them.

        Of two processes that want the same ones at once, the second waits for the first.
        """
        tensors = self.load()
        if tensors is None:
            with making(self.path):
                tensors = self.load()  # another process may have made them while this one waited
                if tensors is None:
                    tensors = make()
                    self._save(tensors)
        return tensors

    def _save(self, tensors: dict[str, Tensor]) -> None:
        """Write the file; where that is impossible, say so and go on."""
        tensors = {name: value.cpu().contiguous() for name, value in tensors.items()}
        content = safetensors.torch.save(tensors, {"key": self.key, "sha256": digest(tensors)})
        write_or_say(self.path, content, self.making)


def address(title: str, key: dict) -> tuple[str, str]:
    """Return a file's name without its ending, a title and the key's hash, and the key as JSON."""
    text = json.dumps(key, sort_keys=True)
    stem = re.sub(r"[^\w.-]+", "_", title).strip("_")
    return f"{stem}.{hashlib.sha256(text.encode()).hexdigest()[:12]}", text


def write_or_say(path: Path, content: bytes, making: str) -> None:
    """Write a file; where that is impossible, say so and go on."""
    try:
        write_atomically(path, content)
    except OSError as error:  # a full disk, a read-only folder
        print(
            f"{path} could not be written ({error}): next time means {making} again",
            file=sys.stderr,
        )


def digest(tensors: dict[str, Tensor]) -> str:
    """Return the SHA-256 of tensors on the CPU and of their names."""
    content = hashlib.sha256()
    for name in sorted(tensors):
        content.update(name.encode())
        numbers = tensors[name].contiguous().flatten()
        content.update(numbers.view(torch.uint8).numpy().data)  # NumPy has no bfloat16
    return content.hexdigest()


def _are_finite(tensors: dict[str, Tensor]) -> bool:
    return all(bool(value.isfinite().all()) for value in tensors.values())


def _shapes(tensors: dict[str, Tensor]) -> dict[str, tuple]:
    return {name: (value.dtype, value.shape) for name, value in tensors.items()}
