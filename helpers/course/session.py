"""What a notebook's first cell needs: device, scale, seed and one line that says so."""

import functools
import math
import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from helpers import data
from helpers.course.short_errors import explain_errors

T = TypeVar("T")
SCALES = ("ci", "class", "full")
SEED = 0
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")  # of Linux: what a container may use


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
        The GPU where there is one that computes, else the CPU.
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

    A GPU computes with float32 as the CPU does, not with TF32, and PyTorch uses no more threads
    than this process has cores.

    Returns
    -------
    Session
        What the cells below need.

    Raises
    ------
    ValueError
        If ``COURSE_SCALE`` is set to a scale that does not exist.
    """
    printable()
    explain_errors()
    torch.backends.cuda.matmul.allow_tf32 = False  # 10 bits of precision, where float32 has 23
    torch.backends.cudnn.allow_tf32 = False
    session = Session(device=_device(), scale=Scale(os.environ.get("COURSE_SCALE", "class")))
    limit = cores(os.environ.get("CPU_LIMIT", ""), CPU_MAX)
    if limit < torch.get_num_threads():
        torch.set_num_threads(max(1, math.floor(limit)))
    print(
        f"device: {hardware()} · scale: {session.scale.name} · "
        f"PyTorch {torch.__version__.split('+')[0]} · data: {data.digits('test').source}"
    )
    return session


def hardware() -> str:
    """Return the name of the GPU, or of the processor with the threads in use."""
    if _device().type == "cuda":
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' * (threads > 1)}, {platform.machine()}"


def printable() -> None:
    """Make print escape what the terminal's or the log's encoding lacks, such as φ on Windows."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # not where Jupyter has put its own, which lacks nothing
            stream.reconfigure(errors="backslashreplace")


def cores(limit: str, quota: Path) -> float:
    """Return how many processor cores this process may use, inf where nothing limits it.

    JupyterHub and Binder say it in ``CPU_LIMIT``, on machines that show all their cores; other
    containers in a file of the system.

    Parameters
    ----------
    limit : str
        Cores, such as ``"2"``, or thousandths of them, such as ``"500m"``; where it is empty,
        or is neither and therefore ignored, the quota counts.
    quota : Path
        A file with microseconds of computing and of the period that they are for, as Linux
        writes it in ``cpu.max``; it need not exist.
    """
    if limit.strip():
        number, milli = re.fullmatch(r"(.*?)(m?)", limit.strip(), re.DOTALL).groups()
        try:
            count = float(number) / (1000 if milli else 1)
        except ValueError:
            count = math.nan
        if 0 < count < math.inf:
            return count
        print(
            f"CPU_LIMIT must be a number of cores above 0, such as 2 or 500m; got {limit!r}, "
            "which is ignored",
            file=sys.stderr,
        )
    try:
        allowed, period = quota.read_text(encoding="ascii").split()
        return int(allowed) / int(period)
    except (OSError, ValueError, ZeroDivisionError):  # no such file, or "max": no limit
        return math.inf


@functools.cache
def _device() -> torch.device:
    """Return the GPU where PyTorch can compute on it, else the CPU; try only once."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    try:
        _compute(torch.device("cuda"))
    except Exception as error:  # PyTorch, CUDA and the driver have many types
        print(
            f"PyTorch {torch.__version__} finds a GPU but cannot compute on it "
            f"({(str(error) or repr(error)).splitlines()[0]}): the course uses the CPU instead.",
            file=sys.stderr,
        )
        return torch.device("cpu")
    return torch.device("cuda")


def _compute(device: torch.device) -> None:
    """Multiply matrices and convolve, with a library each; an error comes with the value."""
    ones = torch.ones(1, 1, 4, 4, device=device)
    torch.nn.functional.conv2d(ones @ ones, ones).item()
