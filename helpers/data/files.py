"""The data folder; writing a file whole or not at all; fetching one that is large."""

import hashlib
import http.client
import os
import tempfile
import urllib.request
from pathlib import Path

from tqdm.auto import tqdm

ROOT = Path(__file__).resolve().parents[2]
BLOCK = 1 << 20  # bytes
DOWNLOAD_TIMEOUT = 10  # seconds without an answer


def fetch(address: str, path: Path, *, algorithm: str, digest: str) -> Path:
    """Fetch a file, unless it is there already.

    Parameters
    ----------
    address : str
        Its URL.
    path : Path
        Where it is kept; others see all of it there or nothing, whatever interrupts the download.
    algorithm : str
        A hash of `hashlib`, such as ``"sha256"``.
    digest : str
        The beginning of the content's hash, in hexadecimal digits.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    OSError
        If it is not there and downloads are forbidden, nobody answers within ten seconds, the
        folder cannot be written to, or what arrived is another file.
    """
    if path.exists():
        return path
    if os.environ.get("COURSE_OFFLINE") == "1":
        raise OSError("COURSE_OFFLINE=1 forbids downloads")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    content = hashlib.new(algorithm)
    try:
        with (
            os.fdopen(handle, "wb") as file,
            urllib.request.urlopen(address, timeout=DOWNLOAD_TIMEOUT) as answer,
            tqdm(
                total=int(answer.headers.get("Content-Length") or 0) or None,
                desc=f"fetching {address}",
                unit="B",
                unit_scale=True,
            ) as bar,
        ):
            while block := answer.read(BLOCK):
                file.write(block)
                content.update(block)
                bar.update(len(block))
        if not content.hexdigest().startswith(digest):
            raise OSError(f"{address} is not the file it should be")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except http.client.HTTPException as error:  # the connection broke
        raise OSError(f"{address}: {error}") from error
    finally:
        Path(temporary).unlink(missing_ok=True)
    return path


class DamagedDataError(RuntimeError):
    """A data file is not what it should be; the message names the file and the remedy."""


def folder() -> Path:
    """Return the data folder: ``COURSE_DATA`` if that is set, else the repository's ``data/``."""
    return Path(os.environ.get("COURSE_DATA") or ROOT / "data")


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that others see all of it or nothing, whatever interrupts the writing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
