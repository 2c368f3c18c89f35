"""Link the first use of each term in a chapter to the glossary: ``python docs/glossary_links.py``.

Run it after a change of a chapter's text. It takes all such links out and sets them anew.
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GLOSSARY = "../docs/glossary.md"  # as the notebooks see it
NO_PROSE = re.compile(
    r"```.*?```"  # code, formulas, and text that is a link already
    r"|`[^`\n]+`"
    r"|\$\$.+?\$\$"
    r"|\$[^$\n]+\$"
    r"|!?\[[^\]\n]*\]\([^)\n]*\)"
    r"|^(?:#| {4}|\*\"Intriguing)[^\n]*$"  # headings, indented code, the line that names the paper
    r"|\bunit (?:square|vector|circle)s?\b",  # other units
    re.DOTALL | re.MULTILINE,
)
READING = "## What to read next"  # a list of titles, which are quoted as they are
ONLY_IN_FULL = {"interval"}  # has other meanings when it stands alone


def terms(glossary: str) -> list[list[str]]:
    """Return the terms of the glossary's table, each with its other names."""
    rows = re.findall(r"^\| (.+?) \|", glossary, re.MULTILINE)
    names = [[name.strip() for name in row.split(",")] for row in rows if row != "term"]
    return [[name for name in row if name not in ONLY_IN_FULL] for row in names]


def linked(texts: list[str], glossary: str) -> list[str]:
    """Return a chapter's markdown cells with the first use of each term as a link."""
    pending = {name: row[0] for row in terms(glossary) for name in row}
    return [link_first_uses(text, pending) for text in texts]


def link_first_uses(text: str, pending: dict[str, str]) -> str:
    """Link what of the `pending` names occurs first in a text, and take it out of them."""
    text = re.sub(rf"\[([^\]\n]*)\]\({re.escape(GLOSSARY)}\)", r"\1", text)
    if text.startswith(READING):
        return text
    done, rest = "", text
    while pending and (found := first_use(rest, pending)):
        start, end = found.span()
        done += f"{rest[:start]}[{found[0]}]({GLOSSARY})"
        rest = rest[end:]
        for term in {t for n, t in pending.items() if re.search(pattern([n]), found[0], re.I)}:
            for name in [name for name, of in pending.items() if of == term]:
                del pending[name]
    return done + rest


def pattern(names: list[str]) -> str:
    """Return a pattern of whole words, the longest name first, one or many."""
    words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return rf"(?<![\w∂-])(?:{words})(?:e?s)?(?![\w-])"


def first_use(text: str, names) -> re.Match | None:
    """Return the first use of any of the names in the prose of a text."""
    no_prose = [match.span() for match in NO_PROSE.finditer(text)]
    for found in re.finditer(pattern(list(names)), text, re.IGNORECASE):
        if not any(start < found.end() and found.start() < end for start, end in no_prose):
            return found
    return None


def main() -> None:
    """Set the links of all notebooks anew."""
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "markdown"]
        texts = linked(["".join(cell["source"]) for cell in cells], glossary)
        for cell, text in zip(cells, texts, strict=True):
            cell["source"] = text.splitlines(keepends=True)
        text = json.dumps(notebook, indent=1, ensure_ascii=False)
        path.write_text(f"{text}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
