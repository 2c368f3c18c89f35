"""Questions that a reader answers before the answer is shown.

Both are made of radio buttons and a button, which work with mouse, touch and keyboard, and of the
API common to ipywidgets 7.7 and 8. What a page without a kernel shows is the question, and of a
quiz the first picture, but never an answer.
"""

import base64
import html
import random
from collections.abc import Sequence
from typing import NamedTuple

import ipywidgets

from helpers.course import plotting
from helpers.course.widget_output import show_widget


class Prediction:
    """One question with choices: the reader commits to one, and only then sees the answer.

    Parameters
    ----------
    question : str
        What is asked, in a sentence.
    choices : sequence of str
        From which the reader chooses.
    answer : str
        The choice that is right.
    because : str
        What is shown once the reader has chosen, after the verdict.
    """

    def __init__(self, question: str, choices: Sequence[str], *, answer: str, because: str):
        if answer not in choices:
            raise ValueError(f"answer must be one of {list(choices)}, got {answer!r}")
        self.question, self.answer, self.because = question, answer, because
        self.form = _Form(question, choices, self._see)

    def _see(self, chosen: str) -> None:
        verdict = "So it is." if chosen == self.answer else f"It is: {self.answer}."
        self.form.say(f"You said: {chosen}. {verdict} {self.because}")
        self.form.close()

    def _ipython_display_(self) -> None:
        choices = " / ".join(self.form.choices.options)
        show_widget(self.form.box, alt=f"Predict first: {self.question} {choices}")


class Round(NamedTuple):
    """One picture of a quiz, and the choice that is right."""

    picture: plotting.Figure
    answer: str


class Quiz:
    """One question asked of several pictures in random order, with a score.

    Parameters
    ----------
    question : str
        What is asked of every picture.
    rounds : sequence of (Figure, str)
        The pictures, and for each the choice that is right. They must not betray it.
    choices : sequence of str
        From which the reader chooses.
    seed : int
        Of the order of the pictures.
    """

    def __init__(
        self,
        question: str,
        rounds: Sequence[tuple[plotting.Figure, str]],
        choices: Sequence[str],
        *,
        seed: int = 0,
    ):
        if not rounds:
            raise ValueError("rounds must hold at least one picture, got none")
        if wrong := {answer for _, answer in rounds} - set(choices):
            raise ValueError(f"rounds must have answers of {list(choices)}, got {sorted(wrong)}")
        self.question = question
        self.rounds = [Round(*one) for one in rounds]
        random.Random(seed).shuffle(self.rounds)
        self.said: list[bool] = []  # of each picture so far, whether the reader was right
        self.image = ipywidgets.HTML()  # whose pictures have a text, as those of Image need not
        self.form = _Form(question, choices, self._next)
        self.form.box.children = (self.image, *self.form.box.children)
        self._show()

    @property
    def score(self) -> int:
        """How many answers were right so far."""
        return sum(self.said)

    def _show(self) -> None:
        number = len(self.said)
        self.png = plotting.png(self.rounds[number].picture, plotting.SCREEN_DPI)
        alt = html.escape(
            f"Picture {number + 1} of {len(self.rounds)}: {self.question}", quote=True
        )
        coded = base64.b64encode(self.png).decode()
        self.image.value = (
            f'<img alt="{alt}" style="max-width: 100%" src="data:image/png;base64,{coded}">'
        )

    def _next(self, chosen: str) -> None:
        right = self.rounds[len(self.said)].answer
        self.said.append(chosen == right)
        verdict = "Right." if self.said[-1] else f"No: {right}."
        counted = f"{self.score} of {len(self.said)} right"
        if len(self.said) < len(self.rounds):
            self.form.say(f"{verdict} {counted}, {len(self.rounds) - len(self.said)} to go.")
            self._show()
            self.form.clear()
        else:
            luck = len(self.rounds) / len(self.form.choices.options)
            self.form.say(f"{verdict} {counted}; guessing gives {luck:g} on average.")
            self.form.close()

    def _ipython_display_(self) -> None:
        alt = f"Quiz of {len(self.rounds)} pictures: {self.question}"
        show_widget(self.form.box, alt=alt, png=self.png)


class _Form:
    """A question, its choices and a button that commits to one."""

    def __init__(self, question: str, choices: Sequence[str], commit):
        self.choices = ipywidgets.RadioButtons(
            options=list(choices), value=None, description="answer"
        )
        self.choices.layout.width = "auto"
        self.button = ipywidgets.Button(description="That is my answer", disabled=True)
        self.text = ipywidgets.HTML()
        self.text.add_class("question-text")
        self.asked = ipywidgets.HTML(f"<b>{html.escape(question)}</b>")
        self.box = ipywidgets.VBox([self.asked, self.choices, self.button, self.text])
        self.choices.observe(self._chosen, names="value")
        self.button.on_click(lambda _: commit(self.choices.value))

    def _chosen(self, change) -> None:
        self.button.disabled = change["new"] is None

    def say(self, text: str) -> None:
        self.message = text
        self.text.value = f'<p role="status" aria-live="polite">{html.escape(text)}</p>'

    def clear(self) -> None:
        self.choices.value = None

    def close(self) -> None:
        self.choices.disabled = self.button.disabled = True
