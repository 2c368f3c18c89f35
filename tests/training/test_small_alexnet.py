import torch
from torch import nn

from helpers import data
from helpers.data import SHIPPED
from helpers.evaluation import error_rate
from helpers.training import (
    build_small_alexnet,
    small_alexnet,
    train_small_alexnet,
    trained_small_alexnet,
)
from helpers.training.small_alexnet import PhotoRecipe


def test_shape_is_alexnets():
    model = build_small_alexnet()
    kinds = [type(m) for m in model if isinstance(m, nn.Conv2d | nn.Linear)]
    assert kinds == 5 * [nn.Conv2d] + 3 * [nn.Linear]
    assert model(torch.rand(2, 3, 64, 64)).shape == (2, len(data.PHOTOGRAPH_CLASSES))
    assert not model.training


def test_build_leaves_the_global_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    first, other = build_small_alexnet(1), build_small_alexnet(2)
    assert torch.equal(torch.rand(3), expected)
    assert not torch.equal(first[1].weight, other[1].weight)
    assert torch.equal(first[1].weight, build_small_alexnet(1)[1].weight)


def test_shipped_network_recognises_unseen_parts(monkeypatch, tmp_path):
    def forbidden(*arguments, **options):
        raise AssertionError("there is no checkpoint for this network")

    monkeypatch.setattr(small_alexnet, "train_small_alexnet", forbidden)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    model = trained_small_alexnet()
    assert not model.training
    unseen = data.photos("test", each=3, seed=9)
    assert error_rate(model, unseen.inputs, unseen.labels) < 0.3
    assert error_rate(build_small_alexnet(), unseen.inputs, unseen.labels) > 0.7
    (file,) = SHIPPED.glob("small_AlexNet.*.safetensors")
    assert file.stat().st_size < 1.5e6


def test_training_uses_the_training_parts_and_lowers_the_loss(monkeypatch):
    asked = set()
    original = data.crops

    def noted(labels, split, **options):
        asked.add(split)
        return original(labels, split, **options)

    monkeypatch.setattr(data, "crops", noted)
    monkeypatch.setattr("helpers.data.photographs.crops", noted)
    dataset = data.photos("train", each=1)
    asked.clear()

    def loss(model):
        with torch.no_grad():
            return nn.functional.cross_entropy(model(dataset.inputs), dataset.labels)

    model = build_small_alexnet()
    before = loss(model)
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    train_small_alexnet(model, recipe=PhotoRecipe(steps=12, batch_size=16))
    assert torch.equal(torch.rand(2), expected)
    assert not model.training
    assert asked == {"train"}
    assert loss(model) < before
