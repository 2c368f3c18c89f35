import numpy as np
import pytest
import torch

from helpers.course.figures import adversarial_training as figures
from helpers.evaluation import Estimate


def drawn(ax, label):
    """Return the points (n, 2) of the line with a label."""
    (line,) = [line for line in ax.lines if line.get_label() == label]
    return line.get_xydata()


def ticks(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_distances_gone_are_drawn_against_the_whole_way():
    whole = torch.tensor([1.0, 2.0, 4.0])
    gone = {"own": torch.tensor([0.5, 1.0, 2.0]), "mean": torch.full((3,), 1.5)}
    across = {"own": torch.zeros(3, dtype=torch.bool), "mean": torch.tensor([True, False, False])}
    fig = figures.distances_gone(whole, gone, across)
    (ax,) = fig.axes
    for kind, distances in gone.items():
        points = drawn(ax, f"half of the {kind} way")
        np.testing.assert_array_equal(points, torch.stack([whole, distances], 1))
    circled = [line.get_xydata().tolist() for line in ax.lines[2:4]]
    assert circled == [[], [[1.0, 1.5]]]
    assert "crosses the border" in [text.get_text() for text in ax.get_legend().get_texts()]
    assert ax.get_ylim() == (0, 1.05 * 2)


def test_learning_curves_are_drawn_as_far_as_they_go():
    fig = figures.learning_curves({"with": [5.0, 4.0, 3.0], "without": [6.0]}, epochs=9)
    (ax,) = fig.axes
    assert drawn(ax, "with").tolist() == [[1, 5], [2, 4], [3, 3]]
    assert drawn(ax, "without").tolist() == [[1, 6]]
    assert ax.get_xlim() == (0.5, 9.5)
    assert ax.get_ylim() == pytest.approx((2.4, 6.5))


def test_screening_writes_errors_in_percent_and_losses():
    cells = [[{"error": 0.0123, "loss": 0.0567}, {"error": 0.5, "loss": 1.0}]]
    fig = figures.screening(cells, rows=["a"], columns=["b", "c"])
    errors, losses = fig.axes
    assert [text.get_text() for text in errors.texts] == ["1.23", "50.00"]
    assert [text.get_text() for text in losses.texts] == ["0.057", "1.000"]
    for ax in fig.axes:
        assert ticks(ax) == ["a"]
        assert ax.get_xlabel() == "how far the entries go"
        assert [label.get_text() for label in ax.get_xticklabels()] == ["b", "c"]


@pytest.fixture(scope="module")
def finalists():
    errors = {"plain": [2.0, 1.0], "pools": [0.5, 1.0], "later": [0.25, 0.75]}
    differences = {
        "plain − pools": Estimate(0.75, 0.5, 1.0),
        "later − pools": Estimate(-0.25, -1, 0.5),
    }
    return figures.finalists(errors, differences, paper={"pools": 1.2, "plain": 1.6})


def test_finalists_have_a_row_each_for_seeds_mean_and_paper(finalists):
    left, _ = finalists.axes
    assert ticks(left) == ["plain", "pools", "later"]
    seeds = [[2.0, 0], [1.0, 0], [0.5, 1], [1.0, 1], [0.25, 2], [0.75, 2]]
    assert drawn(left, "a seed").tolist() == seeds
    assert drawn(left, "mean").tolist() == [[1.5, 0], [0.75, 1], [0.5, 2]]
    assert drawn(left, "paper").tolist() == [[1.2, 1], [1.6, 0]]
    bottom, top = left.get_ylim()
    assert top < bottom


def test_differences_of_finalists_have_their_intervals(finalists):
    _, right = finalists.axes
    assert ticks(right) == ["plain − pools", "later − pools"]
    intervals = [line.get_xydata().tolist() for line in right.lines if line.get_marker() == "None"]
    assert intervals[:2] == [[[0.5, 0], [1.0, 0]], [[-1, 1], [0.5, 1]]]
    values = [line.get_xydata().tolist() for line in right.lines if line.get_marker() == "o"]
    assert values == [[[0.75, 0]], [[-0.25, 1]]]
