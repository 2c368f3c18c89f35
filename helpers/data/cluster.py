"""Many pieces at once: on a Dask cluster where ``COURSE_CLUSTER`` names one, else nothing changes.

A piece is any call that keeps what it makes in the data folder: a network that is trained, a
measurement, a chunk of images that are attacked. `prepare` lets the workers of a cluster run the
pieces whose results are missing, and writes the files that they come back with; the same calls
then find them. So the code that uses the results does not know that there is a cluster, a run can
begin on a laptop and go on on a cluster, and the numbers are those of a serial run with as many
threads.
"""

import copy
import dataclasses
import functools
import hashlib
import os
import pickle
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn
from tqdm.auto import tqdm

from helpers.data.dataset import Dataset
from helpers.data.files import folder, write_atomically
from helpers.data.locks import NotKeptError, is_only_looking, only_looking

if TYPE_CHECKING:
    from distributed import Client, Future

TRIES = 3  # of a piece that raises an error
PATIENCE = 60  # seconds for a scheduler to answer, such as one that is being started again
QUEUE = 7 * 24 * 3600  # seconds for a worker to come, which may be in a queue
AT_START = "distributed.nanny.pre-spawn-environ"  # Dask's setting: a local worker's variables
ONE_PIECE = threading.Lock()  # at a time in a worker, with all of its threads


def prepare(pieces: Mapping[str, functools.partial]) -> None:
    """Let a cluster make what the pieces keep; without a cluster, do nothing.

    Parameters
    ----------
    pieces : mapping of str to functools.partial
        What a piece is called in messages → the call. Its arguments are sent to the workers; data
        sets and networks among them once, and there they are moved to the worker's GPU, if any.

    Raises
    ------
    ValueError
        If ``COURSE_CLUSTER`` is nothing that names a cluster, or says that there is a client where
        none was made.
    ImportError
        If the package distributed is not installed.
    OSError
        If no scheduler answers within a minute, the scheduler of one's own client is gone, or what
        a worker made cannot be written.
    RuntimeError
        If pieces failed three times, all others are made and kept first; or if three times all
        pieces were lost with workers or with the scheduler.
    """
    if not os.environ.get("COURSE_CLUSTER") or is_only_looking():
        return
    waiting = {name: piece for name, piece in pieces.items() if not _is_kept(piece)}
    failed: dict[str, BaseException] = {}
    in_vain = 0  # times
    done = len(pieces) - len(waiting)
    with tqdm(total=len(pieces), initial=done, unit="piece", disable=not waiting) as bar:
        while waiting:
            bar.desc = f"on {os.environ['COURSE_CLUSTER']}"
            lost = _run(waiting, bar, failed)
            in_vain = in_vain + 1 if len(lost) == len(waiting) else 0
            if in_vain == TRIES:
                raise RuntimeError(
                    f"{TRIES} times all pieces were lost with the workers or the scheduler of "
                    f"{os.environ['COURSE_CLUSTER']}: do they have too little memory?"
                )
            waiting = lost
    if failed:
        named = "; ".join(f"{name} ({error!r})" for name, error in failed.items())
        raise RuntimeError(f"failed {TRIES} times on the cluster: {named}; the others are kept")


def _is_kept(piece: Callable[[], object]) -> bool:
    """Return whether a piece finds all that it would make."""
    try:
        with only_looking():
            piece()
    except NotKeptError:
        return False
    return True


def _run(pieces: dict[str, functools.partial], bar: tqdm, failed: dict) -> dict:
    """Run pieces on the cluster and keep their files; return those that were lost.

    They are lost with the scheduler, or with a worker that alone had what they need.
    """
    from distributed import CancelledError, as_completed

    lost = dict(pieces)
    where = os.environ["COURSE_CLUSTER"]
    client = _client(where)
    if not client.scheduler_info()["workers"]:
        print("waiting for the cluster's first worker", file=sys.stderr)
    try:
        sent = _send(client, pieces)
    except OSError as error:  # a worker died, or the scheduler, that was being sent something
        print(f"not everything could be sent: {error}", file=sys.stderr)
        sent = {}
    names = {future.key: name for name, future in sent.items()}
    for future in as_completed(sent.values()):
        error = future.exception() if not future.cancelled() else CancelledError()
        if isinstance(error, CancelledError):
            continue
        name = names[future.key]
        if error is not None:
            failed[name] = error
        else:
            for path, content in future.result().items():
                write_atomically(folder() / path, content)
        del lost[name]
        future.release()  # the worker may forget the files
        bar.update()
    if lost and client.status == "running":
        print("a worker is gone that had what others need: sending it again", file=sys.stderr)
    elif lost and where == "client":
        raise OSError("the scheduler of the client that COURSE_CLUSTER=client stands for is gone")
    elif lost:
        print("the scheduler is gone, or was started again: connecting anew", file=sys.stderr)
        client.close()
        connected.cache_clear()
    return lost


