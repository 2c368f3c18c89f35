"""Pools on the paper's network: one choice, results that are kept, and rules that can say no."""

from dataclasses import replace

import pytest
import torch

from helpers.evaluation import error_rate
from helpers.studies import sigmoid_pools
from helpers.studies.layer_pools import PoolLoss
from helpers.studies.sigmoid_pools import (
    COMPARED,
    POOLED,
    Comparison,
    compare,
    higher_is_better,
    only_with_all,
    with_pools,
)
from helpers.training import zoo

METHODS = ("weight decay", "dropout", *POOLED)
SHORT = replace(sigmoid_pools.LONG, epochs=2, batch_size=20, learning_rate=0.1, averaging=0.5)


def refuse(*arguments):
    raise AssertionError("measured again")


@pytest.fixture
def short(monkeypatch, own_folder):
    """Trainings of two epochs, and few images attacked."""
    for name, value in (
        ("LONG", SHORT),
        ("SCREENING", SHORT),
        ("FEW_ATTACKED", 4),
    ):
        monkeypatch.setattr(sigmoid_pools, name, value)
    monkeypatch.setattr(zoo, "SMALL_DATA", 0)


def rows(errors: dict[str, list[int]], images: int = 1000) -> list[dict]:
    """Return rows of `sigmoid_finals` in which a method misreads so many images for each seed."""
    return [
        {
            "name": name,
            "seed": seed,
            "test_error": count / images,
            "misread": list(range(count)),
            "tested": images,
        }
        for name, counts in errors.items()
        for seed, count in enumerate(counts)
    ]


def test_half_of_a_batchs_rows_are_entries_and_every_pool_is_renewed_as_often(tiny):
    for name, layers in POOLED.items():
        method = with_pools(name, 1e-4)
        assert method.pools.every * len(layers) == sigmoid_pools.RENEWED_EVERY
        assert method.pools.length == "own"
        model = sigmoid_pools.models.build("FC100-100-10")
        images = tiny[:60]
        entries = PoolLoss(method.pools).entries(model, images.inputs, images.labels)
        assert tuple(entries) == layers
        assert sum(len(labels) for _, labels in entries.values()) == 60
        for layer, (outputs, labels) in entries.items():
            assert outputs.shape == (60 // len(layers), 784 if layer == 0 else 100)
            assert set(labels.tolist()) <= set(images.labels.tolist())


@pytest.mark.usefixtures("short")
def test_choice_is_by_held_out_error_and_pools_share_its_decay(tiny, monkeypatch):
    found = iter([0.5, 0.2, 0.4, 0.3, 0.6])  # two decays, then three dropouts
    seen = []

    def trial(method, train, held_out, *, recipe):
        seen.append((method, len(train), len(held_out)))
        return {"error": next(found), "loss": 1.0}

    monkeypatch.setattr(sigmoid_pools, "trial", trial)
    tried, methods = sigmoid_pools.choose(tiny[:60])
    assert [row["error"] for row in tried] == [0.5, 0.2, 0.4, 0.3, 0.6]
    assert {(train, held_out) for _, train, held_out in seen} == {(50, 10)}
    assert list(methods) == list(METHODS)
    assert {method.weight_decay for method in methods.values()} == {sigmoid_pools.DECAYS[1]}
    assert methods["dropout"].dropout == sigmoid_pools.DROPOUTS[1]


@pytest.mark.usefixtures("short")
def test_finals_are_kept_network_by_network(tiny, monkeypatch):
    monkeypatch.setattr(sigmoid_pools, "SEEDS", (0, 1))
    methods = {name: with_pools(name, 1e-4) for name in ("input pool", "all pools")}
    first = list(sigmoid_pools.sigmoid_finals(methods, tiny, tiny[:30]))
    assert [(row["seed"], row["name"]) for row in first] == [
        (seed, name) for seed in (0, 1) for name in methods
    ]
    model = sigmoid_pools.trained_with(methods["all pools"], tiny, recipe=SHORT, seed=1)
    assert first[3]["test_error"] == error_rate(model, tiny.inputs[:30], tiny.labels[:30])
    assert len(first[3]["misread"]) == round(30 * first[3]["test_error"])
    monkeypatch.setattr(sigmoid_pools, "_final", refuse)
    assert list(sigmoid_pools.sigmoid_finals(methods, tiny, tiny[:30])) == first


@pytest.mark.usefixtures("short")
def test_pools_change_the_network_and_weight_decay_is_shared(tiny):
    plain = sigmoid_pools.Method("sigmoid", 1e-4)
    first, again, pooled = (
        sigmoid_pools.trained_with(method, tiny, recipe=SHORT, seed=1)
        for method in (plain, plain, with_pools("second hidden pool", 1e-4))
    )
    torch.testing.assert_close(first[1].weight, again[1].weight, rtol=0, atol=0)
    assert not torch.equal(first[5].weight, pooled[5].weight)


def test_comparison_is_in_points_and_by_holm():
    errors = {name: [20, 21, 20, 21, 20] for name in METHODS}
    errors["all pools"] = [5, 6, 5, 6, 5]
    found = compare(rows(errors))
    assert tuple(found) == COMPARED
    one = found["all pools", "weight decay"]
    assert one.gap.value == pytest.approx(1.5)  # points
    assert one.p < one.adjusted < 0.05
    assert one.first_is_better
    same = found["input pool", "weight decay"]
    assert same.gap.value == 0
    assert same.adjusted == pytest.approx(1)
    assert only_with_all(found)
    assert not higher_is_better(found)


@pytest.mark.parametrize(
    ("better", "only", "higher"),
    [
        ((), False, False),
        ((("all pools", "weight decay"),), True, False),
        ((("all pools", "weight decay"), ("input pool", "weight decay")), False, False),
        ((("first hidden pool", "input pool"),), False, True),
        ((("input pool", "weight decay"),), False, False),
    ],
)
def test_claims_hold_by_their_rules(better, only, higher):
    estimate = sigmoid_pools.Estimate(0.1, 0.05, 0.15)
    found = {pair: Comparison(estimate, 0.01, 0.01 if pair in better else 0.2) for pair in COMPARED}
    assert only_with_all(found) is only
    assert higher_is_better(found) is higher
