"""Run chapters headlessly and print their ledgers: ``python -m helpers.reproduce [chapters …]``.

Each notebook is executed from top to bottom in a fresh kernel and writes its results to
``data/results``. With ``--record`` time and memory are kept there, too, and with ``--store`` the
outputs in the notebook besides. ``--results`` runs nothing and writes ``docs/results.md`` from what
is there, with a line in the README. ``--checkpoints`` only makes ``data/checkpoints`` complete.
``--warm`` fills the data folder before class: it runs the chapters, and says what they made.
"""

import argparse
import base64
import io
import json
import os
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from PIL import Image
from tabulate import tabulate
from tqdm.auto import tqdm

from helpers import data
from helpers.course import (
    NOTEBOOKS,
    RESULTS,
    SCALES,
    WIDGET_VIEW,
    printable,
    results_page,
    said,
    stock,
    timings,
)
from helpers.data import IS_CHECKOUT, write_atomically
from helpers.studies import shipped

CELL_TIMEOUT = {"ci": 600, "class": 1800, "full": 6 * 3600}  # seconds
PEAK_MEMORY = """
try:
    import resource, sys
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak if sys.platform == "darwin" else 1e3 * peak)
except ImportError:  # Windows does not tell
    print("nan")
"""


def chapters(names: list[str]) -> list[Path]:
    """Return the notebooks whose names begin with one of `names`; all where there are none.

    Raises
    ------
    ValueError
        If a name fits no notebook.
    """
    notebooks = sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))
    for name in names:
        if not any(path.name.startswith(name) for path in notebooks):
            known = ", ".join(path.stem for path in notebooks)
            raise ValueError(f"chapter must be the beginning of one of {known}; got {name!r}")
    return [path for path in notebooks if not names or path.name.startswith(tuple(names))]


def execute(path: Path, scale: str) -> tuple[NotebookNode, float]:
    """Execute a notebook in a fresh kernel.

    Parameters
    ----------
    path : Path
        The notebook; its folder is the working directory.
    scale : {"ci", "class", "full"}
        How much work to do.

    Returns
    -------
    tuple of NotebookNode and float
        The notebook with its outputs, and the kernel's peak memory in GB, nan where unknown.

    Raises
    ------
    nbclient.exceptions.CellExecutionError, nbclient.exceptions.CellTimeoutError
        If a cell fails, or takes longer than the scale allows.
    RuntimeError
        If the kernel ends before the notebook does, which may be for want of memory.
    KeyboardInterrupt
        On Ctrl-C.
    """
    notebook = nbformat.read(path, as_version=4)
    count = len(notebook.cells)
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK_MEMORY))
    code = sum(cell.cell_type == "code" for cell in notebook.cells) - 1
    with tqdm(total=code, desc=path.stem, unit="cell") as bar:
        client = NotebookClient(
            notebook,
            timeout=CELL_TIMEOUT[scale],
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],  # its warnings would land in the bar
            resources={"metadata": {"path": str(path.parent)}},
            on_cell_complete=lambda cell, cell_index: bar.update(cell_index < count),
        )
        try:
            client.execute(env={**os.environ, "COURSE_SCALE": scale})
        except (DeadKernelError, AssertionError) as error:  # nbclient's own
            kind, why = RuntimeError, "ended before the notebook did: out of memory?"
            cleaned = hasattr(client, "_async_cleanup_kernel_future")  # by nbclient, after Ctrl-C
            if cleaned or isinstance(error, AssertionError):
                kind, why = KeyboardInterrupt, "was stopped."
            kept = "The notebook is as it was, and another run uses what this one has kept"
            raise kind(f"{path.stem}: its kernel {why} {kept}") from None
    return notebook, float(notebook.cells.pop().outputs[0].text) / 1e9


def store(notebook: NotebookNode, path: Path) -> None:
    """Store a notebook with outputs that every viewer can show.

    Widget state and views are dropped: without the kernel they would hide what stands beside them.
    Pictures get a palette, see `with_palette`.
    The picture of the cell tagged ``gallery`` is also kept as ``data/results/CHAPTER.png``.
    """
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            shown = output.get("data", {})
            shown.pop(WIDGET_VIEW, None)
            picture = shown.get("image/png")
            if picture:
                small = with_palette(base64.b64decode(picture))
                output.data["image/png"] = base64.b64encode(small).decode()
                if "gallery" in cell.metadata.get("tags", []):
                    write_atomically(RESULTS / f"{path.stem}.png", small)
    write_atomically(path, f"{nbformat.writes(notebook).rstrip()}\n".encode())


