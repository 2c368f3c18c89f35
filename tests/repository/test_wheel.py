"""An installed course: a wheel brings what its notebooks need, and writes nothing beside itself."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytest.importorskip("hatchling", reason="hatchling is not installed, which builds the wheel")


@pytest.fixture(scope="module")
def site(root, tmp_path_factory):
    """A folder in which the wheel is unpacked, as pip does it; the build needs no network."""
    place = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(command, cwd=root, check=True, capture_output=True, timeout=300)
    (wheel,) = place.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(place / "site")
    return place / "site"


@pytest.fixture
def user(site, tmp_path, monkeypatch):
    """Somebody who has installed the wheel and set nothing; what runs in a folder of theirs."""
    for name in [name for name in os.environ if name.startswith(("COURSE_", "JUPYTER_"))]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    (home / "mine").mkdir(parents=True)
    for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home))
    for name, value in {"OFFLINE": "1", "SCALE": "ci"}.items():
        monkeypatch.setenv(f"COURSE_{name}", value)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return home


def run(home, *arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=home / "mine", capture_output=True, text=True, timeout=300
    )


def files(folder):
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.*")}


def test_wheel_holds_the_course_its_networks_and_its_results(site, root):
    tracked = subprocess.run(
        ["git", "ls-files", "helpers", "data/checkpoints", "data/results/*.full.json"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    there = [name for name in tracked if (root / name).exists()]
    assert len(there) > 200
    for name in there:
        packed = site / (f"helpers/{name[5:]}" if name.startswith("data/") else name)
        assert packed.read_bytes() == (root / name).read_bytes(), name
    assert not list(site.rglob("*.png"))


def test_its_networks_are_found_and_its_data_are_the_users(site, user):
    code = (
        "from helpers import course, data, training\n"
        "training.zoo.train = None\n"
        "training.trained('FC100-100-10')\n"
        "print(course.__file__, data.folder(), data.SHIPPED, course.RESULTS, sep='\\n')\n"
        "print(len(course.load_results('02_framework', 'MNIST')['claims']))"
    )
    done = run(user, "-c", code)
    assert done.returncode == 0, done.stderr
    module, folder, shipped, results, claims = done.stdout.splitlines()
    assert Path(module).is_relative_to(site)
    assert Path(folder).is_relative_to(user)
    assert Path(results) == Path(folder) / "results"
    assert Path(shipped) == site / "helpers" / "checkpoints"
    assert int(claims) > 5


def test_reproduce_says_that_it_needs_the_repository(user):
    done = run(user, "-m", "helpers.reproduce", "02")
    assert done.returncode == 2
    assert "this needs the course's repository: clone it, and run this in it" in done.stderr


def test_a_downloaded_notebook_runs_beside_it(site, user, root):
    before = set(files(site))
    notebook = nbformat.read(root / "notebooks" / "08b_recipes.ipynb", as_version=4)
    resources = {"metadata": {"path": str(user / "mine")}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()
    assert set(files(site)) == before
    written = [
        path for name, path in files(user).items() if name.endswith("shipped_digits.ci.json")
    ]
    assert [path.parent.name for path in written] == ["results"]
    assert not list((user / "mine").iterdir())
