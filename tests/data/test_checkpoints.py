"""Checkpoints: found by what made them, never trusted when damaged, never half-written."""

import errno
import hashlib
import json
import os
import subprocess
import sys
import time

import filelock
import pytest
import safetensors.torch
import torch
from torch import nn

from helpers import data
from helpers.data import checkpoints, load_or_make, locks

from .examples import without_locks

KEY = {"network": "tiny", "seed": 0}


@pytest.fixture(autouse=True)
def trained(tmp_path, monkeypatch):
    """The folder of new checkpoints, in an empty data folder, with nothing shipped."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(checkpoints, "SHIPPED", tmp_path / "shipped")
    assert data.folder() == tmp_path / "data"
    return tmp_path / "data" / "trained"


class Training:
    """Stands in for a training: sets all weights to a value, and counts how often."""

    def __init__(self):
        self.count = 0

    def __call__(self, model):
        self.count += 1
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(torch.arange(parameter.numel()).view(parameter.shape) + 0.5)


@pytest.fixture
def make():
    return Training()


def get(make, *, key=KEY, title="tiny", keep=None):
    model = nn.Sequential(nn.Linear(3, 2))
    nn.init.zeros_(model[0].weight)
    assert load_or_make(model, title, key, make, keep=keep) is model
    return model


def is_trained(model):
    expected = nn.Sequential(nn.Linear(3, 2))
    Training()(expected)
    state = model.state_dict()
    return all(torch.equal(state[name], value) for name, value in expected.state_dict().items())


def files(folder):
    return without_locks(folder.iterdir())


def test_first_call_trains_and_the_second_reads(make, trained, capsys):
    assert is_trained(get(make))
    assert make.count == 1
    (path,) = files(trained)
    assert is_trained(get(make))
    assert make.count == 1
    assert files(trained) == [path]
    assert capsys.readouterr() == ("", "")


def test_checkpoint_is_a_safetensors_file_of_the_weights(make, trained):
    state = get(make).state_dict()
    (path,) = files(trained)
    stored = safetensors.torch.load(path.read_bytes())
    assert stored.keys() == state.keys()
    assert all(torch.equal(stored[name], state[name]) for name in state)


def test_another_key_is_another_checkpoint(make, trained):
    for key in (KEY, {**KEY, "seed": 1}, {**KEY, "data": "other"}):
        get(make, key=key)
    assert make.count == len(files(trained)) == 3


def test_file_under_an_older_key_is_named_and_made_again(make, trained, capsys):
    get(make, key={**KEY, "network": "Sequential(\n  (0): Linear(in_features=3)\n)"})
    (older,) = files(trained)
    assert is_trained(get(make))
    assert make.count == 2
    message = f"{older} was kept by an earlier version: training this network again\n"
    assert capsys.readouterr().err == message


def test_file_of_another_seed_is_not_an_older_one(make, trained, capsys):
    get(make, key={**KEY, "seed": 1})
    (trained / "tiny.damaged.safetensors").write_bytes(b"nothing")
    other = safetensors.torch.save({"x": torch.zeros(1)}, {"key": "7"})
    (trained / "tiny.other.safetensors").write_bytes(other)
    get(make)
    assert capsys.readouterr().err == ""


def test_order_of_the_key_is_no_difference(make):
    get(make)
    get(make, key=dict(reversed(KEY.items())))
    assert make.count == 1


def test_title_makes_a_file_name_for_any_system(make, trained):
    get(make, title="FC10(1e-2).half P1 / ′:x")
    (path,) = files(trained)
    assert path.name.startswith("FC10_1e-2_.half_P1_x.")
    assert path.suffix == ".safetensors"


def test_keep_names_another_folder(make, trained, tmp_path):
    get(make, keep=tmp_path / "here")
    assert len(files(tmp_path / "here")) == 1
    assert not trained.exists()
    get(make, keep=tmp_path / "here")
    assert make.count == 1


def test_shipped_checkpoint_is_used_first_and_needs_no_writing(make, trained):
    get(make, keep=checkpoints.SHIPPED)
    assert is_trained(get(make))
    assert make.count == 1
    assert not trained.exists()


def test_data_folder_is_the_environments(make, tmp_path, monkeypatch):
    get(make)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "elsewhere"))
    get(make)
    assert make.count == 2
    assert len(files(tmp_path / "elsewhere" / "trained")) == 1


def half(content):
    return content[: len(content) // 2]


def last_byte_missing(content):
    return content[:-1]


def only_the_header(content):
    return content[: 8 + int.from_bytes(content[:8], "little")]


def empty(content):
    return b""


def garbage(content):
    return bytes(range(256)) * 4


def web_page(content):
    return b"<!DOCTYPE html><html><body>404</body></html>"


def one_bit_of_a_weight(content):
    return content[:-1] + bytes([content[-1] ^ 1])


def one_bit_of_the_first_weight(content):
    first = 8 + int.from_bytes(content[:8], "little")
    return content[:first] + bytes([content[first] ^ 0x80]) + content[first + 1 :]


def without_hash(content):
    return safetensors.torch.save(safetensors.torch.load(content))


def another_type(content):
    return content.replace(b'"F32"', b'"I32"', 1)


def other_names(content):
    tensors = safetensors.torch.load(content)
    tensors = {f"module.{name}": value for name, value in tensors.items()}
    return safetensors.torch.save(tensors, {"sha256": checkpoints.digest(tensors)})


def rewritten(content, change):
    """Change all tensors, and make the hash that of the new ones."""
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    tensors = {name: change(value) for name, value in safetensors.torch.load(content).items()}
    metadata = {**header["__metadata__"], "sha256": checkpoints.digest(tensors)}
    return safetensors.torch.save(tensors, metadata)


def another_precision(content):
    return rewritten(content, torch.Tensor.bfloat16)


def not_a_number(content):
    return rewritten(content, lambda value: value.index_fill(0, torch.tensor(1), torch.nan))


def infinite(content):
    return rewritten(content, lambda value: value.index_fill(0, torch.tensor(1), -torch.inf))


DAMAGES = [
    another_precision,
    not_a_number,
    infinite,
    half,
    last_byte_missing,
    only_the_header,
    empty,
    garbage,
    web_page,
    one_bit_of_a_weight,
    one_bit_of_the_first_weight,
    without_hash,
    another_type,
    other_names,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_checkpoint_is_named_trained_again_and_replaced(make, trained, capsys, damage):
    get(make)
    (path,) = files(trained)
    good = path.read_bytes()
    path.write_bytes(damage(good))
    assert path.read_bytes() != good
    assert is_trained(get(make))
    assert make.count == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"{path} is damaged (" in printed.err
    assert printed.err.rstrip().endswith("): training this network again")
    assert safetensors.torch.load(path.read_bytes()).keys() == get(make).state_dict().keys()
    assert make.count == 2
    assert capsys.readouterr().err == ""
    assert files(trained) == [path]


def test_rewritten_checkpoint_is_only_what_was_changed(make, trained, capsys):
    get(make)
    (path,) = files(trained)
    path.write_bytes(rewritten(path.read_bytes(), torch.Tensor.clone))
    assert is_trained(get(make))
    assert make.count == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (another_precision, "it holds something else"),
        (not_a_number, "it holds numbers that are not finite"),
        (infinite, "it holds numbers that are not finite"),
    ],
)
def test_sound_file_of_useless_weights_says_why(make, trained, capsys, damage, why):
    get(make)
    (path,) = files(trained)
    path.write_bytes(damage(path.read_bytes()))
    get(make)
    said = f"{path} is damaged ({why}): training this network again"
    assert set(capsys.readouterr().err.splitlines()) == {said}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_network_of_another_precision_is_kept(make, dtype, capsys):
    models = [nn.Linear(3, 2, dtype=dtype) for _ in range(2)]
    for model in models:
        load_or_make(model, "tiny", KEY, make)
    assert make.count == 1
    assert torch.equal(models[0].weight, models[1].weight)
    assert models[1].weight.dtype == dtype
    assert capsys.readouterr().err == ""


def test_digest_is_the_hash_of_names_and_bytes():
    tensors = {"b": torch.tensor(2.5), "a": torch.arange(6).view(2, 3).T, "c": torch.zeros(0)}
    expected = b"a" + tensors["a"].numpy().tobytes() + b"b" + tensors["b"].numpy().tobytes() + b"c"
    assert checkpoints.digest(tensors) == hashlib.sha256(expected).hexdigest()


def test_tensors_that_need_not_be_finite_are_kept(tmp_path):
    tensors = {"distortion": torch.tensor([1.0, torch.inf, torch.nan])}
    shapes = {"distortion": (torch.float32, torch.Size([3]))}
    stored = checkpoints.Stored.under(tmp_path, "attacked", KEY, shapes, "attacking")
    stored.load_or_make(lambda: tensors)
    assert torch.equal(stored.load()["distortion"].isfinite(), torch.tensor([True, False, False]))


@pytest.mark.parametrize("damage", [half, one_bit_of_a_weight, not_a_number])
def test_damaged_shipped_checkpoint_gives_way_to_a_new_one(make, trained, capsys, damage):
    get(make, keep=checkpoints.SHIPPED)
    (path,) = files(checkpoints.SHIPPED)
    path.write_bytes(damage(path.read_bytes()))
    damaged = path.read_bytes()
    assert is_trained(get(make))
    assert make.count == 2
    assert f"{path} is damaged (" in capsys.readouterr().err
    assert [new.name for new in files(trained)] == [path.name]
    assert path.read_bytes() == damaged
    assert is_trained(get(make))
    assert make.count == 2


def test_checkpoint_of_another_key_under_this_name_is_not_used(make, trained, capsys):
    get(make)
    (path,) = files(trained)

    def train_otherwise(model):
        with torch.no_grad():
            model[0].weight.fill_(9)

    get(train_otherwise, key={**KEY, "seed": 1})
    (other,) = set(files(trained)) - {path}
    path.write_bytes(other.read_bytes())
    assert is_trained(get(make))
    assert str(path) in capsys.readouterr().err


def test_rejected_checkpoint_leaves_the_initial_weights_to_train_from(make, trained):
    get(make)
    (path,) = files(trained)
    with safetensors.safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = {"0.weight": torch.full((2, 3), 9.0), "0.bias": torch.zeros(5)}
    metadata["sha256"] = checkpoints.digest(tensors)
    path.write_bytes(safetensors.torch.save(tensors, metadata))
    starts = []
    get(lambda model: starts.append(model[0].weight.abs().max().item()))
    assert starts == [0]


def test_interrupted_training_leaves_nothing_and_can_be_repeated(make, trained):
    def interrupted(model):
        make(model)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(interrupted)
    assert files(trained) == []
    assert is_trained(get(make))
    assert make.count == 2
    assert len(files(trained)) == 1


@pytest.mark.parametrize("step", ["fdopen", "chmod", "replace"])
def test_interrupted_writing_leaves_nothing_and_can_be_repeated(make, trained, monkeypatch, step):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"helpers.data.files.os.{step}", interrupted)
        with pytest.raises(KeyboardInterrupt):
            get(make)
    assert files(trained) == []
    assert is_trained(get(make))
    assert make.count == 2
    assert len(files(trained)) == 1


@pytest.mark.parametrize("step", ["fdopen", "replace"])
def test_full_disk_is_said_and_the_model_is_returned(make, trained, monkeypatch, capsys, step):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(f"helpers.data.files.os.{step}", full)
    assert is_trained(get(make))
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "could not be written ([Errno 28] No space left on device)" in printed.err
    assert str(trained) in printed.err
    assert "next time means training this network again" in printed.err
    assert files(trained) == []


def test_disk_that_takes_no_new_file_is_said_and_the_model_is_returned(
    make, trained, monkeypatch, capsys
):
    trained.mkdir(parents=True)
    real = os.open

    def full(path, flags, *arguments, **options):
        if flags & os.O_CREAT:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, flags, *arguments, **options)

    monkeypatch.setattr(os, "open", full)
    assert is_trained(get(make))
    assert "could not be written ([Errno 28] No space left" in capsys.readouterr().err


def test_data_folder_that_can_not_be_made_is_said_and_the_model_is_returned(
    make, tmp_path, monkeypatch, capsys
):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "file"))
    for count in (1, 2):
        assert is_trained(get(make))
        assert make.count == count
        assert "could not be written (" in capsys.readouterr().err


def test_read_only_folder_is_said_and_needs_no_lock(make, trained, monkeypatch, capsys):
    trained.mkdir(parents=True)
    real = locks.os.access

    def access(path, mode):
        return mode != locks.os.W_OK and real(path, mode)

    def refused(*arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(locks.os, "access", access)  # a chmod would not stop root
    monkeypatch.setattr("helpers.data.files.tempfile.mkstemp", refused)
    assert is_trained(get(make))
    assert "could not be written ([Errno 13] Permission denied)" in capsys.readouterr().err
    assert list(trained.iterdir()) == []


# --- locks


class Lock:
    """Stands in for a lock that is taken, or fails, at its first attempts."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.waits = []
        self.held = False

    def __call__(self, path):
        self.lock_file = path
        return self

    def acquire(self, timeout):
        self.waits.append(timeout)
        if self.failures:
            raise self.failures.pop(0)
        self.held = True

    def release(self):
        self.held = False


