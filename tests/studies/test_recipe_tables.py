"""Tables 2 and 4 of recipes: counts that can be counted again, and results that are kept."""

import pytest
import torch

from helpers.attack import choose_targets, closest_adversarial
from helpers.evaluation import predict
from helpers.studies import recipe_tables
from helpers.studies.recipe_tables import RETRAINED, coarse_adversarial, table_2, table_4
from helpers.studies.recipe_training import Candidate, trained_as

QUICK = Candidate("sparse", epochs=1)
pytestmark = pytest.mark.usefixtures("own_folder")


def refuse(*arguments):
    raise AssertionError("measured again")


def test_table_4_counts_what_each_network_misreads_and_is_kept(tiny, monkeypatch):
    found = table_4(QUICK, "tight", tiny, tiny, count=8)
    networks = recipe_tables.networks_of_table_4(QUICK, tiny)
    images = tiny[:8]
    for name, (network, other_half) in networks.items():
        targets = choose_targets(network, images, "random", seed=0)
        made = closest_adversarial(network, images.inputs, targets)
        counted = [
            int((predict(reader, made.adversarial) != images.labels).sum())
            for reader, _ in networks.values()
        ]
        assert found["minimal"][name] == counted
        assert found["distortion"][name][0] == pytest.approx(made.distortion.mean().item())
        wrong = predict(network, other_half.inputs) != other_half.labels
        assert found["errors"][name][0] == pytest.approx(wrong.double().mean().item())
    halves = [other for _, other in networks.values()]
    assert torch.equal(halves[0].inputs, halves[1].inputs)
    assert not torch.equal(halves[0].inputs, halves[2].inputs)

    monkeypatch.setattr(recipe_tables, "_table_4", refuse)
    assert table_4(QUICK, "tight", tiny, tiny, count=8) == found
    with pytest.raises(AssertionError, match="measured again"):
        table_4(QUICK, "tight", tiny, tiny, count=8, run=1)


def test_table_2_retrains_two_networks_of_six(tiny, monkeypatch):
    asked = []

    def trained(name, *, dataset):
        asked.append(name)
        return trained_as(QUICK, "FC100-100-10", dataset)

    monkeypatch.setattr(recipe_tables, "trained", trained)
    found = table_2(QUICK, "tight", tiny, tiny, count=4, seed=5)
    assert set(asked) | set(RETRAINED) == set(found["misread"])
    assert len(asked) == 4
    assert all(len(counts) == 6 for counts in found["misread"].values())
    assert set(found["distortion"]) == set(found["errors"]) == set(RETRAINED)


def test_coarse_attack_succeeds_no_closer_than_the_tight_one(tiny):
    network = trained_as(Candidate("sparse", epochs=3), "FC100-100-10", tiny)
    images = tiny[:10]
    targets = choose_targets(network, images, "random", seed=0)
    coarse = coarse_adversarial(network, images.inputs, targets)
    tight = closest_adversarial(network, images.inputs, targets)
    assert coarse.success.all()
    assert coarse.distortion.mean() > tight.distortion.mean()
    tried = coarse.c[coarse.c.isfinite()].log10()
    torch.testing.assert_close(tried, tried.round(), rtol=0, atol=1e-4)
