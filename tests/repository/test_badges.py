"""Buttons after a fork: they lead to what is there, and nothing but them is written."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import pytest

from helpers import badges

LINK = re.compile(r"\[!\[(?P<name>[^\]]+)\]\((?P<image>[^)]+)\)\]\((?P<address>[^)]+)\)")
BUILD_FILES = ("binder/environment.yml", ".binder/environment.yml", "environment.yml")


UNSET = 'REPOSITORY = ""  # https://github.com/OWNER/NAME, needed on Colab only'


def plain(text: str) -> str:
    """Return a README or a notebook without what `badges` wrote into it, if it did."""
    if not text.startswith("{"):
        return badges.BUTTONS.sub("", text)
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        source = badges.BUTTONS.sub("", "".join(cell["source"]))
        if badges.ADDRESS.search(source):
            source = badges.ADDRESS.sub(lambda _: UNSET, source)
            source = re.sub(r'"--branch", "[^"]*", ', "", source)
        cell["source"] = source.splitlines(keepends=True)
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


@pytest.fixture(scope="module")
def before(root, tmp_path_factory) -> Path:
    """What is written to, as before `badges` was run for the first time."""
    folder = tmp_path_factory.mktemp("before")
    shutil.copytree(root / "notebooks", folder / "notebooks")
    for name in ("README.md", "environment.yml"):
        shutil.copy(root / name, folder / name)
    for path in (folder / "README.md", *(folder / "notebooks").glob("*.ipynb")):
        path.write_text(plain(path.read_text("utf-8")), "utf-8")
    return folder


@pytest.fixture
def copy(before, tmp_path, monkeypatch) -> Path:
    """A copy of what is written to."""
    shutil.copytree(before, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(badges, "ROOT", tmp_path)
    return tmp_path


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text("utf-8"))["cells"]


def pages(folder: Path) -> dict[str, str]:
    """Return the README and the first cell of each notebook, by path in the repository."""
    found = {"README.md": (folder / "README.md").read_text("utf-8")}
    for path in sorted((folder / "notebooks").glob("*.ipynb")):
        found[f"notebooks/{path.name}"] = "".join(cells(path)[0]["source"])
    return found


def links(text: str) -> dict[str, str]:
    found = {match["name"]: match["address"] for match in LINK.finditer(text)}
    assert len(found) == len(LINK.findall(text)), "a button stands there twice"
    return found


def contents(folder: Path) -> dict[str, bytes]:
    files = [folder / "README.md", *(folder / "notebooks").glob("*.ipynb")]
    return {path.name: path.read_bytes() for path in files}


def setup_cells(folder: Path) -> list[str]:
    notebooks = sorted((folder / "notebooks").glob("*.ipynb"))
    code = [[cell for cell in cells(path) if cell["cell_type"] == "code"] for path in notebooks]
    return ["".join(some[0]["source"]) for some in code]


def test_committed_state_has_no_address_or_that_of_one_fork(root):
    addresses = {re.search(r'^REPOSITORY = "(.*?)"', s, re.MULTILINE)[1] for s in setup_cells(root)}
    (address,) = addresses
    for name, text in pages(root).items():
        found = links(text)
        assert bool(found) == bool(address), name
        repository = address.removeprefix("https://github.com/")
        assert all(repository in unquote(link) for link in found.values()), name


@pytest.mark.parametrize(("branch", "named"), [("main", False), ("spring-2027", True)])
def test_set_up_cell_clones_the_branch(copy, branch, named):
    badges.write("ada/course", "another")
    badges.write("ada/course", branch)
    (source,) = set(setup_cells(copy))
    clone = f'"git", "clone", "--depth=1", "--branch", "{branch}", REPOSITORY, root]'
    assert (clone in source) == named
    assert source.count("--branch") == named


@pytest.mark.parametrize("branch", ["main", "spring-2027", "class/a"])
def test_buttons_open_their_own_notebook_which_is_there(copy, branch):
    badges.write("ada/course", branch)
    for page, text in pages(copy).items():
        notebook = badges.FIRST if page == "README.md" else page
        assert (copy / notebook).exists()
        found = links(text)
        assert list(found) == ["Open in Colab", "Open in Binder", "Open on a JupyterHub"]
        assert found["Open in Colab"] == (
            f"https://colab.research.google.com/github/ada/course/blob/{branch}/{notebook}"
        )
        binder = urlsplit(found["Open in Binder"])
        assert unquote(binder.path) == f"/v2/gh/ada/course/{branch}"
        assert binder.path.count("/") == 5  # Binder takes the branch for one part of the path
        assert parse_qs(binder.query) == {"labpath": [notebook]}
        assert parse_qs(urlsplit(found["Open on a JupyterHub"]).query) == {
            "repo": ["https://github.com/ada/course"],
            "branch": [branch],
            "urlpath": [f"lab/tree/course/{notebook}"],
        }


def test_what_binder_builds_from_is_there(root):
    (used,) = [root / name for name in BUILD_FILES if (root / name).exists()]
    assert used == root / "environment.yml"  # its line -e . is relative to its own folder


@pytest.mark.parametrize("hub", ["https://hub.example.org", "https://hub.example.org/class/"])
def test_a_hub_is_opened_itself(copy, hub):
    badges.write("ada/course", hub=hub)
    for text in pages(copy).values():
        address = links(text)["Open on a JupyterHub"]
        assert address.startswith(f"{hub.rstrip('/')}/hub/user-redirect/git-pull?repo=https%3A")


def test_fork_on_gitlab_opens_on_binder_and_is_cloned_from_there(copy):
    badges.write("gitlab.com/ada/course", "spring")
    for text in pages(copy).values():
        found = links(text)
        assert found.keys() == {"Open in Binder", "Open on a JupyterHub"}
        assert "/v2/gl/ada%2Fcourse/spring?" in found["Open in Binder"]
        assert "gitlab.com%2Fada%2Fcourse" in found["Open on a JupyterHub"]
    for source in setup_cells(copy):
        assert 'REPOSITORY = "https://gitlab.com/ada/course"' in source
    badges.write("ada/course")
    assert all(len(links(text)) == 3 for text in pages(copy).values())


def test_set_up_cells_clone_the_fork_and_stay_alike(copy):
    badges.write("ada/course")
    (source,) = set(setup_cells(copy))
    assert 'REPOSITORY = "https://github.com/ada/course"\n' in source
    compile(source, "set-up cell", "exec")


def test_nothing_else_changes(copy, root):
    badges.write("ada/course")
    for path in sorted((copy / "notebooks").glob("*.ipynb")):
        new = path.read_text("utf-8").splitlines()
        old = plain((root / "notebooks" / path.name).read_text("utf-8")).splitlines()
        gone, come = [line for line in old if line not in new], [li for li in new if li not in old]
        assert len(gone) == 1
        assert "REPOSITORY = " in gone[0]
        assert len(come) == 2
        assert "Open in Colab" in come[0]
        assert "REPOSITORY = " in come[1]
        assert len(new) == len(old) + 2  # the buttons and an empty line
        nbformat.validate(nbformat.read(path, as_version=4))


def test_again_changes_nothing_and_another_name_replaces(copy):
    assert len(badges.write("ada/course")) == len(contents(copy))
    first = contents(copy)
    assert badges.write("ada/course") == []
    assert contents(copy) == first
    badges.write("grace-h/course_2.x", "spring", "https://hub.example.org")
    assert not any(b"ada/course" in content for content in contents(copy).values())
    assert "grace-h/course_2.x" in setup_cells(copy)[0]
    badges.write("ada/course")
    assert contents(copy) == first


@pytest.mark.parametrize("indent", [None, 1, 2, 4])
@pytest.mark.parametrize("end", ["", "\n"])
def test_layout_of_a_file_is_kept(copy, indent, end):
    path = copy / badges.FIRST
    notebook = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(notebook, indent=indent, ensure_ascii=False) + end, "utf-8")
    badges.write("ada/course")
    text = path.read_text("utf-8")
    again = json.loads(text)
    assert text == json.dumps(again, indent=indent, ensure_ascii=False) + end
    assert len(again["cells"]) == len(notebook["cells"])
    assert [cell.get("outputs") for cell in again["cells"]] == [
        cell.get("outputs") for cell in notebook["cells"]
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["course"], "as in ada/course, or gitlab.com/OWNER/REPO; got 'course'"),
        (["https://github.com/ada/course"], "repository must be OWNER/REPO"),
        (["ada/course/"], "repository must be OWNER/REPO"),
        (["ada/cour se"], "repository must be OWNER/REPO"),
        (["-ada/course"], "repository must be OWNER/REPO"),
        (["ada-/course"], "repository must be OWNER/REPO"),
        (["ada/.."], "repository must be OWNER/REPO"),
        (["ada/course)](x"], "repository must be OWNER/REPO"),
        (["a" * 40 + "/course"], "repository must be OWNER/REPO"),
        (["ada/course.git"], "repository must not end in .git"),
        (["ada/course", "a b"], "branch must be the name of a branch, as in main; got 'a b'"),
        (["ada/course", ""], "branch must be the name of a branch"),
        (["ada/course", "main", "hub.example.org"], "hub must be the address of a JupyterHub"),
    ],
)
def test_wrong_arguments_are_refused_and_nothing_is_written(copy, arguments, message):
    before = contents(copy)
    with pytest.raises(ValueError, match=re.escape(message)):
        badges.write(*arguments)
    assert contents(copy) == before


@pytest.mark.parametrize(
    ("line", "message"),
    [("REPOSITORY = ", "one cell with a line"), ("# 2 · ", "begin with a line")],
)
def test_a_notebook_without_its_places_stops_it_before_anything_is_written(copy, line, message):
    path = copy / "notebooks" / "02_framework.ipynb"
    path.write_text(path.read_text("utf-8").replace(line, "gone"), "utf-8")
    before = contents(copy)
    with pytest.raises(ValueError, match=rf"02_framework\.ipynb must (have )?{message}"):
        badges.write("ada/course")
    assert contents(copy) == before


def test_command(copy, capsys):
    badges.main(["ada/course", "--branch", "spring", "--hub", "https://hub.example.org"])
    assert capsys.readouterr().out == (
        f"{len(contents(copy))} files changed for ada/course, branch spring\n"
    )
    assert "hub.example.org" in pages(copy)["README.md"]
    with pytest.raises(SystemExit):
        badges.main(["course"])
    assert "must be OWNER/REPO" in capsys.readouterr().err


ON_COLAB = """
import sys, types
from pathlib import Path
sys.path = [p for p in sys.path if not (Path(p) / "helpers").exists()]
sys.meta_path = [f for f in sys.meta_path if "editable" not in getattr(f, "__module__", "")
                 and "editable" not in getattr(f, "__name__", "")]
