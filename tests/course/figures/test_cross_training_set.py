import numpy as np
import pytest

from helpers.course.figures import cross_training_set

PAIRS = ["A → B", "B → A"]
PAPER = np.array([[[5, 3, 8], [7, 4, 12]], [[40, 35, 46], [60, 52, 66]]], dtype=float)
OURS = PAPER + 1


def points(ax, marker):
    """Return the points (x, y) that an axes shows with a marker, those of the legend left out."""
    lines = [line for line in ax.lines if line.get_marker() == marker]
    return [(x, y) for line in lines for x, y in zip(*line.get_data(), strict=True)]


def spans(ax, colour):
    """Return (low, high, y) of the intervals that an axes shows in a colour."""
    lines = [ln for ln in ax.lines if ln.get_color() == colour and ln.get_marker() == "None"]
    return [(*line.get_xdata(), line.get_ydata()[0]) for line in lines]


def legend(fig):
    return [text.get_text() for text in fig.legends[0].get_texts()]


def test_intervals_shows_values_and_ends_of_both_blocks():
    fig = cross_training_set.intervals(PAPER, OURS, [[[], []], [[], []]], pairs=PAIRS)
    assert [ax.get_title() for ax in fig.axes] == ["minimal distortion", "stretched to 0.1"]
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == PAIRS
    for ax, paper, ours in zip(fig.axes, PAPER, OURS, strict=True):
        assert points(ax, "x") == [(paper[0, 0], -0.2), (paper[1, 0], 0.8)]
        assert points(ax, "o") == [(ours[0, 0], 0), (ours[1, 0], 1)]
        assert spans(ax, "black") == [(*paper[0, 1:], -0.2), (*paper[1, 1:], 0.8)]
        assert spans(ax, "#0072B2") == [(*ours[0, 1:], 0), (*ours[1, 1:], 1)]
        bottom, top = ax.get_ylim()
        assert bottom > top, "the first pair must be on top"
    assert legend(fig) == ["paper, 256 images", "this run"]


def test_intervals_shows_other_seeds_where_there_are_some():
    seeds = [[[], [6, 9]], [[41, 42, 43], []]]
    fig = cross_training_set.intervals(PAPER, OURS, seeds, pairs=PAIRS)
    assert points(fig.axes[0], "|") == [(6, pytest.approx(1.22)), (9, pytest.approx(1.22))]
    assert points(fig.axes[1], "|") == [(41, 0.22), (42, 0.22), (43, 0.22)]
    assert legend(fig)[-1] == "pairs of five seeds"
