import numpy as np
import pytest
import torch

from helpers.course.figures import spectral_analysis as figures


def drawn(line):
    return np.stack(line.get_data()).astype(float)


def test_cone_stands_at_its_apex_and_the_longest_vector_points_to_the_ellipse():
    points = torch.linspace(-1, 1, 5)
    values = points.square()
    circle, ellipse = torch.rand(2, 7), torch.rand(2, 7)
    fig = figures.cone_and_ellipse(
        points,
        values,
        slope=2.0,
        apex=3,
        circle=circle,
        ellipse=ellipse,
        longest=torch.tensor([1.0, 0.0]),
        stretched=torch.tensor([0.0, 3.0]),
        norm=3.0,
    )
    left, right = fig.axes
    graph, apex = left.lines
    np.testing.assert_allclose(drawn(graph), torch.stack([points, values]))
    np.testing.assert_allclose(drawn(apex)[:, 0], (0.5, 0.25))
    cone = left.collections[0].get_paths()[0].vertices
    ends = sorted(y for x, y in cone if x == 1)  # half a unit beside the apex, with slope 2
    assert ends[0] == pytest.approx(0.25 - 1)
    assert ends[-1] == pytest.approx(0.25 + 1)
    for line, expected in zip(right.lines, (circle, ellipse), strict=True):
        np.testing.assert_allclose(drawn(line), expected)
    assert [tuple(float(x) for x in arrow.xy) for arrow in right.texts] == [(1, 0), (0, 3)]
    assert (left.get_title(), right.get_title()) == ("a cone of slope L = 2.0", "‖W‖ = 3.00")


def test_wrap_around_excess_counts_what_is_too_small_and_draws_per_cent():
    fig = figures.wrap_around_excess({"own": [-0.02, 0.01, -1e-12], "enlarged": [0.0, 0.05, 0.04]})
    (ax,) = fig.axes
    outlines, labels = ax.get_legend_handles_labels()
    assert labels == ["own: 1 of 3 too small", "enlarged: 0 of 3 too small"]
    ends = [(o.get_xy()[:, 0].min(), o.get_xy()[:, 0].max()) for o in outlines]
    np.testing.assert_allclose(ends, [(-2, 1), (0, 5)])


def test_lipschitz_estimates_have_a_row_a_network_and_a_marker_a_kind():
    kinds = ("pairs", "images", "ascent", "product")
    slopes = {
        name: {kind: 10.0**i + j for i, kind in enumerate(kinds)} for j, name in enumerate("ab")
    }
    (ax,) = figures.lipschitz_estimates(slopes).axes
    assert [line.get_label() for line in ax.lines] == list(kinds)
    for i, line in enumerate(ax.lines):
        np.testing.assert_allclose(drawn(line), [[10.0**i, 10.0**i + 1], [0, 1]])
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a", "b"]
    assert ax.get_xscale() == "log"
    assert ax.yaxis_inverted()


def test_certified_and_attacked_puts_images_in_the_order_of_the_attack():
    radius, reached = torch.tensor([0.01, 0.02, 0.03]), torch.tensor([0.3, 0.1, 0.2])
    fig = figures.certified_and_attacked({name: (radius, reached) for name in "ab"})
    assert [ax.get_title() for ax in fig.axes] == [f"{n}\n0.0200 ≤ D ≤ 0.2000" for n in "ab"]
    for ax in fig.axes:
        attack, certified = ax.lines
        np.testing.assert_allclose(attack.get_ydata(), [0.1, 0.2, 0.3])
        np.testing.assert_allclose(certified.get_ydata(), [0.02, 0.03, 0.01])
        bars = [segment[:, 1].tolist() for segment in ax.collections[0].get_segments()]
        np.testing.assert_allclose(bars, [[0.02, 0.1], [0.03, 0.2], [0.01, 0.3]])
        assert ax.get_yscale() == "log"


def test_penalty_sweep_draws_means_with_their_deviations():
    quantities = list(figures.PENALTY_QUANTITIES)
    strengths = {"dense": (0.0, 1e-4, 1e-2), "conv": (0.0, 1e-2, 3e-2)}
    curves = {
        network: {
            mu: {q: (i + 1 + j + k, 0.5) for k, q in enumerate(quantities)}
            for i, mu in enumerate(strengths[network])
        }
        for j, network in enumerate(strengths)
    }
    fig = figures.penalty_sweep(curves)
    places = {"dense": [0, 1, 2], "conv": [0, 2, 3]}  # of all strengths in order
    for k, ax in enumerate(fig.axes):
        scale = 100 if quantities[k] == "test_error" else 1
        for j, (network, bars) in enumerate(zip(strengths, ax.containers, strict=True)):
            heights = scale * np.array([1 + j + k, 2 + j + k, 3 + j + k])
            np.testing.assert_allclose(drawn(bars.lines[0]), [places[network], heights])
            ends = np.array([s[:, 1] for s in bars.lines[2][0].get_segments()])
            np.testing.assert_allclose(ends[:, 1] - ends[:, 0], scale)
            assert bars.get_label() == network
        assert ax.get_title() == figures.PENALTY_QUANTITIES[quantities[k]]
        ticks = [tick.get_text() for tick in ax.get_xticklabels()]
        assert ticks == ["0", "1e−4", "1e−2", "3e−2"]
        assert ax.get_yscale() == ("log" if quantities[k] == "bound" else "linear")
