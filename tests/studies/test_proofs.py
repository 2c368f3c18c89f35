"""Proofs that are kept: the same as new ones, and made once."""

import pytest
import torch

from helpers import bounds, models
from helpers.studies.proofs import kept_lower_bounds


@pytest.mark.parametrize("name", ["FC10(1)", "FC100-100-10"])
def test_kept_proofs_are_the_new_ones_and_made_once(name, tiny, own_folder, monkeypatch):
    model, dataset = models.build(name).eval(), tiny[:6]
    targets = (dataset.labels + 1) % 10
    found = torch.full((6,), 0.3)
    expected = bounds.lower_bounds(model, dataset.inputs, targets, found)
    first = kept_lower_bounds(model, dataset, targets, found)
    monkeypatch.setattr(bounds, "lower_bounds", None)
    second = kept_lower_bounds(model, dataset, targets, found)
    for again in (first, second):
        assert list(again) == list(expected)
        for way, values in expected.items():
            assert again[way].dtype == values.dtype
            assert torch.equal(again[way], values)


def test_no_image_in_the_box_is_kept_as_infinity(tiny, own_folder, monkeypatch):
    model = models.build("FC10(1)").eval()
    torch.nn.init.zeros_(model[-1].weight)
    model[-1].bias.data = torch.arange(10.0)
    targets, found = torch.zeros(2, dtype=torch.long), torch.ones(2)
    kept = [kept_lower_bounds(model, tiny[:2], targets, found) for _ in range(2)]
    for proved in kept:
        assert list(proved.values())[1].isinf().all()


def test_another_distortion_found_is_another_proof(tiny, own_folder):
    model, dataset = models.build("FC100-100-10").eval(), tiny[:2]
    targets = (dataset.labels + 1) % 10
    for size in (0.2, 0.4):
        found = torch.full((2,), size)
        expected = bounds.lower_bounds(model, dataset.inputs, targets, found)
        proved = kept_lower_bounds(model, dataset, targets, found)
        assert all(torch.equal(proved[way], values) for way, values in expected.items())
