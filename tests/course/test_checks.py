"""The exercises' automatic answers: right solutions pass, typical mistakes are named."""

import math

import pytest
import torch
from torch import nn

from helpers.course import checks
from helpers.models import Standardise


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.fixture
def says(capsys):
    """Return what a check prints about an answer, which has to be one line."""

    def says(check, answer):
        check(answer)
        printed = capsys.readouterr()
        assert printed.err == ""
        assert printed.out.count("\n") == 1
        return printed.out.strip()

    return says


def rms(x):
    return x.flatten(1).square().mean(1).sqrt()


def each(values):
    """Shape one value for each image so that it multiplies images."""
    return values.view(-1, 1, 1, 1)


def exact_noise(x, size):
    noise = torch.randn_like(x)
    return x + size * noise / each(rms(noise))


def always_the_same_noise(x, size):
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    return x + size * noise / each(rms(noise))


def noise_scaled_as_one_batch(x, size):
    noise = torch.randn_like(x)
    return x + size * noise / noise.square().mean().sqrt()


def penalty(weights, decays):
    return sum(d * w.square().sum() for w, d in zip(weights, decays, strict=True)) / 2


def behind_standardising(network, mean, deviation):
    """Return the network behind its preprocessing."""

    class FromPixels(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network
            self.mean = mean.view(3, 1, 1).clone()
            self.deviation = deviation.view(3, 1, 1).clone()

        def forward(self, x):
            return self.network((x - self.mean) / self.deviation)

    return FromPixels()


def before(network, change):
    """Return a builder of the network behind a change of its images, from mean and deviation."""

    class Behind(nn.Module):
        def __init__(self, mean, deviation):
            super().__init__()
            self.network = network
            self.mean, self.deviation = mean.view(3, 1, 1), deviation.view(3, 1, 1)

        def forward(self, x):
            return self.network(change(x, self.mean, self.deviation))

    return Behind


def wrong(logits, labels):
    return logits.argmax(1) != labels


def kernel(x, centres, gamma):
    return (-gamma * (x[:, None] - centres).square().sum(2)).exp()


def nearest_border(logits, jacobian, label):
    others = torch.arange(len(logits)) != label
    slopes = (jacobian[label] - jacobian[others]).norm(dim=1)
    return ((logits[label] - logits[others]) / slopes).min() / jacobian.shape[1] ** 0.5


def shares(labels):
    return labels.unique(return_counts=True)[1] / len(labels)


def cosines(vectors):
    vectors = vectors / vectors.norm(dim=1, keepdim=True)
    return vectors @ vectors.T


def pairs(matrix):
    return matrix[torch.triu(torch.ones_like(matrix), 1).bool()]


def on_each_frequency(kernel, side):
    """Return the D × C matrix of each frequency, shape (side, side, D, C)."""
    return torch.fft.fft2(kernel, (side, side)).permute(2, 3, 0, 1)


def norm(kernel, side):
    return torch.linalg.svdvals(on_each_frequency(kernel, side)).max()


def radius(logits, weight, before, target, pixels):
    best = logits.argmax()
    speed = (weight[best] - weight[target]).norm() * before
    return (logits[best] - logits[target]) / speed / pixels**0.5


def where_right(answers, before, labels):
    return (answers != labels)[before == labels].float().mean()


def newly_wrong(answers, before, labels):
    return (answers != labels) & (before == labels)


def of_target(answers, before, labels, targets):
    return (answers == targets)[newly_wrong(answers, before, labels)].float().mean()


def stretched(x, y, size):
    return x + size / rms(y - x).mean() * (y - x)


def drawn_anew(wrong, times):
    rows = torch.randint(len(wrong), (times, len(wrong)))
    return wrong[rows].float().mean(1)


def pooled(h, size, epsilon, inside=True):
    squares = h.square().unfold(2, size, size).unfold(3, size, size).sum((4, 5))
    return (squares + epsilon).sqrt() if inside else squares.sqrt() + epsilon


def rica(weight, x, windows, sparsity, images=torch.mean, norm=torch.square):
    h = x @ weight.T
    error = norm((h @ weight - x).norm(dim=1))
    return images(error + sparsity * (h.square() @ windows.T + 1e-4).sqrt().sum(1))


def pairs_won(scores, labels, tie=0.5):
    ahead = scores[labels == 1][:, None] - scores[labels == 0]
    return ((ahead > 0).double() + tie * (ahead == 0)).mean()


def within(found, sizes, fooled=torch.le):
    return 1 - fooled(found[:, None], sizes).double().mean(0)


def certified(z, target, weight, before, pixels, among=torch.amax):
    others = torch.arange(len(z)) != target
    speeds = (weight - weight[target])[others].norm(dim=1) * before
    return among(((z - z[target])[others] / speeds).clamp_min(0), 0) / pixels**0.5


def band(low, high, *, tangents=True):
    low, high = torch.tensor([low, high], dtype=torch.double)
    tilt = (high.sigmoid() - low.sigmoid()) / (high - low)
    y = torch.stack([low, high])
    if tangents:
        tangent = torch.logit((1 + (1 - 4 * tilt).sqrt()) / 2)
        y = torch.stack([low, high, tangent.clamp(low, high), (-tangent).clamp(low, high)])
    offsets = y.sigmoid() - tilt * y
    return tilt.item(), offsets.min().item(), offsets.max().item()


def entry(h, weight, bias, label, target, strength, power=2, sign=1):
    w = weight[target] - weight[label]
    gap = (weight[label] - weight[target]).dot(h) + bias[label] - bias[target]
    return h + sign * strength * gap / w.norm() ** power * w


def renewed(pool, new, generator, places=None):
    pool = pool.clone()
    rows = torch.randperm(len(pool), generator=generator) if places is None else places
    pool[rows[: len(new)]] = new
    return pool


def renewed_with_repetition(pool, new, generator):
    rows = torch.randint(len(pool), (len(new),), generator=generator)
    return renewed(pool, new, generator, rows)


def mixed(clean, losses, shares):
    return (1 - shares.sum()) * clean + shares.dot(losses)


def step(x, gradient, epsilon):
    return (x + epsilon * gradient.sign()).clamp(0, 1)


def in_ball(x, points, size):
    return x + each((size / rms(points - x)).clamp_max(1)) * (points - x)


def by_noise(p, sigma, pixels):
    return max(0.0, sigma * torch.special.ndtri(torch.tensor(p).double()).item() / pixels**0.5)


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
        lambda x, size: x + size * torch.randn_like(x).sign(),
    ],
    checks.top_images: [
        lambda features, v, count: (features @ v).topk(count).indices,
        lambda features, v, count: (features @ v).argsort(descending=True)[:count],
        lambda features, v, count: (features * v).sum(1).argsort().flip(0)[:count].int(),
    ],
    checks.weight_decay: [
        penalty,
        lambda weights, decays: penalty(weights, decays).item(),
        lambda weights, decays: penalty(weights, decays).view(1).requires_grad_(),
    ],
    checks.error_rate: [
        lambda logits, labels: wrong(logits, labels).float().mean().item(),
        lambda logits, labels: wrong(logits, labels).float().mean(),
        lambda logits, labels: wrong(logits, labels).sum().item() / len(labels),
    ],
    checks.penalised_objective: [
        lambda r, c, loss, slope: (c * r.square().sum(1) + loss, 2 * c[:, None] * r + slope),
        lambda r, c, loss, slope: (
            c.double() * r.double().norm(dim=1) ** 2 + loss,
            (2 * c * r.T + slope.T).T,
        ),
    ],
    checks.step_in_the_box: [
        lambda x, r: (x + r).clamp(0, 1) - x,
        lambda x, r: torch.minimum(torch.maximum(r, -x), 1 - x).double(),
    ],
    checks.middle_in_log_c: [
        lambda low, high: (low * high) ** 0.5,
        lambda low, high: math.exp((math.log(low) + math.log(high)) / 2),
        lambda low, high: torch.tensor(low * (high / low) ** 0.5),
    ],
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
    checks.label_entropy: [
        lambda labels: -(shares(labels) * shares(labels).log2()).sum(),
        lambda labels: -(shares(labels) * shares(labels).log2()).sum().item(),
        lambda labels: torch.distributions.Categorical(shares(labels)).entropy() / math.log(2),
    ],
    checks.mean_similarity: [
        lambda vectors: pairs(cosines(vectors)).mean(),
        lambda vectors: (cosines(vectors).sum().item() - 6) / 30,
        lambda vectors: pairs(cosines(vectors.double())).mean().view(1),
    ],
    checks.counter_rotation: [
        lambda weight, rotation: weight @ rotation.T,
        lambda weight, rotation: weight @ rotation.inverse(),
        lambda weight, rotation: (rotation.double() @ weight.T.double()).T,
    ],
    checks.wrap_around_norm: [
        norm,
        lambda kernel, side: norm(kernel, side).item(),
        lambda kernel, side: torch.linalg.matrix_norm(on_each_frequency(kernel, side), 2).max(),
    ],
    checks.pooling_constant: [
        lambda kernel, stride: math.ceil(kernel / stride),
        lambda kernel, stride: torch.tensor(kernel / stride).ceil(),
        lambda kernel, stride: (kernel + stride - 1) // stride,
    ],
    checks.certified_radius: [
        radius,
        lambda *arguments: radius(*arguments).item(),
    ],
    checks.error_where_right: [
        where_right,
        lambda answers, before, labels: where_right(answers, before, labels).item(),
        lambda a, b, y: ((a != y) & (b == y)).sum() / (b == y).sum(),
    ],
    checks.share_of_target: [
        of_target,
        lambda *arguments: of_target(*arguments).item(),
        lambda a, b, y, t: ((a == t) & (b == y)).sum() / newly_wrong(a, b, y).sum(),
    ],
    checks.possible_of: [
        lambda printed, n: any(round(100 * k / n, 1) == printed for k in range(n + 1)),
        lambda printed, n: abs(round(printed * n / 100) * 100 / n - printed) < 0.0501,
    ],
    checks.stretched: [
        stretched,
        lambda x, y, size: stretched(x.double(), y.double(), size).requires_grad_(),
    ],
    checks.resampled_errors: [
        drawn_anew,
        lambda wrong, times: torch.stack([drawn_anew(wrong, 1)[0] for _ in range(times)]),
        lambda wrong, times: (
            torch.distributions.Binomial(len(wrong), wrong.float().mean()).sample((times,))
            / len(wrong)
        ),
    ],
    checks.accuracy_within: [
        within,
        lambda found, sizes: (found > sizes[:, None]).float().mean(1),
        lambda found, sizes: torch.stack([(found > size).sum() / len(found) for size in sizes]),
    ],
    checks.certified_distortion: [
        certified,
        lambda *arguments: certified(*arguments).item(),
        lambda *arguments: certified(*arguments).view(1).double(),
    ],
    checks.lines_around_a_sigmoid: [
        band,
        lambda a, b: tuple(torch.tensor(value) for value in band(a, b)),
    ],
    checks.part_of_the_way: [
        entry,
        lambda h, weight, *rest: entry(h.double(), weight.double(), *rest),
    ],
    checks.renewed: [
        renewed,
        lambda pool, new, generator: renewed(
            pool, new, generator, torch.rand(len(pool), generator=generator).argsort()
        ),
        lambda pool, new, generator: renewed(pool, new, generator).double(),
    ],
    checks.mixed_loss: [
        mixed,
        lambda clean, losses, shares: clean + (shares * (losses - clean)).sum(),
    ],
    checks.l2_pool: [
        pooled,
        lambda h, size, e: (
            torch.nn.functional.avg_pool2d(h.double() ** 2, size) * size**2 + e
        ).sqrt(),
    ],
    checks.reconstruction_cost: [
        rica,
        lambda *arguments: rica(*arguments).item(),
        lambda w, x, windows, sparsity: (
            sum(rica(w, one[None], windows, sparsity) for one in x) / len(x)
        ),
    ],
    checks.ranking: [
        pairs_won,
        lambda scores, labels: float(pairs_won(scores, labels)),
    ],
    checks.difference_picture: [
        lambda x, y, gain: (0.5 + gain * (y - x)).clamp(0, 1),
        lambda x, y, gain: 0.5 + (gain * (y - x)).clamp(-0.5, 0.5),
    ],
    checks.from_pixels: [
        behind_standardising,
        lambda network, mean, deviation: nn.Sequential(
            Standardise(mean.tolist(), deviation.tolist()), network
        ),
        lambda network, mean, deviation: before(network, lambda x, m, s: (x - m) / s)(
            mean.clone(), deviation.clone()
        ),
        lambda network, mean, deviation: nn.Sequential(
            Standardise(mean.tolist(), deviation.tolist()), network
        ),
    ],
    checks.pixel_distortion: [
        lambda r, deviation: rms(r * deviation.view(3, 1, 1)),
        lambda r, deviation: (r * deviation[:, None, None]).flatten(1).norm(dim=1) / 75**0.5,
    ],
    checks.gradient_sign_step: [
        step,
        lambda x, gradient, epsilon: step(x.double(), gradient, epsilon).requires_grad_(),
    ],
    checks.ball_of_size: [
        in_ball,
        lambda x, points, size: in_ball(x.double(), points, size),
        lambda x, points, size: torch.where(
            each(rms(points - x)) > size, in_ball(x, points, size), points
        ),
    ],
    checks.smoothed_radius: [
        by_noise,
        lambda p, sigma, n: torch.tensor(by_noise(p, sigma, n)),
        lambda p, sigma, n: torch.distributions.Normal(0, sigma / n**0.5).icdf(
            torch.tensor(max(p, 0.5)).double()
        ),
    ],
}

