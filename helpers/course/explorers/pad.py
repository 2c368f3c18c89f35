"""A pad to draw a digit on, which networks read while it is drawn.

The pixels come from the page as a message and the answer goes back as another: a synchronised
trait with bytes gets through once and then counts as unchanged. One message is on its way at a
time, and the page sends the last drawing when the answer is there.
"""

import functools
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from helpers import data
from helpers.attack import closest_adversarial
from helpers.course.explorers._drawing import SIDE, centred, coloured, grey, keep, last_kept
from helpers.course.explorers._panels import Picture
from helpers.course.explorers._parts import readings
from helpers.course.explorers._sheet import Sheet
from helpers.course.explorers.introduction import adversarial_digit
from helpers.course.widget_output import show_widget
from helpers.evaluation import predict

HERE = Path(__file__)
TOLD = "The pad needs the package anywidget (pip install anywidget). Until then: a test digit."


def can_be_made() -> bool:
    """Return whether the package is there that the pad needs."""
    return importlib.util.find_spec("anywidget") is not None


def drawing_pad(networks: Mapping[str, nn.Module], dataset: data.Dataset):
    """Draw a digit, see what several networks read, and what makes one of them read another.

    Parameters
    ----------
    networks : mapping of str to nn.Module
        The networks, by name, on images of 28 × 28 pixels; the first is the first to be attacked.
    dataset : Dataset
        Images to choose from where there can be no pad.

    Returns
    -------
    Pad or PanelExplorer
        The pad; without anywidget the explorer of the first network, with images of the data set.
    """
    if not can_be_made():
        print(TOLD)
        return adversarial_digit(next(iter(networks.values())), dataset)
    image = dataset.inputs[:1]
    table = readings(networks, image, None)
    picture = Picture(pixels=image[0, 0], title="a test digit, not drawn", size=(3.0, 3.0))
    seen = ", ".join(
        f"{name} {label}" for name, label in zip(networks, table.words.values(), strict=True)
    )
    alt = (
        f"A pad to draw a digit on. Without a kernel, a test digit and what is read in it: {seen}."
    )
    static = Sheet().png([[picture, table]])
    return Pad(Reading(networks), names=list(networks), static=static, alt=alt)


def plain_pad(changed: Callable[[], None]) -> "Pad":
    """Return a pad alone, for an explorer that is told of each change."""

    def look(image: Tensor, wish: dict) -> tuple[dict, list]:
        changed()
        return {}, []

    return Pad(look)


class Pad:
    """A pad and the image on it.

    Parameters
    ----------
    look : callable
        ``look(image, wish)`` answers a drawing, an image of shape (1, 1, 28, 28); ``wish`` has
        the label ``target`` that is asked for, or None, and the ``network`` to be attacked. It
        returns what the page is told, and pictures (H, W, 4) of bytes.
    names : list of str
        Networks to choose from.
    static : bytes
        A PNG picture for pages without a kernel.
    alt : str
        Its alternative text.

    Attributes
    ----------
    image : Tensor, shape (1, 1, 28, 28)
        What is drawn, centred as MNIST is; at first what was kept last.
    kept : list of Tensor
        What was kept since the pad was made.
    widget : anywidget.AnyWidget
        What is shown.
    """

    def __init__(
        self,
        look: Callable[[Tensor, dict], tuple[dict, list]],
        *,
        names: Sequence[str] = (),
        static: bytes = b"",
        alt: str = "",
    ):
        self.look, self.static, self.alt, self.kept = look, static, alt, []
        start = last_kept()
        self.image = centred(start)[None, None]
        self.widget = _class()(names=list(names), start=(255 * start).round().int().tolist())
        self.widget.on_msg(self._hear)

    def draw(self, pixels: Tensor, *, target: int | None = None, network: str = "") -> dict:
        """Draw as the reader does, pixels (28, 28) in [0, 1]; return what the page is told."""
        self.image = centred(pixels)[None, None]
        told, pictures = self.look(self.image, {"target": target, "network": network})
        pictures = [grey(self.image[0, 0]), *pictures]
        self.widget.send(told, [picture.tobytes() for picture in pictures])
        return told

    def keep(self) -> None:
        """Keep the image, here and in the data folder, where the other chapters find it."""
        self.kept.append(self.image.clone())
        keep(self.image[0, 0])

    def _hear(self, widget, content: dict, buffers: list) -> None:
        if content["kind"] == "keep":
            self.keep()
            return
        pixels = torch.frombuffer(bytearray(buffers[0]), dtype=torch.uint8).view(SIDE, SIDE) / 255
        self.draw(pixels, target=content["target"], network=content["network"])

    def _ipython_display_(self) -> None:
        show_widget(self.widget, alt=self.alt, png=self.static)


class Reading:
    """What several networks read in a drawing, and the smallest change of it for one of them."""

    def __init__(self, networks: Mapping[str, nn.Module]):
        self.networks = networks
        self.device = next(next(iter(networks.values())).parameters()).device

    def __call__(self, image: Tensor, wish: dict) -> tuple[dict, list[np.ndarray]]:
        """Return what the page is told of an image, and pictures, as `Pad` asks for them."""
        x = image.to(self.device)
        if not x.any():
            return {"rows": [], "text": "Draw a digit."}, []
        rows = self._rows(x)
        said = ", ".join(f"{row['name']} sees {row['label']}" for row in rows)
        if wish["target"] is None:
            return {"rows": rows, "text": f"{said}."}, []
        network, target = self.networks[wish["network"]], wish["target"]
        found = closest_adversarial(network, x, torch.tensor([target], device=self.device))
        after = [predict(one, found.adversarial).item() for one in self.networks.values()]
        for row, label in zip(rows, after, strict=True):
            row["after"] = label
        change = found.adversarial - x
        text = (
            f"{said}. The smallest change that makes {wish['network']} see {target} has the "
            f"distortion {found.distortion.item():.3f}; of the changed image they read "
            f"{', '.join(map(str, after))}."
        )
        if not found.success.item():
            text = f"{said}. No change was found that makes {wish['network']} see {target}."
        return {"rows": rows, "text": text}, [
            coloured(change[0, 0]),
            grey(found.adversarial[0, 0]),
        ]

    @torch.no_grad()
    def _rows(self, x: Tensor) -> list[dict]:
        rows = []
        for name, network in self.networks.items():
            shares = network(x).softmax(1)[0]
            label = shares.argmax().item()
            rows.append({"name": name, "label": label, "share": shares[label].item()})
        return rows


@functools.cache
def _class() -> type:
    """Return the widget's class; anywidget is imported only where a pad is made."""
    import anywidget
    import traitlets

    class DrawingPad(anywidget.AnyWidget):
        _esm = HERE.with_suffix(".js")
        _css = HERE.with_suffix(".css")
        names = traitlets.List().tag(sync=True)  # networks; none: the pad alone
        start = traitlets.List().tag(sync=True)  # rows of grey values from 0 to 255

    return DrawingPad
