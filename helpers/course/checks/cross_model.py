"""The exercises of chapter 7."""

from collections.abc import Callable

import torch
from torch import Tensor

from helpers.course.checks._report import (
    NotYetError,
    alike,
    attempted,
    drawn,
    one_number,
    report,
    seeded,
    tensor,
)


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


def wrong_targets(answer: Callable[..., Tensor]) -> None:
    """Chapter 7: a label of the nine wrong ones for each image, ``answer(labels, generator)``."""
    labels = torch.randint(10, (10_000,), generator=seeded(72))

    def check(answer):
        three = [answer(labels, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
        targets, again, other = (tensor(one, (10_000,), "one label an image") for one in three)
        if not ((targets >= 0) & (targets <= 9) & (targets == targets.round())).all():
            raise NotYetError("a label is a whole number from 0 to 9: take the remainder by 10")
        if (targets == labels).any():
            share = (targets == labels).double().mean()
            raise NotYetError(f"{share:.0%} of the targets are the true label, none may be")
        if torch.equal(targets, other) or not torch.equal(targets, again):
            raise NotYetError("draw with the generator that is given, and nothing else")
        counts = torch.zeros(10, 10).index_put_(
            (labels, targets.long()), torch.tensor(1.0), accumulate=True
        )
        counts = counts[~torch.eye(10, dtype=torch.bool)]  # each about 1000 / 9 ± 11
        if counts.min() < 55 or counts.max() > 175:
            raise NotYetError("some wrong labels are more frequent than others: all nine alike")

    if attempted(answer, labels, torch.Generator()):
        report(check, answer)


def row_of_errors(answer: Callable[..., Tensor]) -> None:
    """Chapter 7: what each network gets wrong, in percent, ``answer(networks, images, labels)``."""
    generator = seeded(73)
    images = torch.rand(60, 1, 3, 3, generator=generator)
    weights = torch.randn(3, 4, 9, generator=generator)
    networks = [lambda x, weight=weight: x.flatten(1) @ weight.T for weight in weights]
    labels = networks[0](images).argmax(1)
    labels[::4] = (labels[::4] + 1) % 4
    wrong = torch.stack([n(images).argmax(1) != labels for n in networks]).double()
    expected = 100 * wrong.mean(1)
    mistakes = {
        "this is a share; the table is in percent": expected / 100,
        "these are the right answers; count the wrong ones": 100 - expected,
        "these are counts; divide by the number of images": wrong.sum(1),
        "this is the mean over the networks; each has its own entry": expected.mean().expand(3),
        "every network has to be asked, not the first one three times": expected[:1].expand(3),
    }

    def check(answer):
        found = answer(networks, images, labels)
        if isinstance(found, list | tuple):
            found = torch.tensor([float(value) for value in found])
        alike(tensor(found, (3,), "one error for each network"), expected, mistakes, atol=1e-3)

    if attempted(answer, networks, images, labels):
        report(check, answer)


def noise_of_same_size(answer: Callable[..., Tensor]) -> None:
    """Chapter 7: noise as large as each change, ``answer(x, adversarial, generator)``."""
    generator = seeded(74)
    x = torch.rand(4, 1, 20, 20, generator=generator)
    sizes = torch.tensor([0.01, 0.05, 0.1, 0.3])
    adversarial = x + sizes.view(-1, 1, 1, 1) * torch.randn(x.shape, generator=generator).sign()

    def check(answer):
        three = [answer(x, adversarial, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
        shape = tuple(x.shape)
        noisy, again, other = (tensor(one, shape, "the noisy images") for one in three)
        r = noisy - x
        found = r.flatten(1).square().mean(1).sqrt()
        if torch.allclose(noisy.flatten(1).square().mean(1).sqrt(), sizes.double(), rtol=1e-3):
            raise NotYetError("this is the noise alone; add it to x")
        if torch.allclose(found, 20 * sizes.double(), rtol=1e-3):
            raise NotYetError("‖x' − x‖₂ is √n times the distortion")
        if not torch.allclose(found, sizes.double(), rtol=1e-3):
            raise NotYetError(
                f"the distortions are {[round(v, 3) for v in found.tolist()]}, they should be "
                f"{[round(v, 3) for v in sizes.tolist()]}: scale each image's noise to its own size"
            )
        if torch.equal(noisy, other) or not torch.equal(noisy, again):
            raise NotYetError("draw with the generator that is given, and nothing else")
        along = (r * (adversarial - x)).flatten(1).sum(1).abs() / (400 * sizes.square())
        if (along > 0.3).any():
            raise NotYetError("this goes along the perturbation itself: draw a random direction")
        if not 2.5 < (r / found.view(-1, 1, 1, 1)).pow(4).mean() < 3.5:
            raise NotYetError("this is not Gaussian noise: draw it with torch.randn")

    if attempted(answer, x, adversarial, torch.Generator()):
        report(check, answer)
