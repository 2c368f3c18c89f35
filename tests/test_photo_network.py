import torch
from torch import nn

from helpers import photo_network, photographs
from helpers.checkpoints import SHIPPED
from helpers.evaluation import error_rate
from helpers.photo_network import PhotoRecipe, build, train, trained


def test_shape_is_alexnets():
    model = build()
    kinds = [type(m) for m in model if isinstance(m, nn.Conv2d | nn.Linear)]
    assert kinds == 5 * [nn.Conv2d] + 3 * [nn.Linear]
    assert model(torch.rand(2, 3, 64, 64)).shape == (2, len(photographs.CLASSES))
    assert not model.training


def test_build_leaves_the_global_random_state_alone():
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    first, other = build(1), build(2)
    assert torch.equal(torch.rand(3), expected)
    assert not torch.equal(first[1].weight, other[1].weight)
    assert torch.equal(first[1].weight, build(1)[1].weight)


def test_shipped_network_recognises_unseen_parts(monkeypatch, tmp_path):
    def forbidden(*arguments, **options):
        raise AssertionError("there is no checkpoint for this network")

    monkeypatch.setattr(photo_network, "train", forbidden)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    model = trained()
    assert not model.training
    unseen = photographs.photos("test", each=3, seed=9)
    assert error_rate(model, unseen.inputs, unseen.labels) < 0.3
    assert error_rate(build(), unseen.inputs, unseen.labels) > 0.7
    (file,) = SHIPPED.glob("small_AlexNet.*.safetensors")
    assert file.stat().st_size < 1.5e6


def test_training_uses_the_training_parts_and_lowers_the_loss(monkeypatch):
    asked = set()
    original = photographs.crops

    def noted(labels, split, **options):
        asked.add(split)
        return original(labels, split, **options)

    monkeypatch.setattr(photographs, "crops", noted)
    dataset = photographs.photos("train", each=1)
    asked.clear()

    def loss(model):
        with torch.no_grad():
            return nn.functional.cross_entropy(model(dataset.inputs), dataset.labels)

    model = build()
    before = loss(model)
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    train(model, recipe=PhotoRecipe(steps=12, batch_size=16))
    assert torch.equal(torch.rand(2), expected)
    assert not model.training
    assert asked == {"train"}
    assert loss(model) < before
