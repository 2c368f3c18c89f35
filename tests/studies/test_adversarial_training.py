"""The methods that chapter 9 compares: one start for all, and each does what its name says."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers import evaluation
from helpers.attack import pgd
from helpers.models import weight_layers
from helpers.studies import adversarial_training
from helpers.studies.layer_pools import PoolLoss, PoolSettings
from helpers.training import Recipe, batch_loss

SHORT = Recipe(epochs=2, batch_size=20, learning_rate=0.1, averaging=0.5)
POOLS = PoolSettings((0, 2), (0.5, 0.5), (0.2, 0.2), size=40)
pytestmark = pytest.mark.usefixtures("own_folder")


def weights(model):
    return [layer.weight for layer in weight_layers(model)]


def test_methods_of_one_activation_start_alike():
    methods = [
        adversarial_training.Method(),
        adversarial_training.Method(weight_decay=1.0, dropout=(0.1, 0.2, 0.3)),
        adversarial_training.Method(pools=POOLS),
    ]
    first, *others = (weights(adversarial_training.build_for(method, seed=3)) for method in methods)
    for other in others:
        assert all(torch.equal(one, same) for one, same in zip(first, other, strict=True))
    another = weights(adversarial_training.build_for(methods[0], seed=4))
    assert not torch.equal(first[0], another[0])


def test_building_leaves_the_global_generator_alone():
    state = torch.random.get_rng_state()
    adversarial_training.build_for(adversarial_training.Method(), seed=7)
    assert torch.equal(state, torch.random.get_rng_state())


def test_activation_and_dropout_are_where_they_should_be():
    model = adversarial_training.build_for(
        adversarial_training.Method("sigmoid", dropout=(0.2, 0.0, 0.5))
    )
    kinds = [type(layer) for layer in model]
    dense = [nn.Linear, nn.Sigmoid]
    assert kinds == [nn.Flatten, nn.Dropout, *dense, *dense, nn.Dropout, nn.Linear]
    assert [layer.p for layer in model if isinstance(layer, nn.Dropout)] == [0.2, 0.5]
    assert (
        sum(
            isinstance(layer, nn.ReLU)
            for layer in adversarial_training.build_for(adversarial_training.Method())
        )
        == 2
    )


def test_loss_with_gradients_is_the_mean_of_clean_and_changed(tiny):
    gradients = adversarial_training.Gradients(0.1, "2", 3, share=0.25)
    model = adversarial_training.build_for(adversarial_training.Method())
    loss = adversarial_training.loss_of(adversarial_training.Method(gradients=gradients))
    found = loss(model, tiny.inputs, tiny.labels)
    changed = pgd(model, tiny.inputs, tiny.labels, epsilon=0.1, norm="2", steps=3)
    parts = [functional.cross_entropy(model(x), tiny.labels) for x in (tiny.inputs, changed)]
    torch.testing.assert_close(found, 0.75 * parts[0] + 0.25 * parts[1])


def test_other_losses():
    assert adversarial_training.loss_of(adversarial_training.Method()) is batch_loss
    loss = adversarial_training.loss_of(adversarial_training.Method(pools=POOLS), seed=3)
    assert isinstance(loss, PoolLoss)
    assert loss.settings is POOLS


@pytest.mark.parametrize(
    "method",
    [
        adversarial_training.Method(),
        adversarial_training.Method(dropout=(0.1, 0.1, 0.1)),
        adversarial_training.Method(pools=POOLS),
        adversarial_training.Method("sigmoid", gradients=adversarial_training.Gradients(0.05)),
    ],
    ids=["plain", "dropout", "pools", "gradients"],
)
def test_network_depends_on_method_and_seed_only_and_is_kept(method, tiny, own_folder, monkeypatch):
    first = adversarial_training.trained_by(method, tiny, recipe=SHORT)
    assert not first.training
    with monkeypatch.context() as patched:
        patched.setattr(adversarial_training, "train", lambda *a, **k: pytest.fail("trained again"))
        kept = adversarial_training.trained_by(method, tiny, recipe=SHORT)
    for path in (own_folder / "trained").glob("*.safetensors"):
        path.unlink()
    torch.manual_seed(99)
    again = adversarial_training.trained_by(method, tiny, recipe=SHORT)
    for one, *same in zip(weights(first), weights(kept), weights(again), strict=True):
        assert all(torch.equal(one, other) for other in same)
    other = adversarial_training.trained_by(method, tiny, recipe=SHORT, seed=1)
    assert not torch.equal(weights(first)[0], weights(other)[0])


def test_every_setting_has_a_checkpoint_of_its_own(tiny, own_folder):
    methods = [
        adversarial_training.Method(),
        adversarial_training.Method(weight_decay=0.1),
        adversarial_training.Method(pools=POOLS),
        adversarial_training.Method(pools=replace(POOLS, length="mean")),
        adversarial_training.Method(gradients=adversarial_training.Gradients(0.1)),
    ]
    for method in methods:
        adversarial_training.trained_by(method, tiny, recipe=SHORT)
    adversarial_training.trained_by(methods[0], tiny, recipe=replace(SHORT, epochs=1))
    assert len(list((own_folder / "trained").glob("*.safetensors"))) == len(methods) + 1


def test_watch_sees_each_epoch(tiny):
    seen = []
    adversarial_training.trained_by(
        adversarial_training.Method(),
        tiny,
        recipe=SHORT,
        watch=lambda model: seen.append(model.training),
    )
    assert seen == [False] * SHORT.epochs


def test_trial_measures_and_is_resumed(tiny, monkeypatch):
    row = adversarial_training.trial(
        adversarial_training.Method(), tiny[:80], tiny[80:], recipe=SHORT
    )
    model = adversarial_training.trained_by(adversarial_training.Method(), tiny[:80], recipe=SHORT)
    assert row["error"] == evaluation.error_rate(model, tiny.inputs[80:], tiny.labels[80:])
    assert row["train_error"] == evaluation.error_rate(model, tiny.inputs[:80], tiny.labels[:80])
    with torch.no_grad():
        loss = functional.cross_entropy(model(tiny.inputs[80:]), tiny.labels[80:])
    assert row["loss"] == pytest.approx(loss.item())
    assert row["seconds"] > 0
    monkeypatch.setattr(
        adversarial_training, "trained_by", lambda *a, **k: pytest.fail("measured again")
    )
    assert (
        adversarial_training.trial(
            adversarial_training.Method(), tiny[:80], tiny[80:], recipe=SHORT
        )
        == row
    )
