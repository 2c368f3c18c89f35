"""Folders that a teacher names."""

from pathlib import Path


def check_empty(folder: Path) -> None:
    """Raise FileExistsError where a folder has something in it; it need not be there yet."""
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"folder must be empty or not there; {folder} is not empty")
