import base64
import io

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from PIL import Image

from helpers.course import plotting


def ticks(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def pictures(fig):
    return [ax.images[0].get_array().filled() for ax in fig.axes]


def test_figure_has_its_size_in_inches():
    fig = plotting.figure(3, 2)
    assert tuple(fig.get_size_inches()) == (3, 2)
    picture = Image.open(io.BytesIO(plotting.png(fig)))
    assert picture.format == "PNG"
    assert picture.size == (3 * plotting.DPI, 2 * plotting.DPI)


@pytest.mark.parametrize("draw", [lambda ax: None, lambda ax: ax.plot([0, 1], [1, 0])])
def test_figure_has_a_white_ground_of_its_own(draw):
    """Without one, black letters would stand on the page of a dark theme."""
    fig = plotting.figure(2, 2)
    draw(plotting.axes(fig))
    picture = Image.open(io.BytesIO(plotting.png(fig))).convert("RGBA")
    assert picture.getextrema()[3] == (255, 255), "something can be seen through"
    assert {picture.getpixel((x, y)) for x in (0, -1) for y in (0, -1)} == {(255, 255, 255, 255)}


def test_photographs_are_kept_at_the_resolution_of_the_screen(monkeypatch):
    sizes = []
    monkeypatch.setattr(
        plotting,
        "display",
        lambda bundle, **options: sizes.append(
            Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).width
        ),
    )
    noise = np.random.default_rng(0).random((1, 1, 500, 500, 3))
    for images in (np.zeros((1, 1, 5, 5)), noise):
        plotting.show(plotting.image_grid(images, size=4), "one image, which may be noise")
    assert sizes == [4 * plotting.DPI, 4 * plotting.SCREEN_DPI]


def test_figure_does_not_change_the_style_of_others():
    before = plotting.plt.rcParams["font.size"], plotting.plt.rcParams["image.cmap"]
    plotting.image_grid(np.zeros((1, 1, 2, 2)))
    assert (plotting.plt.rcParams["font.size"], plotting.plt.rcParams["image.cmap"]) == before


