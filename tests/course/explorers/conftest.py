"""Images and networks that several explorers are shown."""

import pytest
import torch

from helpers.data import Dataset

from ...examples import linear


@pytest.fixture(scope="module")
def digits():
    """Images of 6 × 6 pixels, each bright in the pixel that its label names."""
    inputs = torch.full((3, 1, 6, 6), 0.25)
    labels = torch.tensor([7, 0, 3])
    inputs.flatten(1)[torch.arange(3), labels] = 0.5
    return Dataset(inputs, labels, "bright pixels", "made here")


@pytest.fixture(scope="module")
def brightest():
    """The network that sees which of the first ten pixels is the brightest."""
    return linear(100 * torch.eye(10, 36), torch.zeros(10), torch.float32)


@pytest.fixture(scope="module")
def second():
    """The network that sees which of the first ten pixels is the darkest."""
    return linear(-100 * torch.eye(10, 36), torch.zeros(10), torch.float32)
