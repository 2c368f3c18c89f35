"""The exercises of chapter 1: right answers and typical mistakes."""

import torch

from helpers.course import checks

from .shared import EveryCheck, each, rms


def exact_noise(x, size):
    noise = torch.randn_like(x)
    return x + size * noise / each(rms(noise))


def always_the_same_noise(x, size):
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    return x + size * noise / each(rms(noise))


def spread_with_a_peak(x, size):
    noise = torch.distributions.Laplace(0.0, 1.0).sample(x.shape)  # its fourth moment is 6
    return x + size * noise / each(rms(noise))


def spread_evenly(x, size):
    noise = 2 * torch.rand_like(x) - 1
    return x + size * noise / each(rms(noise))


def noise_scaled_as_one_batch(x, size):
    noise = torch.randn_like(x)
    return x + size * noise / noise.square().mean().sqrt()


RIGHT = {
    checks.distortion: [
        lambda x, y: rms(y - x),
        lambda x, y: (y - x).flatten(1).norm(dim=1) / (3 * 4 * 6) ** 0.5,
        lambda x, y: rms(y.double() - x.double()),
        lambda x, y: rms(x - y).requires_grad_(),
    ],
    checks.noise_of_size: [
        exact_noise,
        lambda x, size: exact_noise(x.double(), size),
        lambda x, size: x + size * torch.nn.functional.layer_norm(torch.randn_like(x), x.shape[1:]),
    ],
    checks.top_images: [
        lambda features, v, count: (features @ v).topk(count).indices,
        lambda features, v, count: (features @ v).argsort(descending=True)[:count],
        lambda features, v, count: (features * v).sum(1).argsort().flip(0)[:count].int(),
    ],
}

MISTAKES = {
    checks.distortion: {
        "sign": (lambda x, y: -rms(y - x), "it should be 0."),
        "no difference": (lambda x, y: rms(y), "it should be 0."),
        "L2": (lambda x, y: (y - x).flatten(1).norm(dim=1), "the L2 norm"),
        "no root": (lambda x, y: rms(y - x) ** 2, "the root is missing"),
        "mean absolute": (lambda x, y: (y - x).abs().mean((1, 2, 3)), "mean absolute difference"),
        "largest": (lambda x, y: (y - x).abs().flatten(1).amax(1), "it should be 0."),
        "one channel's n": (lambda x, y: 3**0.5 * rms(y - x), "n counts all C·H·W values"),
        "not a number": (lambda x, y: (y - x).mean((1, 2, 3)).sqrt() * float("nan"), "gives nan"),
        "one for the batch": (lambda x, y: (y - x).square().mean().sqrt(), "shape (5,), not ()"),
        "one for each channel": (lambda x, y: (y - x).square().mean((2, 3)).sqrt(), "not (5, 3)"),
        "list": (lambda x, y: rms(y - x).tolist(), "as a tensor, not list"),
        "nothing": (lambda x, y: None, "as a tensor, not NoneType"),
    },
    checks.noise_of_size: {
        "clipped": (lambda x, size: exact_noise(x, size).clamp(0, 1), "do not clip"),
        "the same noise": (always_the_same_noise, "two calls give the same noise"),
        "no noise": (lambda x, size: x, "two calls give the same noise"),
        "noise alone": (lambda x, size: exact_noise(x, size) - x, "the noise alone; add it to x"),
        "on average": (lambda x, size: x + size * torch.randn_like(x), "own root mean square"),
        "one batch": (noise_scaled_as_one_batch, "own root mean square"),
        "unscaled": (lambda x, size: x + torch.randn_like(x), "it should be 0.1"),
        "L2": (lambda x, size: x + (exact_noise(x, size) - x) / 6, "is 0.0167"),
        "image scaled too": (lambda x, size: 0.5 * exact_noise(x, size), "it should be 0.1"),
        "one image": (lambda x, size: exact_noise(x, size)[:1], "not (1, 1, 6, 6)"),
        "even": (spread_evenly, "not Gaussian"),
        "peaked": (spread_with_a_peak, "not Gaussian"),
        "signs": (lambda x, size: x + size * torch.randn_like(x).sign(), "not Gaussian"),
        "array": (lambda x, size: exact_noise(x, size).numpy(), "not ndarray"),
    },
    checks.top_images: {
        "smallest": (lambda f, v, count: (f @ v).argsort()[:count], "these respond least"),
        "absolute": (lambda f, v, count: (f @ v).abs().topk(count).indices, "has a sign"),
        "ascending": (lambda f, v, count: (f @ v).argsort()[-count:], "largest first"),
        "norm": (lambda f, v, count: f.norm(dim=1).topk(count).indices, "features @ direction"),
        "one unit": (lambda f, v, count: f[:, 0].topk(count).indices, "features @ direction"),
        "responses": (lambda f, v, count: (f @ v).topk(count).values, "which rows"),
        "all": (lambda f, v, count: (f @ v).argsort(descending=True), "not (50,)"),
        "only one": (lambda f, v, count: (f @ v).argmax(), "not ()"),
        "list": (lambda f, v, count: (f @ v).topk(count).indices.tolist(), "not list"),
        "images": (lambda f, v, count: f[(f @ v).topk(count).indices], "not (6, 8)"),
    },
}

UNUSUAL = {
    checks.distortion: {
        "counted": (lambda x, y: torch.arange(5.0) + 7, "for one image it gives 7.0000, it"),
    },
}

ROUNDING = {
    checks.distortion: (1e-4, 0),
}


class TestIntroduction(EveryCheck):
    right, mistakes, unusual, rounding = RIGHT, MISTAKES, UNUSUAL, ROUNDING
