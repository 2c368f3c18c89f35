"""The tables of the results page: paper against ours, and what stands beside them."""

import json

from helpers.course import results
from helpers.course.results_page.entries import chapter_number, compared, full_runs, merged
from helpers.course.tables import shown, table
from helpers.course.verdicts import DIFFERS, MEANINGS


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
    """Return the lines that differ, why, and what would settle them, chapter by chapter."""
    lines = [
        (
            f"[{chapter_number(run)}](../notebooks/{run['chapter']}.ipynb)",
            *(claim[key] for key in ("claim", "paper", "ours", "reason", "settle")),
        )
        for run in full_runs(comparable=True)
        for claim in run["claims"]
        if claim["verdict"] == DIFFERS
    ]
    reasons = ("what we know of the reason", "what would settle it")
    return table(lines, ("chapter", "claim", "paper", "ours", *reasons)).data


def kinds() -> str:
    """Return how many lines of the ledgers have each verdict, and what it means."""
    runs = full_runs(comparable=True)
    lines = [(verdict, _count(runs, verdict), meaning) for verdict, meaning in MEANINGS.items()]
    return table(lines, ("verdict", "lines", "what it says")).data


def _count(runs: list[dict], verdict: str) -> str:
    """Return the number of lines with a verdict, and how many of them did not come out so."""
    lines = [claim for run in runs for claim in run["claims"] if claim["verdict"] == verdict]
    failed = sum(not claim["holds"] for claim in lines) if verdict != DIFFERS else 0
    return f"{len(lines)}, {failed} of them not so" if failed else f"{len(lines)}"


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
    """Return how close the course's attacks and other libraries' come, and in what time.

    Raises
    ------
    RuntimeError
        If the benchmark's file is damaged; the message names it and the remedy.
    """
    path = results.RESULTS / "attack_benchmark.json"
    try:
        content = json.loads(path.read_text("utf-8"))
        networks = content["networks"]
    except (ValueError, KeyError) as error:
        raise RuntimeError(
            f"{path} is damaged ({error!r}): run python -m tests.benchmarks.attack"
        ) from error
    parts = [
        _attacks_side_by_side(networks, kind)
        for kind in ("targeted", "untargeted")
        if any(kind in network for network in networks)
    ]
    left_out = [f" Left out: {name} ({why})." for name, why in content["left out"].items()]
    return (
        "\n\n".join(parts)
        + "\n\nEach cell is an attack's optimality, 100 at best, and its processor time for an "
        "image. Optimality is the mean over the images of the least distance that is known, "
        "divided by the attack's, and 0 where the attack fails. Targets are random wrong labels; "
        "untargeted, any wrong label will do. One of the course's attacks is beaten where a "
        "library's is closer on their common images, succeeds as often and takes no longer; it is "
        "met by one of the course's that is as close as it and takes no longer. Each result was "
        f"verified: in the box, and with the target. {content['data']}; {content['machine']}."
        f"{''.join(left_out)} "
        "`tests/benchmarks/attack.py` has the details."
    )


def _attacks_side_by_side(networks: list[dict], kind: str) -> str:
    """Return a table of all attacks of a kind, and which of the libraries' beat one of ours."""
    shown = [network for network in networks if kind in network]
    cells = {network["network"]: {r["attack"]: r for r in network[kind]} for network in shown}
    attacks = dict.fromkeys(name for found in cells.values() for name in found)
    lines = [
        [name, *(_optimality_and_time(found.get(name)) for found in cells.values())]
        for name in attacks
    ]
    beaten = [
        f"{' and '.join(line['beaten'])} on {network['network']} by {line['peer']}"
        f"{', which is met by ' + ' and '.join(line['met by']) if line['met by'] else ''}"
        for network in shown
        for line in network[f"{kind}, dominated"]
    ]
    return (
        f"### {kind.capitalize()}\n\n{table(lines, ['attack', *cells]).data}\n\n"
        f"Beaten by a library's: {'; '.join(beaten) or 'none'}."
    )


def _optimality_and_time(row: dict | None) -> str:
    """Return one cell; a dash where there was no such run."""
    if row is None or row["optimality"] is None:
        return "–"
    time = f"{row['ms']:,.0f}" if row["ms"] >= 1000 else f"{row['ms']:.3g}"
    return f"{100 * row['optimality']:.1f}, {time} ms"
