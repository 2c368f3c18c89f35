"""Two processes that need the same download: one fetches, the other waits for its file."""

import errno
import hashlib
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import filelock
import pytest

from helpers.data import fetch, locks

CONTENT = bytes(range(256)) * 20
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PATIENCE = 60  # seconds, for what comes at once where nothing is wrong
OTHER_PROCESS = """
import sys
from pathlib import Path
from helpers.data import fetch

address, path, digest = sys.argv[1:]
fetch(address, Path(path), algorithm="sha256", digest=digest)
"""


class Server(ThreadingHTTPServer):
    """Sends half of a file, and the rest when it `may_end`; counts how often it is asked."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked, self.count, self.may_end = threading.Event(), 0, threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}/file"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.count += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:2000])
        self.wfile.flush()
        self.server.asked.set()
        self.server.may_end.wait(5)  # below the time after which a download is given up
        self.wfile.write(CONTENT[2000:])

    def log_message(self, *arguments):
        """Print nothing."""


@pytest.fixture
def server(monkeypatch):
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield server
        finally:
            server.may_end.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def wanted(server, monkeypatch):
    """Let the server send the rest of the file when a second one wants its lock."""
    acquire = locks._acquire

    def wants(lock):
        if server.asked.is_set():
            server.may_end.set()
        acquire(lock)

    monkeypatch.setattr(locks, "_acquire", wants)


def get(server, path):
    assert fetch(server.address, path, algorithm="sha256", digest=SHA256) == path
    assert path.read_bytes() == CONTENT


@pytest.mark.usefixtures("wanted")
def test_download_of_another_process_is_waited_for(server, tmp_path):
    path = tmp_path / "weights" / "file"
    command = [sys.executable, "-c", OTHER_PROCESS, server.address, str(path), SHA256]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as other:
        try:
            assert server.asked.wait(PATIENCE), other.stderr.read()
            get(server, path)
            _, said = other.communicate(timeout=PATIENCE)
            assert other.returncode == 0, said
        finally:
            other.kill()
    assert server.count == 1


@pytest.mark.usefixtures("wanted")
def test_download_of_another_thread_is_waited_for(server, tmp_path):
    path = tmp_path / "weights" / "file"
    other = threading.Thread(target=get, args=[server, path])
    other.start()
    assert server.asked.wait(PATIENCE)
    get(server, path)
    other.join()
    assert server.count == 1


def test_download_that_takes_long_is_waited_for_aloud_and_not_for_ever(
    server, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(locks, "SILENT_WAIT", 0.1)
    monkeypatch.setattr(locks, "LONGEST_WAIT", 0.1)
    server.may_end.set()
    path = tmp_path / "file"
    with filelock.FileLock(f"{path}.lock"):
        get(server, path)
    said = [line for line in capsys.readouterr().err.splitlines() if f"{path}.lock" in line]
    assert len(said) == 2
    assert said[0].startswith(f"waiting for {path}.lock: another process makes what this one needs")
    assert said[1].endswith("going on without waiting")


def test_download_that_failed_elsewhere_is_tried_again(server, tmp_path, monkeypatch):
    path = tmp_path / "file"
    lock = filelock.FileLock(f"{path}.lock")
    lock.acquire()
    monkeypatch.setattr(locks, "_acquire", lambda own: (lock.release(), own.acquire(timeout=0)))
    server.may_end.set()
    get(server, path)
    assert server.count == 1


@pytest.mark.parametrize(
    "missing",
    [
        NotImplementedError("no flock"),
        OSError(errno.ENOLCK, "No locks available"),
        PermissionError(errno.EACCES, "Permission denied"),
    ],
)
def test_download_needs_no_locks(server, tmp_path, monkeypatch, missing, capsys):
    def acquire(lock, timeout):
        raise missing

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    server.may_end.set()
    get(server, tmp_path / "file")
    assert "waiting" not in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_what_is_needed_to_look_is_fetched(server, tmp_path):
    server.may_end.set()
    with locks.only_looking():  # nothing is made, but data are needed to tell what is kept
        get(server, tmp_path / "file")