def test_shown_figure_has_alternative_text(monkeypatch):
    shown = []
    monkeypatch.setattr(
        plotting, "display", lambda bundle, **options: shown.append((bundle, options))
    )
    fig = plotting.figure(1, 1)
    plotting.show(fig, "an empty square")
    ((bundle, options),) = shown
    metadata = {"alt": "an empty square", "width": plotting.SCREEN_DPI}  # an inch of a page
    assert options == {"metadata": {"image/png": metadata}, "raw": True}
    assert bundle["text/plain"] == "an empty square"
    picture = Image.open(io.BytesIO(base64.b64decode(bundle["image/png"])))
    assert picture.size == (plotting.DPI, plotting.DPI)


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3, 4, 5, 3)])
@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_grid_shows_the_images_row_by_row(shape, kind):
    images = np.random.default_rng(0).random(shape)
    titles = [f"title {i}" for i in range(6)]
    fig = plotting.image_grid(kind(images), titles=titles, row_labels=["upper", "lower"])
    for found, expected in zip(pictures(fig), images.reshape(6, *shape[2:]), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert [ax.get_title() for ax in fig.axes] == titles
    assert [ax.get_ylabel() for ax in fig.axes] == ["upper", "", "", "lower", "", ""]
    places = [ax.get_subplotspec() for ax in fig.axes]
    assert [(p.rowspan.start, p.colspan.start) for p in places] == list(np.ndindex(2, 3))


def test_grid_is_drawn_into_the_figure_given():
    fig = plotting.figure(4, 2)
    left, right = fig.subfigures(1, 2)
    assert plotting.image_grid(np.zeros((1, 2, 3, 3)), fig=right) is right
    assert (len(left.axes), len(right.axes)) == (0, 2)


def test_grid_grows_with_its_images():
    small, large = (plotting.image_grid(np.zeros((2, 3, 4, 4)), size=size) for size in (1, 2))
    np.testing.assert_allclose(small.get_size_inches(), (3, 2))
    np.testing.assert_allclose(large.get_size_inches(), (6, 4))


def shades(ax):
    """Return the RGB colours that the pixels of an axes' image are drawn with."""
    image = ax.images[0]
    return image.to_rgba(image.get_array())[..., :3]


@pytest.mark.filterwarnings("error::DeprecationWarning")
@pytest.mark.parametrize("kind", [list, np.asarray, torch.tensor])
def test_image_shows_black_at_zero_white_at_one_and_clips(kind):
    ax = plotting.figure(1, 1).subplots()
    plotting.image(kind([[0.0, 0.5], [1.0, 1.7]]), ax=ax, title="four")
    np.testing.assert_allclose(shades(ax)[..., 0], [[0, 0.5], [1, 1]], atol=0.01)
    assert ax.get_title() == "four"
    assert len(ax.get_xticks()) == len(ax.get_yticks()) == 0


def test_image_of_one_shade_keeps_its_shade():
    ax = plotting.figure(1, 1).subplots()
    plotting.image(np.full((3, 3), 0.25), ax=ax)
    np.testing.assert_allclose(shades(ax), 0.25, atol=0.01)


def test_difference_is_white_at_zero_orange_below_and_purple_above():
    ax = plotting.figure(1, 1).subplots()
    plotting.difference(np.array([[-0.2, 0.0, 0.1]]), ax=ax)
    orange, white, purple = shades(ax)[0]
    assert white.min() > 0.95
    assert orange[0] > orange[2]
    assert purple[2] > purple[1]
    assert purple[2] > purple[0]
    assert ax.images[0].get_clim() == (-0.2, 0.2)


def test_difference_takes_its_limit_and_survives_no_difference():
    ax = plotting.figure(1, 1).subplots()
    plotting.difference(np.array([[0.3, 0.0]]), ax=ax, limit=0.1)
    assert ax.images[0].get_clim() == (-0.1, 0.1)
    empty = plotting.figure(1, 1).subplots()
    plotting.difference(torch.zeros(2, 2), ax=empty)
    assert shades(empty).min() > 0.95


@pytest.mark.filterwarnings("error::DeprecationWarning")
@pytest.mark.parametrize("kind", [list, np.asarray, torch.tensor])
def test_bars_have_lengths_labels_and_a_highlight(kind):
    values = kind([0.25, 0.5, 0.75])
    ax = plotting.figure(2, 2).subplots()
    plotting.bars(values, ax=ax, labels=list("abc"), highlight=[1], title="t", limit=1)
    assert [bar.get_width() for bar in ax.patches] == [0.25, 0.5, 0.75]
    assert ticks(ax) == ["a", "b", "c"]
    first, second, third = (to_hex(bar.get_facecolor()) for bar in ax.patches)
    assert first == third != second
    assert ax.get_xlim() == (0, 1)
    bottom, top = ax.get_ylim()
    assert top < bottom
    assert ax.get_title() == "t"


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_title_of_a_difference_names_the_limit_that_it_is_drawn_with(kind):
    r = kind(np.array([[0.1234, -0.456]]))
    assert plotting.up_to("r", r) == "r, up to ±0.46"
    assert plotting.limit_of(r) == pytest.approx(0.456)
    assert plotting.limit_of(r, 0.2) == 0.2
    ax = plotting.figure(1, 1).subplots()
    plotting.difference(r, ax=ax)
    assert ax.images[0].get_clim() == (-plotting.limit_of(r), plotting.limit_of(r))


def test_regions_put_the_first_row_at_the_bottom_of_the_unit_square():
    ax = plotting.axes(plotting.figure())
    plotting.regions(np.array([[0, 1], [2, 2]]), ax=ax)
    (picture,) = ax.images
    assert tuple(picture.get_extent()) == (0, 1, 0, 1)
    assert picture.origin == "lower"
    colours = {to_hex(picture.cmap(picture.norm(label))) for label in (0, 1, 2)}
    assert len(colours) == 3


def test_heatmap_writes_each_number_but_nan_where_it_belongs():
    ax = plotting.axes(plotting.figure(3, 2))
    values = [[0.04, np.nan, 0.96], [0.5, 0.2, 0.3]]
    names = {"rows": ["a", "b"], "columns": list("xyz"), "xlabel": "across", "ylabel": "down"}
    plotting.heatmap(values, ax=ax, **names, number="{:.1f}", limits=(0, 1))
    written = {text.get_position(): text.get_text() for text in ax.texts}
    assert written == {(0, 0): "0.0", (2, 0): "1.0", (0, 1): "0.5", (1, 1): "0.2", (2, 1): "0.3"}
    assert [text.get_color() for text in ax.texts] == ["white", "black", "black", "white", "white"]
    assert ax.images[0].get_clim() == (0, 1)
    assert ticks(ax) == ["a", "b"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["x", "y", "z"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("across", "down")


def test_magnified_difference_lies_around_grey():
    r = torch.tensor([0.0, 0.01, -0.02, 0.3, -0.3])
    assert plotting.magnified(r, 10).tolist() == pytest.approx([0.5, 0.6, 0.3, 1, 0])
    assert plotting.magnified(r.numpy(), 10).tolist() == pytest.approx([0.5, 0.6, 0.3, 1, 0])


def test_label_map_has_its_first_row_at_the_bottom_and_each_label_in_its_region():
    labels = np.array([[3, 3, 3], [3, 3, 3], [7, 7, 1], [7, 7, 1]])
    ax = plotting.axes(plotting.figure(2, 2))
    plotting.label_map(labels, ax=ax, extent=(-3, 3, -2, 2))
    (picture,) = ax.images
    assert picture.origin == "lower"
    assert tuple(picture.get_extent()) == (-3, 3, -2, 2)
    np.testing.assert_array_equal(picture.get_array(), [[1] * 3, [1] * 3, [2, 2, 0], [2, 2, 0]])
    colours = shades(ax)
    assert len({tuple(colour) for colour in colours.reshape(-1, 3)}) == 3
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert places.keys() == {"1", "3", "7"}
    for label, (x, y) in places.items():  # the pixel that the text stands on
        row, column = int((y + 2) / 4 * 4), int((x + 3) / 6 * 3)
        assert labels[row, column] == int(label)


def test_region_that_is_too_small_to_write_in_has_no_name():
    labels = np.zeros((100, 100), dtype=int)
    labels[50:54, 50:54], labels[10:20, 10:20] = 1, 2  # 2 pixels deep, and 5
    ax = plotting.axes(plotting.figure(2, 2))
    plotting.label_map(labels, ax=ax, extent=(0, 1, 0, 1))
    assert {text.get_text() for text in ax.texts} == {"0", "2"}
    (place,) = (text.get_position() for text in ax.texts if text.get_text() == "2")
    assert place == pytest.approx((0.15, 0.15), abs=0.011)


def test_eleventh_label_has_the_colour_of_the_first():
    ax = plotting.axes(plotting.figure(2, 2))
    plotting.label_map(np.array([[0, 9, 10]]), ax=ax, extent=(0, 1, 0, 1))
    first, ninth, tenth = (tuple(colour) for colour in shades(ax)[0])
    assert first == tenth != ninth


def test_figure_is_eight_inches_by_three_unless_said():
    assert tuple(plotting.figure().get_size_inches()) == (8, 3)


def test_heatmap_has_the_range_of_its_values_unless_said_and_slants_long_names():
    names = {"rows": ["a"], "xlabel": "", "ylabel": ""}
    for columns, angle in ((["xy", "z"], 0), (["xyz", "w"], 30)):
        ax = plotting.axes(plotting.figure(3, 2))
        plotting.heatmap([[7, np.nan, -2]][:1], ax=ax, columns=[*columns, ""], **names)
        assert ax.images[0].get_clim() == (-2, 7)
        assert [label.get_rotation() for label in ax.get_xticklabels()] == [angle] * 3
        assert [text.get_text() for text in ax.texts] == ["7", "-2"]


def test_grid_leaves_room_for_titles_and_labels():
    fig = plotting.image_grid(np.zeros((2, 3, 4, 4)), titles=list("abcdef"), row_labels="xy")
    np.testing.assert_allclose(fig.get_size_inches(), (3 + 1.2, 2 * 1.25))
