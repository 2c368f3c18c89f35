"""What every attack accepts and refuses, whatever its method."""

import pytest
import torch
from torch import nn

from helpers import attack
from helpers.attack.entry import check_attack

ATTACKS = {
    "minimal": attack.minimal_adversarial,
    "penalised": lambda model, x, t: attack.penalised_adversarial(model, x, t, 1.0),
    "closest": attack.closest_adversarial,
}
TARGETS = torch.tensor([1, 2, 0])


def softmax(seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Flatten(), nn.Linear(9, 3)).eval()


def images():
    return torch.rand(3, 1, 3, 3, generator=torch.Generator().manual_seed(1))


@pytest.fixture(params=ATTACKS)
def run(request):
    return ATTACKS[request.param]


class Wrapped(nn.Module):
    """A network whose answers come in another form."""

    def __init__(self, form):
        super().__init__()
        self.network, self.form = softmax(), form

    def forward(self, x):
        return self.form(self.network(x))


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda m, x, t: (lambda x: m(x), x, t), TypeError, "model must be an nn.Module, got func"),
        (lambda m, x, t: (m, x.tolist(), t), TypeError, "inputs must be a tensor, got list"),
        (lambda m, x, t: (m, x, t.tolist()), TypeError, "targets must be a tensor, got list"),
        (lambda m, x, t: (m.half(), x.half(), t), ValueError, "inputs must be float32 or float64"),
        (
            lambda m, x, t: (m.bfloat16(), x.bfloat16(), t),
            ValueError,
            "inputs must be float32 or float64, got torch.bfloat16",
        ),
        (
            lambda m, x, t: (Wrapped(lambda z: (z, z)).eval(), x, t),
            ValueError,
            "model must give a tensor, got tuple",
        ),
        (
            lambda m, x, t: (Wrapped(lambda z: z[:, :, None, None]).eval(), x, t),
            ValueError,
            r"model must give logits of shape \(1, K\), got \(1, 3, 1, 1\)",
        ),
    ],
)
def test_what_no_attack_can_work_with_is_refused(run, spoil, error, message):
    with pytest.raises(error, match=message):
        run(*spoil(softmax(), images(), TARGETS))


def test_part_in_training_mode_is_refused_and_its_statistics_stay(run):
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(18, 3))
    model.eval()
    model[1].train()
    before = model[1].running_mean.clone()
    with pytest.raises(ValueError, match="model has a part, '1', in training mode"):
        run(model, images(), TARGETS)
    assert torch.equal(model[1].running_mean, before)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_gradients_flow_wherever_the_attack_is_called(run, mode):
    model, expected = softmax(), run(softmax(), images(), TARGETS)
    with mode():
        found = run(model, images(), TARGETS + 0)
    assert torch.equal(found.adversarial, expected.adversarial)
    assert not found.adversarial.is_inference()


def test_images_with_a_history_are_attacked_without_it(run):
    expected = run(softmax(), images(), TARGETS)
    found = run(softmax(), images().requires_grad_(), TARGETS)
    assert torch.equal(found.adversarial, expected.adversarial)
    assert not found.adversarial.requires_grad


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_quick_attacks_work_without_gradients_too(mode):
    model, x = softmax(), images()
    expected = attack.pgd(model, x, TARGETS, epsilon=0.1)
    with mode():
        assert torch.equal(attack.pgd(model, images(), TARGETS, epsilon=0.1), expected)
        attack.targeted_deepfool(model, images(), TARGETS)


@pytest.mark.parametrize("box", [(0.5, 0.5), (1, 0)])
def test_box_without_room_is_refused(box):
    with pytest.raises(ValueError, match=r"box must be \(lower, upper\) with lower < upper, got"):
        attack.closest_adversarial(softmax(), images(), TARGETS, box=box)


def test_images_are_between_0_and_1_unless_said():
    model, x = softmax(), images()
    check_attack(model, x.round(), TARGETS)
    check_attack(model, 3 * x - 1, TARGETS, box=(-1.0, 2.0))
    for outside in (x + 0.5, x - 0.5):
        with pytest.raises(ValueError, match=r"inputs must be in \[0, 1\]; got values from"):
            check_attack(model, outside, TARGETS)
