import contextlib
import hashlib
import os
import socket
import threading
import time

import pytest

from helpers.data import fetch, files

from .examples import without_locks

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
    assert not without_locks(path.parent.iterdir())


@pytest.mark.usefixtures("online")
def test_missing_file_is_an_os_error(tmp_path):
    address = (tmp_path / "none").as_uri()
    with pytest.raises(OSError, match="none"):
        fetch(address, tmp_path / "here" / "x", algorithm="md5", digest="")
    assert not without_locks((tmp_path / "here").iterdir())


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
    assert not without_locks(tmp_path.iterdir())


@contextlib.contextmanager
def server(*pieces, pause=0.0):
    """Serve these bytes to one client, with pauses between the pieces."""
    ended = threading.Event()

    def answer(listening):
        connection, _ = listening.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(10_000)
            for piece in pieces:
                connection.sendall(piece)
                if ended.wait(pause):
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, args=[listening], daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/file"
        finally:
            ended.set()
            thread.join(5)


def each_byte(content):
    return [bytes([byte]) for byte in content]


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(CONTENT)


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ([HEAD, *each_byte(CONTENT)], "less than 10,000 bytes arrived in 0.3 seconds"),
        (each_byte(HEAD), "no answer in 0.3 seconds"),
    ],
)
def test_a_server_that_sends_byte_by_byte_is_given_up(tmp_path, monkeypatch, pieces, why):
    monkeypatch.setattr(files, "PERIOD", 0.3)
    with server(*pieces, pause=0.05) as address, pytest.raises(OSError, match=why):
        fetch(address, tmp_path / "x", algorithm="sha256", digest=SHA256)
    assert not without_locks(tmp_path.iterdir())


@pytest.mark.usefixtures("online")
def test_a_server_that_pauses_but_sends_enough_is_not_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "PERIOD", 0.3)
    monkeypatch.setattr(files, "ENOUGH", 1000)
    pieces = [CONTENT[start : start + 1024] for start in range(0, len(CONTENT), 1024)]
    with server(HEAD, *pieces, pause=0.1) as address:  # 0.6 s in all
        path = fetch(address, tmp_path / "x", algorithm="sha256", digest=SHA256)
    assert path.read_bytes() == CONTENT


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(
    "length", ["abc", "", "-5", "1e9", "0x10", "9" * 30, "9" * 5000, "\u0663", "12, 12"]
)
def test_a_length_that_is_none_does_not_stop_it(tmp_path, length):
    head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    with server(head.encode(), CONTENT) as address:
        path = fetch(address, tmp_path / "x", algorithm="sha256", digest=SHA256)
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("text", "length"), [("11", 11), (" 11 ", 11), ("0", None), ("abc", None), ("", None)]
)
def test_length_is_shown_where_there_is_one(text, length):
    assert files._length(text) == length


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize("write", ["fetch", "write_atomically"])
def test_what_a_killed_run_left_of_the_file_is_removed(served, write):
    address, path = served
    path.parent.mkdir()
    old, new, other = (
        path.with_name(name)
        for name in ("file.bin1a_bcdef.part", "file.bin2a_bcdef.part", "thesis.part")
    )
    for file, age in ((old, 25), (new, 1), (other, 25)):
        file.touch()
        os.utime(file, (time.time() - 3600 * age,) * 2)
    if write == "fetch":
        fetch(address, path, algorithm="sha256", digest=SHA256)
    else:
        files.write_atomically(path, CONTENT)
    assert path.read_bytes() == CONTENT
    assert without_locks(path.parent.iterdir()) == sorted([path, new, other])


@pytest.mark.usefixtures("online")
def test_a_left_over_that_can_not_be_removed_is_left(served):
    address, path = served
    stubborn = path.with_name("file.bin1a_bcdef.part")
    stubborn.mkdir(parents=True)
    os.utime(stubborn, (0, 0))
    assert fetch(address, path, algorithm="sha256", digest=SHA256) == path


@pytest.mark.parametrize("setting", ["1", "true", "yes", "on", "TRUE", " On ", "y"])
def test_offline_can_be_said_in_several_words(served, monkeypatch, setting):
    monkeypatch.setenv("COURSE_OFFLINE", setting)
    assert files.offline()
    with pytest.raises(OSError, match=f"COURSE_OFFLINE={setting} forbids downloads"):
        fetch(*served, algorithm="sha256", digest=SHA256)


@pytest.mark.parametrize("setting", ["", "0", "false", "No", "off", " ", None])
def test_online_too(served, monkeypatch, setting):
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    if setting is not None:
        monkeypatch.setenv("COURSE_OFFLINE", setting)
    assert not files.offline()
    assert fetch(*served, algorithm="sha256", digest=SHA256).read_bytes() == CONTENT
