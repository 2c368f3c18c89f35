"""The course's attacks beside the libraries': ``python -m tests.benchmarks.attack``.

The same networks, images and targets for all. Each result is verified here: the image is in the
box, and the network gives it the target. Every attack gets all its images at once, slow ones a
tenth of them; the order is rotated from repetition to repetition, a time is the median (of one run
where that takes over 3 s). What was measured is kept for each network and attack, so that an
interrupted run goes on, and a changed attack is measured again.

Writes ``data/results/attack_benchmark.json`` and ``.png``. It takes under half an hour of one core,
training included.

Needs ``pip install -e ".[bench]"`` and ``pip install --no-deps adv-lib``: of adv-lib's dependencies
only visdom is missing then, which does not build with a current setuptools and draws nothing here.
"""

import argparse
import json
import math
from collections.abc import Sequence

import torch
from tabulate import tabulate
from tqdm.auto import tqdm

from helpers import data
from helpers.course import plotting
from helpers.evaluation import error_rate

from . import comparison
from .command_line import command_line
from .comparison import Record
from .machine import described
from .measuring import first, measure
from .networks import NETWORKS
from .peers import REFERENCE, TARGETED, UNTARGETED, contestants, rotated, versions
from .picture import draw
from .problems import Problem, problem

SLOW = 10  # times fewer images
COLUMNS = (
    "attack",
    "images",
    "success",
    "mean",
    "relative",
    "optimality",
    "ms",
    "wall ms",
    "passes",
)


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_line("attack", __doc__, "networks", NETWORKS)
    names = list(dict.fromkeys([*TARGETED, *UNTARGETED]))
    parser.add_argument(
        "--attacks",
        nargs="+",
        choices=names,
        default=names,
        metavar="ATTACK",
        help=f"some of: {'; '.join(names)}; the course's 60 steps are always among them",
    )
    parser.add_argument("--images", type=positive, default=100, help="at the most (%(default)s)")
    parser.add_argument("--repeats", type=positive, default=2, help="of each (%(default)s)")
    parser.add_argument("--threads", type=positive, default=1, help="of PyTorch (%(default)s)")
    return parser.parse_args(arguments)


def positive(text: str) -> int:
    """Read a number from 1."""
    number = int(text)
    if number < 1:
        raise ValueError(f"must be at least 1, got {number}")
    return number


def main() -> None:
    """Run the comparison or a part of it, print the tables and write the results."""
    chosen = options()
    torch.set_num_threads(chosen.threads)
    path = chosen.results / "attack_benchmark.json"
    before = json.loads(path.read_text("utf-8")).get("networks", []) if path.exists() else []
    networks = {row["network"]: row for row in before}
    left_out = {}
    for name in chosen.networks:
        try:
            networks[name] = compare(name, chosen)
        except OSError as error:
            left_out[name] = str(error)
            print(f"{name} is left out: {error}")
        content = described(chosen.threads) | {
            "data": data.digits("test").source,
            "repeats": chosen.repeats,
            "networks": [networks[name] for name in NETWORKS if name in networks],
            "left out": left_out,
        }
        content["versions"] |= versions()
        text = json.dumps(plain(content), indent=1, ensure_ascii=False)
        data.write_atomically(path, f"{text}\n".encode())
    data.write_atomically(path.with_suffix(".png"), plotting.png(draw(content["networks"])))


def plain(value):
    """Return a value as JSON can hold it: what is not finite becomes None."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def compare(name: str, chosen: argparse.Namespace) -> dict:
    """Run every contestant on one network; return its part of the results."""
    given = problem(name, min(chosen.images, NETWORKS[name].images), chosen.folder)
    found = {"network": name, "images": len(given.inputs)}
    if name != "SqueezeNet":
        test = data.digits("test")
        found["test error"] = error_rate(given.model, test.inputs, test.labels)
    for targeted, kind in ((True, "targeted"), (False, "untargeted")):
        if not targeted and name == "SqueezeNet":  # it has 999 targets
            continue
        records = measured(name, given, targeted, chosen)
        exact = given.exact.tolist() if targeted and given.exact is not None else None
        found[kind] = comparison.rows(records, REFERENCE[targeted], exact)
        found[f"{kind}, dominated"] = comparison.dominated(records)
        table = [[row[column] for column in COLUMNS] for row in found[kind]]
        print(f"\n{name}, {kind}\n{tabulate(table, COLUMNS, 'github', floatfmt='.4g')}")
        print(*map(json.dumps, found[f"{kind}, dominated"]), sep="\n", flush=True)
    return found


def measured(
    name: str, given: Problem, targeted: bool, chosen: argparse.Namespace
) -> dict[str, Record]:
    """Return what each attack did that this network's budget allows, in the order of their list."""
    attacks = {
        attack: contestant
        for attack, contestant in contestants(targeted).items()
        if contestant.gradients <= NETWORKS[name].gradients
        and attack in [*chosen.attacks, REFERENCE[targeted]]
    }
    few = first(given, max(1, len(given.inputs) // SLOW))
    records = {}
    for repetition in range(chosen.repeats):
        order = rotated(list(attacks), repetition, chosen.repeats)
        for attack in tqdm(order, desc=f"{name}, {repetition + 1}"):
            contestant = attacks[attack]
            records[attack] = measure(
                name,
                attack,
                contestant,
                few if contestant.slow else given,
                targeted=targeted,
                repetition=repetition,
                folder=chosen.folder,
            )
    return {attack: records[attack] for attack in attacks}


if __name__ == "__main__":
    main()
