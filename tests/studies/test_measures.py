from dataclasses import replace

import pytest
import torch

from helpers import evaluation, models
from helpers.attack import closest_adversarial, random_targets
from helpers.bounds import certified
from helpers.spectral import lipschitz_bound
from helpers.studies.measures import held_out, measure, misread


@pytest.fixture(scope="module")
def model(tiny):
    return models.build("FC100-100-10", seed=3).eval()


def test_measure_is_what_its_parts_say(model, tiny):
    some = tiny[40:50]
    targets = random_targets(some.labels, generator=torch.Generator().manual_seed(0))
    found = measure(model, tiny[:40], tiny[40:], count=10, attack=closest_adversarial)
    own = closest_adversarial(model, some.inputs, targets)
    moved = own.success & (own.distortion > 0)
    assert found["failed"] == (~own.success).sum()
    assert found["distortion"] == pytest.approx(own.distortion[moved].mean().item())
    radii = certified(model, some.inputs, targets)[moved]
    assert found["certified"] == pytest.approx(radii.mean().item())
    for name, part in (("train_error", tiny[:40]), ("test_error", tiny[40:])):
        assert found[name] == evaluation.error_rate(model, part.inputs, part.labels)
    assert found["bound"] == pytest.approx(lipschitz_bound(model, (1, 28, 28)).item())


def test_image_that_has_its_target_counts_in_no_mean(model, tiny):
    some = tiny
    targets = random_targets(some.labels, generator=torch.Generator().manual_seed(0))
    already = evaluation.predict(model, some.inputs) == targets
    assert already.any()
    found = measure(model, tiny, tiny, count=100, attack=closest_adversarial)
    sizes = closest_adversarial(model, some.inputs, targets).distortion
    assert found["distortion"] == pytest.approx(sizes[~already].mean().item())


def test_attack_that_failed_counts_in_no_mean(model, tiny):
    def attack(model, inputs, targets):
        found = closest_adversarial(model, inputs, targets)
        failed = torch.arange(len(inputs)) % 2 == 0
        return replace(
            found,
            success=found.success & ~failed,
            distortion=found.distortion.masked_fill(failed, 9.0),  # what is not to be counted
        )

    found = measure(model, tiny, tiny, count=10, attack=attack)
    some = tiny[:10]
    targets = random_targets(some.labels, generator=torch.Generator().manual_seed(0))
    own = attack(model, some.inputs, targets)
    counted = own.success & (own.distortion > 0)
    assert found["failed"] == (~own.success).sum() >= 5
    assert found["distortion"] == pytest.approx(own.distortion[counted].mean().item())
    assert found["distortion"] < 1
    radii = certified(model, some.inputs, targets)[counted]
    assert found["certified"] == pytest.approx(radii.mean().item())


def test_last_sixth_is_held_out(tiny):
    shown, hidden = held_out(tiny)
    assert len(hidden) == len(tiny) // 6
    assert torch.equal(torch.cat([shown.inputs, hidden.inputs]), tiny.inputs)


def test_misread_are_the_numbers_of_the_images_with_another_label(model, tiny):
    right = model(tiny.inputs).argmax(1)
    labels = right.clone()
    labels[[1, 4]] = (labels[[1, 4]] + 1) % 10
    assert misread(model, replace(tiny, labels=labels)) == [1, 4]
