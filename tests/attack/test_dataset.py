"""Attacks on whole data sets: the same as in one go, kept in chunks, never lost or mixed up."""

import functools
import sys
from dataclasses import fields, replace

import pytest
import torch
from torch import nn

from helpers.attack import attack_dataset, closest_adversarial
from helpers.data import Dataset

COUNT, CHUNK, FEW = 11, 4, 2


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The folder of the chunks, in an empty data folder; chunks are small."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("helpers.attack.dataset.CHUNK", CHUNK)
    monkeypatch.setattr("helpers.attack.dataset.FEW", FEW)
    return tmp_path / "data" / "attacked"


@pytest.fixture
def dataset():
    generator = torch.Generator().manual_seed(1)
    inputs = torch.rand(COUNT, 1, 3, 3, generator=generator)
    labels = torch.randint(10, (COUNT,), generator=generator)
    return Dataset(inputs, labels, "noise", "made here")


def network(seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Linear(9, 10)).eval()


@pytest.fixture
def sizes(monkeypatch):
    """How many images each attack was given."""
    given = []

    @functools.wraps(closest_adversarial)
    def counted(model, inputs, targets, **settings):
        given.append(len(inputs))
        return closest_adversarial(model, inputs, targets, **settings)

    monkeypatch.setitem(attack_dataset.__kwdefaults__, "attack", counted)
    return given


def no_attack(model, inputs, targets, *, strength=1.0):
    """An attack that changes nothing."""
    found = closest_adversarial(model, inputs, targets, steps=1)
    return replace(found, adversarial=inputs)


def files(folder):
    return sorted(folder.glob("*.safetensors"))


def same(one, other):
    pairs = [(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)]
    return all(torch.equal(a.nan_to_num(-1.0), b.nan_to_num(-1.0)) for a, b in pairs)


def test_chunks_are_what_one_attack_on_all_images_finds(dataset, sizes):
    model = network()
    found = attack_dataset("tiny", model, dataset)
    assert sizes == [4, 4, 3]
    assert len(found.adversarial) == COUNT
    alone = closest_adversarial(model, dataset.inputs, found.targets)
    assert torch.equal(found.success, alone.success)
    assert torch.allclose(found.distortion, alone.distortion, atol=1e-5)


def test_second_run_reads_what_the_first_made(dataset, sizes, folder):
    first = attack_dataset("tiny", network(), dataset)
    assert len(files(folder)) == 3
    assert same(first, attack_dataset("tiny", network(), dataset))
    assert sizes == [4, 4, 3]


def test_interrupted_run_goes_on_where_it_stopped(dataset, sizes, folder):
    counted = attack_dataset.__kwdefaults__["attack"]

    @functools.wraps(counted)
    def interrupted(model, inputs, targets, **settings):
        if len(sizes) == 2:
            raise KeyboardInterrupt
        return counted(model, inputs, targets, **settings)

    with pytest.raises(KeyboardInterrupt):
        attack_dataset("tiny", network(), dataset, attack=interrupted)
    assert len(files(folder)) == 2
    assert attack_dataset("tiny", network(), dataset).adversarial.shape == dataset.inputs.shape
    assert sizes == [4, 4, 3]


def test_progress_counts_what_was_there_as_done(dataset, capsys):
    attack_dataset("tiny", network(), dataset[:8])
    capsys.readouterr()
    attack_dataset("tiny", network(), dataset)
    shown = capsys.readouterr().err.split("\r")
    assert "8/11" in next(line for line in shown if "/11" in line)
    assert "11/11" in shown[-1]


def test_damaged_chunk_is_named_and_made_again(dataset, sizes, folder, capsys):
    good = attack_dataset("tiny", network(), dataset)
    path = files(folder)[1]
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert same(good, attack_dataset("tiny", network(), dataset))
    assert len(sizes) == 4
    assert f"{path} is damaged (" in capsys.readouterr().err
    assert same(good, attack_dataset("tiny", network(), dataset))
    assert len(sizes) == 4
    assert "damaged" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [
        lambda data: {"model": network(1)},
        lambda data: {"target": "nearest"},
        lambda data: {"seed": 1},
        lambda data: {"steps": 5},
        lambda data: {"dataset": Dataset(data.inputs / 2, data.labels, data.name, data.source)},
    ],
)
def test_whatever_a_chunk_depends_on_makes_another(dataset, sizes, folder, change):
    arguments = {"name": "tiny", "model": network(), "dataset": dataset}
    attack_dataset(**arguments)
    attack_dataset(**(arguments | change(dataset)))
    assert sizes == [4, 4, 3] * 2
    assert len(files(folder)) == 6


