"""The course's attacks beside the libraries': ``python tests/benchmarks/attack.py``.

One run, side by side: the same networks, images, targets and machine. Every contestant attacks
all images it is given at once, slow ones fewer; the order is rotated from repetition to
repetition, and a time is the median (of one run where that takes over 20 s). A distortion is
compared on the images on which that contestant succeeded. Peak memory is that of a process of its
own. Writes ``data/results/attack_benchmark.json`` and ``.png``.

Needs ``pip install -e ".[bench]"`` and ``pip install --no-deps adv-lib``: of adv-lib's dependencies
only visdom is missing then, which does not build with a current setuptools and draws nothing here.
"""

import argparse
import json
import multiprocessing
import platform
import statistics
import sys
import time
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import torch
from tabulate import tabulate
from torch import Tensor, nn
from tqdm.auto import tqdm

from helpers import data
from helpers.attack import closest_adversarial, minimal_adversarial, random_targets
from helpers.course import RESULTS, plotting
from helpers.course.session import hardware
from helpers.evaluation import distortion, predict
from helpers.lbfgsb import minimize_scipy
from helpers.training import trained

sys.modules.setdefault("visdom", types.ModuleType("visdom"))  # adv-lib draws with it; not here

NETWORKS = {"FC100-100-10": 1000, "FC200-200-10": 500, "Conv": 100}  # images
SLOW = {"FC100-100-10": 50, "FC200-200-10": 25, "Conv": 10}  # images for slow contestants
MEMORY, MEMORY_SLOW = 50, 5  # images of the memory's measurement
SIZES = (100, 1000, 10_000, 60_000)  # of the test that the cost is linear
REPETITIONS = 3
SEED = 0
PATIENCE = 20  # seconds after which a contestant is not run again


@dataclass(frozen=True)
class Contestant:
    """An attack: ``run(model, inputs, targets)`` gives the adversarial images."""

    run: Callable[[nn.Module, Tensor, Tensor], Tensor]
    ours: bool = False
    slow: bool = False


def closest(steps: int) -> Contestant:
    """Return the course's fast attack with a number of steps."""
    return Contestant(
        lambda model, x, t: closest_adversarial(model, x, t, steps=steps).adversarial, ours=True
    )


def penalty(**options) -> Contestant:
    """Return the paper's method: a penalty, L-BFGS in a box, a search over c."""
    return Contestant(
        lambda model, x, t: minimal_adversarial(model, x, t, **options).adversarial,
        ours=True,
        slow=bool(options),
    )


def adv_lib(name: str, *, slow: bool = False, **options) -> Contestant:
    """Return an attack of adversarial-library."""

    def run(model: nn.Module, x: Tensor, t: Tensor) -> Tensor:
        from adv_lib import attacks

        return getattr(attacks, name)(model, x, t, targeted=True, **options).detach()

    return Contestant(run, slow=slow)


def foolbox(name: str, *, slow: bool = False, **options) -> Contestant:
    """Return an attack of Foolbox."""

    def run(model: nn.Module, x: Tensor, t: Tensor) -> Tensor:
        import foolbox

        attack = getattr(foolbox.attacks, name)(**options)
        wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device=x.device)
        found = attack(wrapped, x, foolbox.criteria.TargetedMisclassification(t), epsilons=None)
        return found[0]

    return Contestant(run, slow=slow)


