"""A call of every public function that takes tensors, with `Things` of some device."""

import torch
from torch import nn
from torch.nn import functional

from helpers import (
    attack,
    blind_spots,
    bounds,
    data,
    evaluation,
    lbfgsb,
    models,
    spectral,
    training,
    units,
)
from helpers.training import RicaRecipe
from helpers.training.sgd import Recipe

from .things import CLASSES, SIDE

RECIPE = Recipe(epochs=2, batch_size=3, learning_rate=0.1, averaging=0.5)
STAGES = (models.Stage(4, 3, 1, 2, 2),)


def _quadratic(x, rows):
    """Return ‖x − 1/3‖² of each row and its gradient, as `minimize` asks for them."""
    apart = x - torch.linspace(0, 2 / 3, x.shape[1], device=x.device, dtype=x.dtype)
    return apart.square().sum(1), 2 * apart


def _minimise(minimize, t):
    start = t.numbers(4, 5)
    return minimize(_quadratic, start, torch.full_like(start, 0.2), torch.ones_like(start))


def _record(t):
    record = []
    attack.minimal_adversarial(t.deep, t.x, t.targets, max_searches=3, record=record)
    return record


def _outputs(t, target, length):
    return attack.adversarial_outputs(
        t.deep, t.x, t.y, 1, strength=0.5, target=target, length=length, generator=t.generator()
    )


def _found(t):
    return attack.closest_adversarial(t.softmax, t.x, t.targets).adversarial


def _table(t):
    rows = [
        ("as they are", t.x),
        ("noise", evaluation.gaussian_noise(t.x, 0.3, generator=t.generator())),
    ]
    found = evaluation.transfer_table(rows, {"a": t.softmax, "b": t.deep}, t.images)
    return [found, found.error(), found.error_where_right(), found.share_of_target(t.targets)]


def _backpropagate(t):
    stack = training.Stack.of([t.dense(nn.Sigmoid)])
    training.backpropagate(stack, t.x[None], t.y[None])
    return stack.gradient


def _quocnet(t):
    shape = (1, SIDE + 2, SIDE + 2)
    model = models.build_quocnet(shape, STAGES).to(t.device)
    recipe = RicaRecipe(epochs=1, batch_size=5)
    lost = training.pretrain_quocnet(model, t.numbers(10, *shape), recipe=recipe)
    return [model, lost]


def _trained(t):
    images = data.Dataset(t.numbers(20, 1, 28, 28), torch.arange(20, device=t.device) % 10, "n", "")
    return training.trained("FC10(1)", dataset=images)


