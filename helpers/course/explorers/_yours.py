"""The image of an explorer: one of a data set, or one that the reader draws."""

from collections.abc import Callable

import ipywidgets
import torch
from torch import Tensor

from helpers.course.explorers import pad
from helpers.course.explorers._panels import Picture
from helpers.course.explorers._parts import which_image
from helpers.course.explorers._sheet import Rows
from helpers.data import Dataset


class Yours:
    """A button that opens a pad, on which the reader draws an image; made when it is asked for.

    Attributes
    ----------
    button : ipywidgets.ToggleButton
        The control ``own``; hidden where there can be no pad.
    place : ipywidgets.VBox
        Where the pad is shown.
    tell : callable
        Called without arguments when something else was drawn.
    """

    def __init__(self, offered: bool = True):
        self.place = ipywidgets.VBox()
        self.pad: pad.Pad | None = None
        self.tell: Callable[[], object] = lambda: None
        self.button = ipywidgets.ToggleButton(
            False, description="your image", tooltip="Draw an image of your own"
        )
        self.button.layout.margin = "2px 0 2px 8rem"  # under the sliders
        self.offered = offered and pad.can_be_made()
        if not self.offered:
            self.button.layout.display = "none"
        self.button.observe(self._open, names="value")  # before the explorer looks

    def image(self) -> Tensor:
        """Return the image, shape (1, 1, 28, 28); a blank one before there is a pad."""
        return torch.zeros(1, 1, pad.SIDE, pad.SIDE) if self.pad is None else self.pad.image

    def _open(self, change) -> None:
        if change["new"] and self.pad is None and self.offered:
            self.pad = pad.plain_pad(lambda: self.tell())
        self.place.children = [self.pad.widget] if change["new"] and self.pad else []


class Images(Yours):
    """Images to choose from, and one that the reader draws if theirs have the size of the pad.

    Parameters
    ----------
    dataset : Dataset
        Images of shape (N, 1, H, W).
    """

    def __init__(self, dataset: Dataset):
        super().__init__(tuple(dataset.inputs.shape[2:]) == (pad.SIDE, pad.SIDE))
        self.dataset = dataset

    def controls(self) -> dict[str, ipywidgets.Widget]:
        """Return the controls ``image`` and ``own``: whether the reader's own one is shown."""
        return {"image": which_image(len(self.dataset)), "own": self.button}

    def chosen(self, image: int, own: bool) -> tuple[Tensor, int | None]:
        """Return the image, shape (1, 1, H, W), and its label; None for the reader's own."""
        if own and self.offered:
            return self.image().to(self.dataset.inputs), None
        return self.dataset.inputs[image : image + 1], self.dataset.labels[image].item()

    def is_blank(self, own: bool) -> bool:
        """Return whether the reader's own image is asked for, and nothing is drawn yet."""
        return own and self.offered and not self.image().any()

    def prompt(self) -> tuple[str, Rows]:
        """Return what an explorer then shows."""
        return "draw a digit on the pad", [[Picture(pixels=self.image()[0, 0], title="yours")]]