sys.modules["google.colab"] = types.ModuleType("google.colab")
source = sys.stdin.read()
exec(source, {"__name__": "__main__"})
import helpers
print(Path(helpers.__file__).relative_to(Path.cwd()).as_posix())
sys.path.remove(str(Path.cwd() / "course"))
exec(source, {"__name__": "__main__"})  # finds the clone that is there
"""


def git(folder, *arguments):
    if shutil.which("git") is None:
        pytest.skip("no git on this machine")
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_set_up_cell_clones_once_on_colab(copy, root, tmp_path_factory):
    badges.write("ada/course")
    fork, work = tmp_path_factory.mktemp("fork"), tmp_path_factory.mktemp("colab")
    shutil.copytree(
        root / "helpers", fork / "helpers", ignore=shutil.ignore_patterns("__pycache__")
    )
    git(fork, "init", "-q")
    git(fork, "add", ".")
    git(fork, "commit", "-q", "-m", "all")
    source = setup_cells(copy)[0].replace("https://github.com/ada/course", fork.as_uri())
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", ON_COLAB],
        input=source,
        cwd=work,
        env={**environment, "COURSE_OFFLINE": "1", "COURSE_DATA": str(work)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    first, where, second = done.stdout.splitlines()
    assert where == "course/helpers/__init__.py"
    assert first == second
    assert first.startswith("device: ")
