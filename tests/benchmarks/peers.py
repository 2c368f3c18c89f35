"""The contestants of the attack's benchmark: the course's attacks, and those of two libraries.

Each takes a problem and returns adversarial images. A library is imported when it is needed.
"""

import itertools
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.attack import closest_adversarial, minimal_adversarial, runner_up
from helpers.evaluation import distortion, logits

from .problems import Problem

sys.modules.setdefault("visdom", types.ModuleType("visdom"))  # adv-lib draws with it; not here

OURS = "this course"
SEARCHES, FARTHEST = 20, 0.5  # halvings of APGD's radius, and its first upper end, as a distortion


@dataclass(frozen=True)
class Contestant:
    """An attack: ``run(problem)`` gives the adversarial images (N, ...).

    Attributes
    ----------
    run : callable
        The attack.
    origin : str
        The library.
    gradients : int
        About how many it takes for an image.
    """

    run: Callable[[Problem], Tensor]
    origin: str
    gradients: int

    @property
    def ours(self) -> bool:
        """Whether the attack is the course's."""
        return self.origin == OURS

    @property
    def slow(self) -> bool:
        """Whether it gets a tenth of the images."""
        return self.gradients > 1500


def closest(steps: int) -> Contestant:
    """Return the course's fast attack with a number of steps."""

    def run(problem: Problem) -> Tensor:
        given = problem.model, problem.inputs, problem.targets
        return closest_adversarial(*given, steps=steps).adversarial

    return Contestant(run, OURS, steps)


def penalty(problem: Problem) -> Tensor:
    """Run the paper's method: a penalty, L-BFGS in a box, a search over c."""
    return minimal_adversarial(problem.model, problem.inputs, problem.targets).adversarial


def adv_lib(name: str, gradients: int, *, targeted: bool = True, **options) -> Contestant:
    """Return an attack of adversarial-library."""

    def run(problem: Problem) -> Tensor:
        from adv_lib import attacks

        labels = problem.targets if targeted else problem.labels
        inputs = problem.inputs.clone()
        attack = getattr(attacks, name)
        return attack(problem.model, inputs, labels, targeted=targeted, **options).detach()

    return Contestant(run, "adv-lib", gradients)


def brendel_bethge(problem: Problem) -> Tensor:
    """Run Foolbox's Brendel–Bethge attack from other images that have the targets."""
    import foolbox

    attack = foolbox.attacks.L2BrendelBethgeAttack(steps=1000)
    model = foolbox.PyTorchModel(problem.model, bounds=(0, 1), device=problem.inputs.device)
    criterion = foolbox.criteria.TargetedMisclassification(problem.targets)
    found = attack(model, problem.inputs, criterion, epsilons=None, starting_points=problem.starts)
    return found[0]


def smallest_apgd(problem: Problem) -> Tensor:
    """Search for the smallest radius at which APGD, with 100 steps, reaches the targets.

    adv-lib has such a search, but it counts an image that has *not* the target as a success.
    """
    from adv_lib import attacks

    x, t = problem.inputs, problem.targets
    root = x[0].numel() ** 0.5
    high, low = torch.full((len(x),), FARTHEST * root), torch.zeros(len(x))
    best = x.clone()
    for _ in range(SEARCHES):
        radius = (low + high) / 2
        found = attacks.apgd(problem.model, x.clone(), t, radius, norm=2, targeted=True).detach()
        reached = logits(problem.model, found).argmax(1) == t
        best[reached] = found[reached]
        high = torch.where(reached, torch.minimum(radius, root * distortion(x, found)), high)
        low = torch.where(reached, low, radius)
    return best


def untargeted_closest(steps: int, *, nearest: bool) -> Contestant:
    """Return the course's fast attack on the nearest target, or on all of them for the best."""

    def run(problem: Problem) -> Tensor:
        model, x, labels = problem.model, problem.inputs, problem.labels
        outputs = logits(model, x)
        if nearest:
            return closest_adversarial(
                model, x, runner_up(outputs, labels), steps=steps
            ).adversarial
        others = outputs.shape[1] - 1
        turns = torch.arange(1, others + 1)
        targets = (labels[:, None] + turns) % outputs.shape[1]  # (N, K − 1)
        found = closest_adversarial(
            model, x.repeat_interleave(others, 0), targets.flatten(), steps=steps
        )
        far = torch.where(found.success, found.distortion, torch.inf).view(targets.shape)
        return found.adversarial.view(*targets.shape, *x.shape[1:])[
            torch.arange(len(x)), far.argmin(1)
        ]

    return Contestant(run, OURS, steps if nearest else 9 * steps)


TARGETED = {
    "closest, 30 steps": closest(30),
    "closest, 60 steps": closest(60),
    "closest, 300 steps": closest(300),
    "penalty": Contestant(penalty, OURS, 500),
    "DDN 100": adv_lib("ddn", 100, steps=100),
    "DDN 1000": adv_lib("ddn", 1000, steps=1000),
    "FMN 100": adv_lib("fmn", 100, norm=2, steps=100),
    "FMN 1000": adv_lib("fmn", 1000, norm=2, steps=1000),
    "ALMA 100": adv_lib("alma", 100, distance="l2", num_steps=100),
    "ALMA 1000": adv_lib("alma", 1000, distance="l2", num_steps=1000),
    "PDGD 500": adv_lib("pdgd", 500, num_steps=500),
    "PDPGD 500": adv_lib("pdpgd", 500, norm=2, num_steps=500),
    "C&W 9 × 1000": adv_lib("carlini_wagner_l2", 9000, binary_search_steps=9, max_iterations=1000),
    "Brendel–Bethge": Contestant(brendel_bethge, "Foolbox", 2000),
    "APGD, radius": Contestant(smallest_apgd, "adv-lib", 100 * SEARCHES),
}

UNTARGETED = {
    "closest, 60 steps, nearest": untargeted_closest(60, nearest=True),
    "closest, 30 steps, all": untargeted_closest(30, nearest=False),
    "closest, 60 steps, all": untargeted_closest(60, nearest=False),
    "DeepFool": adv_lib("df", 500, targeted=False, steps=50),
    "SuperDeepFool": adv_lib("sdf", 1000, targeted=False),
    "FAB 100": adv_lib("fab", 900, targeted=False, norm=2, n_iter=100),
    "DDN 100": adv_lib("ddn", 100, targeted=False, steps=100),
    "PDGD 500": adv_lib("pdgd", 500, targeted=False, num_steps=500),
}
REFERENCE = {True: "closest, 60 steps", False: "closest, 60 steps, all"}  # by whether targeted


def contestants(targeted: bool) -> dict[str, Contestant]:
    """Return the attacks of one kind by their names."""
    return TARGETED if targeted else UNTARGETED


def versions() -> dict[str, str]:
    """Return the version of each library that is installed; what is missing, the error says."""
    import importlib.metadata

    return {name: importlib.metadata.version(name) for name in ("adv-lib", "foolbox", "torch")}


def rotated(names: list[str], repetition: int, repeats: int) -> list[str]:
    """Return the names in the order of a repetition: each begins elsewhere."""
    first = repetition * len(names) // repeats
    return list(itertools.islice(itertools.cycle(names), first, first + len(names)))
