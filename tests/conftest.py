"""What several of the tests need to know about the repository."""

import re
from pathlib import Path

import pytest


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
