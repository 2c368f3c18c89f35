import numpy as np
import torch
from scipy.optimize import approx_fprime
from scipy.special import logsumexp
from torch import nn

from helpers import models
from helpers.attack.margins import ROUNDING, scale_of_margins, smooth_margin_gradient


def test_margins_and_gradient_are_those_of_the_formula():
    with models.seeded(0):
        model = nn.Sequential(nn.Linear(6, 5), nn.Sigmoid(), nn.Linear(5, 4)).double().eval()
    images = torch.rand(3, 6, generator=torch.Generator().manual_seed(1)).double()
    targets, temperature = torch.tensor([2, 0, 3]), torch.tensor([0.3, 0.01, 2.0]).double()
    margin, smooth, gradient = smooth_margin_gradient(model, images, targets, temperature)
    for row, (image, target) in enumerate(zip(images.numpy(), targets.tolist(), strict=True)):
        tau = temperature[row].item()

        def split(pixels, target=target):
            with torch.no_grad():
                logits = model(torch.as_tensor(pixels)[None])[0].numpy()
            return logits[target], np.delete(logits, target)

        def m(pixels, split=split, tau=tau):
            own, rivals = split(pixels)
            return own - tau * logsumexp(rivals / tau)

        own, rivals = split(image)
        assert np.isclose(margin[row].item(), own - rivals.max(), rtol=1e-12)
        assert np.isclose(smooth[row].item(), m(image), rtol=1e-12)
        expected = approx_fprime(image, m, 1e-7)
        np.testing.assert_allclose(gradient[row].numpy(), expected, rtol=1e-4, atol=1e-6)


def test_gradient_is_the_nearest_rivals_where_the_temperature_is_tiny():
    model = nn.Sequential(nn.Linear(3, 3)).eval()
    model[0].weight.data, model[0].bias.data = torch.eye(3), torch.zeros(3)
    images = torch.tensor([[1.0, 3.0, 2.0]])
    tiny = torch.tensor([1e-30])
    margin, smooth, gradient = smooth_margin_gradient(model, images, torch.tensor([0]), tiny)
    assert margin.tolist() == smooth.tolist() == [-2]
    assert gradient.tolist() == [[1, -1, 0]]


def test_scale_is_twice_what_is_lacking_or_the_range_of_the_logits():
    logits = torch.tensor([[0.0, 1, 4], [3, 2, -8], [5, 1, 0], [0, 0, 0]])
    found = scale_of_margins(nn.Identity(), logits, torch.tensor([0, 1, 0, 1]))
    rounding = ROUNDING * 5 * torch.finfo(torch.float32).eps  # nothing is lacking
    torch.testing.assert_close(found, torch.tensor([4, 2, rounding, 1]))
