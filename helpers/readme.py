"""The README's tables, paper against ours, from the full-scale results in ``data/results``."""

import json

from tabulate import tabulate

from helpers.claims import DIFFERS, NOT_TESTABLE, RESULTS, comparison
from helpers.data import ROOT

README = ROOT / "README.md"
BEGIN = "<!-- written by python -m helpers.reproduce --readme: begin -->"
END = "<!-- end -->"


def update() -> None:
    """Write the tables between the README's two markers.

    Raises
    ------
    ValueError
        If the README has not both markers, each once.
    """
    text = README.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{README} must hold the lines {BEGIN} and {END}, each once")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    README.write_text(f"{before}{BEGIN}\n{summary()}\n{END}{after}", encoding="utf-8")


def summary() -> str:
    """Return what the full-scale runs on the paper's data found, as Markdown."""
    runs = [json.loads(path.read_text("utf-8")) for path in sorted(RESULTS.glob("*.full.json"))]
    runs = [run for run in runs if run["comparable"]]
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
    figure_5 = sorted(RESULTS.glob("11_imagenet.*.full.json"))
    if figure_5:
        parts.append(_figure_5([json.loads(path.read_text("utf-8")) for path in figure_5]))
    benchmark = RESULTS / "attack_benchmark.json"
    if benchmark.exists():
        parts.append(_attacks(json.loads(benchmark.read_text("utf-8"))))
    return "\n\n".join(parts)


def _counts(runs: list[dict]) -> str:
    """Say in a sentence how many claims were tested, where, and how many differ."""
    verdicts = [claim["verdict"] for run in runs for claim in run["claims"]]
    tested = [verdict for verdict in verdicts if verdict != NOT_TESTABLE]
    differ = tested.count(DIFFERS)
    chapters = ", ".join(str(int(run["chapter"][:2])) for run in runs)
    machines = "; ".join(dict.fromkeys(run["hardware"] for run in runs))
    return (
        f"Chapters run at full scale on the paper's data: {chapters} ({machines}). Of "
        f"{len(tested)} claims tested, {len(tested) - differ} are reproduced and {differ} differ."
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
