"""The tables of the results page: paper against ours, and what stands beside them."""

import json

from helpers.course import results
from helpers.course.results_page.entries import chapter_number, compared, full_runs, merged
from helpers.course.tables import shown, table
from helpers.course.verdicts import DIFFERS


def comparisons() -> str:
    """Return each table of the paper with this course's figures; bold where the ledger differs."""
    runs = full_runs(comparable=True)
    bold = {(e.table, e.row, e.column) for e in compared(runs) if e.verdict == DIFFERS}
    return "\n\n".join(
        f"### {content['title']}\n\n{_comparison(content, bold)}" for content in merged(runs)
    )


def _comparison(content: dict, bold: set[tuple[str, str, str]]) -> str:
    """Return one table: paper and ours in two columns, or in two rows where it is a wide one."""
    title, columns = content["title"], content["columns"]
    lines = []
    for name, sides in content["rows"].items():
        paper = [shown(value) for value in sides["paper"]]
        ours = [
            f"**{shown(value)}**" if (title, name, column) in bold else shown(value)
            for column, value in zip(columns, sides["ours"], strict=True)
        ]
        lines += [[name, "paper", *paper], ["", "ours", *ours]]
    if len(columns) > 1:
        return table(lines, ["", "", *columns]).data
    pairs = zip(lines[::2], lines[1::2], strict=True)
    narrow = [(paper[0], paper[2], ours[2]) for paper, ours in pairs]
    return table(narrow, [columns[0], "paper", "ours"]).data


def differing_claims() -> str:
    """Return the lines of the ledger that differ, with their reasons, chapter by chapter."""
    lines = [
        (
            f"[{chapter_number(run)}](../notebooks/{run['chapter']}.ipynb)",
            *(claim[key] for key in ("claim", "paper", "ours", "reason")),
        )
        for run in full_runs(comparable=True)
        for claim in run["claims"]
        if claim["verdict"] == DIFFERS
    ]
    return table(lines, ("chapter", "claim", "paper", "ours", "what we know of the reason")).data


def other_networks() -> str:
    """Return Figure 5's figures for chapter 11's networks, which are not the paper's."""
    lines = []
    for run in full_runs(comparable=False):
        found = run["results"].get("figure_5")
        if found:
            size, time = f"{found['mean']:.5f}", f"{found['processor_seconds']:.1f} s"
            success = f"{found['success']:.0%} of {found['images']}"
            lines.append((run["dataset"], success, size, time, run["hardware"]))
    headers = ("network and images", "success", "mean distortion", "processor time", "machine")
    return table(lines, headers).data


def benchmark() -> str:
    """Return the times and distortions of the course's attacks and of other libraries'.

    Raises
    ------
    RuntimeError
        If the benchmark's file is damaged; the message names it and the remedy.
    """
    path = results.RESULTS / "attack_benchmark.json"
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise RuntimeError(
            f"{path} is damaged ({error}): run python tests/benchmarks/attack.py"
        ) from error
    networks = list(dict.fromkeys(row["network"] for row in content["rows"]))
    lines = {}
    for row in content["rows"]:
        failed = f" ({row['success']:.1%})" if row["success"] < 1 else ""
        time = f"{row['ms']:,.0f}" if row["ms"] >= 1000 else f"{row['ms']:.3g}"
        cells = time, f"{row['mean']:.4f}{failed}"
        lines.setdefault(row["attack"], [row["attack"]]).extend(cells)
    peers = [row for row in content["rows"] if not row["ours"]]
    met = sum(bool(row["dominated by"]) for row in peers)
    headers = [text for name in networks for text in (f"{name}, ms", "distortion")]
    return (
        f"{table(lines.values(), ['attack', *headers]).data}\n\n"
        "Time for an image and mean distortion over the attack's successes (how many, where not "
        f"all); {content['machine']}. In {met} of {len(peers)} cases one of the course's attacks "
        "is no slower than the library's, and no further from the same images. "
        "`tests/benchmarks/attack.py` has the details."
    )
