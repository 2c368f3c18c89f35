"""Do examples made for one network fool another? The tables of answers behind Tables 2 and 4."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from helpers.data import Dataset
from helpers.evaluation.perturbations import distortion
from helpers.evaluation.predictions import predict


@dataclass(frozen=True)
class Transfer:
    """The label that each of C networks gives to each of N images, in each of R rows.

    Attributes
    ----------
    rows : tuple of str
        What was done to the images: for Table 2, the network they were made for, or the noise.
    columns : tuple of str
        Names of the networks that answer.
    answers : Tensor, shape (R, C, N), int64
        Their answers.
    unperturbed : Tensor, shape (C, N), int64
        Their answers to the images as they were.
    labels : Tensor, shape (N,), int64
        True labels.
    distortion : Tensor, shape (R, N)
        Root mean square of each change.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    answers: Tensor
    unperturbed: Tensor
    labels: Tensor
    distortion: Tensor

    @property
    def wrong(self) -> Tensor:
        """Whether each answer is wrong, shape (R, C, N)."""
        return self.answers != self.labels

    @property
    def right_before(self) -> Tensor:
        """Whether each network is right about each unperturbed image, shape (C, N)."""
        return self.unperturbed == self.labels

    def error(self) -> Tensor:
        """Return the share of wrong answers over all images, as in the paper, shape (R, C)."""
        return self.wrong.double().mean(2)

    def error_where_right(self) -> Tensor:
        """Return the share over the images that a network reads correctly as they are, (R, C).

        nan where there is no such image.
        """
        right = self.right_before
        return (self.wrong & right).sum(2).double() / right.sum(1)

    def share_of_target(self, targets: Tensor) -> Tensor:
        """Return which share of the newly wrong answers is the target, shape (R, C).

        Parameters
        ----------
        targets : Tensor, shape (N,)
            The label that the attack asked for, for each image; on any device.

        Returns
        -------
        Tensor, shape (R, C)
            Counted where a network was right before and is wrong now; nan where it never is.
        """
        newly = self.wrong & self.right_before
        return (newly & (self.answers == targets.cpu())).sum(2).double() / newly.sum(2)


def transfer_table(
    rows: Iterable[tuple[str, Tensor]], networks: Mapping[str, nn.Module], dataset: Dataset
) -> Transfer:
    """Ask every network about every row of images: the experiment of Tables 2 and 4.

    Parameters
    ----------
    rows : iterable of (str, Tensor of shape (N, ...))
        A name and N perturbed images each. An iterator that makes them one row at a time keeps
        no more than one row in memory.
    networks : mapping of str to nn.Module
        The networks that answer, by name.
    dataset : Dataset
        The N images before they were perturbed, with their labels.

    Returns
    -------
    Transfer
        All answers.

    Raises
    ------
    ValueError
        If a row has not the shape of the images.
    """
    names, answers, sizes = [], [], []
    for name, images in rows:
        if images.shape != dataset.inputs.shape:
            raise ValueError(
                f"row {name!r} must have the shape of the images, "
                f"{tuple(dataset.inputs.shape)}, got {tuple(images.shape)}"
            )
        names.append(name)
        answers.append(_ask(networks, images))
        sizes.append(distortion(dataset.inputs, images).cpu())
    return Transfer(
        rows=tuple(names),
        columns=tuple(networks),
        answers=torch.stack(answers),
        unperturbed=_ask(networks, dataset.inputs),
        labels=dataset.labels.cpu(),
        distortion=torch.stack(sizes),
    )


def _ask(networks: Mapping[str, nn.Module], images: Tensor) -> Tensor:
    """Return the answer of each network to each image, on the CPU, shape (C, N)."""
    return torch.stack([predict(network, images) for network in networks.values()]).cpu()
