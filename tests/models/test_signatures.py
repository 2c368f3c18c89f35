import json

import pytest
import torch
from torch import nn
from torchvision.models import squeezenet1_0

from helpers import models
from helpers.models import quocnet


@pytest.mark.parametrize("kind", [quocnet.LocalContrastNormalisation, quocnet.LocalFilters])
def test_renamed_class_leaves_the_signature_as_it_is(kind):
    network = models.build_quocnet((1, 32, 32), (models.Stage(16, 6, 2, 3, 2),))
    before, name = models.signature(network), kind.__name__
    try:
        kind.__name__ = "AnotherName"
        assert "AnotherName" in repr(network)
        assert models.signature(network) == before
    finally:
        kind.__name__ = name


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (nn.Linear(3, 2), nn.Linear(2, 2)),
        (nn.Sigmoid(), nn.ReLU()),
        (nn.Conv2d(1, 2, 3), nn.Conv2d(1, 2, 3, stride=2)),
        (nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3, groups=2)),
        (nn.Dropout(0.1), nn.Dropout(0.2)),
        (nn.MaxPool2d(2), nn.MaxPool2d(2, 1)),
        (models.ContrastNormalisation(1, 0.5), models.ContrastNormalisation(1, 1)),
        (nn.LeakyReLU(0.1), nn.LeakyReLU(0.2)),  # has no word of its own
    ],
)
def test_what_computes_something_else_has_another_signature(first, second):
    first, second = nn.Sequential(nn.Flatten(), first), nn.Sequential(nn.Flatten(), second)
    assert models.signature(first) != models.signature(second)


def test_weights_make_no_difference():
    first, second = (models.build("FC100-100-10", seed=seed) for seed in (0, 1))
    assert models.signature(first) == models.signature(second)


def test_parts_of_any_network_are_told():
    network = squeezenet1_0(num_classes=3)
    text = json.dumps(models.signature(network))
    assert text.count('"convolution"') == sum(isinstance(m, nn.Conv2d) for m in network.modules())


@pytest.mark.parametrize("name", list(models.ARCHITECTURES))
def test_signature_of_a_papers_network_can_be_written_down(name):
    found = models.signature(models.build(name))
    assert json.loads(json.dumps(found)) == json.loads(json.dumps(found))
    assert len(found) == len(models.build(name))


def test_seeded_draws_the_same_and_leaves_the_global_state():
    state = torch.random.get_rng_state()
    with models.seeded(3):
        first = torch.rand(4)
    with models.seeded(3):
        again = torch.rand(4)
    assert torch.equal(first, again)
    assert torch.equal(state, torch.random.get_rng_state())