def with_palette(png: bytes) -> bytes:
    """Return a PNG picture with a palette of the 256 colours that suit it best, if that is smaller.

    Figures have few colours: this takes less than half of the space, and no eye sees it.
    """
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    buffer = io.BytesIO()
    picture.quantize(256, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return min(png, buffer.getvalue(), key=len)


def written(path: Path, scale: str, since: float) -> dict | None:
    """Return the results that a chapter wrote last, if it was after `since`."""
    files = [f for f in RESULTS.glob(f"{path.stem}.*.{scale}.json") if f.stat().st_mtime >= since]
    if not files:
        return None
    return json.loads(max(files, key=lambda f: f.stat().st_mtime).read_text(encoding="utf-8"))


def ledger(content: dict) -> str:
    """Return the claims of a chapter's results as a table."""
    rows = [
        (c["claim"], c["paper"], c["ours"], said(c["verdict"], c["holds"]))
        for c in content["claims"]
    ]
    return f"{content['source']}\n" + tabulate(
        rows, ("claim", "paper", "ours", "verdict"), disable_numparse=True, maxcolwidths=60
    )


def warm(paths: list[Path], scale: str) -> None:
    """Run chapters for what they keep in the data folder, and print what it holds then."""
    before, failed = stock.inventory(data.folder()), []
    for path in paths:
        try:
            execute(path, scale)
        except (CellExecutionError, CellTimeoutError, RuntimeError) as error:
            print(error, file=sys.stderr)
            failed.append(path.stem)
    print(f"{data.folder()} at the scale {scale}:")
    print(stock.report(before, stock.inventory(data.folder()), failed))
    if failed:
        sys.exit(1)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line: see ``python -m helpers.reproduce --help``."""
    printable()
    parser = argparse.ArgumentParser(prog="python -m helpers.reproduce", description=__doc__)
    parser.add_argument("chapters", nargs="*", help="beginnings of names, such as 02; default all")
    parser.add_argument(
        "--scale",
        choices=SCALES,
        default=os.environ.get("COURSE_SCALE", "class"),
        help="work to do",
    )
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--record", action="store_true", help="keep time and memory")
    modes.add_argument(
        "--store", action="store_true", help="store the outputs in the notebooks, and --record"
    )
    modes.add_argument(
        "--results", action="store_true", help="only write docs/results.md from the results"
    )
    modes.add_argument("--checkpoints", action="store_true", help="make the shipped networks, only")
    modes.add_argument("--warm", action="store_true", help="fill the data folder, and list it")
    parser.add_argument("--cluster", metavar="WHERE", help="Dask cluster: see docs/cluster.md")
    options = parser.parse_args(arguments)
    if not IS_CHECKOUT:
        parser.error("this needs the course's repository: clone it, and run this in it")
    if options.cluster:
        os.environ["COURSE_CLUSTER"] = options.cluster
    data.make_settings_absolute()
    if options.results:
        results_page.update()
        return
    if options.checkpoints:
        shipped.make_shipped()
        return
    if options.scale not in SCALES:  # argparse does not check a default
        parser.error(f"COURSE_SCALE must be one of {', '.join(SCALES)}; got {options.scale!r}")
    try:
        paths = chapters(options.chapters)
    except ValueError as error:
        parser.error(str(error))
    if options.warm:
        warm(paths, options.scale)
        return
    for path in paths:
        start = time.time()
        notebook, memory = execute(path, options.scale)
        seconds = time.time() - start
        print(f"\n{path.stem}: {seconds:.0f} s, peak memory {memory:.2f} GB")
        content = written(path, options.scale, start)
        print(ledger(content) if content else f"{path.stem} wrote no results")
        if options.record or options.store:
            timings.record(
                path.stem,
                scale=options.scale,
                seconds=seconds,
                peak_gb=memory,
                dataset=content["dataset"] if content else "no data",
            )
        if options.store:
            store(notebook, path)


if __name__ == "__main__":
    sys.exit(main())
