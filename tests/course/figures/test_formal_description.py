import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from helpers.course.figures import formal_description as figures


def drawn(ax, label):
    """Return the x and y of the line with a label."""
    (line,) = [line for line in ax.lines if line.get_label() == label]
    return np.array(line.get_xdata(), float), np.array(line.get_ydata(), float)


@pytest.fixture(scope="module")
def attacks():
    random = torch.Generator().manual_seed(0)
    starts, ends, closest = torch.rand(3, 3, 2, generator=random)
    given = {
        "regions": torch.tensor([[0, 1], [1, 1]]),
        "starts": starts,
        "ends": ends,
        "closest": closest,
        "points": torch.rand(4, 2, generator=random),
        "labels": torch.tensor([0, 1, 1, 0]),
        "path": torch.rand(5, 2, generator=random),
        "prices": torch.logspace(2, -2, 5),
    }
    positional = [given[name] for name in ("regions", "starts", "ends", "closest")]
    keywords = {name: given[name] for name in ("points", "labels", "path", "prices")}
    return given, figures.attacks_in_the_plane(*positional, **keywords)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_attack_is_drawn_from_its_start_to_its_ends(attacks, number):
    given, fig = attacks
    ax = fig.axes[number]
    name = "without the box" if number == 2 else "closest"
    assert np.ravel(drawn(ax, "x")) == pytest.approx(given["starts"][number].tolist())
    assert np.ravel(drawn(ax, "the attack")) == pytest.approx(given["ends"][number].tolist())
    assert np.ravel(drawn(ax, name)) == pytest.approx(given["closest"][number].tolist())
    np.testing.assert_array_equal(ax.images[0].get_array(), given["regions"])
    points = ax.collections[0]
    np.testing.assert_allclose(points.get_offsets(), given["points"], rtol=1e-6)
    colours = [to_hex(colour) for colour in points.get_facecolors()]
    assert colours[0] == colours[3] != colours[1] == colours[2]


def test_circle_goes_through_the_closest_point(attacks):
    given, fig = attacks
    for number, ax in enumerate(fig.axes):
        circle = max(ax.lines, key=lambda line: len(line.get_xdata()) if line.get_lw() < 1 else 0)
        start = given["starts"][number].numpy()
        radii = np.hypot(circle.get_xdata() - start[0], circle.get_ydata() - start[1])
        wanted = (given["closest"][number] - given["starts"][number]).norm().item()
        np.testing.assert_allclose(radii, wanted, rtol=1e-5)


def test_path_is_drawn_in_the_first_panel_only(attacks):
    given, fig = attacks
    assert [len(ax.collections) for ax in fig.axes] == [2, 1, 1]
    dots = fig.axes[0].collections[1]
    np.testing.assert_allclose(dots.get_offsets(), given["path"], rtol=1e-6)
    np.testing.assert_allclose(dots.get_array(), [2, 1, 0, -1, -2], atol=1e-6)


def test_walks_are_drawn_in_the_bowl_that_they_go_down():
    curvature = torch.tensor([[3.0, 0.0], [0.0, 1.0]], dtype=torch.double)
    walks = {"slow": torch.rand(4, 2).double(), "quick": torch.rand(2, 2).double()}
    fig = figures.walks_along_a_valley(walks, curvature)
    assert [ax.get_title() for ax in fig.axes] == ["slow: 3 steps", "quick: 1 steps"]
    for ax, walk in zip(fig.axes, walks.values(), strict=True):
        np.testing.assert_array_equal(ax.lines[0].get_xydata(), walk)
        (contours,) = [c for c in ax.collections if hasattr(c, "levels")]
        for level, path in zip(contours.levels, contours.get_paths(), strict=True):
            x, y = path.vertices.T
            np.testing.assert_allclose(1.5 * x**2 + 0.5 * y**2, level, rtol=0.05, atol=2e-3)


def test_distortion_and_margin_are_drawn_against_the_price():
    prices = torch.tensor([0.1, 1.0, 10.0])
    distortions, margins = torch.tensor([0.3, 0.2, 0.1]), torch.tensor([2.0, 0.5, -1.0])
    tried, tried_margins = torch.tensor([1.0, 3.0]), torch.tensor([0.5, 0.0])
    fig = figures.distortion_and_margin(
        prices, distortions, margins, tried=tried, tried_margins=tried_margins, answer=3.0
    )
    left, right = fig.axes
    np.testing.assert_array_equal(left.lines[0].get_xydata(), torch.stack([prices, distortions], 1))
    np.testing.assert_array_equal(right.lines[0].get_xydata(), torch.stack([prices, margins], 1))
    np.testing.assert_array_equal(
        drawn(right, "tried by the search"), torch.stack([tried, tried_margins])
    )
    for ax in (left, right):
        assert ax.get_xscale() == "log"
        assert list(ax.lines[-1].get_xdata()) == [3.0, 3.0]


def test_level_sets_have_their_classifier_path_and_points():
    labels = torch.tensor([[[0, 1], [2, 2]], [[0, 0], [1, 2]]])
    losses = torch.tensor([[[0.0, 1.0], [0.0, 1.0]], [[0.0, 0.0], [1.0, 1.0]]])
    paths = torch.rand(2, 5, 2)
    closest, reached = torch.rand(2, 2, 2)
    fig = figures.level_sets(
        labels,
        losses,
        paths,
        start=torch.tensor([0.2, 0.1]),
        closest=closest,
        reached=reached,
        titles=["one", "two"],
        notes=["near", "far"],
    )
    assert [ax.get_title() for ax in fig.axes] == ["one", "two"]
    assert [ax.get_xlabel() for ax in fig.axes] == ["near", "far"]
    for number, ax in enumerate(fig.axes):
        np.testing.assert_array_equal(ax.images[0].get_array(), labels[number])
        np.testing.assert_allclose(drawn(ax, "minimisers"), paths[number].T, rtol=1e-6)
        np.testing.assert_allclose(np.ravel(drawn(ax, "closest")), closest[number], rtol=1e-6)
        won = drawn(ax, "where the label is won")
        np.testing.assert_allclose(np.ravel(won), reached[number], rtol=1e-6)
        (contours,) = [c for c in ax.collections if hasattr(c, "levels")]
        for level, path in zip(contours.levels, contours.get_paths(), strict=True):
            if len(path.vertices):  # the loss is x in the first, y in the second
                np.testing.assert_allclose(path.vertices[:, number], level, atol=1e-6)


def test_differences_in_the_box_and_without_name_their_limits():
    x, inside, outside = torch.zeros(3, 3), torch.full((3, 3), 0.25), torch.full((3, 3), -0.5)
    fig = figures.in_the_box_and_without(x, inside, outside)
    titles = [ax.get_title() for ax in fig.axes]
    assert titles[1] == "in the box:\nx' − x, up to ±0.25"
    assert titles[3] == "without the box:\nx' − x, up to ±0.5"
    for place, expected in ((0, x), (1, inside), (2, inside), (3, outside), (4, x)):
        shown = fig.axes[place].images[0].get_array()
        np.testing.assert_allclose(shown, expected)  # an image is clipped, a difference is not
