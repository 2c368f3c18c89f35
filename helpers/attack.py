"""The paper's attack (section 4.1): the closest image in the box that gets a chosen label.

D(x, l) is the smallest ‖r‖₂ with f(x + r) = l and x + r in [0, 1]^m. The paper approximates it:

    minimise  c·‖r‖² + loss(x + r, l)  over r  with  x + r in [0, 1]^m,    by L-BFGS in a box,

and searches over c. A large c buys a small r, so the search is for the *largest* c whose
minimiser still has the label l. The paper writes c·|r|; the square is smooth at r = 0, and apart
from r = 0 the stationary points over all c are the same.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from helpers.evaluation import check_targets, distortion
from helpers.lbfgsb import Result, minimize

FIRST_C = 1.0
C_STEP = 10.0  # from one c to the next while there is no bracket
SMALLEST_C, LARGEST_C = 1e-8, 1e8
LOSSES = ("cross_entropy", "margin")
SMOOTHING = 0.01  # τ of the margin loss, as a share of the range of an image's logits

Solver = Callable[..., Result]


@dataclass(frozen=True)
class Adversarial:
    """What an attack found for each image.

    Attributes
    ----------
    adversarial : Tensor, shape (N, ...)
        The perturbed images, in [0, 1]. Where the attack failed, its best attempt: the image
        with the largest margin of the target.
    targets : Tensor, shape (N,)
        The labels that were asked for.
    success : Tensor, shape (N,), bool
        Whether the model gives the target.
    distortion : Tensor, shape (N,)
        Root mean square of the perturbation over all pixels.
    c : Tensor, shape (N,)
        The weight of ‖r‖² at which `adversarial` was found. Two kinds of images have r = 0 and
        no such c: inf if the image had the target label from the start, nan if no c tried
        brought it closer to it.
    converged : Tensor, shape (N,), bool
        Whether the minimisation at that c met a stopping test.
    iterations, evaluations : Tensor, shape (N,), int64
        Iterations and gradients spent on the image, over all c.
    """

    adversarial: Tensor
    targets: Tensor
    success: Tensor
    distortion: Tensor
    c: Tensor
    converged: Tensor
    iterations: Tensor
    evaluations: Tensor


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of c·‖r‖² + loss(x + r, l), for the images that were still at work.

    The point of least value among those of one image and one c is where its minimisation ended.

    Attributes
    ----------
    rows : Tensor, shape (k,)
        Which of the images.
    c : Tensor, shape (k,)
        The weight of ‖r‖² for each.
    points : Tensor, shape (k, ...)
        The images x + r.
    values : Tensor, shape (k,)
        The objective there.
    """

    rows: Tensor
    c: Tensor
    points: Tensor
    values: Tensor


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the paper's loss_f(x, l) = −log softmax(logits)_l of each image, shape (N,)."""
    return functional.cross_entropy(logits, targets, reduction="none")


def negative_margin(logits: Tensor, targets: Tensor) -> Tensor:
    """Return max_{j≠l} z_j − z_l of each image, shape (N,): negative where the label is l.

    Its level set at 0 is the region of the label itself, which no level set of the
    cross-entropy is.
    """
    of_target = functional.one_hot(targets, logits.shape[1]).bool()
    return logits.masked_fill(of_target, -math.inf).amax(1) - logits[of_target]


def smooth_margin(logits: Tensor, targets: Tensor, temperature: Tensor) -> Tensor:
    """Return τ log Σ_{j≠l} exp(z_j / τ) − z_l of each image, shape (N,), with a τ for each.

    It tends to `negative_margin` as τ → 0, whose maximum has a kink wherever rivals tie, as they
    do at the closest image: L-BFGS stalls there.
    """
    of_target = functional.one_hot(targets, logits.shape[1]).bool()
    rivals = logits.masked_fill(of_target, -math.inf) / temperature[:, None]
    return temperature * rivals.logsumexp(1) - logits[of_target]


