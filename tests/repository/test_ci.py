"""The scripts of continuous integration, Binder and classes, and what the pages say of them."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
needs_taskset = pytest.mark.skipif(shutil.which("taskset") is None, reason="no taskset here")

LOOK = """
import json, os, resource
room = resource.getrlimit(resource.RLIMIT_DATA)[0]
try:
    bytearray(600_000_000)
    fits = True
except MemoryError:
    fits = False
print(json.dumps([len(os.sched_getaffinity(0)), os.environ["CPU_LIMIT"], room, fits]))
"""


def run(command: list, root: Path, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        command,
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


@needs_bash
@needs_taskset
@pytest.mark.parametrize(
    ("environment", "seen"),
    [
        ({}, '[1, "1", 1843200000, true]'),
        ({"MEMORY_LIMIT_MB": "500"}, '[1, "1", 512000000, false]'),
    ],
)
def test_limited_gives_one_core_and_no_more_memory(root, environment, seen):
    done = run(["bash", ".ci/limited", sys.executable, "-c", LOOK], root, **environment)
    assert done.stdout.strip() == seen, done.stderr


@needs_bash
def test_limited_fails_as_its_command_does(root):
    assert run(["bash", ".ci/limited", "false"], root).returncode != 0


@needs_bash
def test_post_build_needs_no_network_but_for_pip(root, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    python = folder / "python"
    python.write_text(
        "#!/usr/bin/env bash\n"
        f'[ "$1 $2" = "-m pip" ] && echo "$@" >> "{tmp_path}/pip" && exit\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    python.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    done = run(
        ["bash", "postBuild"], root, PATH=path, COURSE_OFFLINE="1", COURSE_DATA=str(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    assert "nbgitpuller" in (tmp_path / "pip").read_text()
    assert "MNIST is not in the data folder" in done.stderr


@needs_bash
def test_post_build_stops_at_the_first_failure(root, tmp_path):
    (tmp_path / "python").write_text("#!/usr/bin/env bash\nexit 3\n")
    (tmp_path / "python").chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    assert run(["bash", "postBuild"], root, PATH=path).returncode == 3


@pytest.mark.parametrize("script", [".ci/run", ".ci/limited", ".ci/colab", "postBuild"])
def test_scripts_are_executable_and_stop_at_failures(root, script):
    assert os.access(root / script, os.X_OK) or sys.platform == "win32"
    text = (root / script).read_text("utf-8")
    assert text.startswith("#!/usr/bin/env bash\n")
    assert re.search(r"^set -e", text, re.MULTILINE)


@pytest.fixture(params=["ci", "pages"])
def workflow(root, request):
    text = (root / ".github" / "workflows" / f"{request.param}.yml").read_text("utf-8")
    return yaml.safe_load(text)


def steps(workflow: dict) -> list[dict]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_workflow_runs_scripts_and_tests_that_are_there(root, workflow):
    commands = " ".join(step.get("run", "") for step in steps(workflow))
    for path in re.findall(r"(?:bash|pytest) [^|]*?(\.ci/\w+|postBuild|tests/[\w/.]+)", commands):
        assert (root / path).exists(), path
    for path in re.findall(r"tests/[\w/]+\.py", commands):
        assert (root / path).exists(), path


def test_workflow_may_only_read_and_ends(workflow):
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["cancel-in-progress"]
    assert all(job["timeout-minutes"] <= 60 for job in workflow["jobs"].values())
    assert "download.pytorch.org/whl/cpu" in workflow["env"]["PIP_EXTRA_INDEX_URL"]


def test_ci_covers_what_the_course_promises(root):
    workflow = yaml.safe_load((root / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    jobs = workflow["jobs"]
    assert {"workflows", "course", "systems", "colab", "binder", "conda", "teacher"} <= jobs.keys()
    assert "schedule" in workflow[True]  # "on" is a truth value of YAML
    assert jobs["systems"]["strategy"]["matrix"]["os"] == ["windows-latest", "macos-latest"]
    versions = jobs["course"]["strategy"]["matrix"]["python-version"]
    assert versions == [f"3.{minor}" for minor in range(10, 15)]


def test_every_leg_uses_the_same_version_of_an_action(root):
    text = " ".join(path.read_text() for path in (root / ".github" / "workflows").glob("*.yml"))
    used = set(re.findall(r"uses: (actions/[\w-]+)@(v\d+)", text))
    assert len({name for name, _ in used}) == len(used)


def test_devcontainer_installs_the_course(root):
    text = (root / ".devcontainer" / "devcontainer.json").read_text("utf-8")
    assert "pip install -e" in json.loads(text)["postCreateCommand"]


def test_colab_leg_has_colabs_ipywidgets(root):
    assert "ipywidgets==7.7" in (root / ".ci/colab").read_text("utf-8")


@pytest.mark.parametrize(
    "command",
    [
        "python -m helpers.badges OWNER/REPO",
        "bash .ci/colab",
        "bash .ci/limited python -m helpers.reproduce",
        "repo2docker --no-run",
        "voila notebooks/01_introduction.ipynb",
    ],
)
def test_settings_give_the_commands_for_a_class(root, command):
    text = (root / "docs" / "settings.md").read_text("utf-8")
    assert command in text
    for path in re.findall(r"(?:notebooks|\.ci)/[\w.]+", command):
        assert (root / path).exists()


@pytest.mark.parametrize("script", [".ci/run", ".ci/colab", ".pre-commit-config.yaml"])
def test_tests_that_a_script_names_are_there(root, script):
    named = re.findall(r"tests/[\w/]+(?:\.py)?", (root / script).read_text("utf-8"))
    assert named or script == ".ci/run"
    for path in named:
        assert (root / path).exists(), path


def test_hooks_before_a_commit_look_at_code_and_notebooks(root):
    config = yaml.safe_load((root / ".pre-commit-config.yaml").read_text("utf-8"))
    hooks = {hook["id"]: hook for repo in config["repos"] for hook in repo["hooks"]}
    assert {"ruff-check", "ruff-format", "notebooks"} <= hooks.keys()
    assert "tests/repository/test_notebooks.py" in hooks["notebooks"]["entry"]
    assert re.search(hooks["notebooks"]["files"], "notebooks/01_introduction.ipynb")


@pytest.mark.parametrize("form", ["bug", "claim", "teaching"])
def test_issue_form_asks_for_what_is_needed(root, form):
    path = root / ".github" / "ISSUE_TEMPLATE" / f"{form}.yml"
    content = yaml.safe_load(path.read_text("utf-8"))
    assert content["name"]
    assert content["description"]
    asked = [part for part in content["body"] if part["type"] != "markdown"]
    assert len({part["id"] for part in asked}) == len(asked) >= 3
    assert any(part.get("validations", {}).get("required") for part in asked)
    assert all(part["attributes"]["label"] for part in asked)