CALLS = {
    "data.crops": lambda t: data.crops(t.y[:2], "test", side=8, generator=t.generator()),
    "data.digest": lambda t: data.digest({"x": t.x.cpu()}),
    "data.disjoint_halves": lambda t: [half.inputs for half in data.disjoint_halves(t.images)],
    "data.load_or_make": lambda t: data.load_or_make(
        models.build("FC10(1)").to(t.device), "kept", {"key": 1}, lambda model: None
    ),
    "models.on_grid": lambda t: models.on_grid(t.numbers(6, 2, 4), (2, 3)),
    "models.signature": lambda t: models.signature(t.deep),
    "models.weight_layers": lambda t: models.weight_layers(t.deep),
    "training.batch_loss": lambda t: training.batch_loss(t.deep, t.x, t.y),
    "training.batches": lambda t: list(training.batches(t.images, 2, 3, 0, "")),
    "training.check_data": lambda t: training.check_data(t.deep, t.images),
    "training.cross_training_set": lambda t: [
        part.inputs for _, part, _ in training.cross_training_set(t.images).values()
    ],
    "training.fit_readout": lambda t: training.fit_readout(t.deep, t.images, weight_decay=0.1),
    "training.train": lambda t: training.train(
        t.deep, t.images, weight_decay=(0.1, 0, 0), recipe=RECIPE
    ),
    "training.backpropagate": _backpropagate,
    "training.trained": _trained,
    "training.pretrain_quocnet": _quocnet,
    "units.activations": lambda t: units.activations(t.deep[:3], t.x),
    "units.average_precision": lambda t: units.average_precision(t.numbers(8), t.y > 0),
    "units.best_by_chance": lambda t: units.best_by_chance(
        t.numbers(8, 4), t.y > 0, shuffles=3, generator=t.generator()
    ),
    "units.chosen_detector": lambda t: units.chosen_detector(
        t.deep[:3], units.with_label(t.images, 0), generator=t.generator()
    ),
    "units.coherence": lambda t: units.coherence(
        units.top_images(t.numbers(8, 3), 4), t.y, units.orientation_histograms(t.x, cells=2)
    ),
    "units.dead_units": lambda t: units.dead_units(t.numbers(8, 4).floor(), 3),
    "units.label_entropy": lambda t: units.label_entropy(t.y[None]),
    "units.label_purity": lambda t: units.label_purity(t.y[None]),
    "units.last_hidden": lambda t: units.last_hidden(t.deep)(t.x),
    "units.mean_similarity": lambda t: units.mean_similarity(
        t.numbers(8, 5), units.top_images(t.numbers(8, 3), 4)
    ),
    "units.orientation_histograms": lambda t: units.orientation_histograms(t.x, cells=2),
    "units.orientation_selectivity": lambda t: units.orientation_selectivity(t.numbers(3, 1, 5, 5)),
    "units.permutation_p": lambda t: units.permutation_p(
        t.numbers(6), t.numbers(6, seed=1), resamples=99
    ),
    "units.principal_components": lambda t: units.principal_components(t.x, 3),
    "units.probability_of_superiority": lambda t: units.probability_of_superiority(
        t.numbers(6), t.numbers(6, seed=1)
    ),
    "units.resampled_precision": lambda t: units.resampled_precision(
        [t.numbers(8), t.numbers(8, seed=1)], t.y > 0, resamples=3, generator=t.generator()
    ),
    "units.roc_auc": lambda t: units.roc_auc(t.numbers(8, 2), t.y > 0),
    "units.scores": lambda t: units.scores(nn.Sequential(*t.deep[:5], t.deep[5]), t.x),
    "units.top_images": lambda t: units.top_images(t.numbers(8, 3), 4),
    "units.with_label": lambda t: units.with_label(t.images, 1).labels,
    "blind_spots.blend": lambda t: blind_spots.blend(t.x[:1], t.x[1:2], 30.0),
    "blind_spots.count_changes": lambda t: blind_spots.count_changes(
        t.deep, t.x[:1], 0.3, 50, generator=t.generator()
    ),
    "blind_spots.empty_radius": lambda t: blind_spots.empty_radius(t.deep, t.x),
    "blind_spots.linearised_distance": lambda t: blind_spots.linearised_distance(
        t.deep, t.x, t.targets
    ),
    "blind_spots.margins_along": lambda t: blind_spots.margins_along(
        t.deep,
        t.x[:1],
        blind_spots.random_rms_directions(2, t.x[:1], generator=t.generator()),
        t.rms,
        1,
    ),
    "blind_spots.nearest_change": lambda t: blind_spots.nearest_change(t.softmax, t.x, steps=20),
    "blind_spots.nearest_distance": lambda t: blind_spots.nearest_distance(
        t.x, t.x.flip(0) + 0.1, t.y[:, None] != t.y.flip(0)
    ),
    "blind_spots.noise_hits": lambda t: blind_spots.noise_hits(
        t.deep, t.x, t.numbers(8), 20, generator=t.generator()
    ),
    "blind_spots.plane": lambda t: blind_spots.plane(t.deep, t.x[:1], t.x[1:2], t.x[2:3], t.rms),
    "blind_spots.random_rms_directions": lambda t: blind_spots.random_rms_directions(
        2, t.x[:1], generator=t.generator()
    ),
    "blind_spots.rbf_svm": lambda t: blind_spots.rbf_svm(t.images)(t.x),
    "blind_spots.thickness": lambda t: blind_spots.thickness(
        t.softmax, t.x, _found(t), t.numbers(8), 5, generator=t.generator()
    ),
    "blind_spots.unit_rms": lambda t: blind_spots.unit_rms(t.x),
    "lbfgsb.minimize": lambda t: _minimise(lbfgsb.minimize, t),
    "lbfgsb.minimize_scipy": lambda t: _minimise(lbfgsb.minimize_scipy, t),
    "attack.adversarial_outputs": lambda t: [
        _outputs(t, "random", "own"),
        _outputs(t, "nearest", "mean"),
    ],
    "attack.attack_dataset": lambda t: [
        attack.attack_dataset("deep", t.softmax, t.images, target=target, steps=10)
        for target in ("random", "nearest", t.targets)
    ],
    "attack.choose_targets": lambda t: attack.choose_targets(t.deep, t.images, "random"),
    "attack.closest_adversarial": lambda t: [
        attack.closest_adversarial(network, t.x, t.targets) for network in (t.softmax, t.deep)
    ],
    "attack.cross_entropy": lambda t: attack.cross_entropy(t.deep(t.x), t.y),
    "attack.loss_gradient": lambda t: attack.loss_gradient(t.deep, t.x, t.y),
    "attack.minimal_adversarial": _record,
    "attack.negative_margin": lambda t: attack.negative_margin(t.deep(t.x), t.y),
    "attack.output_range": lambda t: attack.output_range(t.deep[:3]),
    "attack.penalised_adversarial": lambda t: [
        attack.penalised_adversarial(t.deep, t.x, t.targets, c, solver=solver)
        for c, solver in ((0.1, lbfgsb.minimize), (t.numbers(8), lbfgsb.minimize_scipy))
    ],
    "attack.pgd": lambda t: [
        attack.pgd(t.deep, t.x, t.y, epsilon=0.1, norm=norm, steps=2) for norm in ("max", "2")
    ],
    "attack.random_targets": lambda t: attack.random_targets(
        t.y, classes=CLASSES, generator=t.generator()
    ),
    "attack.runner_up": lambda t: attack.runner_up(t.deep(t.x), t.y),
    "attack.split_index": lambda t: attack.split_index(t.deep, 1),
    "attack.target_margin": lambda t: attack.target_margin(t.deep, t.x, t.targets),
    "attack.targeted_deepfool": lambda t: attack.targeted_deepfool(t.deep, t.x, t.targets),
    "evaluation.amplify": lambda t: [
        evaluation.amplify(t.x, t.x.flip(0), rms) for rms in (0.1, t.numbers(8))
    ],
    "evaluation.bootstrap": lambda t: evaluation.bootstrap(
        t.numbers(2, 8), resamples=20, generator=t.generator()
    ),
    "evaluation.check_device": lambda t: evaluation.check_device(t.deep, t.x),
    "evaluation.check_fit": lambda t: evaluation.check_fit(t.deep, t.x),
    "evaluation.check_model": lambda t: evaluation.check_model(t.deep),
    "evaluation.check_targets": lambda t: evaluation.check_targets(t.x, t.targets, CLASSES),
    "evaluation.distortion": lambda t: evaluation.distortion(t.x, t.x.flip(0)),
    "evaluation.error_rate": lambda t: evaluation.error_rate(t.deep, t.x, t.y),
    "evaluation.forward": lambda t: evaluation.forward(t.deep, t.x, batch_size=3),
    "evaluation.gaussian_noise": lambda t: evaluation.gaussian_noise(
        t.x, 0.1, generator=t.generator(), clip=True
    ),
    "evaluation.logits": lambda t: evaluation.logits(t.deep, t.x),
    "evaluation.noise_like": lambda t: evaluation.noise_like(
        t.x, t.x.flip(0), generator=t.generator()
    ),
    "evaluation.number_of_classes": lambda t: evaluation.number_of_classes(t.deep, t.x),
    "evaluation.per_image": lambda t: evaluation.per_image(t.numbers(8), t.x),
    "evaluation.predict": lambda t: evaluation.predict(t.deep, t.x, batch_size=3),
    "evaluation.rescale_to_mean": lambda t: evaluation.rescale_to_mean(t.x, t.x.flip(0), 0.1),
    "evaluation.transfer_table": _table,
    "spectral.ascend": lambda t: spectral.ascend(t.dense(nn.Sigmoid), t.x, steps=3),
    "spectral.block_constants": lambda t: [
        one.bound for one in spectral.block_constants(t.convolutional, (1, SIDE, SIDE))
    ],
    "spectral.steepest_pair": lambda t: spectral.steepest_pair(t.dense(nn.Sigmoid), t.x, steps=3),
    "spectral.conv_norm": lambda t: spectral.conv_norm(t.conv, (SIDE, SIDE)),
    "spectral.conv_norm_bound": lambda t: [
        spectral.conv_norm_bound(t.conv, (SIDE, SIDE), **options)
        for options in ({}, {"grid": 5}, {"iterations": 4})
    ],
    "spectral.conv_norm_fourier": lambda t: spectral.conv_norm_fourier(t.conv, (SIDE, SIDE)),
    "spectral.conv_singular_value": lambda t: spectral.conv_singular_value(t.conv, (4, 5)),
    "spectral.dense_norm": lambda t: spectral.dense_norm(t.deep[1].weight),
    "spectral.jacobian_norm": lambda t: spectral.jacobian_norm(t.deep, t.x),
    "spectral.largest_singular_value": lambda t: (
        spectral.largest_singular_value(
            lambda x: functional.linear(x, t.deep[1].weight), t.x.new_empty(SIDE * SIDE)
        ).value
    ),
    "spectral.layer_constant": lambda t: spectral.layer_constant(t.conv, (1, SIDE, SIDE)),
    "spectral.lipschitz_bound": lambda t: spectral.lipschitz_bound(
        t.convolutional, (1, SIDE, SIDE)
    ),
    "spectral.lipschitz_constants": lambda t: [
        one.bound for one in spectral.lipschitz_constants(t.convolutional, (1, SIDE, SIDE))
    ],
    "spectral.spectrum": lambda t: spectral.spectrum(t.conv, (SIDE, SIDE)),
    "spectral.squared_norms": lambda t: spectral.squared_norms(t.convolutional, (1, SIDE, SIDE)),
    "bounds.certified": lambda t: bounds.certified(t.deep, t.x, t.targets),
    "bounds.certified_locally": lambda t: bounds.certified_locally(
        t.dense(nn.Sigmoid), t.x, t.targets, 0.1 + 0 * t.numbers(len(t.x)), steps=2
    ),
    "bounds.exact_linear": lambda t: bounds.exact_linear(t.softmax, t.x, t.targets),
    "bounds.lower_bounds": lambda t: [
        bounds.lower_bounds(network, t.x, t.targets, t.numbers(8))
        for network in (t.softmax, t.dense(nn.Sigmoid))
    ],
    "bounds.parallel_lines": lambda t: bounds.parallel_lines(-t.numbers(5), t.numbers(5)),
    "bounds.smoothed_radii": lambda t: bounds.smoothed_radii(
        t.deep, t.x, t.y, sigma=0.1, samples=50, generator=t.generator()
    ),
}