TAKEN = filelock.Timeout("tiny.lock")


@pytest.mark.parametrize(
    ("failures", "attempts", "said"),
    [
        ([], 1, []),
        ([TAKEN], 2, ["waiting for "]),
        ([TAKEN, TAKEN], 2, ["waiting for ", "going on without"]),
        ([NotImplementedError("no flock")], 1, []),
        ([OSError(errno.ENOLCK, "No locks available")], 1, []),
        ([PermissionError(errno.EACCES, "Permission denied")], 1, []),
        ([RuntimeError("not a lock")], 1, []),
        ([TAKEN, OSError(errno.ENOLCK, "No locks available")], 2, ["waiting for "]),
    ],
)
def test_lock_that_stays_taken_is_said_and_lack_of_locks_is_none(
    make, trained, monkeypatch, capsys, failures, attempts, said
):
    lock = Lock(*failures)
    monkeypatch.setattr(locks.filelock, "FileLock", lock)
    held = []
    assert is_trained(get(lambda model: (held.append(lock.held), make(model))))
    assert held == [len(failures) < attempts]
    assert not lock.held
    assert all(0 <= seconds < float("inf") for seconds in lock.waits)  # -1 waits for ever
    assert len(lock.waits) == attempts
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(said)
    for line, words in zip(lines, said, strict=True):
        assert words in line
        assert str(trained) in line
    assert [path.suffix for path in files(trained)] == [".safetensors"]


