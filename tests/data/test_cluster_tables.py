"""Tables 1 to 4 at a reduced size: those of a cluster are those of a serial run, bit for bit."""

import pytest

pytest.importorskip("distributed")

from helpers import data
from helpers.attack import attack_dataset
from helpers.data import cluster
from helpers.evaluation import error_rate, rescale_to_mean, transfer_table
from helpers.training import cross_training_set, trained_all
from tests.data.cluster_pieces import contents

TABLE_1 = ("FC10(1e-4)", "FC10(1e-2)", "FC10(1)", "FC100-100-10", "FC200-200-10", "AE400-10")


def refuse(*_, **__):
    raise AssertionError("it was made here")


def two_tables(settings, images, others):
    """Return the errors and distortions of some networks, and who misreads whose examples."""
    networks = trained_all(settings)
    found = {
        str(name): attack_dataset(str(name), network, images, steps=10)
        for name, network in networks.items()
    }
    errors = {
        name: [error_rate(network, part.inputs, part.labels) for part in (images, *others)]
        for name, network in networks.items()
    }
    sizes = {name: result.distortion.mean().item() for name, result in found.items()}
    examples = [(name, result.adversarial) for name, result in found.items()]
    examples += [
        (f"{name} to 0.1", rescale_to_mean(images.inputs, changed, 0.1))
        for name, changed in examples
    ]
    wrong = transfer_table(examples, networks, images).wrong
    return errors, sizes, wrong.tolist()


def tables():
    """Return Tables 1 to 4 of networks for 100 digits, attacked at 200."""
    train, images = data.digits("train")[:100], data.digits("test")[:200]
    of_all = {name: {"name": name, "dataset": train} for name in TABLE_1}
    halves = cross_training_set(train)
    of_halves = {
        name: {"name": shape, "dataset": half, "seed": seed}
        for name, (shape, half, seed) in halves.items()
    }
    return two_tables(of_all, images, [train]), two_tables(of_halves, images, [train])


def test_tables_1_to_4_are_those_of_the_serial_run(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.attack.dataset.CHUNK", 100)
    monkeypatch.delenv("COURSE_SHARED", raising=False)
    monkeypatch.setenv("COURSE_CLUSTER", "")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "serial"))
    serial = tables()

    monkeypatch.setenv("COURSE_CLUSTER", "local:2")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cluster"))
    for made_here in ("training.zoo.train", "training.zoo.fit_readout", "attack.dataset._run"):
        monkeypatch.setattr(f"helpers.{made_here}", refuse)
    try:
        assert tables() == serial
    finally:
        cluster.connected("local:2").shutdown()
        cluster.connected.cache_clear()
    assert len(contents(tmp_path / "serial")) == 9 + 2 * 9
    assert contents(tmp_path / "cluster") == contents(tmp_path / "serial")
