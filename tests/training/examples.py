"""A small data set, a small network for it, and recipes that are soon done."""

import torch
from torch import nn

from helpers.data import Dataset
from helpers.training import Recipe
from helpers.training.autoencoder import AutoencoderRecipe

FORMS = ["half", "per unit"]
QUICK = Recipe(epochs=10, batch_size=8, learning_rate=0.1, averaging=0.9)
SPARSE = AutoencoderRecipe(epochs=30, batch_size=20, learning_rate=1e-2, active_share=0.2)


def made_up(count=40, *, side=4, seed=0, dtype=torch.float32):
    """Return noisy images of three classes, each bright in a row of its own."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    inputs = 0.6 * torch.rand(count, 1, side, side, generator=generator, dtype=dtype)
    inputs[torch.arange(count), 0, labels] += 0.4
    return Dataset(inputs, labels, "made up", "made here")


def network(*, dtype=torch.float32, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = nn.Flatten(), nn.Linear(16, 6), nn.Sigmoid(), nn.Linear(6, 3)
        return nn.Sequential(*layers).to(dtype)


def cross_entropy(model, dataset):
    """Mean of −log softmax at the label, in the words of its definition."""
    logits = model(dataset.inputs)
    true = logits[torch.arange(len(dataset)), dataset.labels]
    return (logits.exp().sum(1).log() - true).mean()


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)
