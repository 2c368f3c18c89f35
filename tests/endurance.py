"""Move every explorer at random for half an hour in one kernel: ``python tests/endurance.py``.

A traceback ends it. At the end it says what memory the kernel held, minute by minute, and fails if
that still grew in the last third, or if a figure stayed open. ``--minutes 5`` is shorter.
"""

import argparse
import sys
from pathlib import Path
from statistics import median

from jupyter_client.manager import start_new_kernel
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
GROWTH = 0.05  # of the median memory, from the second third of the time to the last
BUILD = f"""
import gc, random, sys, time, warnings
sys.path.insert(0, {str(ROOT)!r})
import psutil
import torch
from IPython.display import clear_output, display
from matplotlib import pyplot
from tests.course.explorers.every import builders, move

warnings.simplefilter("error")  # "more than 20 figures" is one
hand = random.Random(0)
shown = {{name: build() for name, build in builders(torch.device("cpu")).items()}}
moves = dict.fromkeys(shown, 0)
"""
MINUTE = """
until = time.monotonic() + 60
while time.monotonic() < until:
    name = hand.choice(list(shown))
    move(shown[name], hand)
    moves[name] += 1
    if hand.random() < 0.02:  # the reader runs the cell again
        display(shown[name])
        clear_output()
gc.collect()
print(psutil.Process().memory_info().rss, sum(moves.values()), len(pyplot.get_fignums()))
"""


def run(client, source: str) -> str:
    """Execute a cell; return what it printed, or end with its traceback."""
    printed = []

    def look(message):
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            printed.append(message["content"]["text"])

    reply = client.execute_interactive(source, output_hook=look, timeout=None, allow_stdin=False)
    if reply["content"]["status"] != "ok":
        sys.exit("\n".join(reply["content"]["traceback"]))
    return "".join(printed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=30, help="at least 3")
    minutes = parser.parse_args().minutes
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        run(client, BUILD)
        rows = [[int(x) for x in run(client, MINUTE).split()] for _ in tqdm(range(minutes))]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    memory = [row[0] / 1e6 for row in rows]
    print("memory in MB:", " ".join(f"{each:.0f}" for each in memory))
    middle, last = (median(memory[k * minutes // 3 : (k + 1) * minutes // 3]) for k in (1, 2))
    moves, figures = rows[-1][1:]
    print(f"{moves} moves, {figures} open figures, {last / middle - 1:+.1%} in the last third")
    sys.exit(last > (1 + GROWTH) * middle or figures > 0)


if __name__ == "__main__":
    main()
