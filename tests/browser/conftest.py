"""JupyterLab and Voilà on copies of the notebooks, and a headless Chromium that looks at them."""

import ast
import contextlib
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from tests.browser import reader

START_TIMEOUT = 90  # seconds
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LAB_SETTINGS = {
    "apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    # keep the cells that are out of sight in the page, where a test can find them
    "notebook-extension/tracker": {"windowingMode": "none", "autoStartDefaultKernel": True},
}

LAB_FOLDERS = ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
LOCAL = (  # pieces of code with names of their own
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
    *(ast.Lambda, ast.FunctionDef, ast.ClassDef),
)
EXPLORERS = re.compile(r"\bexplorers\.\w+\(")


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab."""

    address: str
    token: str
    folder: Path

    def url(self, notebook: str) -> str:
        return f"{self.address}/lab/tree/{notebook}?token={self.token}&reset"

    def is_up(self) -> bool:
        return "version" in self._get("")

    def wait_for_kernel(self) -> None:
        """Wait until a kernel is idle and a page is connected to it."""
        wait_until(
            lambda: any(
                k["execution_state"] == "idle" and k["connections"] for k in self.kernels()
            ),
            "a kernel is connected",
        )

    def kernels(self) -> list[dict]:
        return self._get("kernels")

    def _get(self, path: str):
        address = f"{self.address}/api/{path}?token={self.token}"
        with urllib.request.urlopen(address, timeout=5) as answer:
            return json.load(answer)

    def shut_down_kernels(self) -> None:
        """Shut all kernels down; one that is being restarted refuses at first."""
        wait_until(self._have_shut_down, "all kernels are shut down")

    def _have_shut_down(self) -> bool:
        for kernel in self.kernels():
            address = f"{self.address}/api/kernels/{kernel['id']}?token={self.token}"
            request = urllib.request.Request(address, method="DELETE")
            urllib.request.urlopen(request, timeout=30).close()
        return not self.kernels()


def wait_until(true: Callable[[], bool], what: str, timeout: float = START_TIMEOUT) -> None:
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        try:
            if true():
                return
        except OSError:  # nobody answers yet
            pass
        time.sleep(0.2)
    raise TimeoutError(f"{what}: not within {timeout} s")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    named = os.environ.get("CHROMIUM")
    if named and shutil.which(named) is None:
        pytest.fail(f"CHROMIUM must name a browser, got {named!r}, which is no program here")
    path = named or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on this machine; CHROMIUM may name one")
    return path


def shortened(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a notebook without its text and the code cells that its explorers do not need.

    nbval runs them all, and a page of hundreds of formulas is slow at each answer; here it is the
    controls that take the time. A cell is needed if it makes or changes a name that an explorer's
    cell reads, or one that such a cell reads.
    """
    imported = set()
    for node in ast.walk(ast.parse("\n".join(c.source for c in notebook.cells if _is_code(c)))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    kept, wanted = [], set()
    for cell in filter(_is_code, reversed(notebook.cells)):
        reads, makes, changes = names(cell.source)
        if EXPLORERS.search(cell.source) or (makes | changes - imported) & wanted:
            wanted = wanted - makes | reads
            kept.insert(0, cell)
    notebook.cells = kept
    return notebook


def names(source: str) -> tuple[set[str], set[str], set[str]]:
    """Return the names that a cell reads from cells before, that it makes, and that it changes."""
    reads, makes, changes = set(), set(), set()
    for statement in ast.parse(source).body:
        read, made = _read_and_made(statement)
        reads |= read - makes
        makes |= made
        for node in ast.walk(statement):
            target = node.value.func if _is_call(node) else node
            if _is_call(node) or isinstance(getattr(node, "ctx", None), ast.Store):
                while isinstance(target, ast.Attribute | ast.Subscript | ast.Call):
                    target = target.func if isinstance(target, ast.Call) else target.value
                if isinstance(target, ast.Name):
                    changes.add(target.id)
    return reads, makes, changes


def _read_and_made(node: ast.AST) -> tuple[set[str], set[str]]:
    """Return the names that a piece of code reads and makes, but for what is local in it."""
    read, made = set(), set()
    for child in ast.iter_child_nodes(node):
        for names, found in zip((read, made), _read_and_made(child), strict=True):
            names |= found
    if isinstance(node, ast.Name):
        (read if isinstance(node.ctx, ast.Load) else made).add(node.id)
    elif isinstance(node, ast.arg):
        made.add(node.arg)
    elif isinstance(node, ast.alias):
        made.add((node.asname or node.name).split(".")[0])
    elif isinstance(node, ast.AugAssign):
        read |= _read_and_made(node.target)[1]
    elif isinstance(node, LOCAL):
        return read - made, {node.name} if hasattr(node, "name") else set()
    return read, made


def _is_code(cell) -> bool:
    return cell.cell_type == "code"


def _is_call(node) -> bool:
    """Return whether this is a statement such as ``name.method(...)``."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
    )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def running(command: list[str], folder: Path, is_up: Callable[[], bool], **environment: str):
    """Run a server until the end of the block, at the smallest scale and without a network."""
    log = folder / "server.log"
    settings = {"COURSE_SCALE": "ci", "COURSE_OFFLINE": "1", **os.environ, **environment}
    with log.open("w") as output:
        server = subprocess.Popen(command, env=settings, stdout=output, stderr=output)
    try:
        try:
            wait_until(is_up, f"{command[2]} is up")
        except TimeoutError as error:
            pytest.fail(f"{error}\n{log.read_text()[-3000:]}")
        yield
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()


def jupyter_folders(folder: Path) -> dict[str, str]:
    """Return the environment that keeps Jupyter's own files in a folder."""
    return {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
    }


@pytest.fixture(scope="session")
def lab(chromium, root, tmp_path_factory):
    """JupyterLab on a copy of the notebooks, since it saves what it shows.

    The copy of the first chapter is whole, with a shortened one beside it; those of the others are
    `shortened`.
    """
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "notebooks"
    work.mkdir()
    for number, path in enumerate(sorted((root / "notebooks").glob("*.ipynb"))):
        notebook = nbformat.read(path, as_version=4)
        if number == 0:
            nbformat.write(notebook, work / path.name)
        name = path.name if number else "01_shortened.ipynb"
        nbformat.write(shortened(notebook), work / name)
    for name, values in LAB_SETTINGS.items():
        file = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    port, token = free_port(), secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={token}"]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={work}"]
    lab = Lab(f"http://127.0.0.1:{port}", token, work)
    own = {name: str(folder / name.split("_")[1].lower()) for name in LAB_FOLDERS}
    with running(command, folder, lab.is_up, **jupyter_folders(folder), **own):
        yield lab