def random_targets(labels: Tensor, *, classes: int = 10, generator: torch.Generator) -> Tensor:
    """Draw a wrong label for each image, uniformly: the targets that reproduce Table 2.

    Parameters
    ----------
    labels : Tensor, shape (N,)
        True labels.
    classes : int
        Number of labels.
    generator : torch.Generator
        Source of the randomness, on the CPU.

    Returns
    -------
    Tensor, shape (N,)
        Targets, none equal to its label.
    """
    steps = torch.randint(1, classes, labels.shape, generator=generator)
    return (labels + steps.to(labels.device)) % classes


def penalised_adversarial(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    c: Tensor | float,
    *,
    start: Tensor | None = None,
    loss: str = "cross_entropy",
    solver: Solver = minimize,
    max_iterations: int = 200,
    record: list[Evaluation] | None = None,
) -> Adversarial:
    """Minimise c·‖r‖² + loss(x + r, l) in the box for a given c (section 4.1).

    Parameters
    ----------
    model : nn.Module
        Maps images to logits (N, K); in eval mode.
    inputs : Tensor, shape (N, ...)
        Images x with pixels in [0, 1].
    targets : Tensor, shape (N,)
        Labels l, int64.
    c : float or Tensor, shape (N,)
        Weight of the squared norm, for all images or for each; positive and finite.
    start : Tensor, shape (N, ...), optional
        Where to start; the images themselves by default, as in the paper.
    loss : {"cross_entropy", "margin"}
        The loss of the target label: the paper's, or `smooth_margin` with τ a hundredth of
        max_j z_j − min_j z_j at x, so that it means the same for logits of any scale.
    solver : callable
        `helpers.lbfgsb.minimize`, or `minimize_scipy`, the reference, image by image.
    max_iterations : int
        Iterations allowed for each image.
    record : list, optional
        Every evaluation is appended to it, in order.

    Returns
    -------
    Adversarial
        The minimisers, whether or not they have the label l.

    Raises
    ------
    ValueError
        If an argument is not what is written above.
    """
    _check(model, inputs, targets, loss)
    c = torch.as_tensor(c, dtype=inputs.dtype, device=inputs.device)
    if c.shape not in ((), targets.shape):
        raise ValueError(
            f"c must be one number or have shape ({len(inputs)},), got {tuple(c.shape)}"
        )
    c = c.broadcast_to(targets.shape)
    bad = c[~((c > 0) & c.isfinite())]
    if len(bad) > 0:
        raise ValueError(f"c must be positive and finite, got {bad[0].item()}")
    if start is not None and start.shape != inputs.shape:
        raise ValueError(
            f"start must have the shape of inputs, {tuple(inputs.shape)}, got {tuple(start.shape)}"
        )
    x = inputs.flatten(1)
    temperature = SMOOTHING * _logit_range(model, inputs)

    def objective(points: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        points = points.detach().requires_grad_()
        logits = model(points.view(-1, *inputs.shape[1:]))
        if loss == "margin":
            losses = smooth_margin(logits, targets[rows], temperature[rows])
        else:
            losses = cross_entropy(logits, targets[rows])
        (gradient,) = torch.autograd.grad(losses.sum(), points)
        r = points.detach() - x[rows]
        values = c[rows] * r.square().sum(1) + losses.detach()  # c·‖r‖² + loss(x + r, l)
        if record is not None:
            images = points.detach().clone().view(-1, *inputs.shape[1:])  # solvers reuse memory
            record.append(Evaluation(rows, c[rows], images, values))
        return values, 2 * c[rows, None] * r + gradient

    if len(x) == 0:  # a solver need not know what to do with nothing
        none = torch.zeros_like(targets)
        found = Result(x, x.sum(1), none.bool(), none, none)
    else:
        found = solver(
            objective,
            (inputs if start is None else start).flatten(1),
            torch.zeros_like(x[:1]),
            torch.ones_like(x[:1]),
            max_iterations=max_iterations,
        )
    adversarial = found.x.view_as(inputs)
    return Adversarial(
        adversarial=adversarial,
        targets=targets,
        success=target_margin(model, adversarial, targets) > 0,
        distortion=distortion(inputs, adversarial),
        c=c,
        converged=found.converged,
        iterations=found.iterations,
        evaluations=found.evaluations,
    )


def minimal_adversarial(
    model: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    loss: str = "cross_entropy",
    solver: Solver = minimize,
    max_iterations: int = 200,
    c_tolerance: float = 0.005,
    max_searches: int = 30,
    batch_size: int = 500,
    record: list[Evaluation] | None = None,
) -> Adversarial:
    """Approximate D(x, l): the smallest perturbation that gives each image its target label.

    The search moves c by factors of ten until one c succeeds and a larger one fails, then looks
    for the root of the target's margin at the minimiser, as a function of log c, between them.
    Each minimisation starts where the last success of that image ended. For a network the
    margin may jump in c, so the bracket and the best success are kept throughout.

    Parameters
    ----------
    model, inputs, targets, loss, solver, max_iterations, record
        As for `penalised_adversarial`.
    c_tolerance : float
        The search ends when the smallest c that failed is within this share of the largest
        that succeeded.
    max_searches : int
        Values of c tried at the most.
    batch_size : int
        Images at a time; bounds the memory, changes nothing else. On a CPU a few hundred are
        fastest, on a GPU as many as fit.

    Returns
    -------
    Adversarial
        The success of least distortion for each image, or else its best attempt.

    Raises
    ------
    ValueError
        If an argument is not what `penalised_adversarial` takes.

    References
    ----------
    Szegedy et al., arXiv 1312.6199, section 4.1.
    """
    _check(model, inputs, targets, loss)
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}")
    if len(inputs) > batch_size:
        return _in_batches(
            functools.partial(
                minimal_adversarial,
                model,
                loss=loss,
                solver=solver,
                max_iterations=max_iterations,
                c_tolerance=c_tolerance,
                max_searches=max_searches,
                batch_size=batch_size,
            ),
            inputs,
            targets,
            batch_size,
            record,
        )
    search = _Search.start(inputs, target_margin(model, inputs, targets))
    for _ in range(max_searches):
        rows = search.unfinished(c_tolerance)
        if len(rows) == 0:
            break
        evaluated = None if record is None else []
        tried = penalised_adversarial(
            model,
            inputs[rows],
            targets[rows],
            search.next_c(rows),
            start=search.best[rows],
            loss=loss,
            solver=solver,
            max_iterations=max_iterations,
            record=evaluated,
        )
        if record is not None:  # with the row numbers of the whole batch
            record.extend(replace(one, rows=rows[one.rows]) for one in evaluated)
        search.update(rows, tried, target_margin(model, tried.adversarial, targets[rows]))
    return Adversarial(
        adversarial=search.best,
        targets=targets,
        success=search.best_margin > 0,
        distortion=distortion(inputs, search.best),
        c=search.best_c,
        converged=search.converged,
        iterations=search.iterations,
        evaluations=search.evaluations,
    )


