"""Links of a page that goes elsewhere without some of the files beside it."""

import re
from pathlib import Path

PAGE_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")


def unlinked(text: str, folder: Path) -> str:
    """Return a page without links to files that are not there, nor table rows about solutions.

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

    lines = [line for line in text.splitlines() if not re.match(r"\|.*solutions\.md", line)]
    return PAGE_LINK.sub(kept, "\n".join(lines)) + "\n"
