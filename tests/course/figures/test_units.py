import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex

from helpers.course.figures import units as figures

UNITS, RANDOM = "#0072B2", "#D55E00"


def labels(axis):
    return [tick.get_text() for tick in axis.get_ticklabels()]


def test_two_bases_have_a_half_each():
    natural, random = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)
    fig = figures.two_bases(natural, random, units=["unit 0", "unit 4"], directions=["a", "b"])
    for half, images, names, number in zip(
        fig.subfigs, (natural, random), (["unit 0", "unit 4"], ["a", "b"]), (1, 2), strict=True
    ):
        drawn = np.stack([ax.images[0].get_array() for ax in half.axes])
        np.testing.assert_array_equal(drawn, images.flatten(0, 1))
        assert [ax.get_ylabel() for ax in half.axes[::3]] == names
        assert f"Figure {number}" in half.texts[0].get_text()


def test_histograms_have_per_cent_of_each_basis_and_the_level_of_chance():
    generator = torch.Generator().manual_seed(0)
    measures = ("purity", "entropy", "similarity")
    networks = {
        name: {
            basis: {m: torch.rand(size, generator=generator).double() for m in measures}
            for basis, size in (("units", 7), ("random", 9))
        }
        for name in ("one", "other")
    }
    chance = {"purity": 0.2, "entropy": 2.5, "similarity": 0.4}
    fig = figures.basis_histograms(networks, chance=chance)
    for i, ax in enumerate(fig.axes):
        name, measure = list(networks)[i // 3], measures[i % 3]
        found, edges = networks[name], figures._BINS[measure]
        filled, outline = ax.containers[0].patches, ax.patches[-1]
        expected = np.histogram(found["units"][measure], edges)[0] / 7
        np.testing.assert_allclose([bar.get_height() for bar in filled], 100 * expected)
        expected = np.histogram(found["random"][measure], edges)[0] / 9
        assert outline.get_xy()[:, 1].max() == pytest.approx(100 * expected.max())
        assert ax.lines[0].get_xdata() == [chance[measure]] * 2
    assert [fig.axes[0].get_ylabel(), fig.axes[3].get_ylabel()] == [
        "one\n% of them",
        "other\n% of them",
    ]
    texts = {text.get_text() for text in fig.legends[0].get_texts()}
    assert texts == {"units", "random directions", "random images"}


def test_sources_have_a_dot_at_the_mean_and_a_bar_over_the_middle():
    values = torch.arange(11) / 10  # deciles
    sources = {
        "random images": {"purity": values, "similarity": values / 2},
        "A: random directions": {"purity": 1 - values / 2, "similarity": values},
        "A: units": {"purity": values / 4, "similarity": values},
    }
    fig = figures.sources_compared(sources)
    for ax, measure in zip(fig.axes, ("purity", "similarity"), strict=True):
        assert ax.get_xlabel() == measure
        for place, found in enumerate(sources.values()):
            bar, dot = ax.lines[2 * place : 2 * place + 2]
            ordered = found[measure].sort().values
            np.testing.assert_allclose(bar.get_xdata(), ordered[[1, 9]])
            assert list(dot.get_xdata()) == pytest.approx([found[measure].mean().item()])
            assert list(dot.get_ydata()) == [place]
    assert [dot.get_color() for dot in fig.axes[0].lines[1::2]] == ["0.3", RANDOM, UNITS]
    assert labels(fig.axes[0].yaxis) == [
        "random images: 0.50",
        "A: random directions: 0.75",
        "A: units: 0.12",
    ]
    assert fig.axes[0].yaxis_inverted()


def drawn(ax):
    return {line.get_label(): list(line.get_ydata()) for line in ax.lines}


def test_purity_by_count_draws_each_curve_where_it_belongs():
    counts, curves = (2, 5, 10), {"pixels: random": [0.6, 0.5, 0.4]}
    for i, name in enumerate(("A", "B")):
        for j, state in enumerate(("trained", "untrained")):
            for k, basis in enumerate(("units", "random")):
                curves[f"{name}, {state}: {basis}"] = [0.1 * i, 0.2 * j, 0.3 * k]
    curves["random images"] = [0.55, 0.3, 0.2]
    fig = figures.purity_by_count(curves, counts=counts, networks=["A", "B"])
    for ax, name in zip(fig.axes, "AB", strict=True):
        lines = drawn(ax)
        for state in ("trained", "untrained"):
            for basis in ("units", "random"):
                assert lines[f"{state}, {basis}"] == curves[f"{name}, {state}: {basis}"]
        assert lines["pixels, random"] == curves["pixels: random"]
        assert lines["random images"] == curves["random images"]
        assert labels(ax.xaxis) == ["2", "5", "10"]
        assert ax.get_title() == name


def test_purity_by_depth_draws_the_mean_over_the_runs():
    layers = {"A": ["pixels", "logits"], "B": ["pixels", "hidden", "logits"]}
    runs, generator = {}, np.random.default_rng(0)
    for name, names in layers.items():
        for state in ("trained", "untrained"):
            for layer in names:
                runs[f"{name}, {state}, {layer}"] = [
                    {basis: {"purity": generator.random()} for basis in ("units", "random")}
                    for _ in range(2)
                ]
    fig = figures.purity_by_depth(runs, layers=layers, chance=0.3)
    for ax, (name, names) in zip(fig.axes, layers.items(), strict=True):
        lines = drawn(ax)
        for state in ("trained", "untrained"):
            for basis in ("units", "random"):
                both = [runs[f"{name}, {state}, {layer}"] for layer in names]
                means = [(a[basis]["purity"] + b[basis]["purity"]) / 2 for a, b in both]
                np.testing.assert_allclose(lines[f"{state}, {basis}"], means)
        assert lines["random images"] == [0.3, 0.3]
        assert labels(ax.xaxis) == names


def test_responses_of_units_and_directions_take_turns():
    responses = {f"title {i}": torch.rand(30) + i for i in range(4)}
    fig = figures.response_histograms(responses)
    for ax, (title, values) in zip(fig.axes, responses.items(), strict=True):
        assert ax.get_title() == title
        heights = [bar.get_height() for bar in ax.patches]
        np.testing.assert_array_equal(heights, np.histogram(values, bins=40)[0])
    colours = [to_hex(ax.patches[0].get_facecolor()).upper() for ax in fig.axes]
    assert colours == [UNITS, RANDOM] * 2
    assert fig.axes[0].get_yscale() == "log"
