"""The figure of every Build it."""

from helpers.course.figures import build_it


def test_yours_stands_out_beside_the_course():
    curves = {"the course": [3, 4, 5], "yours, 2 s": [1, 2, 4]}
    (ax,) = build_it.beside(curves, "abc", xlabel="images", ylabel="distortion").axes
    theirs, yours = ax.lines
    assert [line.get_label() for line in ax.lines] == list(curves)
    assert yours.get_ydata().tolist() == [1, 2, 4]
    assert theirs.get_ydata().tolist() == [3, 4, 5]
    assert yours.get_linewidth() > theirs.get_linewidth()
    assert yours.get_zorder() > theirs.get_zorder()
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "b", "c"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("images", "distortion")


def test_curves_of_the_course_and_yours_have_colours_of_their_own():
    names = ["one", "two", "yours: one", "yours: two"]
    (ax,) = build_it.beside({n: [1, 2] for n in names}, [1, 2], xlabel="", ylabel="").axes
    assert len({line.get_color() for line in ax.lines}) == 4


def test_names_are_not_joined_by_lines():
    (ax,) = build_it.beside({"a": [1, 2], "yours": [1, 2]}, "ab", xlabel="", ylabel="").axes
    assert [line.get_linestyle() for line in ax.lines] == ["None", "None"]


def test_both_axes_may_be_logarithmic():
    (ax,) = build_it.beside({"a": [1, 2]}, [1, 10], xlabel="", ylabel="", logarithmic=True).axes
    assert ax.get_xscale() == ax.get_yscale() == "log"
