import pytest
import torch
from torch import nn

from helpers.models import Residual
from helpers.spectral import block_constants, lipschitz_bound


def small(seed=0):
    """A network with the kinds of layers of EfficientNet-Lite0, in float64."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        body = nn.Sequential(
            *[nn.Conv2d(3, 6, 1), nn.ReLU6(), nn.Conv2d(6, 6, 3, padding=1, groups=6), nn.ReLU6()],
            nn.Conv2d(6, 3, 1),
        )
        down = nn.Sequential(
            nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 3, 3, 2, groups=3), nn.ReLU6()
        )
        return nn.Sequential(Residual(body), down, nn.Flatten(), nn.Linear(48, 5)).double().eval()


def dense(layer, shape):
    """The matrix of a linear layer, without its bias, column by column."""
    basis = torch.eye(torch.Size(shape).numel(), dtype=torch.double).view(-1, *shape)
    with torch.no_grad():
        return (layer(basis) - layer(torch.zeros_like(basis))).flatten(1).T


def test_bounds_by_hand():
    model = small()
    blocks = block_constants(model, (3, 8, 8))
    assert [one.name for one in blocks] == ["0", "1", "2", "3"]
    body = model[0].body
    shapes = {0: (3, 8, 8), 2: (6, 8, 8), 4: (6, 8, 8)}
    norms = {k: torch.linalg.matrix_norm(dense(body[k], shapes[k]), 2).item() for k in shapes}
    found = [one.bound.item() for one in blocks[0].layers]
    assert len(found) == 5
    assert found[0] == pytest.approx(norms[0])  # kernels of one pixel: exact
    assert norms[2] <= found[2] <= 1.1 * norms[2]  # wrap-around on an enlarged grid: from above
    assert found[4] == pytest.approx(norms[4])
    assert found[1] == found[3] == 1
    assert blocks[0].bound.item() == pytest.approx(1 + found[0] * found[2] * found[4])
    padded = torch.linalg.matrix_norm(dense(nn.Sequential(*model[1][:2]), (3, 8, 8)), 2).item()
    assert padded <= blocks[1].bound.item() <= 1.2 * padded
    product = torch.stack([one.bound for one in blocks]).prod().item()
    assert lipschitz_bound(model, (3, 8, 8)).item() == pytest.approx(product)


def test_depthwise_bound_is_the_largest_of_its_channels():
    conv = nn.Conv2d(4, 4, 5, stride=2, padding=2, groups=4, bias=False).double()
    (block,) = block_constants(nn.Sequential(conv), (4, 9, 9))
    single = nn.Conv2d(1, 1, 5, stride=2, padding=2, bias=False).double()
    each = []
    for kernel in conv.weight.detach():
        single.weight.data = kernel[None]
        each.append(block_constants(nn.Sequential(single), (1, 9, 9))[0].bound.item())
    assert block.bound.item() == pytest.approx(max(each))


def test_no_pair_of_images_beats_a_residual_block():
    generator = torch.Generator().manual_seed(1)
    model = small(2)[:1]
    bound = block_constants(model, (3, 8, 8))[0].bound
    x, r = torch.randn(2, 200, 3, 8, 8, generator=generator, dtype=torch.double)
    with torch.no_grad():
        slope = (model(x + 0.1 * r) - model(x)).flatten(1).norm(dim=1) / (0.1 * r).flatten(1).norm(
            dim=1
        )
    assert 0 < slope.max() <= bound


@pytest.mark.parametrize("inside", [True, False])
def test_block_without_a_bound_is_refused_by_name(inside):
    layer = nn.GELU()
    model = nn.Sequential(nn.Identity(), Residual(nn.Sequential(layer)) if inside else layer)
    with pytest.raises(ValueError, match=r"^layer must be a block whose .*; got GELU$"):
        block_constants(model, (3, 4, 4))
