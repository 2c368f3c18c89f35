"""Links of a page that goes elsewhere without some of the files beside it."""

import re
from pathlib import Path

BUTTON_LINE = re.compile(r"^\[!\[Open (?:in|on) .*\n+", re.MULTILINE)  # as `helpers.badges` writes
PAGE_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")


def without_buttons(text: str) -> str:
    """Return a page without the line of buttons, whose pictures lie on other servers."""
    return BUTTON_LINE.sub("", text)


def unlinked(text: str, folder: Path) -> str:
    """Return a page without links to files that are not there, rows about solutions, and buttons.

    Parameters
    ----------
    text : str
        Markdown.
    folder : Path
        Where the page is to lie.
    """

    def kept(link: re.Match) -> str:
        target = link["target"].partition("#")[0]
        there = not target or re.match(r"[a-z]+:", target) or (folder / target).exists()
        return link.group() if there else link["text"]

    lines = without_buttons(text).splitlines()
    lines = [line for line in lines if not re.match(r"\|.*solutions\.md", line)]
    return PAGE_LINK.sub(kept, "\n".join(lines)) + "\n"