MISTAKES = {  # of each check: what a student returns, and a part of what the answer should be
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
        "array": (lambda x, size: exact_noise(x, size).numpy(), "not ndarray"),
    },
    checks.top_images: {
        "smallest": (lambda f, v, count: (f @ v).argsort()[:count], "these respond least"),
        "absolute": (lambda f, v, count: (f @ v).abs().topk(count).indices, "has a sign"),
        "ascending": (lambda f, v, count: (f @ v).argsort()[-count:], "largest first"),
        "norm": (lambda f, v, count: f.norm(dim=1).topk(count).indices, "features @ direction"),
        "one unit": (lambda f, v, count: f[:, 0].topk(count).indices, "features @ direction"),
        "responses": (lambda f, v, count: (f @ v).topk(count).values, "features @ direction"),
        "all": (lambda f, v, count: (f @ v).argsort(descending=True), "not (50,)"),
        "only one": (lambda f, v, count: (f @ v).argmax(), "not ()"),
        "list": (lambda f, v, count: (f @ v).topk(count).indices.tolist(), "not list"),
        "images": (lambda f, v, count: f[(f @ v).topk(count).indices], "not (6, 8)"),
    },
    checks.weight_decay: {
        "no half": (lambda ws, ds: 2 * penalty(ws, ds), "the factor 1/2 is missing"),
        "one λ": (lambda ws, ds: penalty(ws, [ds[0]] * 2), "each layer has its own λ"),
        "norm": (
            lambda ws, ds: sum(d * w.norm() for w, d in zip(ws, ds, strict=True)) / 2,
            "takes its square",
        ),
        "λ forgotten": (lambda ws, ds: penalty(ws, [1, 1]), "it should be "),
        "the last λ": (lambda ws, ds: penalty(ws, [ds[1]] * 2), "it should be "),
        "λ swapped": (lambda ws, ds: penalty(ws, ds[::-1]), "it should be "),
        "mean": (
            lambda ws, ds: sum(d * w.square().mean() for w, d in zip(ws, ds, strict=True)) / 2,
            "it should be ",
        ),
        "sign": (lambda ws, ds: -penalty(ws, ds), "it should be "),
        "first layer": (lambda ws, ds: penalty(ws[:1], ds[:1]), "it should be "),
        "not a number": (lambda ws, ds: float("nan"), "it gives nan"),
        "one for each layer": (
            lambda ws, ds: torch.stack([d * w.square().sum() for w, d in zip(ws, ds, strict=True)]),
            "one number, not 2",
        ),
        "text": (lambda ws, ds: "small", "it raised "),
        "nothing": (lambda ws, ds: None, "it raised "),
    },
    checks.error_rate: {
        "accuracy": (
            lambda logits, labels: 1 - wrong(logits, labels).float().mean(),
            "this is the accuracy",
        ),
        "percent": (lambda logits, labels: 100 * wrong(logits, labels).float().mean(), "0 and 1"),
        "percent right": (
            lambda logits, labels: 100 * (1 - wrong(logits, labels).float().mean()),
            "0 and 1",
        ),
        "count": (lambda logits, labels: wrong(logits, labels).sum(), "0 and 1"),
        "argmin": (lambda logits, labels: wrong(-logits, labels).float().mean(), "it gives 0.9"),
        "sign": (lambda logits, labels: -wrong(logits, labels).float().mean(), "it gives -0.300"),
        "nothing wrong": (lambda logits, labels: 0.0, "it should be 0.300"),
        "one image off": (lambda logits, labels: 11 / 40, "it gives 0.275"),
        "not a number": (lambda logits, labels: float("nan"), "it gives nan"),
        "one for each image": (wrong, "it raised "),
        "text": (lambda logits, labels: "small", "it raised ValueError"),
        "nothing": (lambda logits, labels: None, "it raised TypeError"),
    },
    checks.penalised_objective: {
        "norm": (
            lambda r, c, loss, slope: (
                c * r.norm(dim=1) + loss,
                c[:, None] * r / r.norm(dim=1, keepdim=True) + slope,
            ),
            "takes its square",
        ),
        "c on the loss": (
            lambda r, c, loss, slope: (
                r.square().sum(1) + c * loss,
                2 * r + c[:, None] * slope,
            ),
            "not the loss",
        ),
        "mean": (
            lambda r, c, loss, slope: (
                c * r.square().mean(1) + loss,
                2 * c[:, None] * r / 9 + slope,
            ),
            "not their mean",
        ),
        "no factor 2": (
            lambda r, c, loss, slope: (c * r.square().sum(1) + loss, c[:, None] * r + slope),
            "the factor 2 is missing",
        ),
        "slope forgotten": (
            lambda r, c, loss, slope: (c * r.square().sum(1) + loss, 2 * c[:, None] * r),
            "2·c·r + slope",
        ),
        "sign of the gradient": (
            lambda r, c, loss, slope: (c * r.square().sum(1) + loss, 2 * c[:, None] * r - slope),
            "2·c·r + slope",
        ),
        "loss forgotten": (
            lambda r, c, loss, slope: (c * r.square().sum(1), 2 * c[:, None] * r),
            "the first value is",
        ),
        "sign of the loss": (
            lambda r, c, loss, slope: (c * r.square().sum(1) - loss, 2 * c[:, None] * r - slope),
            "the first value is",
        ),
        "one for the batch": (
            lambda r, c, loss, slope: ((c * r.square().sum(1) + loss).sum(), 2 * r),
            "shape (4,), not ()",
        ),
        "values alone": (
            lambda r, c, loss, slope: c * r.square().sum(1) + loss,
            "return two things",
        ),
        "nothing": (lambda r, c, loss, slope: None, "return two things"),
    },
    checks.step_in_the_box: {
        "image": (lambda x, r: (x + r).clamp(0, 1), "this is the image"),
        "r clipped": (lambda x, r: r.clamp(0, 1), "not r itself"),
        "r clipped to ±1": (lambda x, r: r.clamp(-1, 1), "still leaves"),
        "no box": (lambda x, r: r, "still leaves"),
        "lower bound alone": (lambda x, r: (x + r).clamp_min(0) - x, "still leaves"),
        "upper bound alone": (lambda x, r: (x + r).clamp_max(1) - x, "still leaves"),
        "shrunk": (lambda x, r: 1e-3 * r, "each pixel on its own"),
        "nothing done": (lambda x, r: 0 * r, "each pixel on its own"),
        "sign": (lambda x, r: (x - r).clamp(0, 1) - x, "each pixel on its own"),
        "array": (lambda x, r: ((x + r).clamp(0, 1) - x).numpy(), "not ndarray"),
        "one image": (lambda x, r: ((x + r).clamp(0, 1) - x)[0], "not (1, 4, 4)"),
    },
    checks.middle_in_log_c: {
        "arithmetic": (lambda low, high: (low + high) / 2, "the middle of c;"),
        "logarithm": (
            lambda low, high: (math.log(low) + math.log(high)) / 2,
            "go back to c with exp",
        ),
        "logarithm to base ten": (
            lambda low, high: (math.log10(low) + math.log10(high)) / 2,
            "go back to c with 10**",
        ),
        "no root": (lambda low, high: low * high + 1, "it should be 0.1"),
        "root of the ratio": (lambda low, high: (high / low) ** 0.5, "it should be 0.1"),
        "harmonic": (lambda low, high: 2 / (1 / low + 1 / high), "it should be 0.1"),
        "low": (lambda low, high: low, "it should be 0.1"),
        "high": (lambda low, high: high, "it should be 0.1"),
        "base ten": (
            lambda low, high: 10 ** ((math.log(low) + math.log(high)) / 2),
            "it should be",
        ),
        "not a number": (lambda low, high: float("nan"), "it gives nan"),
        "nothing": (lambda low, high: None, "it raised TypeError"),
    },
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
        "nothing": (lambda z, j, y: None, "it raised "),
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
        "text": (lambda samples, confidence: "small", "it raised ValueError"),
        "nothing": (lambda samples, confidence: None, "it raised TypeError"),
    },
    checks.label_entropy: {
        "sign": (lambda labels: (shares(labels) * shares(labels).log2()).sum(), "minus sign"),
        "natural": (lambda labels: -(shares(labels) * shares(labels).log()).sum(), "to base 2"),
        "purity": (lambda labels: shares(labels).max(), "this is the purity"),
        "absent labels": (
            lambda labels: -(labels.bincount() / 10 * (labels.bincount() / 10).log2()).sum(),
            "labels that do not occur",
        ),
        "no weights": (lambda labels: -shares(labels).log2().sum(), "it should be 1.5"),
        "how many labels": (lambda labels: math.log2(len(shares(labels))), "it should be 1.5"),
        "always 0": (lambda labels: 0.0, "it should be 1.5"),
    },
    checks.mean_similarity: {
        "self": (lambda vectors: cosines(vectors).mean(), "pair with itself"),
        "products": (lambda vectors: pairs(vectors @ vectors.T).mean(), "both lengths"),
        "sum": (lambda vectors: pairs(cosines(vectors)).sum(), "the sum over the pairs"),
        "half": (lambda vectors: pairs(cosines(vectors)).sum() / 30, "are one pair"),
        "distance": (lambda vectors: 1 - pairs(cosines(vectors)).mean(), "mean distance"),
        "all of them": (lambda vectors: pairs(cosines(vectors)), "one number, not 15"),
        "largest": (lambda vectors: pairs(cosines(vectors)).max(), "it should be 0."),
    },
    checks.counter_rotation: {
        "nothing": (lambda weight, rotation: weight, "the old weights"),
        "once more": (lambda weight, rotation: weight @ rotation, "rotates once more"),
        "the product": (
            lambda weight, rotation: rotation @ weight.T,
            "should have shape (4, 6), not (6, 4)",
        ),
        "sign": (lambda weight, rotation: -weight @ rotation.T, "for every φ"),
        "elementwise": (lambda weight, rotation: weight * rotation[:4], "for every φ"),
    },
    checks.wrap_around_norm: {
        "kernel matrix": (
            lambda k, side: torch.linalg.matrix_norm(k.flatten(1), 2),
            "the norm of the kernel as a matrix",
        ),
        "Frobenius": (lambda k, side: k.norm() if len(k) > 1 else norm(k, side), "which input"),
        "no room": (
            lambda k, side: torch.linalg.svdvals(torch.fft.fft2(k).permute(2, 3, 0, 1)).max(),
            "the size of the image",
        ),
        "largest coefficient": (
            lambda k, side: on_each_frequency(k, side).abs().max(),
            "largest single coefficient",
        ),
        "mean": (
            lambda k, side: torch.linalg.matrix_norm(on_each_frequency(k, side), 2).mean(),
            "the mean over the frequencies",
        ),
        "Parseval": (lambda k, side: on_each_frequency(k, side).norm(), "largest singular value"),
        "axes": (
            lambda k, side: torch.linalg.svdvals(torch.fft.fft2(k, (side, side))).max(),
            "it should be ",
        ),
        "squared": (lambda k, side: norm(k, side) ** 2, "it should be "),
        "not a number": (lambda k, side: float("nan"), "it gives nan"),
        "nothing": (lambda k, side: None, "it raised TypeError"),
    },
    checks.pooling_constant: {
        "the paper's": (lambda k, s: 1, "one pixel can win in several"),
        "not the root": (lambda k, s: math.ceil(k / s) ** 2, "take the root"),
        "one axis": (lambda k, s: math.ceil(k / s) ** 0.5, "along both axes"),
        "no rounding": (lambda k, s: k / s, "the luckiest pixel"),
        "rounded down": (lambda k, s: max(k // s, 1), "one pixel can win in several"),
        "kernel": (lambda k, s: k, "it should be 1"),
        "not a number": (lambda k, s: float("nan"), "it gives nan"),
        "nothing": (lambda k, s: None, "it raised TypeError"),
    },
    checks.certified_radius: {
        "L2": (lambda *a: radius(*a) * 10, "divides it by √n"),
        "n": (lambda *a: radius(*a) / 10, "divided by n"),
        "no layers before": (lambda z, w, L, t, n: radius(z, w, 1, t, n), "the layers before"),
        "no last layer": (lambda z, w, L, t, n: (z.max() - z[t]) / L / n**0.5, "the last layer"),
        "own row": (
            lambda z, w, L, t, n: (z.max() - z[t]) / w[z.argmax()].norm() / L / n**0.5,
            "the target's logit moves too",
        ),
        "both rows": (
            lambda z, w, L, t, n: (
                (z.max() - z[t]) / (w[z.argmax()].norm() + w[t].norm()) / L / n**0.5
            ),
            "with ‖w_p‖ + ‖w_l‖",
        ),
        "whole matrix": (
            lambda z, w, L, t, n: (z.max() - z[t]) / torch.linalg.matrix_norm(w, 2) / L / n**0.5,
            "only two rows",
        ),
        "sign": (lambda *a: -radius(*a), "the wrong sign"),
        "multiplied": (
            lambda z, w, L, t, n: (z.max() - z[t]) * (w[z.argmax()] - w[t]).norm() * L / n**0.5,
            "it should be ",
        ),
        "not a number": (lambda *a: float("nan"), "it gives nan"),
        "nothing": (lambda *a: None, "it raised TypeError"),
    },
    checks.error_where_right: {
        "all images": (lambda a, b, y: (a != y).float().mean(), "leave out those"),
        "divided by all": (lambda a, b, y: newly_wrong(a, b, y).float().mean(), "not by all"),
        "accuracy": (lambda a, b, y: 1 - where_right(a, b, y), "count the wrong ones"),
        "changed": (lambda a, b, y: (a != b).float().mean(), "where the answer changed"),
        "percent": (lambda a, b, y: 100 * where_right(a, b, y), "between 0 and 1"),
        "where wrong": (lambda a, b, y: (a != y)[b != y].float().mean(), "to be left out"),
        "right twice": (lambda a, b, y: ((a == y) & (b == y)).float().mean(), "it should be "),
        "sign": (lambda a, b, y: -where_right(a, b, y), "it gives -"),
        "count": (lambda a, b, y: newly_wrong(a, b, y).sum(), "it should be "),
        "each": (lambda a, b, y: newly_wrong(a, b, y), "one number, not 60"),
        "not a number": (lambda a, b, y: float("nan"), "it gives nan"),
        "nothing": (lambda a, b, y: None, "it raised "),
    },
    checks.share_of_target: {
        "of all": (lambda a, b, y, t: (a == t).float().mean(), "answers that became wrong"),
        "divided by all": (
            lambda a, b, y, t: ((a == t) & newly_wrong(a, b, y)).float().mean(),
            "not by all",
        ),
        "wrong before too": (
            lambda a, b, y, t: (a == t)[a != y].float().mean(),
            "did not become wrong",
        ),
        "the others": (lambda *arguments: 1 - of_target(*arguments), "count the target"),
        "errors": (
            lambda a, b, y, t: newly_wrong(a, b, y).float().mean(),
            "how many of them are the target",
        ),
        "percent": (lambda *arguments: 100 * of_target(*arguments), "it should be "),
        "sign": (lambda *arguments: -of_target(*arguments), "it gives -"),
        "each": (lambda a, b, y, t: a == t, "one number, not 60"),
        "not a number": (lambda *arguments: float("nan"), "it gives nan"),
        "nothing": (lambda *arguments: None, "it raised "),
    },
    checks.possible_of: {
        "always": (lambda printed, n: True, "it says True"),
        "never": (lambda printed, n: False, "it says False"),
        "exactly": (lambda printed, n: (printed * n / 100).is_integer(), "it says False"),
        "cut off": (
            lambda printed, n: any(int(1000 * k / n) / 10 == printed for k in range(n + 1)),
            "rounded to one decimal",
        ),
        "rounded down alone": (
            lambda printed, n: round(100 * int(printed * n / 100) / n, 1) == printed,
            "rounded to one decimal",
        ),
        "share for percent": (
            lambda printed, n: any(round(k / n, 1) == printed for k in range(n + 1)),
            "it says False",
        ),
        "near": (
            lambda printed, n: abs(round(printed * n / 100) * 100 / n - printed) < 0.2,
            "True",
        ),
        "none left out": (
            lambda printed, n: any(round(100 * k / n, 1) == printed for k in range(1, n + 1)),
            "0.0 % of 7 images",
        ),
        "nothing": (lambda printed, n: None, "it says False"),
    },
    checks.stretched: {
        "plain norm": (
            lambda x, y, size: x + size * (y - x) / each((y - x).flatten(1).norm(dim=1)),
            "this shrinks them",
        ),
        "mean norm": (
            lambda x, y, size: x + size * (y - x) / (y - x).flatten(1).norm(dim=1).mean(),
            "mean of ‖x' − x‖₂",
        ),
        "each": (lambda x, y, size: x + size * (y - x) / each(rms(y - x)), "one for all"),
        "clipped": (lambda x, y, size: stretched(x, y, size).clamp(0, 1), "do not clip"),
        "alone": (lambda x, y, size: stretched(x, y, size) - x, "add it to x"),
        "not divided": (lambda x, y, size: x + size * (y - x), "without dividing"),
        "image": (lambda x, y, size: size / rms(y - x).mean() * y, "the way from x to x'"),
        "mean square": (
            lambda x, y, size: x + size * (y - x) / (y - x).square().mean().sqrt(),
            "root of the mean square of all",
        ),
        "sign": (lambda x, y, size: 2 * x - stretched(x, y, 2 * size), "mean distortion is 0.600"),
        "untouched": (lambda x, y, size: y, "it should be 0.3"),
        "one": (lambda x, y, size: stretched(x, y, size)[:1], "not (1, 1, 6, 6)"),
        "nothing": (lambda x, y, size: None, "not NoneType"),
    },
    checks.resampled_errors: {
        "without replacement": (
            lambda wrong, times: torch.stack(
                [wrong[torch.randperm(len(wrong))].float().mean() for _ in range(times)]
            ),
            "with replacement",
        ),
        "one draw": (lambda wrong, times: drawn_anew(wrong, 1).expand(times), "each anew"),
        "few": (lambda wrong, times: drawn_anew(wrong[:100], times), "it should be "),
        "a tenth": (
            lambda wrong, times: wrong[torch.randint(len(wrong), (times, 40))].float().mean(1),
            "as many images as there are",
        ),
        "right ones": (lambda wrong, times: drawn_anew(~wrong, times), "count the wrong ones"),
        "counts": (lambda wrong, times: len(wrong) * drawn_anew(wrong, times), "a share"),
        "percent": (lambda wrong, times: 100 * drawn_anew(wrong, times), "a share"),
        "too many": (lambda wrong, times: drawn_anew(wrong, len(wrong)), "not (400,)"),
        "one number": (lambda wrong, times: drawn_anew(wrong, times).mean(), "not ()"),
        "list": (lambda wrong, times: drawn_anew(wrong, times).tolist(), "not list"),
        "nothing": (lambda wrong, times: None, "not NoneType"),
    },
    checks.accuracy_within: {
        "fooled": (lambda found, sizes: 1 - within(found, sizes), "the rest is wanted"),
        "count": (lambda found, sizes: 8 * within(found, sizes), "divide by the number"),
        "strict": (
            lambda found, sizes: within(found, sizes, torch.lt),
            "exactly this size is allowed",
        ),
        "one number": (lambda found, sizes: within(found, sizes).mean(), "should have shape (5,)"),
        "list": (lambda found, sizes: within(found, sizes).tolist(), "as a tensor"),
        "other": (lambda found, sizes: 1 - sizes, "it should be [0.875"),
    },
    checks.certified_distortion: {
        "2-norm": (lambda *a: certified(*a) * a[4] ** 0.5, "divides it by √n"),
        "n": (lambda *a: certified(*a) / a[4] ** 0.5, "not by n"),
        "times L": (lambda *a: certified(*a) * a[3] ** 2, "below the line"),
        "no L": (lambda *a: certified(*a) * a[3], "before the last one are missing"),
        "target's row": (
            lambda z, t, w, b, n: ((z - z[t]) / (w[t].norm() * b)).max() / n**0.5,
            "the difference of two rows",
        ),
        "predicted label": (
            lambda z, t, w, b, n: (z.max() - z[t]) / ((w[z.argmax()] - w[t]).norm() * b) / n**0.5,
            "the rival with the largest logit",
        ),
        "smallest": (lambda *a: certified(*a, among=torch.amin), "one is enough"),
        "0 / 0": (
            lambda z, t, w, b, n: ((z - z[t]) / ((w - w[t]).norm(dim=1) * b)).max() / n**0.5,
            "leave the target itself out",
        ),
        "vector": (lambda z, *rest: z, "one number, not 4"),
        "half": (lambda *a: certified(*a) / 2, "it should be"),
    },
    checks.lines_around_a_sigmoid: {
        "two numbers": (lambda a, b: band(a, b)[:2], "return three numbers"),
        "ends only": (lambda a, b: band(a, b, tangents=False), "look where its slope is λ"),
        "another slope": (lambda a, b: (0.25, *band(a, b)[1:]), "the chord has the slope"),
        "too wide": (
            lambda a, b: (band(a, b)[0], band(a, b)[1] - 0.1, band(a, b)[2]),
            "wider than it has to be",
        ),
        "swapped": (lambda a, b: (band(a, b)[0], *band(a, b)[:0:-1]), "leaves the band"),
    },
    checks.part_of_the_way: {
        "whole way": (lambda *a: entry(*a[:5], 1.0), "the whole way"),
        "norm": (lambda *a: entry(*a, power=1), "divide by ‖w‖²"),
        "sign": (lambda *a: entry(*a, sign=-1), "away from the target"),
        "target's row": (
            lambda h, w, b, y, t, s: (
                h + s * ((w @ h + b)[y] - (w @ h + b)[t]) / w[t].dot(w[t]) * w[t]
            ),
            "the difference of the rows",
        ),
        "way alone": (lambda h, *a: entry(h, *a) - h, "add it to h"),
        "no bias": (lambda h, w, b, *a: entry(h, w, 0 * b, *a), "the bias is missing"),
        "twice": (lambda *a: entry(*a[:5], 2.0), "the gap of the two logits is"),
        "list": (lambda *a: entry(*a).tolist(), "as a tensor"),
        "shape": (lambda *a: entry(*a)[None], "not (1, 6)"),
    },
    checks.renewed: {
        "grows": (lambda pool, new, g: torch.cat([pool, new]), "the pool grew"),
        "only new": (lambda pool, new, g: new, "not (15, 3)"),
        "with repetition": (renewed_with_repetition, "without repetition"),
        "always the first": (
            lambda pool, new, g: renewed(pool, new, g, torch.arange(len(pool))),
            "at random",
        ),
        "unchanged": (lambda pool, new, g: pool, "of 15 new entries 0"),
        "all twice": (
            lambda pool, new, g: renewed(
                pool, new.repeat(2, 1), torch.Generator().manual_seed(g.initial_seed())
            ),
            "25 old entries stay, not 10",
        ),
        "shuffled": (
            lambda pool, new, g: torch.cat([new, pool[torch.randperm(40, generator=g)[:25]]]),
            "keep their places",
        ),
    },
    checks.mixed_loss: {
        "all of it": (lambda c, p, s: c + s.dot(p), "the share that is left"),
        "no images": (lambda c, p, s: s.dot(p), "the training images are missing"),
        "one share": (lambda c, p, s: (1 - s.sum()) * c + s.sum() * p.mean(), "of its own"),
        "mean": (lambda c, p, s: (1 - s.sum()) * c + (s * p).mean(), "not to be averaged"),
        "swapped": (lambda c, p, s: s.sum() * c + (1 - s.sum()) * p.mean(), "wrong way round"),
        "half": (lambda *a: mixed(*a) / 2, "it should be"),
        "vector": (lambda c, p, s: s * p, "not (3,)"),
    },
    checks.l2_pool: {
        "mean": (lambda h, size, e: pooled(h / size, size, e), "this is their mean"),
        "ε outside": (lambda h, size, e: pooled(h, size, e, inside=False), "inside the root"),
        "no root": (lambda h, size, e: pooled(h, size, e).square(), "the root is missing"),
        "ε in every term": (lambda h, size, e: pooled(h, size, 4 * e), "ε counts once"),
        "|h|": (
            lambda h, size, e: torch.nn.functional.avg_pool2d(h.abs(), size) * size**2,
            "its square is wanted",
        ),
        "max": (lambda h, size, e: torch.nn.functional.max_pool2d(h, size), "max-pooling"),
        "overlapping": (
            lambda h, size, e: torch.nn.functional.avg_pool2d(h, size, 1),
            "should have shape (2, 3, 2, 3)",
        ),
        "another ε": (lambda h, size, e: pooled(h, size, 0), "the first value is"),
    },
    checks.reconstruction_cost: {
        "sum": (lambda *a: rica(*a, images=torch.sum), "the mean is wanted"),
        "no λ": (lambda w, x, windows, _: rica(w, x, windows, 1.0), "λ is missing"),
        "no sparsity": (lambda w, x, windows, _: rica(w, x, windows, 0.0), "pooled units are"),
        "no error": (
            lambda w, x, windows, s: rica(w, x, windows, s) - rica(w, x, windows, 0.0),
            "the reconstruction is missing",
        ),
        "norm": (lambda *a: rica(*a, norm=lambda d: d), "the error is squared"),
        "|h|": (
            lambda w, x, windows, s: (
                rica(w, x, windows, 0.0) + s * ((x @ w.T).abs() @ windows.T).sum(1).mean()
            ),
            "under a root",
        ),
        "mean of the errors": (
            lambda w, x, windows, s: rica(w, x, windows, s) - 5 / 6 * rica(w, x, windows, 0.0),
            "do not average them",
        ),
        "one for each image": (lambda *a: rica(*a, images=lambda costs: costs), "one number"),
        "zero": (lambda *a: 0.0, "it should be"),
    },
    checks.ranking: {
        "ties lose": (lambda s, y: pairs_won(s, y, tie=0), "not nothing"),
        "ties win": (lambda s, y: pairs_won(s, y, tie=1), "not as a win"),
        "the other way": (lambda s, y: pairs_won(-s, y), "the 0 is ahead"),
        "all pairs": (lambda s, y: pairs_won(s, y) * 12 / 21, "a 1 and a 0"),
        "count": (lambda s, y: pairs_won(s, y) * 12, "this is a count"),
        "one for each": (lambda s, y: s, "one number, not 7"),
        "accuracy": (lambda s, y: ((s > 2) == y).double().mean(), "it should be"),
    },
    checks.difference_picture: {
        "no grey": (lambda x, y, gain: (gain * (y - x)).clamp(0, 1), "without mid-grey"),
        "size": (lambda x, y, gain: (gain * (y - x).abs()).clamp(0, 1), "without its sign"),
        "sign": (lambda x, y, gain: (0.5 + gain * (x - y)).clamp(0, 1), "the wrong sign"),
        "no clip": (lambda x, y, gain: 0.5 + gain * (y - x), "not clipped"),
        "grey magnified": (lambda x, y, gain: (gain * (0.5 + y - x)).clamp(0, 1), "mid-grey is"),
        "always ten": (lambda x, y, gain: (0.5 + 10 * (y - x)).clamp(0, 1), "a gain of 3"),
        "one channel": (
            lambda x, y, gain: (0.5 + gain * (y - x))[0],
            "should have shape (3, 4, 4)",
        ),
        "a list": (lambda x, y, gain: (y - x).tolist(), "as a tensor"),
    },
    checks.from_pixels: {
        "as it is": (lambda network, mean, deviation: network, "without its preprocessing"),
        "logits": (lambda network, mean, deviation: mean, "return a module, not Tensor"),
        "behind": (
            lambda network, mean, deviation: nn.Sequential(
                network, Standardise(mean.tolist(), deviation.tolist())
            ),
            "should have shape (5, 3)",
        ),
        "swapped": (
            lambda network, mean, deviation: nn.Sequential(
                Standardise(deviation.tolist(), mean.tolist()), network
            ),
            "the logits are not those",
        ),
        "no mean": (
            lambda network, mean, deviation: before(network, lambda x, m, s: x / s)(
                mean, deviation
            ),
            "without the mean",
        ),
        "no deviation": (
            lambda network, mean, deviation: before(network, lambda x, m, s: x - m)(
                mean, deviation
            ),
            "without the deviation",
        ),
        "multiplied": (
            lambda network, mean, deviation: before(network, lambda x, m, s: (x - m) * s)(
                mean, deviation
            ),
            "multiplied",
        ),
        "order": (
            lambda network, mean, deviation: before(network, lambda x, m, s: x / s - m)(
                mean, deviation
            ),
            "divided before",
        ),
    },
    checks.pixel_distortion: {
        "as it is": (lambda r, deviation: rms(r), "what the network sees"),
        "divided": (lambda r, deviation: rms(r / deviation.view(3, 1, 1)), "undo it"),
        "mean": (lambda r, deviation: rms(r) * deviation.mean(), "one mean deviation"),
        "norm": (
            lambda r, deviation: (r * deviation.view(3, 1, 1)).flatten(1).norm(dim=1),
            "the norm",
        ),
        "all images": (
            lambda r, deviation: rms(r * deviation.view(3, 1, 1)).mean(),
            "should have shape (4,)",
        ),
        "square": (lambda r, deviation: rms(r * deviation.view(3, 1, 1)) ** 2, "it gives"),
    },
    checks.gradient_sign_step: {
        "downhill": (lambda x, g, e: step(x, -g, e), "goes downhill"),
        "no box": (lambda x, g, e: x + e * g.sign(), "clip the image"),
        "step alone": (lambda x, g, e: e * g.sign(), "add it to the image"),
        "size of the gradient": (lambda x, g, e: (x + e * g).clamp(0, 1), "only the sign"),
        "unit length": (
            lambda x, g, e: (x + e * g / each(g.flatten(1).norm(dim=1))).clamp(0, 1),
            "ε long in all",
        ),
        "sign of zero": (
            lambda x, g, e: (x + e * (2.0 * (g >= 0) - 1)).clamp(0, 1),
            "sign(0) is 0",
        ),
        "half": (lambda x, g, e: step(x, g, e / 2), "it is off by 0.125"),
        "one image": (lambda x, g, e: step(x, g, e)[0], "not (1, 5, 5)"),
    },
    checks.ball_of_size: {
        "onto the sphere": (
            lambda x, p, size: x + size * (p - x) / each(rms(p - x)),
            "inside the ball stay",
        ),
        "L2": (
            lambda x, p, size: (
                x + each((size / (p - x).flatten(1).norm(dim=1)).clamp_max(1)) * (p - x)
            ),
            "√n times the distortion",
        ),
        "pixel by pixel": (lambda x, p, size: x + (p - x).clamp(-size, size), "as a whole"),
        "change alone": (lambda x, p, size: in_ball(x, p, size) - x, "add it to the image"),
        "one factor": (
            lambda x, p, size: x + min(1, size / (p - x).square().mean().sqrt()) * (p - x),
            "its own factor",
        ),
        "nothing done": (lambda x, p, size: p, "its changes have the distortions 0.0"),
        "array": (lambda x, p, size: in_ball(x, p, size).numpy(), "not ndarray"),
    },
    checks.smoothed_radius: {
        "L2": (lambda p, s, n: by_noise(p, s, 1), "divides it by √n"),
        "n": (lambda p, s, n: by_noise(p, s, n) / n**0.5, "by √n"),
        "no majority": (
            lambda p, s, n: s * torch.special.ndtri(torch.tensor(p).double()) / n**0.5,
            "a radius is not negative",
        ),
        "other tail": (
            lambda p, s, n: s * torch.special.ndtri(torch.tensor(1 - p).double()) / n**0.5,
            "the sign is turned",
        ),
        "no inverse": (
            lambda p, s, n: s * torch.special.ndtr(torch.tensor(p).double()) / n**0.5,
            "its inverse is wanted",
        ),
        "no sigma": (lambda p, s, n: by_noise(p, 1, n), "without σ"),
        "over sigma": (lambda p, s, n: by_noise(p, 1 / s, n), "divided by σ"),
        "zero": (lambda p, s, n: 0.0, "it should be "),
        "nothing": (lambda p, s, n: None, "it raised TypeError"),
    },
}


def named(function):
    return function.__name__


@pytest.mark.parametrize("check", RIGHT, ids=named)
def test_stub_is_not_attempted(says, check):
    assert says(check, lambda *arguments: ...) == "not attempted"


@pytest.mark.parametrize(
    ("check", "answer"),
    [
        pytest.param(check, answer, id=f"{named(check)}-{i}")
        for check, answers in RIGHT.items()
        for i, answer in enumerate(answers)
    ],
)
def test_right_solution_passes(says, check, answer):
    assert says(check, answer) == "passed"


@pytest.mark.parametrize(
    ("check", "answer", "why"),
    [
        pytest.param(check, answer, why, id=f"{named(check)}-{mistake}")
        for check, mistakes in MISTAKES.items()
        for mistake, (answer, why) in mistakes.items()
    ],
)
def test_mistake_is_not_yet_right_and_named(says, check, answer, why):
    printed = says(check, answer)
    assert printed.startswith("not yet: ")
    assert why in printed


@pytest.mark.parametrize("check", RIGHT, ids=named)
@pytest.mark.parametrize("error", [ValueError, NotImplementedError, AssertionError, IndexError])
def test_answer_that_raises_is_not_yet_right(says, check, error):
    def answer(*arguments):
        raise error("something is missing")

    expected = f"not yet: it raised {error.__name__}: something is missing"
    assert says(check, answer) == expected


@pytest.mark.parametrize("check", RIGHT, ids=named)
def test_answer_with_other_parameters_is_not_yet_right(says, check):
    assert says(check, lambda: 1).startswith("not yet: it raised TypeError: ")


@pytest.mark.parametrize("check", RIGHT, ids=named)
def test_the_reader_may_stop_an_answer(check):
    def stopped(*arguments):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(stopped)


@pytest.mark.parametrize("check", RIGHT, ids=named)
def test_verdict_does_not_depend_on_the_random_state(says, check):
    for seed in range(20):
        torch.manual_seed(seed)
        assert says(check, RIGHT[check][0]) == "passed"


def in_place(answer):
    """Return an answer that spoils its tensors when it is done with them."""

    def spoiling(*arguments):
        found = answer(*arguments)
        found = found.clone() if isinstance(found, torch.Tensor) else found  # it may be a view
        for argument in arguments:
            if isinstance(argument, torch.Tensor):
                argument.zero_()
        return found

    return spoiling


@pytest.mark.parametrize("check", RIGHT, ids=named)
def test_answer_may_work_in_place(says, check):
    assert says(check, in_place(RIGHT[check][0])) == "passed"
