"""Adversarial examples of whole data sets, which an interrupted run does not lose (section 4.2).

The images are attacked in chunks, and each chunk is kept in the data folder's ``attacked/``. A run
that is repeated, or that was interrupted, reads the chunks that are there and makes the others.
"""

import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import fields

import torch
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers import data
from helpers.attack.linearised import closest_adversarial
from helpers.attack.result import Adversarial
from helpers.attack.targets import choose_targets
from helpers.data import Dataset, digest
from helpers.models import signature

CHUNK = 5000  # images in a file
NUMBERS = 40_000_000  # in a file, at the most: 265 photographs
FEW = 50  # fewer images than this are attacked without one


def attack_dataset(
    name: str,
    model: nn.Module,
    dataset: Dataset,
    *,
    target: str | Tensor = "random",
    seed: int = 0,
    attack: Callable[..., Adversarial] = closest_adversarial,
    **settings,
) -> Adversarial:
    """Attack every image of a data set, or read what an earlier run found.

    Parameters
    ----------
    name : str
        Name of the network, for the progress bar and the names of the files.
    model : nn.Module
        The network, in eval mode, on the device of the data; its weights are what files are
        found by.
    dataset : Dataset
        The images; ``dataset[:n]`` for the first n, of which whole chunks are shared.
    target : {"random", "nearest"} or Tensor of shape (N,)
        The target of each image: a label ≠ y drawn uniformly, the same for every network; or the
        label ≠ y of the largest logit, which an image may have already; or given labels, int64.
    seed : int
        Seed of the random targets.
    attack : callable
        ``attack(model, inputs, targets, **settings)``, a named function. Where its module has a
        number ``VERSION``, results of another are not used; elsewhere those of other source code.
        Where there is neither, as in Python's own prompt, no result is kept.
    **settings
        Those of the attack that are numbers or words, such as ``steps``.

    Returns
    -------
    Adversarial
        Results for all N images, on the device of the data: 3 kB an image of 28 × 28 pixels.

    Raises
    ------
    ValueError
        If there is no such way to choose targets, there is not one for each image, or the attack
        has no name.
    """
    if not hasattr(attack, "__name__"):
        raise ValueError(f"attack must be a function with a name, got {attack!r}")
    targets = choose_targets(model, dataset, target, seed=seed)
    code = _code(attack)
    if len(dataset) < FEW or code is None:
        return attack(model, dataset.inputs, targets, **settings)
    chunk = min(CHUNK, max(1, NUMBERS // dataset.inputs[:1].numel()))
    chunks = [
        (dataset[first : first + chunk], targets[first : first + chunk])
        for first in range(0, len(dataset), chunk)
    ]
    pieces = {
        f"{name}, {len(goals):,} images after {number * chunk:,}": functools.partial(
            _attack_chunk, name, model, part, goals, attack, code, settings
        )
        for number, (part, goals) in enumerate(chunks)
    }
    if len(chunks) > 1:
        data.prepare(pieces)
    files = [_file(name, model, *chunk, attack, code, settings) for chunk in chunks]
    there = sum(len(goals) for (_, goals), file in zip(chunks, files, strict=True) if file.exists())
    found = []
    # what was read counts as done, but not in the images per second
    with tqdm(
        total=len(dataset),
        initial=there,
        desc=f"attacking {name}",
        smoothing=0,
        disable=len(chunks) == 1,
    ) as bar:
        for (_, goals), file, piece in zip(chunks, files, pieces.values(), strict=True):
            missing = not file.exists()
            found.append(piece())
            bar.update(missing * len(goals))
    joined = {f.name: torch.cat([part.pop(f.name) for part in found]) for f in fields(Adversarial)}
    return Adversarial(**{key: value.to(dataset.inputs.device) for key, value in joined.items()})


def _code(attack: Callable) -> int | str | None:
    """Return what tells an attack from others of its name: the module's version, or its source."""
    version = getattr(sys.modules.get(attack.__module__), "VERSION", None)
    try:
        return version or inspect.getsource(attack)
    except (OSError, TypeError):  # typed into Python's prompt, or no function of Python's
        return None


def _attack_chunk(
    name: str,
    model: nn.Module,
    part: Dataset,
    targets: Tensor,
    attack: Callable,
    code: int | str,
    settings: dict,
) -> dict[str, Tensor]:
    """Attack some images, or read what an earlier run found.

    A worker of a cluster has no source of a notebook's attack: there it is what was sent, `code`.
    """
    file = _file(name, model, part, targets, attack, _code(attack) or code, settings)
    return file.load_or_make(functools.partial(_run, attack, model, part, targets, settings))


def _file(
    name: str,
    model: nn.Module,
    part: Dataset,
    targets: Tensor,
    attack: Callable,
    code: int | str,
    settings: dict,
) -> data.Stored:
    """Return where the results for some images are kept: what they depend on names the file."""
    weights = {key: value.cpu() for key, value in model.state_dict().items()}
    defaults = {
        key: parameter.default
        for key, parameter in inspect.signature(attack).parameters.items()
        if isinstance(parameter.default, (bool, int, float, str, tuple))
    }
    chosen = {key: value for key, value in (defaults | settings).items() if key != "batch_size"}
    key = {
        "network": [signature(model), digest(weights)],
        "data": part.digest,
        "targets": digest({"targets": targets.cpu()}),
        "attack": [attack.__name__, code, chosen],
    }
    per_image = {
        "adversarial": (torch.float32, part.inputs.shape),
        "targets": (torch.int64, targets.shape),
        "success": (torch.bool, targets.shape),
        "distortion": (torch.float32, targets.shape),
        "c": (torch.float32, targets.shape),
        "converged": (torch.bool, targets.shape),
        "iterations": (torch.int64, targets.shape),
        "evaluations": (torch.int64, targets.shape),
    }
    title = f"{name}.{part.name}.{len(part)}"
    folder = data.folder() / "attacked"
    return data.Stored.under(folder, title, key, per_image, "attacking these images")


def _run(
    attack: Callable, model: nn.Module, part: Dataset, targets: Tensor, settings: dict
) -> dict[str, Tensor]:
    """Attack some images and return what is kept of it, on the CPU."""
    found = attack(model, part.inputs, targets, **settings)
    return {f.name: getattr(found, f.name).cpu() for f in fields(found)}
