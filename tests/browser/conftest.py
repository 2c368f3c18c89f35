"""JupyterLab on a copy of the notebooks, and pages of a headless Chromium that look at it."""

import json
import os
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

import pytest

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


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab."""

    address: str
    token: str

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
        for kernel in self.kernels():
            address = f"{self.address}/api/kernels/{kernel['id']}?token={self.token}"
            request = urllib.request.Request(address, method="DELETE")
            urllib.request.urlopen(request, timeout=30).close()


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
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine; CHROMIUM may name one")
    return path


@pytest.fixture(scope="session")
def lab(chromium, root, tmp_path_factory):
    """JupyterLab on a copy of the notebooks, since it saves what it shows."""
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "notebooks"
    shutil.copytree(root / "notebooks", work, ignore=shutil.ignore_patterns(".*"))
    for name, values in LAB_SETTINGS.items():
        file = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    environment = {
        "COURSE_SCALE": "ci",
        "COURSE_OFFLINE": "1",
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ip=127.0.0.1", f"--port={port}", f"--IdentityProvider.token={token}"]
    command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={work}"]
    log = folder / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        running = Lab(f"http://127.0.0.1:{port}", token)
        try:
            wait_until(running.is_up, "JupyterLab is up")
        except TimeoutError as error:
            pytest.fail(f"{error}\n{log.read_text()[-3000:]}")
        yield running
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()


@pytest.fixture(scope="module")
def browser(chromium):
    # for this module only: while it is open, no other test can run an event loop of its own
    playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    with playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS, timeout=60_000)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, lab):
    """A new page without a kernel; fails the test if a script in the page failed."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    failures = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    yield page
    page.close()
    lab.shut_down_kernels()
    assert not failures, failures


@pytest.fixture
def screenshots(root) -> Path:
    """The folder for pictures of what the tests saw; git ignores it."""
    folder = root / "tests" / "browser" / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder
