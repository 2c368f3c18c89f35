"""What a data folder holds, for who fills one before class with ``reproduce --warm``."""

from collections.abc import Mapping
from pathlib import Path

from tabulate import tabulate

from helpers import data

KINDS = ("MNIST", "trained", "attacked", "weights", "imagenette2-320", "imagenet_samples")
LEFT = (".lock", ".part")  # endings of files that serve nobody later


def inventory(folder: Path) -> dict[str, dict[str, int]]:
    """Return what a data folder holds of what chapters make or fetch.

    Returns
    -------
    dict
        Sub-folder → path of each file in it, relative to the folder → bytes.
    """
    found = {}
    for kind in KINDS:
        paths = (path for path in (folder / kind).rglob("*") if path.suffix not in LEFT)
        sizes = {p.relative_to(folder).as_posix(): p.stat().st_size for p in paths if p.is_file()}
        if sizes:
            found[kind] = sizes
    return found


def missing() -> list[str]:
    """Return in words which data sets the folders lack, and what that means for chapters."""
    lacks = []
    if data.digits("test").name != "MNIST":
        lacks.append("MNIST: every kernel uses the digits that scikit-learn ships")
    if not data.find("imagenette2-320").is_dir():
        lacks.append("Imagenette: needed only for chapter 11 with COURSE_IMAGES=imagenette")
    return lacks


def report(before: Mapping[str, Mapping], after: Mapping[str, Mapping], failed: list[str]) -> str:
    """Return what was made, how large all of it is, and what is still missing.

    Parameters
    ----------
    before, after : mapping
        Two `inventory`.
    failed : list of str
        Chapters that did not run to their end.
    """
    rows = []
    for kind, sizes in after.items():
        new = sizes.keys() - before.get(kind, {}).keys()
        rows.append([f"{kind}/", len(new), len(sizes), f"{sum(sizes.values()) / 1e6:.1f}"])
    table = tabulate(rows, ("folder", "new files", "files", "MB"), disable_numparse=True)
    lacks = [*(f"{chapter}: it did not run to its end" for chapter in failed), *missing()]
    return f"{table}\n" + "\n".join(["still missing:", *(lacks or ["nothing"])])
