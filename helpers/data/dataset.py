"""Images in [0, 1] with labels, and where they came from."""

import functools
import hashlib
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled images together with their provenance.

    Attributes
    ----------
    inputs : Tensor, shape (N, C, H, W)
        Pixels in [0, 1], float32.
    labels : Tensor, shape (N,)
        Class indices, int64.
    name : str
        Short name of the data, such as ``"MNIST"``; part of file names.
    source : str
        Where the images came from, in words; printed beside figures and tables.
    """

    inputs: Tensor
    labels: Tensor
    name: str
    source: str

    def __post_init__(self):
        """Refuse images and labels that do not belong together."""
        if self.inputs.ndim != 4 or self.labels.shape != self.inputs.shape[:1]:
            raise ValueError(
                "inputs must have shape (N, C, H, W) and labels shape (N,), "
                f"got {tuple(self.inputs.shape)} and {tuple(self.labels.shape)}"
            )

    def __len__(self):
        """Return the number of images, N."""
        return len(self.labels)

    def __getitem__(self, rows) -> "Dataset":
        """Return the images at `rows` (a slice, mask or index tensor) as a Dataset."""
        labels = self.labels[rows]
        source = f"{len(labels):,} of {self.source}"
        return replace(self, inputs=self.inputs[rows], labels=labels, source=source)

    def to(self, device) -> "Dataset":
        """Return the same images on another `device`."""
        return replace(self, inputs=self.inputs.to(device), labels=self.labels.to(device))

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of pixels and labels: changes when a single pixel does."""
        content = hashlib.sha256(str(tuple(self.inputs.shape)).encode())
        for tensor in (self.inputs, self.labels):
            content.update(tensor.cpu().contiguous().numpy().data)
        return content.hexdigest()


def disjoint_halves(dataset: Dataset, *, seed: int = 0) -> tuple[Dataset, Dataset]:
    """Split a data set at random into the paper's P1 and P2 (section 4.2).

    Parameters
    ----------
    dataset : Dataset
        The N images to split.
    seed : int
        Seed of the random permutation.

    Returns
    -------
    tuple of Dataset
        N // 2 images and the other N − N // 2, named ``"… P1"`` and ``"… P2"``.
    """
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))
    rows = order[: len(dataset) // 2], order[len(dataset) // 2 :]
    return tuple(
        replace(dataset[part], name=f"{dataset.name} {p}", source=f"half {p} of {dataset.source}")
        for p, part in zip(("P1", "P2"), rows, strict=True)
    )
