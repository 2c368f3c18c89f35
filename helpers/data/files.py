"""The data folder and those it shares; writing a file whole or not at all; fetching a large one."""

import contextlib
import glob
import hashlib
import http.client
import os
import queue
import re
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import platformdirs
from tqdm.auto import tqdm

from helpers.data.locks import alone

ROOT = Path(__file__).resolve().parents[2]
IS_CHECKOUT = (ROOT / "pyproject.toml").exists()  # else the course was installed from a wheel
BLOCK = 1 << 20  # bytes
DOWNLOAD_TIMEOUT = 10  # seconds without an answer
ENOUGH, PERIOD = 10_000, 30  # bytes that must arrive, in so many seconds
STALE = 24 * 3600  # seconds after which nobody is writing a file any more


def fetch(address: str, path: Path, *, algorithm: str, digest: str) -> Path:
    """Fetch a file, unless it is there already.

    Of two processes that want the same one at once, the second waits for the first.

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
        If it is not there and downloads are forbidden, nobody answers within ten seconds, less
        than 10 kB arrive in half a minute, the folder cannot be written to, or what arrived is
        another file.
    """
    if path.exists():
        return path
    if offline():
        raise OSError(f"COURSE_OFFLINE={os.environ['COURSE_OFFLINE']} forbids downloads")
    with alone(path):
        if not path.exists():  # another process may have fetched it while this one waited
            _download(address, path, algorithm, digest)
    return path


def _download(address: str, path: Path, algorithm: str, digest: str) -> None:
    """Write what an address holds, if its hash begins with `digest`."""
    content = hashlib.new(algorithm)
    try:
        with (
            _replacing(path) as file,
            _answer(address) as answer,
            tqdm(
                total=_length(answer.headers.get("Content-Length", "")),
                desc=f"fetching {address}",
                unit="B",
                unit_scale=True,
            ) as bar,
        ):
            for block in _blocks(answer, address):
                file.write(block)
                content.update(block)
                bar.update(len(block))
            if not content.hexdigest().startswith(digest):
                raise OSError(f"{address} is not the file it should be")
    except http.client.HTTPException as error:  # the connection broke
        raise OSError(f"{address}: {error}") from error


def offline() -> bool:
    """Return whether ``COURSE_OFFLINE`` forbids downloads: anything but no, in several words."""
    setting = os.environ.get("COURSE_OFFLINE", "").strip().lower()
    return setting not in ("", "0", "false", "no", "off")


def _answer(address: str) -> BinaryIO:
    """Open an address; give up a server that sends its headers byte by byte, each in time."""
    outcome = queue.Queue()

    def ask() -> None:
        try:
            outcome.put((urllib.request.urlopen(address, timeout=DOWNLOAD_TIMEOUT), None))
        except Exception as error:  # raised below, where somebody can catch it
            outcome.put((None, error))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer, error = outcome.get(timeout=PERIOD)
    except queue.Empty:
        raise OSError(f"{address}: no answer in {PERIOD} seconds") from None
    if error:
        raise error
    return answer


def _length(text: str) -> int | None:
    """Return how many bytes a server promises; None where it says something else."""
    return int(text) or None if re.fullmatch("[0-9]{1,15}", text.strip()) else None


def _blocks(answer: BinaryIO, address: str) -> Iterator[bytes]:
    """Yield what arrives as it does; give up a server that sends next to nothing."""
    start, arrived = time.monotonic(), 0
    while block := answer.read1(BLOCK):
        yield block
        arrived += len(block)
        if arrived >= ENOUGH:
            start, arrived = time.monotonic(), 0
        elif time.monotonic() - start > PERIOD:
            raise OSError(f"{address}: less than {ENOUGH:,} bytes arrived in {PERIOD} seconds")


class DamagedDataError(RuntimeError):
    """A data file is not what it should be; the message names the file and the remedy."""


def folder() -> Path:
    """Return the data folder: ``COURSE_DATA`` if that is set, else the repository's ``data/``.

    Where the course was installed without a repository it is the user's folder for such data.
    """
    own = ROOT / "data" if IS_CHECKOUT else platformdirs.user_data_path("intriguing-properties")
    return Path(os.environ.get("COURSE_DATA") or own)


def make_settings_absolute() -> None:
    """Make the paths in the settings absolute: a kernel runs in the folder of its notebook."""
    if own := os.environ.get("COURSE_DATA"):
        os.environ["COURSE_DATA"] = os.path.abspath(own)
    if shared := os.environ.get("COURSE_SHARED"):
        parts = filter(None, shared.split(os.pathsep))
        os.environ["COURSE_SHARED"] = os.pathsep.join(map(os.path.abspath, parts))
    cluster = os.environ.get("COURSE_CLUSTER", "")
    if os.path.isfile(cluster):  # a scheduler's
        os.environ["COURSE_CLUSTER"] = os.path.abspath(cluster)


def places(name: str | Path) -> list[Path]:
    """Return where a file or folder of the data folder is looked for, in this order.

    Parameters
    ----------
    name : str or Path
        Relative to the data folder, or a path in it.

    Returns
    -------
    list of Path
        In each folder of ``COURSE_SHARED``, which is only read, and in the data folder, which is
        last: what is in none of them is made there. A path outside the data folder has no other.
    """
    own = folder() / name
    shared = [part for part in os.environ.get("COURSE_SHARED", "").split(os.pathsep) if part]
    if not shared or not own.is_relative_to(folder()):
        return [own]
    return [*(Path(part) / own.relative_to(folder()) for part in shared), own]


def find(name: str) -> Path:
    """Return the first of the `places` of a file or folder that has it, else the last."""
    found = places(name)
    return next((path for path in found if path.exists()), found[-1])


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that others see all of it or nothing, whatever interrupts the writing."""
    with _replacing(path) as file:
        file.write(content)


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that becomes `path` when all went well, and vanishes otherwise.

    What runs that were killed have left of the same file is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f"{glob.escape(path.name)}????????.part"):
        with contextlib.suppress(OSError):  # somebody else's, or gone by now
            if time.time() - left.stat().st_mtime > STALE:
                left.unlink()
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
