"""Pieces on a cluster: the serial run's files, whatever happens to a worker or the scheduler."""

import functools
import linecache
import os
import pickle
import re
import socket
import subprocess
import sys
import threading
import time

import pytest

pytest.importorskip("distributed")

from helpers import data
from helpers.attack import attack_dataset
from helpers.data import cluster, locks, prepare
from helpers.training import trained
from tests.data import cluster_pieces
from tests.data.cluster_pieces import contents


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("COURSE_SHARED", raising=False)
    monkeypatch.setenv("COURSE_CLUSTER", "local:2")
    return tmp_path / "data"


@pytest.fixture(scope="module", autouse=True)
def _close():
    yield
    if cluster.connected.cache_info().currsize:
        client = cluster.connected("local:2")
        client.shutdown()
        cluster.connected.cache_clear()


def pieces(function, *names):
    return {str(name): functools.partial(function, str(name)) for name in names}


def refuse(*_, **__):
    raise AssertionError("it was made here")


def test_without_the_setting_nothing_happens(monkeypatch, folder):
    monkeypatch.setenv("COURSE_CLUSTER", "")
    prepare(pieces(cluster_pieces.five, "a"))
    assert not folder.exists()


def test_without_the_setting_nothing_is_imported():
    code = "import sys, helpers.attack, helpers.studies; print('distributed' in sys.modules)"
    environment = {**os.environ, "COURSE_CLUSTER": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_pieces_are_made_elsewhere_and_kept_here(monkeypatch):
    prepare(pieces(cluster_pieces.five, "a", "b"))
    monkeypatch.setattr("helpers.data.measurements.write_or_say", refuse)
    found = [cluster_pieces.five(name) for name in ("a", "b")]
    assert [each["value"] for each in found] == [5, 5]
    assert os.getpid() not in {each["process"] for each in found}


def test_a_local_worker_keeps_the_memory_of_its_tensors():
    """Dask would have glibc give it back each time, and attacks take half as long again."""
    prepare(pieces(cluster_pieces.five, "a"))
    found = cluster.connected("local:2").run(os.environ.get, "MALLOC_TRIM_THRESHOLD_")
    assert len(found) == 2
    assert set(found.values()) == {os.environ.get("MALLOC_TRIM_THRESHOLD_")}


def test_what_is_kept_is_not_made_again(folder):
    cluster_pieces.five("a")
    before = contents(folder)
    prepare(pieces(cluster_pieces.five, "a"))
    assert contents(folder) == before


def test_a_piece_that_fails_three_times_names_itself_and_the_rest_goes_on(tmp_path, folder):
    count = tmp_path / "count"
    some = pieces(cluster_pieces.fail, count) | pieces(cluster_pieces.five, "a", "b")
    with pytest.raises(RuntimeError, match=re.escape(f"{count} (ArithmeticError('no result')")):
        prepare(some)
    assert count.read_text() == "xxx"
    assert len(contents(folder)) == 2


def test_a_worker_that_dies_loses_its_pieces_only(tmp_path, folder):
    some = pieces(cluster_pieces.die_once, tmp_path / "died")
    prepare(some | pieces(cluster_pieces.five, "a", "b", "c"))
    assert (tmp_path / "died").exists()
    assert len(contents(folder)) == 4


@pytest.fixture
def small(monkeypatch):
    """Five chunks of images."""
    monkeypatch.setattr("helpers.attack.dataset.CHUNK", 100)
    return data.digits("train")[:500]


def attacked(dataset):
    network = trained("FC100-100-10", dataset=data.digits("train"))
    return attack_dataset("FC100-100-10", network, dataset, steps=10)


def test_attacked_images_are_those_of_the_serial_run(small, monkeypatch, folder):
    attacked(small)
    found = contents(folder)
    monkeypatch.setenv("COURSE_DATA", f"{folder} 2")
    monkeypatch.setenv("COURSE_CLUSTER", "")
    attacked(small)
    assert len(found) == 5
    assert contents(data.folder()) == found


def test_a_notebooks_own_attack_is_run_on_the_cluster(small, monkeypatch, folder):
    source = """def own(model, inputs, targets, *, steps=3):
        from helpers.attack import closest_adversarial
        return closest_adversarial(model, inputs, targets, steps=steps)"""
    cell = "<a cell>"
    monkeypatch.setitem(linecache.cache, cell, (len(source), None, source.splitlines(True), cell))
    names = {"__name__": "__main__"}  # what is defined there is sent itself, not its name
    exec(compile(source, cell, "exec"), names)
    network = trained("FC100-100-10", dataset=data.digits("train"))
    monkeypatch.setattr("helpers.attack.dataset._run", refuse)
    attack_dataset("fc", network, small, attack=names["own"])
    assert len(contents(folder)) == 5


def test_a_worker_killed_in_the_middle_changes_no_number(small, tmp_path, monkeypatch, folder):
    network = trained("FC100-100-10", dataset=data.digits("train"))
    died = tmp_path / "died"
    attack = functools.partial(
        attack_dataset, "fc", network, small, attack=cluster_pieces.deadly, died=str(died)
    )
    died.touch()
    monkeypatch.setenv("COURSE_DATA", f"{folder} 2")
    monkeypatch.setenv("COURSE_CLUSTER", "")
    attack()
    serial = contents(data.folder())

    died.unlink()
    monkeypatch.setenv("COURSE_DATA", str(folder))
    monkeypatch.setenv("COURSE_CLUSTER", "local:2")
    attack()
    assert died.exists()
    assert len(serial) == 5
    assert contents(folder) == serial


def test_half_a_run_goes_on_on_the_cluster(small, monkeypatch, folder):
    monkeypatch.setenv("COURSE_CLUSTER", "")
    attacked(small[:300])
    before = contents(folder)
    monkeypatch.setenv("COURSE_CLUSTER", "local:2")
    monkeypatch.setattr("helpers.attack.dataset._run", refuse)
    attacked(small)
    assert before.items() <= contents(folder).items()
    assert len(contents(folder)) == 5


def test_trained_networks_are_those_of_the_serial_run(monkeypatch, folder):
    train = functools.partial(trained, "FC100-100-10", dataset=data.digits("train")[:100])
    networks = {f"seed {seed}": functools.partial(train, seed=seed) for seed in (3, 4)}
    prepare(networks)
    found = contents(folder)
    monkeypatch.setenv("COURSE_DATA", f"{folder} 2")
    monkeypatch.setenv("COURSE_CLUSTER", "")
    for make in networks.values():
        make()
    assert len(found) == 2
    assert contents(data.folder()) == found


def test_a_data_set_is_sent_once(monkeypatch, folder):
    dataset = data.digits("test")[:50]
    client = cluster.connected("local:2")
    calls = []
    scatter = client.scatter

    def counting(what, **how):
        calls.append(list(what))
        return scatter(what, **how)

    monkeypatch.setattr(client, "scatter", counting)
    prepare({name: functools.partial(cluster_pieces.count, name, dataset) for name in "abc"})
    assert len(calls) == 1
    assert cluster_pieces.count("a", None) == {"images": 50}


@pytest.mark.parametrize("where", ["near", "local:0", "local:two", "/no/such/file.json"])
def test_setting_that_names_no_cluster_is_refused(where, monkeypatch):
    monkeypatch.setenv("COURSE_CLUSTER", where)
    with pytest.raises(ValueError, match=f"COURSE_CLUSTER must be .*got '{where}'"):
        prepare(pieces(cluster_pieces.five, "a"))


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setenv("COURSE_CLUSTER", "local:7")
    with pytest.raises(ImportError, match="pip install distributed"):
        cluster.connected("local:7")


def test_the_readers_own_client_is_used(monkeypatch, folder):
    client = cluster.connected("local:2")
    monkeypatch.setattr(cluster, "connected", refuse)
    monkeypatch.setenv("COURSE_CLUSTER", "client")
    with client.as_current():
        prepare(pieces(cluster_pieces.five, "a"))
    assert len(contents(folder)) == 1


@pytest.fixture
def own_cluster(monkeypatch):
    """A reader's own cluster, without workers yet, and its client, which gives up within 1 s."""
    from distributed import Client, LocalCluster

    monkeypatch.setenv("COURSE_CLUSTER", "client")
    with (
        LocalCluster(n_workers=0, threads_per_worker=1, dashboard_address=":0") as own,
        Client(own, timeout=1) as client,
    ):
        yield own, client


def counted(names, dataset):
    return {name: functools.partial(cluster_pieces.count, name, dataset) for name in names}


def test_workers_that_come_late_are_waited_for(own_cluster, folder, capfd, monkeypatch):
    own, client = own_cluster
    late = threading.Timer(2, own.scale, [1])  # in a queue they may wait for hours
    ask = client.scheduler_info

    def asked(*arguments, **settings):
        monkeypatch.setattr(client, "scheduler_info", ask)
        late.start()
        return ask(*arguments, **settings)

    monkeypatch.setattr(client, "scheduler_info", asked)
    prepare(counted("ab", data.digits("test")[:50]))
    late.join()
    assert len(contents(folder)) == 2
    assert "waiting for the cluster's first worker" in capfd.readouterr().err


def test_what_is_lost_with_a_worker_is_sent_again_by_ones_own_client(own_cluster, tmp_path, folder):
    own, client = own_cluster
    own.scale(1)
    dataset = data.digits("test")[:50]
    died = {"dies": functools.partial(cluster_pieces.die_once, str(tmp_path / "died"))}
    prepare(died | counted("abc", dataset))  # the images are on this worker only
    assert len(contents(folder)) == 4
    assert client.status == "running"


def test_workers_that_die_each_time_are_not_started_for_ever(own_cluster):
    own, _ = own_cluster
    own.scale(1)
    dataset = data.digits("test")[:50]
    with pytest.raises(RuntimeError, match=r"3 times|KilledWorker"):
        prepare({"dies": functools.partial(cluster_pieces.die, dataset)})


def test_of_some_images_not_all_the_others_are_sent():
    dataset = data.digits("test")[:50]
    few = cluster._packed(dataset[:5])
    assert few.digest == dataset[:5].digest
    assert few.inputs.untyped_storage().nbytes() == 5 * 28 * 28 * 4
    assert len(pickle.dumps(few)) < 25_000


def test_only_looking_makes_nothing(folder):
    with locks.only_looking(), pytest.raises(locks.NotKeptError):
        cluster_pieces.five("a")
    assert contents(folder) == {}
    assert cluster_pieces.five("a")["value"] == 5


class Cluster:
    """A scheduler and a worker as processes of their own, which can be ended and started anew."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        self.processes = []

    def start(self):
        port = self.address.rsplit(":", 1)[1]
        host = ("--host", "127.0.0.1", "--no-dashboard")
        for command in (
            ("scheduler", *host, "--port", port),
            ("worker", self.address, *host, "--nthreads", "1", "--no-nanny"),
        ):
            self.processes.append(
                subprocess.Popen(
                    [sys.executable, "-m", "distributed.cli.dask_" + command[0], *command[1:]],
                    cwd=data.ROOT,
                    stderr=subprocess.DEVNULL,
                )
            )

    def end(self):
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes = []


@pytest.fixture
def restartable(monkeypatch):
    there = Cluster()
    there.start()
    monkeypatch.setenv("COURSE_CLUSTER", there.address)
    yield there
    if cluster.connected.cache_info().currsize:
        cluster.connected(there.address).close(timeout=1)
        cluster.connected.cache_clear()
    there.end()


def test_a_scheduler_that_is_started_again_gets_the_rest(restartable, tmp_path, folder):
    gate, begun = tmp_path / "gate", tmp_path / "begun"

    def restart():
        while not begun.exists():
            time.sleep(0.05)
        restartable.end()
        gate.touch()
        restartable.start()

    thread = threading.Thread(target=restart)
    thread.start()
    slow = {"slow": functools.partial(cluster_pieces.slow, str(begun), str(gate))}
    prepare(slow | pieces(cluster_pieces.five, "a", "b"))
    thread.join()
    assert len(contents(folder)) == 3
