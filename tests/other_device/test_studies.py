"""The studies, at their smallest, find the same on another device as on the CPU."""

import pytest
import torch

from helpers import models
from helpers.attack import closest_adversarial
from helpers.studies import (
    adversarial_training,
    layer_pools,
    measures,
    pool_comparison,
    robust_training,
    spectral_penalty,
)
from helpers.training import Recipe

from ..pretend_device import pretend
from .things import plain, same

SHORT = Recipe(epochs=1, batch_size=25, learning_rate=0.1, averaging=0.5)


def _trial(images, **settings):
    method = adversarial_training.Method(**settings)
    found = adversarial_training.trial(method, images, images[:12], recipe=SHORT)
    return {name: value for name, value in found.items() if name != "seconds"}


def _pools(images):
    pools = layer_pools.PoolSettings((0, 1), (0.5, 1.0), (0.2, 0.2), target="random", size=30)
    return _trial(images, pools=pools)


def _sweep(images):
    options = {"strengths": (0.0, 0.1), "seeds": (0,), "count": 3, "recipe": SHORT}
    return spectral_penalty.sweep("FC100-100-10", images, images[:12], **options)


def _network(images, seed):
    return models.build("FC10(1)", seed=seed).to(images.inputs.device).eval()


STUDIES = {
    "dropout": lambda images: _trial(images, dropout=(0.1, 0.1, 0.1)),
    "gradients": lambda images: _trial(
        images, gradients=adversarial_training.Gradients(1.0, "2", steps=2)
    ),
    "pools": _pools,
    "penalty": _sweep,
    "training against PGD": lambda images: robust_training.train_against(
        _network(images, 0), images, rms=0.05, steps=2, epochs=1
    ),
    "measures": lambda images: measures.measure(
        _network(images, 0), images, images[:12], count=4, attack=closest_adversarial
    ),
    "transfer": lambda images: pool_comparison.transfer_error(
        _network(images, 0), _network(images, 1), images[:12]
    ),
}


@pytest.mark.parametrize("name", STUDIES)
@pytest.mark.usefixtures("own_folder")
def test_study_finds_the_same_on_another_device(name, tiny, monkeypatch, tmp_path):
    here = plain(STUDIES[name](tiny))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "there"))  # nothing kept here is read
    with pretend() as device:
        there = plain(STUDIES[name](tiny.to(device)))
    assert same(here, there)


@pytest.mark.gpu
@pytest.mark.usefixtures("own_folder")
def test_studies_all_run_on_the_gpu(tiny):
    for study in STUDIES.values():
        study(tiny.to(torch.device("cuda")))
