"""The comparison of chapter 9: its cells, what it measures, and how it goes on after a break."""

from dataclasses import replace

import pytest
import torch

from helpers import evaluation
from helpers.attack import closest_adversarial, random_targets
from helpers.studies import adversarial_training, pool_comparison
from helpers.training import Recipe, zoo

SHORT = Recipe(epochs=2, batch_size=20, learning_rate=0.1, averaging=0.5)
pytestmark = pytest.mark.usefixtures("own_folder")


def test_pools_get_as_many_attacks_for_one_layer_as_for_three():
    one, three = (pool_comparison.pools(pool_comparison.LAYERS[name]) for name in ("input", "all"))
    assert one.every * 1 == three.every * 3 == 3
    assert sum(one.shares) == pytest.approx(sum(three.shares)) == pytest.approx(0.5)
    assert three.strengths == (0.5,) * 3
    assert pool_comparison.pools((1,), 1.0, "own", 0.2, target="random").target == "random"


def test_every_cell_of_the_screen_is_another_method():
    methods = [method for cells in pool_comparison.SCREEN.values() for method in cells.values()]
    assert len(methods) == len(set(methods))
    assert {pool_comparison.BASELINE, pool_comparison.BEST} <= set(pool_comparison.FINALISTS)


def test_screen_keeps_the_last_images_for_judging_and_is_resumed(tiny, monkeypatch):
    cells = {"first": {"plain": adversarial_training.Method()}}
    monkeypatch.setattr(pool_comparison, "SCREEN", cells)
    seen = []

    def trial(method, train, held_out):
        seen.append((train.inputs, held_out.inputs))
        return {"error": 0.5}

    monkeypatch.setattr(pool_comparison, "trial", trial)
    assert list(pool_comparison.screen(tiny[:60])) == [
        {"group": "first", "name": "plain", "error": 0.5}
    ]
    ((train, held_out),) = seen
    assert torch.equal(train, tiny.inputs[:50])
    assert torch.equal(held_out, tiny.inputs[50:60])


def test_finals_are_one_row_for_each_method_and_seed_and_are_resumed(tiny, monkeypatch):
    monkeypatch.setattr(pool_comparison, "FINAL_RECIPE", replace(SHORT, epochs=1))
    monkeypatch.setattr(zoo, "SMALL_DATA", 0)
    monkeypatch.setattr(pool_comparison, "SEEDS", (0, 1))
    monkeypatch.setattr(pool_comparison, "ATTACKED", 5)
    rows = list(pool_comparison.finals(tiny, tiny[:20]))
    expected = [(name, seed) for seed in (0, 1) for name in pool_comparison.FINALISTS]
    assert [(row["name"], row["seed"]) for row in rows] == expected
    model = pool_comparison.finalist(pool_comparison.BEST, tiny, seed=1)
    error = evaluation.error_rate(model, tiny.inputs[:20], tiny.labels[:20])
    (row,) = [r for r in rows if (r["name"], r["seed"]) == (pool_comparison.BEST, 1)]
    assert row["test_error"] == error
    assert (len(row["misread"]), row["tested"]) == (round(20 * error), 20)
    monkeypatch.setattr(pool_comparison, "measure", lambda *a, **k: pytest.fail("measured again"))
    assert list(pool_comparison.finals(tiny, tiny[:20])) == rows


def test_final_has_the_transfer_from_another_network(tiny, monkeypatch):
    monkeypatch.setattr(pool_comparison, "FINAL_RECIPE", replace(SHORT, epochs=1))
    monkeypatch.setattr(zoo, "SMALL_DATA", 0)
    monkeypatch.setattr(pool_comparison, "SEEDS", (0, 1))
    monkeypatch.setattr(pool_comparison, "ATTACKED", 10)
    some = tiny[40:50]
    rows = list(pool_comparison.finals(tiny[:40], tiny[40:]))
    row = next(r for r in rows if (r["name"], r["seed"]) == (pool_comparison.BEST, 0))
    model = pool_comparison.finalist(pool_comparison.BEST, tiny[:40], seed=0)
    other = pool_comparison.finalist(pool_comparison.BASELINE, tiny[:40], seed=1)
    targets = random_targets(some.labels, generator=torch.Generator().manual_seed(0))
    foreign = closest_adversarial(other, some.inputs, targets).adversarial
    r = foreign - some.inputs
    r *= pool_comparison.AMPLIFIED / r.flatten(1).square().mean(1).sqrt().mean()
    wrong = evaluation.predict(model, some.inputs + r) != some.labels
    assert row["transfer"] == pytest.approx(wrong.double().mean().item())


def test_small_data_get_more_epochs(tiny, monkeypatch):
    recipes = []
    monkeypatch.setattr(
        pool_comparison, "trained_by", lambda *a, recipe, **k: recipes.append(recipe)
    )
    pool_comparison.finalist(pool_comparison.BEST, tiny)
    monkeypatch.setattr(zoo, "SMALL_DATA", 10)
    pool_comparison.finalist(pool_comparison.BEST, tiny)
    assert [recipe.epochs for recipe in recipes] == [600, 60]


def test_differences_are_paired_by_seed():
    rows = [
        {"name": name, "seed": seed, "test_error": error}
        for seed, (a, b) in enumerate([(0.10, 0.12), (0.20, 0.22), (0.30, 0.33)])
        for name, error in (("a", a), ("b", b))
    ]
    assert pool_comparison.by_name(rows, "test_error") == {
        "a": [0.1, 0.2, 0.3],
        "b": [0.12, 0.22, 0.33],
    }
    (gap,) = pool_comparison.differences(rows, "a").values()
    assert gap.value == pytest.approx(0.07 / 3)
    assert 0 < gap.low < gap.value < gap.high  # though the seeds differ by far more


def test_differences_are_of_seeds_and_images_where_these_are_kept():
    wrong = {"a": ([0, 1], [1]), "b": ([0, 1, 2], [1, 3, 4])}
    rows = [
        {"name": name, "seed": seed, "test_error": 0, "misread": images, "tested": 10}
        for name, both in wrong.items()
        for seed, images in enumerate(both)
    ]
    (gap,) = pool_comparison.differences(rows, "a").values()
    seeds_only = evaluation.paired_difference([0.3, 0.3], [0.2, 0.1])
    assert gap.value == pytest.approx(seeds_only.value) == pytest.approx(0.15)
    assert gap.low < seeds_only.low