CONTESTANTS = {
    "closest, 30 steps": closest(30),
    "closest, 60 steps": closest(60),
    "closest, 300 steps": closest(300),
    "penalty, batched": penalty(),
    "penalty, SciPy": penalty(solver=minimize_scipy),
    "DDN 100 (adv-lib)": adv_lib("ddn", steps=100),
    "DDN 1000 (adv-lib)": adv_lib("ddn", steps=1000),
    "FMN 100 (adv-lib)": adv_lib("fmn", norm=2, steps=100),
    "FMN 1000 (adv-lib)": adv_lib("fmn", norm=2, steps=1000),
    "ALMA 100 (adv-lib)": adv_lib("alma", distance="l2", num_steps=100),
    "ALMA 1000 (adv-lib)": adv_lib("alma", distance="l2", num_steps=1000),
    "CW 9 × 1000 (adv-lib)": adv_lib(
        "carlini_wagner_l2", slow=True, binary_search_steps=9, max_iterations=1000
    ),
    "DDN 100 (Foolbox)": foolbox("DDNAttack", steps=100),
    "CW 9 × 1000 (Foolbox)": foolbox(
        "L2CarliniWagnerAttack", slow=True, binary_search_steps=9, steps=1000
    ),
}


def problem(network: str, count: int, device: str) -> tuple[nn.Module, Tensor, Tensor]:
    """Return a trained network, training images and random targets."""
    digits = data.digits("train")
    model = trained(network).to(device)
    generator = torch.Generator().manual_seed(SEED)
    chosen = torch.randperm(len(digits), generator=generator)[:count]
    targets = random_targets(digits.labels[chosen], generator=generator)
    return model, digits.inputs[chosen].to(device), targets.to(device)


def timed(contestant: Contestant, model: nn.Module, x: Tensor, t: Tensor) -> tuple[Tensor, float]:
    """Return the adversarial images and the seconds they took."""
    if x.is_cuda:
        torch.cuda.synchronize()
    start = time.perf_counter()
    adversarial = contestant.run(model, x, t)
    if x.is_cuda:
        torch.cuda.synchronize()
    return adversarial, time.perf_counter() - start


def gradients(contestant: Contestant, model: nn.Module, x: Tensor, t: Tensor) -> float:
    """Return the gradients that the attack takes for an image, on average."""
    seen = []
    hook = model.register_forward_pre_hook(
        lambda module, inputs: seen.append(len(inputs[0]) if inputs[0].requires_grad else 0)
    )
    contestant.run(model, x, t)
    hook.remove()
    return sum(seen) / len(x)


def status(name: str) -> float:
    """Return an entry of this process's status under Linux, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) / 1000


def run_alone(network: str, name: str, count: int, threads: int) -> tuple[float, float]:
    """Return the seconds that an attack takes and by how many MB it raises the peak memory."""
    torch.set_num_threads(threads)
    model, x, t = problem(network, count, "cpu")
    contestant = CONTESTANTS[name]
    contestant.run(model, x[:2], t[:2])
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = status("VmRSS")
    _, seconds = timed(contestant, model, x, t)
    return seconds, status("VmHWM") - before


def alone(network: str, name: str, count: int) -> tuple[float, float]:
    """Return what `run_alone` measures in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(run_alone, (network, name, count, torch.get_num_threads()))


def compare(network: str, device: str) -> list[dict]:
    """Run every contestant on one network; return a row for each."""
    model, x, t = problem(network, NETWORKS[network], device)
    names = list(CONTESTANTS)
    counts = {name: (SLOW if CONTESTANTS[name].slow else NETWORKS)[network] for name in names}
    seconds, found = {name: [] for name in names}, {}
    for repetition in range(REPETITIONS):
        shift = repetition * len(names) // REPETITIONS
        for name in tqdm(names[shift:] + names[:shift], desc=f"{network}, {repetition + 1}"):
            contestant, count = CONTESTANTS[name], counts[name]
            if repetition > 0 and seconds[name][0] * count > PATIENCE:
                continue
            if repetition == 0:
                contestant.run(model, x[:10], t[:10])  # warm
            found[name], spent = timed(contestant, model, x[:count], t[:count])
            seconds[name].append(spent / count)
    won = {name: predict(model, found[name]) == t[: counts[name]] for name in names}
    sizes = {name: distortion(x[: counts[name]], found[name]) for name in names}
    rows = []
    for name in names:
        count, success = counts[name], won[name]
        few = min(count, 20)
        ours = {  # on the images of this contestant's successes; a failure is infinitely far
            other: torch.where(won[other], sizes[other], torch.inf)[:count][success].mean().item()
            for other in names
            if CONTESTANTS[other].ours and counts[other] >= count
        }
        spent = 1000 * statistics.median(seconds[name])
        rows.append(
            {
                "network": network,
                "attack": name,
                "ours": CONTESTANTS[name].ours,
                "images": count,
                "success": success.float().mean().item(),
                "mean": sizes[name][success].mean().item(),
                "median": sizes[name][success].median().item(),
                "ms": spent,
                "gradients": gradients(CONTESTANTS[name], model, x[:few], t[:few]),
                "ours on its images": ours,
                "dominated by": [
                    other
                    for other, mean in ours.items()
                    if not CONTESTANTS[name].ours
                    and mean <= sizes[name][success].mean()
                    and statistics.median(seconds[other]) <= statistics.median(seconds[name])
                ],
            }
        )
    return rows