def test_another_attack_or_another_strength_of_it_makes_another_chunk(dataset, folder):
    attack_dataset("tiny", network(), dataset)
    for count, settings in enumerate(({}, {"strength": 2.0}, {"strength": 1.0}), start=2):
        found = attack_dataset("tiny", network(), dataset, attack=no_attack, **settings)
        assert torch.equal(found.adversarial, dataset.inputs)
        assert len(files(folder)) == 3 * min(count, 3)


def test_batch_size_is_no_part_of_the_key(dataset, sizes, folder):
    first = attack_dataset("tiny", network(), dataset)
    assert same(first, attack_dataset("tiny", network(), dataset, batch_size=2))
    assert sizes == [4, 4, 3]
    assert len(files(folder)) == 3


def test_another_version_of_the_attack_makes_another_chunk(dataset, folder, monkeypatch):
    for count, version in enumerate((1, 2, 1), start=1):
        monkeypatch.setattr(sys.modules[__name__], "VERSION", version, raising=False)
        attack_dataset("tiny", network(), dataset, attack=no_attack)
        assert len(files(folder)) == 3 * min(count, 2)


def test_attack_without_a_name_is_refused(dataset):
    with pytest.raises(ValueError, match=r"attack must be a function with a name, got functools"):
        attack_dataset(
            "tiny", network(), dataset, attack=functools.partial(no_attack, strength=2.0)
        )


def test_the_name_is_no_part_of_the_key_but_of_the_file(dataset, folder):
    attack_dataset("FC10(1e-2)", network(), dataset)
    assert {path.name.split(".noise")[0] for path in files(folder)} == {"FC10_1e-2_"}


def test_few_images_need_no_file(dataset, folder, capsys):
    found = attack_dataset("tiny", network(), dataset[: FEW - 1])
    assert len(found.success) == FEW - 1
    assert not folder.exists()
    assert capsys.readouterr() == ("", "")


def test_only_what_has_several_chunks_is_shared_out_to_a_cluster(dataset, monkeypatch):
    shared = []
    monkeypatch.setattr("helpers.attack.dataset.data.prepare", lambda pieces: shared.append(pieces))
    attack_dataset("tiny", network(), dataset[:CHUNK])
    assert shared == []
    attack_dataset("tiny", network(), dataset[: 2 * CHUNK])
    assert [len(pieces) for pieces in shared] == [2]


def test_one_chunk_is_kept_without_a_progress_bar(dataset, sizes, capsys):
    first, again = (attack_dataset("tiny", network(), dataset[:FEW]) for _ in range(2))
    assert sizes == [FEW]
    assert torch.equal(first.adversarial, again.adversarial)
    assert capsys.readouterr() == ("", "")


def test_the_readers_own_attack_is_run_again_when_its_code_has_changed(dataset, monkeypatch):
    first = attack_dataset("tiny", network(), dataset[:FEW], attack=no_attack)
    monkeypatch.setattr("inspect.getsource", lambda function: "changed")
    given = []

    @functools.wraps(no_attack)
    def changed(model, inputs, targets, *, strength=1.0):
        given.append(len(inputs))
        return first

    for _ in range(2):
        attack_dataset("tiny", network(), dataset[:FEW], attack=changed)
    assert given == [FEW]


def test_an_attack_without_readable_source_is_run_each_time(dataset, folder):
    made = {"closest_adversarial": closest_adversarial, "given": (given := [])}
    source = """def typed(model, inputs, targets):
        given.append(len(inputs))
        return closest_adversarial(model, inputs, targets, steps=1)"""
    exec(source, made)
    for _ in range(2):
        attack_dataset("tiny", network(), dataset[:FEW], attack=made["typed"])
    assert given == [FEW, FEW]
    assert not folder.exists()


def test_first_images_share_the_chunks_of_all(dataset, sizes):
    whole = attack_dataset("tiny", network(), dataset)
    part = attack_dataset("tiny", network(), dataset[: 2 * CHUNK])
    assert sizes == [4, 4, 3]
    assert torch.equal(part.adversarial, whole.adversarial[: 2 * CHUNK])


def test_given_targets_are_used(dataset):
    goals = (dataset.labels + 5) % 10
    assert torch.equal(attack_dataset("tiny", network(), dataset, target=goals).targets, goals)


def test_unknown_way_to_choose_targets_is_refused(dataset):
    with pytest.raises(ValueError, match="one of random, nearest; got 'far'"):
        attack_dataset("tiny", network(), dataset, target="far")


@pytest.mark.parametrize("change", [-1, 1])  # of more than the images the others were left out
def test_one_target_for_each_image(dataset, change):
    target = torch.zeros(COUNT + change, dtype=torch.long)
    with pytest.raises(ValueError, match=rf"target must have shape \({COUNT},\)"):
        attack_dataset("tiny", network(), dataset, target=target)