def _client(where: str) -> "Client":
    """Return the client that this process has made, where the setting says so, or a new one."""
    if where != "client":
        return connected(where)
    from distributed import Client

    return Client.current()


@functools.cache
def connected(where: str) -> "Client":
    """Return a client of the cluster that `where` names; see ``docs/cluster.md``."""
    try:
        import dask
        from distributed import Client, LocalCluster
    except ImportError as error:
        raise ImportError(
            "COURSE_CLUSTER needs the package distributed: pip install distributed"
        ) from error
    if local := re.fullmatch(r"local(?::([1-9][0-9]{0,3}))?", where):
        workers = int(local[1]) if local[1] else None  # as many as this process has cores
        options = {"threads_per_worker": 1, "dashboard_address": ":0"}
        # Dask's MALLOC_TRIM_THRESHOLD_ has every tensor's memory given back to the system at once
        variables = dask.config.get(AT_START)
        kept = {name: variables[name] for name in variables if not name.startswith("MALLOC_")}
        with dask.config.set({AT_START: kept}):
            return Client(LocalCluster(n_workers=workers, **options))
    if "://" in where:
        return Client(where, timeout=PATIENCE)
    if Path(where).is_file():
        return Client(scheduler_file=where, timeout=PATIENCE)
    raise ValueError(
        "COURSE_CLUSTER must be local, local:4 for four workers, a scheduler's address such as "
        "tcp://name:8786, a scheduler file that exists, or client for the dask.distributed.Client "
        f"that was made before; got {where!r}"
    )


def _send(client: "Client", pieces: dict[str, functools.partial]) -> dict[str, "Future"]:
    """Submit pieces; a data set or a network that several have is sent once, by its content."""
    sent: dict[int, Future] = {}

    def light(value: object) -> object:
        if not isinstance(value, Dataset | nn.Module):
            return value
        if id(value) not in sent:
            key = f"{type(value).__name__}-{_content(value)}"
            sent[id(value)] = client.scatter({key: _packed(value)}, timeout=QUEUE)[key]
        return sent[id(value)]

    return {
        name: client.submit(
            _work,
            piece.func,
            [light(value) for value in piece.args],
            {key: light(value) for key, value in piece.keywords.items()},
            str(folder().resolve()),
            retries=TRIES - 1,
            pure=False,
        )
        for name, piece in pieces.items()
    }


def _content(value: Dataset | nn.Module) -> str:
    """Return a hash of all that is sent; that of the images is known by now."""
    if isinstance(value, Dataset):
        return hashlib.sha256(
            "\0".join((value.digest, value.name, value.source)).encode()
        ).hexdigest()
    return hashlib.sha256(pickle.dumps(_packed(value))).hexdigest()


def _packed(value: Dataset | nn.Module) -> Dataset | nn.Module:
    """Return what is to be sent, on the CPU; of some images of a data set not all the others."""
    value = _on(value, torch.device("cpu"))
    if isinstance(value, Dataset):
        return dataclasses.replace(value, inputs=value.inputs.clone(), labels=value.labels.clone())
    return value


def _on(value: object, device: torch.device) -> object:
    """Return a data set, tensor or network on a device, and anything else as it is."""
    if isinstance(value, nn.Module):
        return copy.deepcopy(value).to(device)  # `to` would move the one that others have
    return value.to(device) if isinstance(value, Dataset | torch.Tensor) else value


def _work(function: Callable, args: list, keywords: dict, known: str) -> dict[str, bytes]:
    """Run a piece on a worker, in a data folder of its own; return the files that it has made.

    What the client's data folder `known` holds is read there, where the worker can see it.
    """
    from distributed import get_worker

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(get_worker().state.nthreads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    with ONE_PIECE, tempfile.TemporaryDirectory() as own:
        before = {"COURSE_DATA": "", "COURSE_SHARED": "", "COURSE_CLUSTER": "", **os.environ}
        shared = os.pathsep.join(filter(None, (known, before["COURSE_SHARED"])))
        os.environ.update(COURSE_DATA=own, COURSE_SHARED=shared, COURSE_CLUSTER="")
        try:
            function(
                *(_on(value, device) for value in args),
                **{key: _on(value, device) for key, value in keywords.items()},
            )
        finally:
            os.environ.update(before)
        made = (path for path in Path(own).rglob("*") if path.is_file() and path.suffix != ".lock")
        return {path.relative_to(own).as_posix(): path.read_bytes() for path in made}