def memory(device: str) -> list[dict]:
    """Return the memory that every contestant takes for a few images of two networks."""
    return [
        {"attack": name}
        | {
            network: alone(network, name, MEMORY_SLOW if CONTESTANTS[name].slow else MEMORY)[1]
            for network in ("FC100-100-10", "Conv")
        }
        for name in tqdm(CONTESTANTS, desc="memory, MB")
    ]


def growth(device: str) -> list[dict]:
    """Return time and memory of the default attack from a hundred images to all of them."""
    rows = []
    for count in [size for size in SIZES if size <= len(data.digits("train"))]:
        seconds, peak = alone("FC100-100-10", "closest, 60 steps", count)
        rows.append({"images": count, "ms": 1000 * seconds / count, "MB": peak})
    return rows


def draw(rows: list[dict]) -> plotting.Figure:
    """Draw distortion against time, a panel for each network, each attack as its number."""
    fig = plotting.figure(12, 4)
    for ax, network in zip(plotting.axes(fig, 1, len(NETWORKS))[0], NETWORKS, strict=True):
        for row in rows:
            if row["network"] != network or row["success"] < 0.9:
                continue
            number = list(CONTESTANTS).index(row["attack"]) + 1
            ax.plot(
                row["ms"],
                row["mean"] / row["ours on its images"]["closest, 60 steps"],
                marker=f"${number}$",
                markersize=6 * len(str(number)),
                color="#0072B2" if row["ours"] else "#D55E00",
                linestyle="none",
                label=row["attack"],
            )
        ax.set(xscale="log", xlabel="ms per image", title=network)
        ax.margins(0.1)
    fig.axes[0].set_ylabel("mean distortion, relative to 60 steps")
    fig.legend(*fig.axes[-1].get_legend_handles_labels(), loc="outside right center", fontsize=8)
    return fig


def main() -> None:
    """Run the comparison or some parts of it, print the tables and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all, if none is named")
    parser.add_argument("--device", default="cpu", help="of the comparison")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    path = RESULTS / "attack_benchmark.json"
    result = json.loads(path.read_text("utf-8")) if options.parts and path.exists() else {}
    for part in options.parts or PARTS:
        result[part] = PARTS[part](options.device)
        columns = [key for key, value in result[part][0].items() if not isinstance(value, dict)]
        table = [[row[column] for column in columns] for row in result[part]]
        print(tabulate(table, columns, "github", floatfmt=".4g"))
    result |= {
        "machine": f"{processor()}, {hardware()}" if options.device == "cpu" else hardware(),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "data": data.digits("train").source,
        "date": date.today().isoformat(),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if "rows" in result:
        path.with_suffix(".png").write_bytes(plotting.png(draw(result["rows"])))


def processor() -> str:
    """Return the processor's name where Linux tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def every_network(device: str) -> list[dict]:
    """Return the rows of all networks."""
    return [row for network in NETWORKS for row in compare(network, device)]


PARTS = {"rows": every_network, "memory": memory, "growth": growth}


if __name__ == "__main__":
    main()