@pytest.fixture(scope="session")
def voila(chromium, root, tmp_path_factory):
    """Return the address of the first chapter under Voilà."""
    pytest.importorskip("voila", reason="voila is not installed")
    folder = tmp_path_factory.mktemp("voila")
    notebook = folder / "01_introduction.ipynb"
    shutil.copy(root / "notebooks" / notebook.name, notebook)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "voila", str(notebook), "--no-browser", f"--port={port}"]

    def is_up() -> bool:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True

    with running(command, folder, is_up, **jupyter_folders(folder)):
        yield address


@pytest.fixture(scope="module")
def browser(chromium):
    # for this module only: while it is open, no other test can run an event loop of its own
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect.set_options(timeout=1000 * reader.STEP_TIMEOUT)
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS, timeout=60_000)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def opened(lab, browser):
    """Return what runs a notebook in JupyterLab, unless it is the one that was run last."""
    last = {}

    def run(notebook: str) -> reader.Watched:
        if notebook not in last:
            close()
            watched = reader.Watched(browser)
            reader.run_all(lab, watched, notebook)
            last[notebook] = watched
        return last[notebook]

    def close():
        for watched in last.values():
            watched.page.close()  # asks nothing about what was not saved
        last.clear()
        lab.shut_down_kernels()

    yield run
    close()


@pytest.fixture
def ran(opened):
    """Return what gives a notebook's page, where it was run; nothing may go wrong in the test."""
    used = []

    def run(notebook: str) -> reader.Watched:
        used.append(opened(notebook))
        return used[-1]

    yield run
    for watched in used:
        watched.check()


@pytest.fixture
def screenshots(root) -> Path:
    """The folder for pictures of what the tests saw; git ignores it."""
    folder = root / "tests" / "browser" / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder
