"""Networks of the paper, from checkpoints or trained anew."""

from dataclasses import replace

import pytest

from helpers import models, training
from helpers.data import checkpoints
from helpers.training import autoencoder, zoo

from .examples import QUICK, SPARSE, made_up, same


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where new checkpoints go, with nothing shipped and short recipes."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setattr(checkpoints, "SHIPPED", tmp_path / "shipped")
    short = replace(QUICK, epochs=1, batch_size=50)
    monkeypatch.setitem(training.RECIPES, "FC100-100-10", short)
    monkeypatch.setitem(training.RECIPES, "Conv", short)
    monkeypatch.setitem(training.RECIPES, "AE400-10", replace(SPARSE, epochs=1))
    return tmp_path / "trained"


@pytest.fixture(scope="module")
def tiny():
    return made_up(30, side=28)


def no_training(monkeypatch):
    def fail(*arguments, **options):
        raise AssertionError("it was trained again")

    for name in ("train", "fit_readout", "pretrain_autoencoder"):
        monkeypatch.setattr(zoo, name, fail)


def kept(folder):
    return sorted(path.name for path in folder.glob("*.safetensors"))


@pytest.mark.parametrize("name", ["FC10(1e-2)", "FC100-100-10", "AE400-10", "Conv"])
def test_second_call_reads_the_checkpoint(folder, tiny, monkeypatch, name, capsys):
    first = training.trained(name, dataset=tiny, seed=3)
    assert not same(first, models.build(name, seed=3))
    no_training(monkeypatch)
    capsys.readouterr()
    again = training.trained(name, dataset=tiny, seed=3)
    assert again is not first
    assert same(first, again)
    assert not first.training
    assert not again.training
    assert capsys.readouterr() == ("", "")
    assert len(kept(folder)) == 1


def test_another_seed_data_decay_form_or_recipe_is_another_network(folder, tiny, monkeypatch):
    pixel = tiny.inputs.clone()
    pixel[0, 0, 0, 0] += 1e-3
    wanted = [
        {"dataset": tiny},
        {"dataset": tiny, "seed": 1},
        {"dataset": tiny, "decay_form": "per unit"},
        {"dataset": tiny[:29]},
        {"dataset": replace(tiny, labels=tiny.labels.flip(0))},
        {"dataset": replace(tiny, inputs=pixel)},
    ]
    networks = [training.trained("FC100-100-10", **options) for options in wanted]
    assert len(kept(folder)) == len(wanted)
    assert not any(same(networks[0], other) for other in networks[1:])
    longer = replace(training.RECIPES["FC100-100-10"], epochs=2)
    monkeypatch.setitem(training.RECIPES, "FC100-100-10", longer)
    assert not same(training.trained("FC100-100-10", dataset=tiny), networks[0])
    assert len(kept(folder)) == len(wanted) + 1


def test_convex_networks_share_one_checkpoint_for_all_seeds(folder, tiny, monkeypatch):
    first = training.trained("FC10(1e-2)", dataset=tiny)
    no_training(monkeypatch)
    assert same(training.trained("FC10(1e-2)", dataset=tiny, seed=7), first)
    assert len(kept(folder)) == 1
    assert ".seed0." in kept(folder)[0]


def test_convex_networks_differ_by_their_decay(folder, tiny):
    networks = [training.trained(f"FC10({decay})", dataset=tiny) for decay in ("1e-2", "1")]
    assert len(kept(folder)) == 2
    assert networks[1][1].weight.norm() < 0.5 * networks[0][1].weight.norm()


def test_trained_is_train_with_the_papers_decay(folder, tiny):
    found = training.trained("FC100-100-10", dataset=tiny, seed=2)
    recipe = training.RECIPES["FC100-100-10"]
    expected = training.train(
        models.build("FC100-100-10", seed=2),
        tiny,
        weight_decay=(1e-5, 1e-5, 1e-6),
        recipe=replace(recipe, epochs=10 * recipe.epochs),
        seed=2,
    )
    assert same(found, expected)


def test_autoencoder_network_is_pretrained_then_read_out(folder, tiny):
    found = training.trained("AE400-10", dataset=tiny, seed=2)
    recipe = training.RECIPES["AE400-10"]
    expected = models.build("AE400-10", seed=2)
    recipe = replace(recipe, epochs=10 * recipe.epochs)
    autoencoder.pretrain_autoencoder(expected, tiny, recipe=recipe, seed=2)
    training.fit_readout(expected, tiny, weight_decay=1e-6)
    assert same(found, expected)


@pytest.mark.parametrize(("limit", "epochs"), [(30, 1), (31, 10)])
def test_few_images_get_ten_times_as_many_epochs(folder, tiny, monkeypatch, limit, epochs):
    used = []
    monkeypatch.setattr(zoo, "SMALL_DATA", limit)
    monkeypatch.setattr(zoo, "train", lambda *_, recipe, **__: used.append(recipe.epochs))
    training.trained("FC100-100-10", dataset=tiny)
    assert used == [epochs]


def test_keep_puts_the_checkpoint_elsewhere(folder, tiny, tmp_path):
    training.trained("FC10(1)", dataset=tiny, keep=tmp_path / "here")
    assert len(kept(tmp_path / "here")) == 1
    assert not folder.exists()


def test_training_is_announced(folder, tiny, capsys):
    training.trained("FC100-100-10", dataset=tiny)
    assert "training FC100-100-10 on made up" in capsys.readouterr().err


def test_unknown_network_and_form_are_refused(folder, tiny):
    with pytest.raises(ValueError, match=r"name must be one of .*; got 'FC7'"):
        training.trained("FC7", dataset=tiny)
    with pytest.raises(ValueError, match="decay_form must be one of"):
        training.trained("FC100-100-10", dataset=tiny, decay_form="all")
    assert kept(folder) == []


def test_cross_training_set_is_table_threes(tiny):
    networks = training.cross_training_set(tiny)
    assert list(networks) == ["FC100-100-10", "FC123-456-10", "FC100-100-10′"]
    architectures, parts, seeds = zip(*networks.values(), strict=True)
    assert architectures == ("FC100-100-10", "FC123-456-10", "FC100-100-10")
    assert [part.name for part in parts] == ["made up P1", "made up P1", "made up P2"]
    assert parts[0] is parts[1]
    pixels = [{x.numpy().tobytes() for x in part.inputs} for part in parts[1:]]
    assert pixels[0].isdisjoint(pixels[1])
    assert seeds[0] != seeds[2]
