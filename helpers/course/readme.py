"""The README's generated parts: pictures, paper against ours, time and memory.

All of them come from what the repository holds: the notebooks' stored outputs and the results in
``data/results``.
"""

import html
import json

from tabulate import tabulate

from helpers.course import timings
from helpers.course.ledger import comparison
from helpers.course.results import DIFFERS, NOTEBOOKS, REPRODUCED, RESULTS, counts, read_results
from helpers.data import ROOT, write_atomically

README = ROOT / "README.md"
BEGIN = "<!-- written by python -m helpers.reproduce --readme: begin{} -->"
END = "<!-- end{} -->"
COLUMNS = 3  # of the gallery


def update() -> None:
    """Write each part between its two markers.

    Raises
    ------
    ValueError
        If the README has not all markers, each once.
    """
    text = README.read_text(encoding="utf-8")
    for name, write in PARTS.items():
        begin, end = BEGIN.format(name), END.format(name)
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"{README} must hold the lines {begin} and {end}, each once")
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{write()}\n{end}{rest.split(end)[1]}"
    write_atomically(README, text.encode())


def gallery() -> str:
    """Return a picture of each chapter that has one, with its alternative text, as a table.

    The picture is that of the cell tagged ``gallery``, which `helpers.reproduce` keeps; its
    alternative text and the chapter's title are read from the notebook.
    """
    shown = []
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        if not (RESULTS / f"{path.stem}.png").exists():
            continue
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        title = "".join(cells[0]["source"]).splitlines()[0].lstrip("# ")
        alt = html.escape(_alternative_text(cells) or title)
        shown.append(
            f'<td width="{100 // COLUMNS}%" valign="top"><a href="notebooks/{path.name}">'
            f'<img src="data/results/{path.stem}.png" alt="{alt}"></a><br>{html.escape(title)}</td>'
        )
    rows = [shown[i : i + COLUMNS] for i in range(0, len(shown), COLUMNS)]
    lines = "\n".join("<tr>\n" + "\n".join(row) + "\n</tr>" for row in rows)
    return f"<table>\n{lines}\n</table>"


def _alternative_text(cells: list[dict]) -> str:
    """Return the alternative text of the last picture of the cell tagged ``gallery``."""
    texts = [
        output.get("metadata", {}).get("image/png", {}).get("alt", "")
        for cell in cells
        if "gallery" in cell["metadata"].get("tags", [])
        for output in cell["outputs"]
        if "image/png" in output.get("data", {})
    ]
    return texts[-1] if texts else ""


def summary() -> str:
    """Return what the full-scale runs on the paper's data found, as Markdown."""
    every = [read_results(path) for path in sorted(RESULTS.glob("*.full.json"))]
    runs = [run for run in every if run["comparable"]]
    tables = [table for run in runs for table in run["tables"]]
    titles = sorted({table["title"] for table in tables})
    parts = [_counts(runs)]
    for title in titles:
        merged = _merge([table for table in tables if table["title"] == title])
        parts.append(f"**{title}**\n\n{comparison(merged)}")
    differing = [
        (run, claim) for run in runs for claim in run["claims"] if claim["verdict"] == DIFFERS
    ]
    if differing:
        lines = [
            f"- {claim['claim']}: {claim['paper']} in the paper, {claim['ours']} here; "
            f"{claim['reason']} (chapter {int(run['chapter'][:2])})"
            for run, claim in differing
        ]
        parts.append("**What differs**\n\n" + "\n".join(lines))
    others = [run for run in every if run["chapter"] == "11_imagenet" and not run["comparable"]]
    if others:
        parts.append(_figure_5(others))
    benchmark = RESULTS / "attack_benchmark.json"
    if benchmark.exists():
        try:
            parts.append(_attacks(json.loads(benchmark.read_text("utf-8"))))
        except ValueError as error:
            raise RuntimeError(
                f"{benchmark} is damaged ({error}): run python tests/benchmarks/attack.py"
            ) from error
    return "\n\n".join(parts)


def _counts(runs: list[dict]) -> str:
    """Say in a sentence how many claims were tested, where, and how many differ."""
    tables = [counts(run) for run in runs]
    reproduced, differ = (sum(table[v] for table in tables) for v in (REPRODUCED, DIFFERS))
    chapters = ", ".join(str(int(run["chapter"][:2])) for run in runs)
    machines = "; ".join(dict.fromkeys(run["hardware"] for run in runs))
    return (
        f"Chapters run at full scale on the paper's data: {chapters} ({machines}). Of "
        f"{reproduced + differ} claims tested, {reproduced} are reproduced and {differ} differ."
    )


def _merge(tables: list[dict]) -> dict:
    """Put tables of one title side by side; a row that one of them has not gets dashes there."""
    names = list(dict.fromkeys(name for table in tables for name in table["rows"]))
    rows = {name: {"paper": [], "ours": []} for name in names}
    for table in tables:
        for name, row in rows.items():
            for side, values in row.items():
                empty = {side: [None] * len(table["columns"])}
                values += table["rows"].get(name, empty)[side]
    columns = [column for table in tables for column in table["columns"]]
    return {"title": tables[0]["title"], "columns": columns, "rows": rows}


def _figure_5(runs: list[dict]) -> str:
    """Return the table of chapter 11's networks, which need not be the paper's."""
    lines = []
    for run in runs:
        found = run["results"]["figure_5"]
        size, time = f"{found['mean']:.5f}", f"{found['processor_seconds']:.1f} s"
        success = f"{found['success']:.0%} of {found['images']}"
        lines.append((run["dataset"], success, size, time, run["hardware"]))
    headers = ("network and images", "success", "mean distortion", "processor time", "machine")
    table = tabulate(lines, headers, "github", disable_numparse=True)
    return (
        "**Figure 5 on other networks**\n\n"
        f"{table}\n\n"
        "All images towards one target; the processor time is that of an image. The paper has "
        "0.006508 for AlexNet and 64 images; these networks are not AlexNet."
    )


def _attacks(benchmark: dict) -> str:
    """Return the table of the course's attacks beside other libraries'."""
    networks = list(dict.fromkeys(row["network"] for row in benchmark["rows"]))
    lines = {}
    for row in benchmark["rows"]:
        failed = f" ({row['success']:.1%})" if row["success"] < 1 else ""
        lines.setdefault(row["attack"], []).append(
            f"{row['ms']:.3g} ms · {row['mean']:.4f}{failed}"
        )
    peers = [row for row in benchmark["rows"] if not row["ours"]]
    met = sum(bool(row["dominated by"]) for row in peers)
    table = tabulate([[name, *cells] for name, cells in lines.items()], ["", *networks], "github")
    return (
        "**The attack beside the libraries'**\n\n"
        f"{table}\n\n"
        "Time for an image and mean distortion over the attack's successes (how many, where not "
        f"all); {benchmark['machine']}. In {met} of {len(peers)} cases one of the course's attacks "
        "is no slower than the library's, and no further from the same images. "
        "`tests/benchmarks/attack.py` has the details.\n\n"
        "![Mean distortion of each attack against its time for an image, a panel for each network]"
        "(data/results/attack_benchmark.png)"
    )


PARTS = {": gallery": gallery, "": summary, ": timings": timings.timings_table}
