"""The picture of an attack stands for what it is said to."""

import torch
from matplotlib.colors import to_hex

from helpers.course import plotting
from helpers.course.explorers._parts import draw_attack, draw_seen


def highlighted(chart):
    """Return the labels whose bars have another colour than most."""
    (ax,) = chart.axes
    colours = [to_hex(bar.get_facecolor()) for bar in ax.patches]
    labels = [int(label.get_text()) for label in ax.get_yticklabels()]
    usual = max(set(colours), key=colours.count)
    return [label for label, colour in zip(labels, colours, strict=True) if colour != usual]


def test_attack_is_drawn_with_its_targets_bar_highlighted(brightest, digits):
    x = digits.inputs[:1]
    perturbed = x.clone()
    perturbed.flatten(1)[0, 4] = 0.6
    fig = plotting.figure(8, 3)
    said = draw_attack(fig, brightest, x, digits.labels[0], perturbed, 2)
    pictures, chart = fig.subfigs
    assert highlighted(chart) == [2]
    assert said.startswith("4 (")
    original, change, seen = (ax.images[0].get_array() for ax in pictures.axes)
    assert torch.equal(torch.as_tensor(original.filled()), x[0, 0])
    assert torch.equal(torch.as_tensor(seen.filled()), perturbed[0, 0])
    assert torch.equal(torch.as_tensor(change.filled()), (perturbed - x)[0, 0])


def test_what_is_seen_stands_out_only_where_it_is_wrong(brightest, digits):
    probabilities = brightest(digits.inputs[:1]).softmax(1)[0].detach()
    for label, expected in ((7, []), (3, [7])):
        picture, chart = plotting.figure(6, 3).subfigures(1, 2)
        assert draw_seen(picture, chart, digits.inputs[:1], probabilities, label) == 7
        assert highlighted(chart) == expected
