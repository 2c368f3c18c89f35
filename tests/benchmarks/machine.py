"""What a benchmark's result says of where it was measured."""

import hashlib
import platform
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import torch

from helpers.data import ROOT


def described(threads: int) -> dict:
    """Return the processor, the threads in use, versions and the date."""
    return {
        "machine": f"{processor()}, {threads} thread{'s' * (threads > 1)}",
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "date": date.today().isoformat(),
    }


def processor() -> str:
    """Return the processor's name where Linux tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def source_digest(rooms: Iterable[str]) -> str:
    """Return a hash of the source of some rooms of the course: what was measured with it is old."""
    content = hashlib.sha256()
    for room in rooms:
        for path in sorted((ROOT / "helpers" / room).glob("*.py")):
            content.update(path.read_bytes())
    return content.hexdigest()
