"""Functions of a larger exercise are put together only when all of them are right."""

from helpers import course
from helpers.course import checks


def my_rms(x, y):
    return (y - x).flatten(1).square().mean(1).sqrt()


def my_stub(x, rms):
    return ...


def my_mistake(x, y):
    return (y - x).flatten(1).norm(dim=1)


def test_right_functions_are_ready(capsys):
    assert course.ready((checks.distortion, my_rms))
    assert capsys.readouterr().out == ""


def test_what_is_missing_is_named(capsys):
    steps = (checks.distortion, my_rms), (checks.noise_of_size, my_stub)
    assert not course.ready(*steps)
    assert capsys.readouterr().out == "This waits for piece 2, my_stub (not attempted).\n"


def test_what_is_wrong_says_why(capsys):
    assert not course.ready((checks.distortion, my_mistake), (checks.noise_of_size, my_stub))
    said = capsys.readouterr().out
    assert said.startswith("This waits for piece 1, my_mistake (not yet: this is the L2 norm")
    assert "; piece 2, my_stub (not attempted)." in said
