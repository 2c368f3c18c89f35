"""The exercises of chapter 4: right answers and typical mistakes."""

import math

import torch

from helpers.course import checks

from .shared import EveryCheck


def kernel(x, centres, gamma):
    return (-gamma * (x[:, None] - centres).square().sum(2)).exp()


def nearest_border(logits, jacobian, label):
    others = torch.arange(len(logits)) != label
    slopes = (jacobian[label] - jacobian[others]).norm(dim=1)
    return ((logits[label] - logits[others]) / slopes).min() / jacobian.shape[1] ** 0.5


RIGHT = {
    checks.radial_basis: [
        kernel,
        lambda x, s, gamma: (-gamma * torch.cdist(x, s) ** 2).exp(),
        lambda x, s, gamma: kernel(x.double(), s.double(), gamma),
    ],
    checks.nearest_border: [
        nearest_border,
        lambda z, jacobian, y: nearest_border(z, jacobian, y).item(),
        lambda z, jacobian, y: nearest_border(z, jacobian, y).view(1).requires_grad_(),
    ],
    checks.none_found: [
        lambda samples, confidence: 1 - (1 - confidence) ** (1 / samples),
        lambda samples, confidence: -math.log(1 - confidence) / samples,
        lambda samples, confidence: torch.tensor(1 - (1 - confidence) ** (1 / samples)),
    ],
}

MISTAKES = {
    checks.radial_basis: {
        "no square": (lambda x, s, g: (-g * torch.cdist(x, s)).exp(), "has to be squared"),
        "sign": (lambda x, s, g: (g * torch.cdist(x, s) ** 2).exp(), "minus sign"),
        "mean": (lambda x, s, g: (-g * torch.cdist(x, s) ** 2 / 6).exp(), "do not average"),
        "divided": (lambda x, s, g: (-(torch.cdist(x, s) ** 2) / g).exp(), "γ multiplies"),
        "width": (lambda x, s, g: (-(torch.cdist(x, s) ** 2) / 2 / g**2).exp(), "without 1/2"),
        "no exp": (lambda x, s, g: -g * torch.cdist(x, s) ** 2, "it should be "),
        "no gamma": (lambda x, s, g: (-(torch.cdist(x, s) ** 2)).exp(), "it should be "),
        "transposed": (lambda x, s, g: kernel(x, s, g).T, "not (4, 3)"),
        "summed": (lambda x, s, g: kernel(x, s, g).sum(1), "not (3,)"),
        "array": (lambda x, s, g: kernel(x, s, g).numpy(), "not ndarray"),
    },
    checks.nearest_border: {
        "L2": (lambda z, j, y: nearest_border(z, j, y) * 5, "divides it by √n"),
        "n": (lambda z, j, y: nearest_border(z, j, y) / 5, "the root is missing"),
        "least margin": (
            lambda z, j, y: (z[y] - z[3]) / (j[y] - j[3]).norm() / 5,
            "a steeper one may be nearer",
        ),
        "rival's slope": (
            lambda z, j, y: min((z[y] - z[k]) / j[k].norm() / 5 for k in (0, 2, 3)),
            "∇z_y − ∇z_j",
        ),
        "own slope": (
            lambda z, j, y: min((z[y] - z[k]) / j[y].norm() / 5 for k in (0, 2, 3)),
            "not that of z_y alone",
        ),
        "farthest": (
            lambda z, j, y: max((z[y] - z[k]) / (j[y] - j[k]).norm() / 5 for k in (0, 2, 3)),
            "farthest border",
        ),
        "label itself": (
            lambda z, j, y: ((z[y] - z) / (j[y] - j).norm(dim=1) / 5).amin(),
            "leave the label itself out",
        ),
        "sign": (lambda z, j, y: -nearest_border(z, j, y), "it gives -"),
        "margin": (lambda z, j, y: z[y] - z[3], "it gives 1.5"),
        "all": (lambda z, j, y: (z[y] - z) / 5, "not 4"),
        "nothing": (lambda z, j, y: None, "as one number, not NoneType"),
    },
    checks.none_found: {
        "the estimate": (lambda samples, confidence: 0.0, "rare is not impossible"),
        "one": (lambda samples, confidence: 1 / samples, "it should be 0.00299"),
        "swapped": (lambda n, confidence: 1 - confidence ** (1 / n), "chance to see none"),
        "always three": (lambda samples, confidence: 3 / samples, "belongs to 95 %"),
        "root of N": (lambda samples, confidence: samples**-0.5, "it should be "),
        "percent": (lambda n, confidence: 100 * (1 - (1 - confidence) ** (1 / n)), "should be "),
        "complement": (lambda n, confidence: (1 - confidence) ** (1 / n), "should be "),
        "not a number": (lambda samples, confidence: float("nan"), "it gives nan"),
        "text": (lambda samples, confidence: "small", "as one number, not str"),
        "nothing": (lambda samples, confidence: None, "as one number, not NoneType"),
    },
}

UNUSUAL = {
    checks.radial_basis: {
        "counted": (lambda x, s, g: torch.arange(12.0).view(3, 4), "it begins with 0.0000, it"),
    },
    checks.nearest_border: {
        "its own": (lambda z, j, y: 0.0, "its margin to itself is 0"),
    },
}

ROUNDING = {
    checks.radial_basis: (1e-4, 0),
    checks.nearest_border: (1e-4, 0),
    checks.none_found: (0.01, 0),
}


class TestBlindSpots(EveryCheck):
    right, mistakes, unusual, rounding = RIGHT, MISTAKES, UNUSUAL, ROUNDING
