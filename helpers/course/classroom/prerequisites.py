"""A self-test of what the course takes for granted: ten questions, each with its answer."""

from collections.abc import Callable
from typing import NamedTuple

from IPython.display import display

from helpers.course.questions import Prediction


class Asked(NamedTuple):
    """A question of the self-test.

    Attributes
    ----------
    question : str
        What is asked.
    choices : tuple of str
        Of which one is right.
    answer : str
        The right one.
    because : str
        Why, and where to read on.
    """

    question: str
    choices: tuple[str, ...]
    answer: str
    because: str


TEN_QUESTIONS = (
    Asked(
        "Python: what is [x * x for x in range(4) if x != 1]?",
        ("[0, 4, 9]", "[0, 1, 4, 9]", "[1]", "[0, 2, 3]"),
        "[0, 4, 9]",
        "range(4) is 0, 1, 2, 3; the 1 is left out, the others are squared.",
    ),
    Asked(
        "PyTorch: x has the shape (32, 1, 28, 28). Which shape has x.flatten(1)?",
        ("(25088,)", "(32, 28, 28)", "(32, 784)", "(1, 25088)"),
        "(32, 784)",
        "All axes from number 1 on become one, of 1 · 28 · 28 numbers; a row for each image stays.",
    ),
    Asked(
        "PyTorch: w holds 1 and 3, and (w * w).sum().backward() was called. What is w.grad?",
        ("1 and 9", "2 and 6", "10", "1 and 3"),
        "2 and 6",
        "The derivative of w² by w is 2w, for each number by itself.",
    ),
    Asked(
        "Linear algebra: what is the Euclidean norm of the vector (3, 4)?",
        ("3.5", "4", "5", "7"),
        "5",
        "It is the root of the sum of the squares, the root of 9 + 16.",
    ),
    Asked(
        "Linear algebra: how long can a vector of length 1 become under the matrix "
        "with the rows (3, 0) and (0, 1)?",
        ("1", "3", "4", "the root of 10"),
        "3",
        "The vector (1, 0) becomes (3, 0), and no other becomes longer: 3 is the largest singular "
        "value.",
    ),
    Asked(
        "Linear algebra: what does a rotation change?",
        ("the lengths of vectors", "the angles between them", "both", "neither of the two"),
        "neither of the two",
        "A rotation keeps all scalar products, and with them lengths and angles.",
    ),
    Asked(
        "Calculus: what is the slope of f(x) = x² at x = 3?",
        ("3", "6", "9", "12"),
        "6",
        "The derivative is 2x.",
    ),
    Asked(
        "Calculus: a function of many variables. In which direction does it fall fastest?",
        (
            "along its gradient",
            "against its gradient",
            "across its gradient",
            "along the axis with the largest derivative",
        ),
        "against its gradient",
        "The gradient is the direction of steepest growth; its opposite that of the steepest fall.",
    ),
    Asked(
        "Probability: a fair coin is tossed 100 times. What is the standard deviation of the "
        "number of heads?",
        ("5", "10", "25", "50"),
        "5",
        "The variance of each toss is 1/4, and variances add up: 25, whose root is 5.",
    ),
    Asked(
        "Statistics: an error is measured on four times as many images. How wide is its interval?",
        ("four times as wide", "as wide", "half as wide", "a quarter as wide"),
        "half as wide",
        "It shrinks with the root of the number of images.",
    ),
)
READY = 8  # right answers


def self_test() -> None:
    """Show the ten questions, each with its choices; the answer follows the reader's."""
    for one in TEN_QUESTIONS:
        display(Prediction(one.question, one.choices, answer=one.answer, because=one.because))


def ask_all(ask: Callable[[str], str], tell: Callable[[str], None]) -> int:
    """Ask the ten questions on the command line.

    Parameters
    ----------
    ask : callable
        Returns what the reader answers to a prompt: the number of a choice.
    tell : callable
        Shows a text.

    Returns
    -------
    int
        How many answers were right.
    """
    right = 0
    for number, one in enumerate(TEN_QUESTIONS, start=1):
        tell(f"\n{number}. {one.question}")
        for place, choice in enumerate(one.choices, start=1):
            tell(f"   {place}  {choice}")
        said = _chosen(ask, len(one.choices))
        correct = one.choices[said - 1] == one.answer
        right += correct
        tell(f"{'Right.' if correct else f'It is: {one.answer}.'} {one.because}")
    advice = "You are ready." if right >= READY else "Read up on what went wrong first."
    tell(f"\n{right} of {len(TEN_QUESTIONS)} right. {advice}")
    return right


def _chosen(ask: Callable[[str], str], count: int) -> int:
    """Return the number of a choice, asking until it is one."""
    while True:
        said = ask(f"1 to {count}: ").strip()
        if said.isdecimal() and 1 <= int(said) <= count:
            return int(said)
