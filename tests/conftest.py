"""What several of the tests need to know about the repository."""

import io
import re
import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def same_numbers():
    """Whatever ran before a test, its weights are drawn from the same numbers."""
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def machine_path() -> re.Pattern:
    """Matches an absolute path of somebody's machine, but no URL, relative path or base64."""
    return re.compile(
        r"(?<![\w./+*~}])/(?:home|root|work|tmp|Users)\b"
        r"|file:///\w"
        r"|\b[A-Z]:\\{1,2}(?:Users|Documents|Windows|Program Files|Temp|tmp)\b"
    )


@pytest.fixture
def own_folder(tmp_path, monkeypatch) -> Path:
    """A data folder of the test's own, in which no network was trained, here or before."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setattr("helpers.data.checkpoints.SHIPPED", tmp_path / "shipped")
    return tmp_path


@pytest.fixture(scope="session")
def tiny():
    """A hundred images of 28 × 28 pixels, each bright in the rows that its label names."""
    import torch

    from helpers.data import Dataset

    labels = torch.arange(100) % 10
    inputs = 0.3 * torch.rand(100, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    for image, label in zip(inputs, labels, strict=True):
        image[0, 2 * label : 2 * label + 3] = 1
    return Dataset(inputs, labels, "rows", "made here")


@pytest.fixture
def log(monkeypatch):
    """Return what makes stdout a log of an encoding, which refuses what the encoding lacks."""

    def begin(encoding: str) -> io.BytesIO:
        content = io.BytesIO()
        stream = io.TextIOWrapper(content, encoding=encoding, write_through=True)
        monkeypatch.setattr(sys, "stdout", stream)
        return content

    return begin