def _in_batches(
    attack: Callable[..., Adversarial],
    inputs: Tensor,
    targets: Tensor,
    batch_size: int,
    record: list[Evaluation] | None,
) -> Adversarial:
    """Attack some images at a time, and put what was found together."""
    parts = []
    for first in range(0, len(inputs), batch_size):
        rows = slice(first, first + batch_size)
        evaluated = None if record is None else []
        parts.append(attack(inputs[rows], targets[rows], record=evaluated))
        if record is not None:
            record.extend(replace(one, rows=one.rows + first) for one in evaluated)
    joined = {
        f.name: torch.cat([getattr(part, f.name) for part in parts]) for f in fields(parts[0])
    }
    return Adversarial(**joined)


def target_margin(model: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return z_l − max_{j≠l} z_j of each image, shape (N,): positive where the label is l."""
    with torch.no_grad():
        return -negative_margin(model(inputs), targets)


def _logit_range(model: nn.Module, inputs: Tensor) -> Tensor:
    """Return max_j z_j − min_j z_j of each image, shape (N,), or 1 where all logits are equal."""
    with torch.no_grad():
        logits = model(inputs)
    spread = logits.amax(1) - logits.amin(1)
    return spread.masked_fill(spread == 0, 1)


@dataclass
class _Search:
    """Each image's bracket in c, and the best that was found for it so far."""

    inputs: Tensor
    best: Tensor
    best_margin: Tensor
    best_c: Tensor
    converged: Tensor
    iterations: Tensor
    evaluations: Tensor
    success_c: Tensor  # the largest c that succeeded; 0 at first
    success_margin: Tensor
    failure_c: Tensor  # the smallest c that failed; inf at first
    failure_margin: Tensor
    bisect: bool = False

    @classmethod
    def start(cls, inputs: Tensor, margin: Tensor) -> "_Search":
        count, zero = torch.zeros_like(margin, dtype=torch.long), torch.zeros_like(margin)
        return cls(
            inputs=inputs,
            best=inputs.clone(),
            best_margin=margin,
            best_c=torch.full_like(margin, math.nan).masked_fill(margin > 0, math.inf),
            converged=margin > 0,
            iterations=count,
            evaluations=count.clone(),
            success_c=torch.where(margin > 0, math.inf, zero),
            success_margin=zero.clone(),
            failure_c=torch.full_like(margin, math.inf),
            failure_margin=zero.clone(),
        )

    def unfinished(self, tolerance: float) -> Tensor:
        """Return the rows whose bracket is still wider than the tolerance."""
        wide = self.failure_c > self.success_c * (1 + tolerance)
        hopeless = (self.success_c == 0) & (self.failure_c <= SMALLEST_C)
        boundless = (self.failure_c == math.inf) & (self.success_c >= LARGEST_C)
        return (wide & ~hopeless & ~boundless).nonzero().squeeze(1)

    def next_c(self, rows: Tensor) -> Tensor:
        """Return the c to try: a step by ten, or the root of the margin in log c, or the middle."""
        low, high = self.success_c[rows], self.failure_c[rows]
        margin_low, margin_high = self.success_margin[rows], self.failure_margin[rows]
        share = (margin_low / (margin_low - margin_high)).clamp(0.1, 0.9)  # regula falsi
        if self.bisect:  # every other time, since regula falsi alone may creep
            share = torch.full_like(share, 0.5)
        self.bisect = not self.bisect
        c = low * (high / low) ** share
        c = torch.where(high == math.inf, low * C_STEP, c)
        c = torch.where(low == 0, high / C_STEP, c)
        return torch.where((low == 0) & (high == math.inf), FIRST_C, c)

    def update(self, rows: Tensor, tried: Adversarial, margin: Tensor) -> None:
        """Narrow the brackets of `rows` and keep what is better than what was there."""
        success = tried.success
        won, lost = rows[success], rows[~success]
        self.success_c[won], self.success_margin[won] = tried.c[success], margin[success]
        self.failure_c[lost], self.failure_margin[lost] = tried.c[~success], margin[~success]
        self.iterations[rows] += tried.iterations
        self.evaluations[rows] += tried.evaluations
        had_success = self.best_margin[rows] > 0
        closer = tried.distortion < distortion(self.inputs[rows], self.best[rows])
        better = torch.where(
            success,
            ~had_success | closer,
            ~had_success & (margin > self.best_margin[rows]),
        )
        kept = rows[better]
        self.best[kept] = tried.adversarial[better]
        self.best_margin[kept] = margin[better]
        self.best_c[kept] = tried.c[better]
        self.converged[kept] = tried.converged[better]


def _check(model: nn.Module, inputs: Tensor, targets: Tensor, loss: str) -> None:
    """Refuse what an attack can not work with."""
    if model.training:
        raise ValueError("model is in training mode: call model.eval() first")
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {loss!r}")
    with torch.no_grad():
        classes = model(inputs[:1]).shape[1]
    check_targets(inputs, targets, classes)
