"""Settings for every test session: smallest scale, no network, notebooks that draw what they do."""

import os
import time
from queue import Empty

import pytest
from nbval.plugin import IPyNbCell

os.environ.setdefault("COURSE_SCALE", "ci")
os.environ.setdefault("COURSE_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # several processes run side by side


def pytest_collection_modifyitems(items):
    items.sort(key=turn)
    gpu = [item for item in items if item.get_closest_marker("gpu")]  # not a folder of that name
    if gpu and not cuda_is_available():
        for item in gpu:
            item.add_marker(pytest.mark.skip(reason="no CUDA device on this machine"))


def cuda_is_available() -> bool:
    import torch  # takes seconds: only where a test asks for it

    return torch.cuda.is_available()


def turn(item: pytest.Item) -> int:
    """Return when a test has its turn: what takes minutes first, so that no process waits for it.

    A module, like a notebook, stays in one process. The notebooks come between the browser's
    modules, so that one browser at a time is at work.
    """
    if isinstance(item, IPyNbCell):
        return 1
    if "browser" not in item.path.parts:
        return 3
    return 0 if item.path.name == "test_explorers.py" else 2


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Let a notebook's cell fail that draws fewer or more figures than are stored with it.

    nbval compares only what is marked, and waits for a kernel that has died until time is out.
    """
    if not isinstance(item, IPyNbCell):
        return (yield)
    shown = Shown(item.parent.kernel)
    result = yield
    stored = sum("image/png" in output.get("data", {}) for output in item.cell.outputs)
    if sum(shown.pictures) != stored:
        item.raise_cell_error(f"the cell drew {sum(shown.pictures)} figures; {stored} are stored")
    return result


class Shown:
    """What a kernel shows from now on: for each output in turn, whether it is a picture."""

    def __init__(self, kernel):
        self.pictures, self.places, self.kernel = [], {}, kernel
        self.receive = type(kernel).get_message.__get__(kernel)  # not that of the cell before
        kernel.get_message = self.get_message

    def get_message(self, stream, timeout=None):
        """Do as `RunningKernel.get_message`, but say at once that the kernel has died."""
        last = time.monotonic() + timeout if timeout is not None else float("inf")
        while True:
            try:
                message = self.receive(stream, timeout=max(0, min(1, last - time.monotonic())))
            except Empty:
                if not self.kernel.is_alive():
                    raise RuntimeError(
                        "the kernel died in this cell: it crashed, or was ended for its memory"
                    ) from None
                if time.monotonic() >= last:
                    raise
            else:
                self.look_at(message)
                return message

    def look_at(self, message):
        content = message["content"]
        place = content.get("transient", {}).get("display_id")
        picture = "image/png" in content.get("data", {})
        if message["msg_type"] in ("display_data", "execute_result"):
            self.places[place] = len(self.pictures)
            self.pictures.append(picture)
        elif message["msg_type"] == "update_display_data" and place in self.places:
            self.pictures[self.places[place]] = picture
