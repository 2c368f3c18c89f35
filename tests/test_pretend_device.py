"""The device of `tests.pretend_device` computes as the CPU does, and refuses what a GPU refuses."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from .examples import generator, uniform
from .pretend_device import THERE, pretend


@pytest.fixture
def there():
    with pretend() as device:
        yield device


@pytest.mark.usefixtures("there")
def test_numbers_go_there_and_come_back():
    x = uniform(2, 3)
    far = x.to(THERE)
    assert far.device == THERE
    assert x.device.type == "cpu"
    assert torch.equal(far.cpu(), x)
    assert far.tolist() == x.tolist()
    assert far[1, 2].item() == x[1, 2].item()
    assert f"{far[1, 2]:.3f}" == f"{x[1, 2]:.3f}"
    for made in (torch.tensor([1.5, 2], device=THERE), torch.as_tensor([1.5, 2], device=THERE)):
        assert made.device == THERE
        assert made.tolist() == [1.5, 2]


@pytest.mark.usefixtures("there")
def test_results_stay_there():
    far = uniform(2, 3).to(THERE)
    made = (far + 1, far.argmax(1), far > 0.5, far[:, 1:], torch.zeros(2, device=THERE))
    assert all(each.device == THERE for each in (*made, torch.zeros_like(far), far.new_ones(2)))


@pytest.mark.usefixtures("there")
def test_view_shares_its_numbers():
    far = torch.zeros(2, 2, device=THERE)
    far[1] += 1
    far.view(4)[0] = 5
    assert far.tolist() == [[5, 0], [1, 1]]


def rows():
    return torch.tensor([0, 1])


NUMBERS = torch.ones(2, 2)
REFUSED = {
    "sum": lambda far: far + NUMBERS,
    "sum, the other way round": lambda far: NUMBERS + far,
    "product": lambda far: far @ NUMBERS,
    "comparison": lambda far: far == NUMBERS,
    "one number of there": lambda far: NUMBERS + far.sum(),
    "into a number": lambda far: torch.zeros(()).add_(far.sum()),
    "numbers stacked": lambda far: torch.stack([far.sum(), torch.zeros(())]),
    "concatenation": lambda far: torch.cat([far, NUMBERS]),
    "gather": lambda far: far.gather(0, torch.zeros(2, 2, dtype=torch.long)),
    "rows of here": lambda far: NUMBERS[rows().to(THERE)],
    "value of here": lambda far: far.index_put_((rows(),), NUMBERS),
    "output": lambda far: torch.add(far, far, out=torch.zeros(2, 2)),
    "equal": lambda far: torch.equal(far, NUMBERS),
    "cross-entropy": lambda far: nn.functional.cross_entropy(far, rows()),
    "layer": lambda far: nn.Linear(2, 2)(far),
    "NumPy": lambda far: far.numpy(),
    "NumPy's function": lambda far: np.asarray(far),
    "generator": lambda far: torch.rand(2, generator=generator(), device=THERE),
    "generator in place": lambda far: far.normal_(generator=generator()),
}


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize("name", REFUSED)
def test_what_a_gpu_refuses_is_refused(name):
    far = torch.ones(2, 2, device=THERE)
    with pytest.raises((RuntimeError, TypeError), match=r"device|numpy"):
        REFUSED[name](far)


ALLOWED = {
    "a number": lambda far: far * torch.tensor(2.0),
    "filled with a number": lambda far: far.masked_fill(far > 0, torch.tensor(2.0)),
    "rows of here": lambda far: far[rows()],
    "mask of here": lambda far: far[rows() > 0],
    "copied": lambda far: far.clone().copy_(NUMBERS),
    "copied to here": lambda far: torch.zeros(2, 2).copy_(far),
}


@pytest.mark.usefixtures("there")
@pytest.mark.parametrize("name", ALLOWED)
def test_what_a_gpu_allows_is_allowed(name):
    far = torch.ones(2, 2, device=THERE)
    assert torch.equal(ALLOWED[name](far).cpu(), ALLOWED[name](far.cpu()))


@pytest.mark.usefixtures("there")
def test_network_is_trained_there_as_here():
    layers = nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)
    networks = nn.Sequential(*layers), copy.deepcopy(nn.Sequential(*layers)).to(THERE)
    x, labels = uniform(4, 1, 6, 6), torch.arange(4) % 3
    for network in networks:
        place = network[0].weight.device
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
        for _ in range(2):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(network(x.to(place)), labels.to(place))
            loss.backward()
            optimizer.step()
    here, far = (network.state_dict() for network in networks)
    assert all(value.device == THERE for value in far.values())
    assert all(torch.allclose(far[name].cpu(), here[name]) for name in here)
    assert copy.deepcopy(networks[1]).double()(x.double().to(THERE)).dtype == torch.double


def test_device_is_gone_afterwards():
    with pretend() as device:
        far = torch.ones(2, device=device)
    assert far.cpu().tolist() == [1, 1]
    assert torch.ones(2, device="meta").is_meta
    assert torch.ones(2).device.type == "cpu"
