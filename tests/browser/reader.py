"""What a reader does in the page: runs a notebook, finds an explorer and its parts, and looks."""

import re
import time

RUN_TIMEOUT = 300  # seconds for all cells of a notebook
STEP_TIMEOUT = 120  # seconds for an answer: an attack takes up to 16 on a core that it has alone

EXPLORER = ".widget-vbox:has(> .explorer-text)"
COMPLAINT = re.compile(r'"msg_type": ?"error"|"name": ?"stderr"')
TRACEBACK = re.compile(r'"evalue"|Traceback')
ALL_RUN = """async () => {
    const allRun = () => {
        const prompts = [...document.querySelectorAll('.jp-NotebookPanel .jp-CodeCell')]
            .filter(cell => cell.querySelector('.cm-content')?.textContent.trim()) // not folded
            .map(cell => cell.querySelector('.jp-InputPrompt').textContent.trim());
        return prompts.length && prompts.every(prompt => /^\\[\\d+\\]:$/.test(prompt));
    };
    for (let look = 0; look < 10 && !allRun(); look++)
        await new Promise(resolve => setTimeout(resolve, 100));
    return allRun();
}"""
PIXELS = """async image => {
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const context = canvas.getContext('2d', {willReadFrequently: true});
    context.drawImage(image, 0, 0);
    const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', pixels));
    return [canvas.width, canvas.height, ...digest].join(' ');
}"""
# a promise, since the assertions of playwright look only every half second
ANSWERED = """async (explorer, [drawing, seconds]) => {
    const end = Date.now() + 1000 * seconds;
    const shown = () => explorer.querySelector('.explorer-text pre')?.dataset.drawing ?? drawing;
    while (shown() === drawing && Date.now() < end)
        await new Promise(resolve => setTimeout(resolve, 40));
    return shown() !== drawing;
}"""


class Watched:
    """A new page, and what went wrong in it.

    Attributes
    ----------
    page : playwright.sync_api.Page
        The page.
    failures : list of str
        Errors of scripts in the page.
    complaints : list of str
        What kernels have said on stderr and in tracebacks, in cells and in answer to controls.
    """

    def __init__(self, browser):
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.set_default_timeout(1000 * STEP_TIMEOUT)
        self.failures, self.complaints = [], []
        self.page.on("pageerror", lambda error: self.failures.append(str(error)))
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._hear))

    def check(self) -> None:
        """Fail if anything went wrong since the last call, and forget it."""
        wrong = self.failures + self.complaints
        self.failures.clear()
        self.complaints.clear()
        assert not wrong, wrong

    def _hear(self, frame: str | bytes) -> None:
        message = frame if isinstance(frame, str) else frame.decode(errors="replace")
        if COMPLAINT.search(message):
            self.complaints.append(message)


def run_all(lab, watched, notebook: str) -> None:
    """Open a notebook and run all its cells; fail on the first traceback, and on warnings."""
    page = watched.page
    page.goto(lab.url(notebook))
    page.locator(".jp-NotebookPanel .jp-Cell").first.wait_for()
    lab.wait_for_kernel()  # the toolbar says idle before there is one
    idle = page.locator("#jp-main-statusbar", has_text="| Idle")
    idle.wait_for()
    forget_stored_outputs(page)
    menu(page, "Run", r"^Run All Cells")
    end = time.monotonic() + RUN_TIMEOUT
    while not page.evaluate(ALL_RUN):
        tracebacks = [message for message in watched.complaints if TRACEBACK.search(message)]
        assert not tracebacks, tracebacks
        assert time.monotonic() < end, f"{notebook} did not end within {RUN_TIMEOUT} s"
    idle.wait_for()
    assert not [message for message in watched.complaints if "Warning" in message]
    watched.complaints.clear()  # progress bars, and what the first cell says without a network


def forget_stored_outputs(page) -> None:
    """Clear outputs and numbers, so that what is seen afterwards was made here."""
    menu(page, "Edit", r"^Clear Outputs of All Cells")
    page.locator(".jp-NotebookPanel:not(:has(.jp-OutputArea-output))").wait_for()


def menu(page, name: str, item: str) -> None:
    page.get_by_role("menuitem", name=name, exact=True).click()
    page.get_by_role("menuitem", name=re.compile(item)).click()


def picture(explorer) -> str:
    """Return a digest of the pixels of the explorer's picture."""
    return explorer.locator("img.widget-image").evaluate(PIXELS)


def text(explorer):
    return explorer.locator(".explorer-text pre")


def labelled(explorer, label: str):
    """Return the widget that is labelled so."""
    name = explorer.page.locator(".widget-label", has_text=re.compile(f"^{re.escape(label)}$"))
    return explorer.locator(".widget-inline-hbox").filter(has=name)


def answers(explorer, drawing: str, watched) -> bool:
    """Wait until something newer than a drawing is shown; return False if that cannot be.

    That is so where the kernel has raised an error, or `STEP_TIMEOUT` is over.
    """
    end = time.monotonic() + STEP_TIMEOUT
    while time.monotonic() < end and not any(map(TRACEBACK.search, watched.complaints)):
        if explorer.evaluate(ANSWERED, [drawing, 1]):
            return True
    return False
