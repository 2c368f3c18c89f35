"""Panels that several explorers share: which bars stand out, and what the pictures hold."""

import torch

from helpers.course.explorers._parts import attack_panels, seen_panels


def test_attack_is_shown_with_its_targets_bar_highlighted(brightest, digits):
    x = digits.inputs[:1]
    perturbed = x.clone()
    perturbed.flatten(1)[0, 4] = 0.6
    said, panels = attack_panels(brightest, x, digits.labels[0], perturbed, 2)
    original, change, seen, chart = panels
    assert list(chart.highlight) == [2]
    assert said.startswith("4 (")
    assert torch.equal(original.pixels, x[0, 0])
    assert torch.equal(seen.pixels, perturbed[0, 0])
    assert torch.equal(change.r, (perturbed - x)[0, 0])


def test_what_is_seen_stands_out_only_where_it_is_wrong(brightest, digits):
    probabilities = brightest(digits.inputs[:1]).softmax(1)[0].detach()
    for label, expected in ((7, []), (3, [7])):
        seen, (_, chart) = seen_panels(digits.inputs[:1], probabilities, label)
        assert seen == 7
        assert list(chart.highlight) == expected
