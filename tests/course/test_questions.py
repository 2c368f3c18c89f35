"""Questions: nothing of the answer before the choice, and a right score after it."""

import pytest

from helpers import course
from helpers.course import plotting

COLOURS = ("red", "green", "blue")


def displayed(widget, capsys):
    """Return the text that a page without a kernel shows of a widget."""
    widget._ipython_display_()
    return capsys.readouterr().out


def texts(widget):
    """Return all that a form says to a reader who has not chosen yet."""
    form = widget.form
    return " ".join([*form.choices.options, form.text.value, form.asked.value])


@pytest.fixture
def colour():
    return course.Prediction("Which?", COLOURS, answer="green", because="Grass is.")


@pytest.fixture
def quiz():
    def picture(width):
        return plotting.figure(width, 1)

    rounds = [(picture(1), "one"), (picture(2), "two"), (picture(2), "two"), (picture(1), "one")]
    return course.Quiz("How wide?", rounds, ("one", "two"), seed=3)


def choose(widget, choice):
    widget.form.choices.value = choice
    widget.form.button.click()


def test_prediction_shows_nothing_before_the_choice(colour, capsys):
    assert colour.form.choices.value is None
    assert colour.form.button.disabled
    assert "Grass" not in texts(colour) + displayed(colour, capsys)
    assert colour.form.text.value == ""


def test_a_choice_alone_commits_to_nothing(colour):
    colour.form.choices.value = "red"  # as the arrow keys do on the way to another one
    assert colour.form.text.value == ""
    assert not colour.form.button.disabled


def test_right_and_wrong_predictions_are_told_apart(colour):
    choose(colour, "green")
    assert colour.form.message == "You said: green. So it is. Grass is."
    other = course.Prediction("Which?", COLOURS, answer="green", because="Grass is.")
    choose(other, "red")
    assert other.form.message == "You said: red. It is: green. Grass is."
    assert other.form.button.disabled
    assert other.form.choices.disabled


def test_what_is_said_is_text_and_no_markup():
    widget = course.Prediction("a < b?", ["yes"], answer="yes", because="a < b & c")
    choose(widget, "yes")
    assert "a &lt; b &amp; c" in widget.form.text.value
    assert "a &lt; b?" in widget.form.asked.value


def test_answer_must_be_a_choice():
    with pytest.raises(ValueError, match=r"answer must be one of \['a'\], got 'b'"):
        course.Prediction("?", ["a"], answer="b", because="")


def test_quiz_counts_what_was_right(quiz):
    answers = [one.answer for one in quiz.rounds]
    assert sorted(answers) == ["one", "one", "two", "two"]
    for answer in answers[:3]:
        choose(quiz, answer)
    assert quiz.form.message == "Right. 3 of 3 right, 1 to go."
    choose(quiz, {"one": "two", "two": "one"}[answers[3]])
    assert quiz.score == 3
    assert quiz.form.message == f"No: {answers[3]}. 3 of 4 right; guessing gives 2 on average."
    assert quiz.form.button.disabled


def test_quiz_shows_the_next_picture_and_clears_the_choice(quiz):
    seen = [quiz.png]
    for one in list(quiz.rounds)[:3]:
        choose(quiz, one.answer)
        assert quiz.form.choices.value is None
        assert quiz.form.button.disabled
        seen.append(quiz.png)
    assert seen == [plotting.png(one.picture, plotting.SCREEN_DPI) for one in quiz.rounds]


def test_picture_has_a_text_and_the_verdict_is_announced(quiz):
    assert '<img alt="Picture 1 of 4: How wide?"' in quiz.image.value
    choose(quiz, "one")
    assert '<img alt="Picture 2 of 4: How wide?"' in quiz.image.value
    assert quiz.form.text.value.startswith('<p role="status" aria-live="polite">')


def test_quiz_betrays_nothing(quiz, capsys):
    shown = displayed(quiz, capsys)
    assert quiz.form.text.value == ""
    assert "How wide?" in texts(quiz)
    assert "Figure" not in shown


def test_order_depends_on_the_seed_only():
    figures = [plotting.figure(1, 1) for _ in range(8)]
    rounds = [(fig, "ab"[i % 2]) for i, fig in enumerate(figures)]
    one, again, other = (course.Quiz("?", rounds, "ab", seed=seed).rounds for seed in (0, 0, 1))
    assert one == again != other


def test_quiz_refuses_answers_that_nobody_can_choose():
    with pytest.raises(ValueError, match="'c'"):
        course.Quiz("?", [(plotting.figure(1, 1), "c")], "ab")


def test_quiz_needs_a_picture():
    with pytest.raises(ValueError, match="rounds must hold at least one picture"):
        course.Quiz("?", [], "ab")