def test_lock_that_can_not_be_given_back_loses_no_work(make, trained, monkeypatch):
    class Gone(Lock):
        def release(self):
            raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(locks.filelock, "FileLock", Gone())
    assert is_trained(get(make))
    assert [path.suffix for path in files(trained)] == [".safetensors"]


@pytest.mark.parametrize("content", [b"", b"12345\nelsewhere\n", b"\xff{"])
def test_lock_left_on_a_file_system_without_locks_does_not_hang(
    make, trained, monkeypatch, content
):
    fcntl = pytest.importorskip("fcntl", reason="this system has other locks")

    def missing(*arguments):
        raise OSError(errno.ENOSYS, "Function not implemented")

    get(make)  # says where the lock is
    (kept,) = files(trained)
    kept.unlink()
    kept.with_name(f"{kept.name}.lock").write_bytes(content)
    monkeypatch.setattr(fcntl, "flock", missing)
    monkeypatch.setattr(locks, "SILENT_WAIT", 0.2)
    monkeypatch.setattr(locks, "LONGEST_WAIT", 0.2)
    assert is_trained(get(make))
    assert make.count == 2
    assert kept.exists()


OTHER_PROCESS = """
import sys, time
from pathlib import Path

import torch
from torch import nn
from helpers.data import checkpoints

folder = Path(sys.argv[1])
checkpoints.SHIPPED = folder / "shipped"


def make(model):
    with (folder / "made").open("a") as file:
        file.write("once\\n")
    end = time.monotonic() + 60
    while not (folder / "asked").exists():
        assert time.monotonic() < end, "the test never asked"
        time.sleep(0.01)
    time.sleep(0.5)  # the test is past its first look for a checkpoint
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(7)


model = nn.Sequential(nn.Linear(3, 2))
checkpoints.load_or_make(model, "tiny", {"network": "tiny", "seed": 0}, make)
"""


def test_network_that_another_process_is_training_is_waited_for(make, trained, tmp_path):
    command = [sys.executable, "-c", OTHER_PROCESS, str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as other:
        try:
            while not (tmp_path / "made").exists():
                assert other.poll() is None, other.stderr.read()
                time.sleep(0.01)
            (tmp_path / "asked").touch()
            model = get(make)
            assert other.wait(60) == 0, other.stderr.read()
        finally:
            other.kill()
    assert make.count == 0
    assert (tmp_path / "made").read_text() == "once\n"
    assert {value for p in model.parameters() for value in p.flatten().tolist()} == {7}
    assert len(files(trained)) == 1
