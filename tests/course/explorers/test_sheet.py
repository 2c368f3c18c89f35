import io

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image

from helpers.course import plotting
from helpers.course.explorers._charts import Curves, Map, Painted, nice
from helpers.course.explorers._panels import Bars, Difference, Picture, same
from helpers.course.explorers._sheet import Sheet, into_figure, size_of

RAMP = torch.linspace(0, 1, 36).view(6, 6)


def curves(height, **options):
    return Curves(
        lines=[([0, 1, 2], [0.0, height, 1.0], {})],
        **{"point": (1, height), "title": "a title", "level": 0.5, "mark": 1.0} | options,
    )


def table(shift, **options):
    values = np.roll(np.arange(6.0).reshape(2, 3) / 5, shift)
    return Map(
        values=values,
        rows=["a", "b"],
        columns=["x", "y", "z"],
        words={(0, 1): f"w{shift}"},
        **options,
    )


def painted(height):
    def paint(ax):
        ax.bar([0], [height])
        ax.set(ylim=(0, 2), title="bars")

    return Painted(paint=paint, key=height, frame="the same axes")


CHANGES = {  # of a panel into another one of its kind
    "picture": (Picture(pixels=RAMP, title="x: a 7"), Picture(pixels=1 - RAMP, title="x: a 3")),
    "other size": (Picture(pixels=RAMP), Picture(pixels=RAMP[:3])),
    "more lines": (Picture(pixels=RAMP, title="one"), Picture(pixels=RAMP, title="one\ntwo")),
    "difference": (Difference(r=RAMP - 0.5, limit=1), Difference(r=0.5 - RAMP, limit=0.3)),
    "own limits": (Difference(r=RAMP - 0.5), Difference(r=0.3 * (0.5 - RAMP))),
    "bars": (
        Bars(values=[0.1, 0.9], labels=["0", "1"], highlight=[1], title="softmax"),
        Bars(values=torch.tensor([0.6, 0.4]), labels=["0", "1"], highlight=[0], title="softmax"),
    ),
    "other bars": (
        Bars(values=[0.1, 0.9], labels=["0", "1"]),
        Bars(values=[0.1, 0.9], labels=["a long name", "1"]),
    ),
    "point": (curves(1.0), curves(1.0, point=(0.3, 0.2), mark=0.2)),
    "curve": (curves(0.5), curves(0.9)),
    "title of a curve": (curves(0.5), curves(0.5, title="another")),
    "map": (table(0), table(1, chosen=(1, 2), title="by target")),
    "chosen cell": (table(0, chosen=(0, 0)), table(0, chosen=(1, 1))),
    "painted": (painted(1.0), painted(1.7)),
    "another kind": (curves(1.0), table(2)),
}


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_drawn_over_is_what_is_drawn_anew(change):
    before, after = CHANGES[change]
    sheet = Sheet()
    old = pixels(sheet.png([[before]]))
    new = pixels(sheet.png([[after]]))
    anew = pixels(Sheet().png([[after]]))
    assert new.shape == anew.shape
    assert np.abs(new - anew).max() <= 1
    assert new.shape != old.shape or (new != old).any()


def test_curve_that_leaves_the_axes_gets_others():
    sheet = Sheet()
    sheet.png([[curves(1.0)]])
    grown = pixels(sheet.png([[curves(30.0)]]))
    ax = sheet._cells[0, 0].ax
    assert ax.get_ylim()[1] > 30
    shrunk = pixels(sheet.png([[curves(1.0)]]))
    assert ax.get_ylim()[1] < 2
    assert (grown != shrunk).any()


def test_panels_that_stay_are_not_drawn_again(monkeypatch):
    sheet, drawn = Sheet(), []
    rows = [[Picture(pixels=RAMP), curves(1.0)], [table(0)]]
    first = sheet.png(rows)
    draw = matplotlib.axes.Axes.draw_artist
    monkeypatch.setattr(
        matplotlib.axes.Axes, "draw_artist", lambda ax, artist: drawn.append(ax) or draw(ax, artist)
    )
    again = [[Picture(pixels=RAMP.clone()), curves(1.0)], [table(0)]]
    assert sheet.png(again) == first
    assert drawn == []
    sheet.png([[Picture(pixels=1 - RAMP), curves(1.0)], [table(0)]])
    assert set(drawn) == {sheet._cells[0, 0].ax}


def test_rows_stand_above_each_other():
    low, high = Picture(pixels=RAMP, size=(1, 1)), Picture(pixels=RAMP, size=(1, 2))
    whole = pixels(Sheet().png([[low, high], [low]]))
    dpi = plotting.SCREEN_DPI
    assert whole.shape == (3 * dpi, 2 * dpi, 3)
    assert (whole[:dpi, :dpi] == whole[2 * dpi :, :dpi]).all()
    assert (whole[dpi : 2 * dpi, :dpi] == 255).all()  # below the low one
    assert size_of([[low, high], [low]]) == (2, 3)


def test_place_of_a_click_is_the_cell_of_the_map():
    sheet = Sheet()
    sheet.png([[Picture(pixels=RAMP)], [Picture(pixels=RAMP), table(0)]])
    height, width = pixels(
        sheet.png([[Picture(pixels=RAMP)], [Picture(pixels=RAMP), table(0)]])
    ).shape[:2]
    ax = sheet._cells[1, 1].ax
    for row, column in ((0, 0), (1, 2), (0, 1)):
        x, y = ax.transData.transform((column, row))
        across = (2.15 * plotting.SCREEN_DPI + x) / width  # the picture is 2.15 inches wide
        down = (height - y) / height  # and the map stands on the ground
        place, point = sheet.at(across, down)
        assert place == (1, 1)
        assert (round(point[1]), round(point[0])) == (row, column)
    assert sheet.at(0.999, 0.001) is None  # beside the only picture of the first row


def test_same_content_is_the_same():
    one, other = CHANGES["bars"]
    assert same(
        one, Bars(values=np.array([0.1, 0.9]), labels=["0", "1"], highlight=[1], title="softmax")
    )
    assert not same(one, other)
    assert same(painted(1.0), painted(1.0))
    assert not same(Picture(pixels=RAMP), Difference(r=RAMP, limit=1))
    assert same(torch.tensor([1.0, torch.nan]), torch.tensor([1.0, torch.nan]))
    assert not same({"a": 1}, {"a": 1, "b": 2})


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.2, 17.0), (0.01, 0.012), (5.0, 5.0)])
def test_nice_limits_contain_the_range_and_seldom_change(low, high):
    begin, end = nice(low, high)
    assert begin <= low <= high <= end
    assert begin < end
    assert end - begin <= 11 * max(high - low, 1e-6) + 1e-6
    middle = nice(low + 0.01 * (high - low), high - 0.01 * (high - low))
    assert middle[0] >= begin
    assert middle[1] <= end


def test_figure_has_the_same_panels():
    fig = plotting.figure(6, 4)
    into_figure(fig, [[Picture(pixels=RAMP, title="a picture"), curves(1.0)], [table(0)]])
    titles = [ax.get_title() for part in fig.subfigs for cell in part.subfigs for ax in cell.axes]
    assert titles == ["a picture", "a title", ""]
