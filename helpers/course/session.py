"""What a notebook's first cell needs: device, scale, seed and one line that says so."""

import math
import os
import platform
from dataclasses import dataclass
from typing import TypeVar

import torch

from helpers import data

T = TypeVar("T")
SCALES = ("ci", "class", "full")
SEED = 0


@dataclass(frozen=True)
class Scale:
    """How much work a notebook does, by ``COURSE_SCALE``; the cells are the same at each.

    Attributes
    ----------
    name : {"ci", "class", "full"}
        ``ci``: all notebooks in minutes on two cores; ``class``: each within three minutes;
        ``full``: the paper's sizes.
    """

    name: str

    def __post_init__(self):
        """Refuse a scale that does not exist."""
        if self.name not in SCALES:
            raise ValueError(f"COURSE_SCALE must be one of {', '.join(SCALES)}; got {self.name!r}")

    def __call__(self, *, ci: T, class_: T, full: T) -> T:
        """Return the value for this scale."""
        return {"ci": ci, "class": class_, "full": full}[self.name]


@dataclass(frozen=True)
class Session:
    """Where and how a notebook runs.

    Attributes
    ----------
    device : torch.device
        The GPU where there is one, else the CPU.
    scale : Scale
        How much work to do.
    """

    device: torch.device
    scale: Scale

    def generator(self, seed: int = SEED) -> torch.Generator:
        """Return a new random generator on the CPU, the same numbers at every call."""
        return torch.Generator().manual_seed(seed)


def setup() -> Session:
    """Choose device and scale, and print them with the source of the digits in one line.

    Returns
    -------
    Session
        What the cells below need.

    Raises
    ------
    ValueError
        If ``COURSE_SCALE`` is set to a scale that does not exist.
    """
    session = Session(
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
        scale=Scale(os.environ.get("COURSE_SCALE", "class")),
    )
    if "CPU_LIMIT" in os.environ:  # set by JupyterHub and Binder, whose machines show all cores
        torch.set_num_threads(max(1, math.floor(float(os.environ["CPU_LIMIT"]))))
    print(
        f"device: {hardware()} · scale: {session.scale.name} · "
        f"PyTorch {torch.__version__.split('+')[0]} · data: {data.digits('test').source}"
    )
    return session


def hardware() -> str:
    """Return the name of the GPU, or of the processor with the threads in use."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' * (threads > 1)}, {platform.machine()}"
