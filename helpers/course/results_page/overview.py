"""What the results page says first: in a line, in three sentences and in one picture."""

import io
from statistics import fmean

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from helpers.course import plotting, results
from helpers.course.results import counts
from helpers.course.results_page.entries import (
    Entry,
    chapter_number,
    compared,
    fingerprint,
    full_runs,
)
from helpers.course.results_page.luck import by_luck
from helpers.course.results_page.picture import paper_and_ours
from helpers.course.verdicts import DIFFERS, REPRODUCED
from helpers.data import write_atomically

PICTURE = "overview.png"
NOISE = "noise, σ = 0.1"  # the row of Tables 2 and 4 that examples are compared with
FINGERPRINT = "entries"  # the picture's text of that name tells which entries it shows
COLOURS = 64  # of the picture's palette
NAMED = 3  # how many of the entries farthest from the paper's are named


def headline() -> str:
    """Say in a sentence how many claims of the paper's were tested, and how many differ."""
    runs = full_runs(comparable=True)
    reproduced, differ = (sum(counts(run)[v] for run in runs) for v in (REPRODUCED, DIFFERS))
    return (
        f"Of {reproduced + differ} claims of the paper's that were tested at full scale on its own "
        f"data, {reproduced} are reproduced and {differ} differ."
    )


def summary() -> str:
    """Say where the paper stands, where it does not, and why, and show the picture of it."""
    runs = full_runs(comparable=True)
    entries = compared(runs)
    chapters: dict[str, list[str]] = {}
    for run in runs:
        chapters.setdefault(run["hardware"], []).append(str(chapter_number(run)))
    machines = "; ".join(f"{', '.join(those)} ({name})" for name, those in chapters.items())
    return "\n\n".join(
        (
            f"**Where the paper stands.** {_stands(entries)}",
            f"**Where it does not.** {_differs(runs, entries)}",
            f"**Why.** {_why(runs)}",
            f"**And by luck?** {by_luck(runs)}",
            f"![{alternative_text(entries)}](../data/results/{PICTURE})",
            f"*Each figure of the paper's tables against this course's. {_caption(runs)}*",
            f"Chapters run at full scale on the paper's data: {machines}.",
        )
    )


def _stands(entries: list[Entry]) -> str:
    own = [entry.ours for entry in entries if entry.is_own]
    rows = _transfer(entries)
    more = sum(examples > noise for examples, noise in rows)
    return (
        f"{headline()[:-1]}: in {_of(own.count(100), len(own))} rows of changed images in Tables 2 "
        "and 4 the network that they were made for misreads every one of them, and in "
        f"{_of(more, len(rows))} the other networks err more often on them than on noise with "
        "σ = 0.1."
    )


def _of(some: int, every: int) -> str:
    return f"all {every}" if some == every else f"{some} of the {every}"


def _transfer(entries: list[Entry]) -> list[tuple[float, float]]:
    """Return our mean error of the other networks for each row of Tables 2 and 4, and on noise."""
    errors: dict[tuple[str, str], dict[str, float]] = {}
    for entry in entries:
        if entry.table in ("Table 2", "Table 4") and entry.is_share and not entry.is_own:
            errors.setdefault((entry.table, entry.row), {})[entry.column] = entry.ours
    return [
        (fmean(row.values()), fmean(errors[table, NOISE][column] for column in row))
        for (table, name), row in errors.items()
        if not name.startswith("noise")
    ]


def _differs(runs: list[dict], entries: list[Entry]) -> str:
    differ = {chapter_number(run): counts(run)[DIFFERS] for run in runs}
    most = max(differ, key=differ.get)
    return (
        f"Of the {sum(differ.values())} claims that differ, {differ[most]} are chapter {most}'s, "
        "and the figures farthest from the paper's are "
        f"{', '.join(map(_said, farthest(entries)))}."
    )


def _said(entry: Entry) -> str:
    """Say an entry's two figures, and where it stands."""
    column = entry.column.removesuffix(", %")
    place = f"{entry.table}, row {entry.row}, column {column}"
    return f"{entry.ours:.3g} % for the paper's {entry.paper:.3g} % ({place})"


def _why(runs: list[dict]) -> str:
    """Say what is known of the reasons: chapter 8 measures what first weights change."""
    known = "each line that differs has what we know of its reason beside it, below."
    weights = [run["results"]["first_weights"] for run in runs if chapter_number(run) == 8]
    if not weights:
        return known.capitalize()
    paper, usual, larger = (
        "{:.0f} and {:.0f} %".format(*weights[0][name])
        for name in ("paper", "as in chapter 2", "first weights × 3")
    )
    return (
        "The paper does not say how its networks were trained, and this matters: networks that "
        "share no training image err on each other's examples, minimal and stretched to 0.1, in "
        f"{usual} of the cases here, in {larger} if their first weights are three times as large, "
        f"and in {paper} in the paper; {known}"
    )


def farthest(entries: list[Entry]) -> list[Entry]:
    """Return the shares of images that are farthest from the paper's, the farthest first."""
    shares = [entry for entry in entries if entry.is_share]
    return sorted(shares, key=lambda entry: entry.distance, reverse=True)[:NAMED]


def alternative_text(entries: list[Entry]) -> str:
    """Return what there is to see in the picture."""
    above = sum(entry.ours > entry.paper for entry in entries)
    below = sum(entry.ours < entry.paper for entry in entries)
    differ = sum(entry.verdict == DIFFERS for entry in entries)
    places = ", ".join(f"{e.paper:.3g} → {e.ours:.3g} in {e.table}" for e in farthest(entries))
    return (
        "Four panels of dots: Table 2, Table 4, other errors and accuracies, distortions; the "
        f"paper's figure to the right, this course's upwards. Of {len(entries)} dots {above} lie "
        f"above the diagonal and {below} below; {differ} are marked as differing. The farthest "
        f"are {places}."
    )


def _caption(runs: list[dict]) -> str:
    images = paper_images(runs)
    return (
        "On the diagonal both are the same. Axes in per cent are stretched so that a sampling "
        "error has the same length everywhere"
        + (
            f"; the grey band is that of {images} images (95 %), of which the paper's Tables 2 and "
            "4 seem to be (chapter 7)"
            if images
            else ""
        )
        + ". Each entry has a line in the ledger, whose rule has the errors of both samples."
    )


def paper_images(runs: list[dict]) -> int | None:
    """Return how many images the paper's tables are of, as chapter 7 concluded; None without it."""
    found = [run["results"]["images_behind_the_paper"] for run in runs if chapter_number(run) == 7]
    return found[0]["N"] if found else None


def write_picture() -> None:
    """Draw the picture of all entries and keep it with the results."""
    runs = full_runs(comparable=True)
    entries = compared(runs)
    drawn = paper_and_ours(entries, images=paper_images(runs), named=farthest(entries))
    information, buffer = PngInfo(), io.BytesIO()
    information.add_text(FINGERPRINT, fingerprint(entries))
    picture = Image.open(io.BytesIO(plotting.png(drawn))).convert("RGB")
    small = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(buffer, "PNG", optimize=True, pnginfo=information)
    write_atomically(results.RESULTS / PICTURE, buffer.getvalue())
