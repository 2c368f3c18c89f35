import hashlib
import socket
import threading

import pytest

from helpers.data import fetch, files

CONTENT = bytes(range(256)) * 20
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def online(monkeypatch):
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)


@pytest.fixture
def served(tmp_path):
    """The address of a file, and a place for it."""
    source = tmp_path / "there" / "file.bin"
    source.parent.mkdir()
    source.write_bytes(CONTENT)
    return source.as_uri(), tmp_path / "here" / "file.bin"


@pytest.mark.usefixtures("online")
def test_fetch_keeps_the_file(served):
    address, path = served
    assert fetch(address, path, algorithm="sha256", digest=SHA256[:8]) == path
    assert path.read_bytes() == CONTENT
    assert (
        fetch("http://nowhere.invalid/", path, algorithm="sha256", digest="x") == path
    )  # it is there


@pytest.mark.usefixtures("online")
def test_another_file_is_refused_and_leaves_nothing(served):
    address, path = served
    with pytest.raises(OSError, match="not the file it should be"):
        fetch(address, path, algorithm="md5", digest="0000")
    assert not list(path.parent.iterdir())


@pytest.mark.usefixtures("online")
def test_missing_file_is_an_os_error(tmp_path):
    address = (tmp_path / "none").as_uri()
    with pytest.raises(OSError, match="none"):
        fetch(address, tmp_path / "here" / "x", algorithm="md5", digest="")
    assert not list((tmp_path / "here").iterdir())


def test_offline_forbids_it(served, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(OSError, match="COURSE_OFFLINE=1 forbids downloads"):
        fetch(*served, algorithm="sha256", digest=SHA256)


@pytest.mark.usefixtures("online")
def test_a_silent_server_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "DOWNLOAD_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        silent = []
        waiting = threading.Thread(target=lambda: silent.append(server.accept()), daemon=True)
        waiting.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/file"
        with pytest.raises(OSError, match="timed out"):
            fetch(address, tmp_path / "x", algorithm="md5", digest="")
        waiting.join(5)
        for connection, _ in silent:
            connection.close()
    assert not list(tmp_path.iterdir())
