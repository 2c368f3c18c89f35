"""Buttons for Colab, Binder and JupyterHub: ``python -m helpers.badges OWNER/REPO``.

The fork lies on GitHub, or, as ``gitlab.com/OWNER/REPO``, on GitLab, where Colab cannot open it.

Run once after a fork: it writes one line of buttons under the title of the README and of each
notebook, and the address that the set-up cell clones on Colab. Run again, for another name or
branch, it replaces them. Nothing else in a notebook changes, outputs included.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from urllib.parse import quote, urlencode

from helpers.data import ROOT, write_atomically

FIRST = "notebooks/01_introduction.ipynb"  # what the README's buttons open
HUB_IMAGE = "https://img.shields.io/badge/open%20on%20a-JupyterHub-orange"
LINK_GENERATOR = "https://nbgitpuller.readthedocs.io/en/latest/link.html"
# as GitHub allows them
REPOSITORY = re.compile(r"[A-Za-z0-9](?:-?[A-Za-z0-9]){0,38}/(?!\.{1,2}$)[\w.-]{1,100}", re.ASCII)
BRANCH = re.compile(r"[\w.-]+(?:/[\w.-]+)*", re.ASCII)
GITLAB = "gitlab.com/"
REPOSITORY_LIKE = "OWNER/REPO on GitHub, as in ada/course, or gitlab.com/OWNER/REPO"
HUB = re.compile(r"https?://[^\s?#()]+")

ADDRESS = re.compile(r"^REPOSITORY = .*$", re.MULTILINE)
CLONE = re.compile(r'"git", "clone", "--depth=1", (?:"--branch", "[^"]*", )?REPOSITORY')
BUTTONS = re.compile(r"^\[!\[Open in (?:Colab|Binder)\].*\n\n", re.MULTILINE)
TITLE = re.compile(r"\A# .*\n\n")


def buttons(repository: str, branch: str, notebook: str, hub: str = "") -> str:
    """Return a line of Markdown: the buttons that open a notebook.

    Parameters
    ----------
    repository : str
        ``OWNER/REPO`` on GitHub, or ``gitlab.com/OWNER/REPO``.
    branch : str
        The branch that they open.
    notebook : str
        Path of the notebook in the repository.
    hub : str
        Address of a JupyterHub whose server has nbgitpuller. Without one, the button leads to
        nbgitpuller's page that asks for it.
    """
    name = repository.split("/")[-1]
    path = quote(notebook, safe="")
    pull = {
        "repo": _address(repository),
        "branch": branch,
        "urlpath": f"lab/tree/{name}/{notebook}",
    }
    base = f"{hub.rstrip('/')}/hub/user-redirect/git-pull" if hub else LINK_GENERATOR
    project = repository.removeprefix(GITLAB)
    on_gitlab = project != repository
    kept = f"gl/{quote(project, safe='')}" if on_gitlab else f"gh/{repository}"
    binder = f"https://mybinder.org/v2/{kept}/{quote(branch, safe='')}?labpath={path}"
    colab = f"https://colab.research.google.com/github/{repository}/blob/{branch}/{notebook}"
    images = {
        "Open in Colab": ("https://colab.research.google.com/assets/colab-badge.svg", colab),
        "Open in Binder": ("https://mybinder.org/badge_logo.svg", binder),
        "Open on a JupyterHub": (HUB_IMAGE, f"{base}?{urlencode(pull)}"),
    }
    if on_gitlab:
        del images["Open in Colab"]
    return " ".join(f"[![{text}]({image})]({to})" for text, (image, to) in images.items())


def _address(repository: str) -> str:
    """Return where a fork is cloned from."""
    host = "" if repository.startswith(GITLAB) else "github.com/"
    return f"https://{host}{repository}"


def write(repository: str, branch: str = "main", hub: str = "") -> list[Path]:
    """Write the buttons and the address into the README and all notebooks.

    Parameters
    ----------
    repository, branch, hub
        As for `buttons`.

    Returns
    -------
    list of Path
        The files that were changed.

    Raises
    ------
    ValueError
        If an argument has another form, or a file has no title or not one set-up
        cell; then no file is changed.
    """
    for name, value, form, like in (
        ("repository", repository.removeprefix(GITLAB), REPOSITORY, REPOSITORY_LIKE),
        ("branch", branch, BRANCH, "the name of a branch, as in main"),
        ("hub", hub or "https://none", HUB, "the address of a JupyterHub, https://…"),
    ):
        if not form.fullmatch(value):
            raise ValueError(f"{name} must be {like}; got {value!r}")
    if repository.endswith(".git"):
        raise ValueError(f"repository must not end in .git; got {repository!r}")

    def line(notebook: str) -> str:
        return buttons(repository, branch, notebook, hub)

    readme = ROOT / "README.md"
    contents = {readme: _titled(readme.read_text("utf-8"), line(FIRST), readme)}
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        contents[path] = _notebook(path, line(f"notebooks/{path.name}"), repository, branch)
    changed = [path for path, text in contents.items() if text != path.read_text("utf-8")]
    for path in changed:
        write_atomically(path, contents[path].encode())
    return changed


def _titled(text: str, line: str, path: Path) -> str:
    """Return a text with this line of buttons under its title, and no other."""
    text = BUTTONS.sub("", text)
    if not TITLE.match(text):
        raise ValueError(f"{path} must begin with a line '# title' and an empty line")
    return TITLE.sub(lambda title: f"{title.group()}{line}\n\n", text)


def _notebook(path: Path, line: str, repository: str, branch: str) -> str:
    """Return the text of a notebook with its buttons, and the address and branch to clone."""
    text = path.read_text("utf-8")
    content = json.loads(text)
    title, *others = content["cells"]
    _set_source(title, _titled("".join(title["source"]), line, path))
    clones = [cell for cell in others if ADDRESS.search("".join(cell["source"]))]
    if len(clones) != 1:
        raise ValueError(f"{path} must have one cell with a line REPOSITORY = …, got {len(clones)}")
    address = f'REPOSITORY = "{_address(repository)}"'
    source = ADDRESS.sub(lambda _: address, "".join(clones[0]["source"]), count=1)
    named = "" if branch == "main" else f'"--branch", "{branch}", '
    clone = f'"git", "clone", "--depth=1", {named}REPOSITORY'
    _set_source(clones[0], CLONE.sub(lambda _: clone, source, count=1))
    indent = len(re.match(r"\{\n?( *)", text).group(1)) or None
    end = "\n" if text.endswith("\n") else ""
    return json.dumps(content, indent=indent, ensure_ascii=False) + end


def _set_source(cell: dict, source: str) -> None:
    cell["source"] = source.splitlines(keepends=True)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line: see ``python -m helpers.badges --help``."""
    parser = argparse.ArgumentParser(prog="python -m helpers.badges", description=__doc__)
    parser.add_argument(
        "repository", metavar="OWNER/REPO", help="the fork on GitHub, or gitlab.com/OWNER/REPO"
    )
    parser.add_argument("--branch", default="main", help="branch to open; default main")
    parser.add_argument("--hub", default="", help="address of a class's JupyterHub")
    options = parser.parse_args(arguments)
    try:
        changed = write(options.repository, options.branch, options.hub)
    except ValueError as error:
        parser.error(str(error))
    print(f"{len(changed)} files changed for {options.repository}, branch {options.branch}")


if __name__ == "__main__":
    sys.exit(main())
