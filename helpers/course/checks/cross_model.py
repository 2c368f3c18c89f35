"""The exercises of chapter 7."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.course.checks._report import NotYetError, attempted, drawn, one_number, report, seeded


def _example() -> tuple[Tensor, ...]:
    """Return answers to perturbed images, the answers before, the labels and the targets."""
    generator = seeded(74)
    labels = torch.randint(10, (60,), generator=generator)
    targets = (labels + torch.randint(1, 10, (60,), generator=generator)) % 10
    before = torch.where(torch.arange(60) % 5 == 0, (labels + 1) % 10, labels)
    answers = before.clone()
    answers[::3] = targets[::3]
    answers[1::7] = (labels[1::7] + 2) % 10
    answers[:10:5] = labels[:10:5]  # two are right now that were wrong before
    some = torch.randint(60, (60,), generator=generator)
    return answers[some], before[some], labels[some], targets[some]


def error_where_right(answer: Callable[[Tensor, Tensor, Tensor], float]) -> None:
    """Chapter 7: the error where it was right before, ``answer(answers, before, labels)``."""
    answers, before, labels, _ = _example()
    wrong, right = answers != labels, before == labels
    expected = wrong[right].double().mean()
    mistakes = {
        "this is the error over all images; leave out those that were wrong before": (
            wrong.double().mean()
        ),
        "divide by the number of images that were right before, not by all": (
            (wrong & right).double().mean()
        ),
        "these are the images that are right; count the wrong ones": 1 - expected,
        "this counts where the answer changed, over all images": (answers != before)
        .double()
        .mean(),
        "the share is a number between 0 and 1": 100 * expected,
        "what was wrong before is to be left out, not to be counted": wrong[~right].double().mean(),
    }

    def check(answer):
        one_number(answer(answers, before, labels), expected, mistakes, "the share")

    if attempted(answer, answers, before, labels):
        report(check, answer)


def share_of_target(answer: Callable[[Tensor, Tensor, Tensor, Tensor], float]) -> None:
    """Chapter 7: new errors on target, ``answer(answers, before, labels, targets)``."""
    answers, before, labels, targets = _example()
    hit, newly = answers == targets, (answers != labels) & (before == labels)
    expected = hit[newly].double().mean()
    mistakes = {
        "of all images; wanted is the share of the answers that became wrong": (
            hit.double().mean()
        ),
        "divide by the number of answers that became wrong, not by all": (
            (hit & newly).double().mean()
        ),
        "an answer that was wrong before did not become wrong": (
            hit[answers != labels].double().mean()
        ),
        "these are the other wrong labels; count the target": 1 - expected,
        "this is the share of answers that became wrong; how many of them are the target?": (
            newly.double().mean()
        ),
    }

    def check(answer):
        one_number(answer(answers, before, labels, targets), expected, mistakes, "the share")

    if attempted(answer, answers, before, labels, targets):
        report(check, answer)


def possible_of(answer: Callable[[float, int], bool]) -> None:
    """Chapter 7: is a percentage with one decimal a share of N images, ``answer(p, N)`` → bool."""
    generator = seeded(74)
    some = int(drawn(20, 90, generator))  # so few that no share is near the middle of two others
    count = int(drawn(1, some - 1, generator))

    def check(answer):
        for printed, images, expected in (
            (11.7, 256, True),  # 30 of 256 are 11.72 %
            (11.7, 255, False),
            (6.6, 256, True),  # 17 of 256 are 6.64 %: rounded down
            (35.2, 256, True),  # 90 of 256 are 35.16 %: rounded up
            (24.8, 256, False),
            (24.8, 1000, True),
            (100.0, 7, True),
            (0.0, 7, True),
            (0.1, 256, False),  # none is 0 %, and one of 256 is 0.4 %
            (round(100 * count / some, 1), some, True),
            (round(100 * (count + 0.5) / some, 1), some, False),
        ):
            found = bool(answer(printed, images))
            if found != expected:
                counts = f"{int(printed * images / 100)} or {int(printed * images / 100) + 1}"
                raise NotYetError(
                    f"{printed} % of {images} images: it says {found}; what do {counts} of "
                    f"{images} give when rounded to one decimal?"
                )

    if attempted(answer, 11.7, 256):
        report(check, answer)
