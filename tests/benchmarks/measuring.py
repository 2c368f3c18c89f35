"""Run one attack on one network, verify what it found, time it, and keep it."""

import hashlib
import json
import math
import re
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from helpers import data
from helpers.evaluation import distortion, predict

from .comparison import Record
from .machine import source_digest
from .peers import Contestant, versions
from .problems import Problem

ROUNDING = 1e-6  # by which an image may leave the box before it is put back
PATIENCE = 3  # seconds of processor time after which an attack is not run again
OWN = ("attack", "lbfgsb", "evaluation")  # the rooms that the course's attacks stand on


def measure(
    network: str,
    name: str,
    contestant: Contestant,
    problem: Problem,
    *,
    targeted: bool,
    repetition: int,
    folder: Path,
) -> Record:
    """Return what an attack did, from the folder where this repetition was measured before.

    Parameters
    ----------
    network, name : str
        The network's, and the attack's with its options.
    contestant : Contestant
        The attack.
    problem : Problem
        The network and all images that this attack gets.
    targeted : bool
        Whether the attack is to reach the targets, or any wrong label.
    repetition : int
        From 0; the distances are those of the first.
    folder : Path
        Where results are kept, by all that they depend on.
    """
    code = source_digest(OWN) if contestant.ours else versions()
    threads = torch.get_num_threads()
    key = [name, targeted, len(problem.inputs), problem.digest(), code, threads]
    address = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    title = re.sub(r"[^\w-]+", "_", f"{network} {'' if targeted else 'un'}targeted {name}")
    path = folder / f"{title}.{address}.json"
    kept = json.loads(path.read_text("utf-8")) if path.exists() else {"cpu": [], "wall": []}
    patient = sum(kept["cpu"]) * len(problem.inputs) < PATIENCE
    if len(kept["cpu"]) <= repetition and (patient or repetition == 0):
        found, passes, cpu, wall = run(contestant, problem, warm=not contestant.slow)
        if "distances" not in kept:
            kept |= {"distances": distances(problem, found, targeted), "passes": passes}
        kept["cpu"].append(cpu / len(problem.inputs))
        kept["wall"].append(wall / len(problem.inputs))
        data.write_atomically(path, json.dumps(kept).encode())
    return Record(ours=contestant.ours, **kept)


def run(
    contestant: Contestant, problem: Problem, *, warm: bool
) -> tuple[Tensor, float, float, float]:
    """Return the images, forward passes an image, and seconds of processor and of clock."""
    few = first(problem, 2 if warm else 1)
    torch.manual_seed(0)
    contestant.run(few)
    seen = 0

    def count(module: torch.nn.Module, inputs: tuple[Tensor]) -> None:
        nonlocal seen
        seen += len(inputs[0])

    hook = problem.model.register_forward_pre_hook(count)
    torch.manual_seed(0)
    wall, cpu = time.perf_counter(), time.process_time()
    found = contestant.run(problem)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    hook.remove()
    return found.detach(), seen / len(problem.inputs), cpu, wall


def first(problem: Problem, count: int) -> Problem:
    """Return the problem with its first images only."""
    per_image = ("inputs", "labels", "targets", "starts", "exact")
    values = {name: getattr(problem, name) for name in per_image}
    return replace(problem, **{k: v if v is None else v[:count] for k, v in values.items()})


def distances(problem: Problem, found: Tensor, targeted: bool) -> list[float]:
    """Return the distortion of each image that is what was asked for, and infinity for the rest.

    That is: all of it in the box, and the model gives it the target, or any wrong label.
    """
    inside = ((found >= -ROUNDING) & (found <= 1 + ROUNDING)).flatten(1).all(1)
    found = found.nan_to_num(0).clamp(0, 1)
    answer = predict(problem.model, found)
    reached = answer == problem.targets if targeted else answer != problem.labels
    far = distortion(problem.inputs, found)
    return torch.where(reached & inside, far, math.inf).double().tolist()
