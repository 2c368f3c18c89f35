"""Training against a hand-written step, scikit-learn, and the gradient of the objective."""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from helpers import data, models, training
from helpers.data import Dataset, checkpoints
from helpers.models import weight_layers
from helpers.training import Recipe, autoencoder, zoo
from helpers.training.autoencoder import AutoencoderRecipe
from helpers.training.sgd import decay_coefficients

FORMS = ["half", "per unit"]
ONE_STEP = Recipe(epochs=1, batch_size=1000, learning_rate=0.3, momentum=0.8, averaging=0.7)
QUICK = Recipe(epochs=10, batch_size=8, learning_rate=0.1, averaging=0.9)


def made_up(count=40, *, side=4, seed=0, dtype=torch.float32):
    """Return noisy images of three classes, each bright in a row of its own."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    inputs = 0.6 * torch.rand(count, 1, side, side, generator=generator, dtype=dtype)
    inputs[torch.arange(count), 0, labels] += 0.4
    return Dataset(inputs, labels, "made up", "made here")


def network(*, dtype=torch.float32, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = nn.Flatten(), nn.Linear(16, 6), nn.Sigmoid(), nn.Linear(6, 3)
        return nn.Sequential(*layers).to(dtype)


def cross_entropy(model, dataset):
    """Mean of −log softmax at the label, in the words of its definition."""
    logits = model(dataset.inputs)
    true = logits[torch.arange(len(dataset)), dataset.labels]
    return (logits.exp().sum(1).log() - true).mean()


def same(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


# --- the paper's λ


def test_half_takes_the_papers_numbers():
    assert decay_coefficients(network(), (0.3, 0.2), "half") == [0.3, 0.2]


def test_per_unit_divides_by_the_units_of_the_layer():
    model, decays = network(), (0.3, 0.2)
    coefficients = decay_coefficients(model, decays, "per unit")
    for layer, decay, found in zip(weight_layers(model), decays, coefficients, strict=True):
        square = layer.weight.square().sum().item()
        expected = decay * square / layer.out_features  # λ Σ w² / k
        assert found * square / 2 == pytest.approx(expected, rel=1e-6)


def test_per_unit_counts_the_maps_of_a_convolution():
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 5))
    assert decay_coefficients(model, (0.2, 0.5), "per unit") == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize("form", ["", "Half", "none"])
def test_unknown_form_is_refused(form):
    expected = f"decay_form must be one of half, per unit; got '{form}'"
    with pytest.raises(ValueError, match=expected):
        decay_coefficients(network(), (0.3, 0.2), form)


@pytest.mark.parametrize("decays", [(), (0.1,), (0.1, 0.2, 0.3)])
@pytest.mark.parametrize("form", FORMS)
def test_one_decay_for_each_layer_is_demanded(decays, form):
    with pytest.raises(ValueError, match=r"one λ for each of 2 layers, got \("):
        decay_coefficients(network(), decays, form)


# --- stochastic gradient descent


def trajectory(model, dataset, penalties, recipe):
    """Full-batch Nesterov by hand, with the penalty in the loss: the parameters of each step."""
    model = copy.deepcopy(model)
    parameters = list(model.parameters())
    velocities = [torch.zeros_like(p) for p in parameters]
    states = []
    for step in range(recipe.epochs):
        loss = cross_entropy(model, dataset)
        for layer, penalty in zip(weight_layers(model), penalties, strict=True):
            loss = loss + penalty * layer.weight.square().sum() / 2
        gradients = torch.autograd.grad(loss, parameters)
        rate = recipe.learning_rate * (1 + math.cos(math.pi * step / recipe.epochs)) / 2
        with torch.no_grad():
            for p, v, g in zip(parameters, velocities, gradients, strict=True):
                v.mul_(recipe.momentum).add_(g)
                p.sub_(rate * (g + recipe.momentum * v))
        states.append([p.detach().clone() for p in parameters])
    return states


@pytest.mark.parametrize(
    ("form", "penalties"), [("half", (0.3, 0.2)), ("per unit", (0.6 / 6, 0.4 / 3))]
)
def test_one_step_is_nesterovs_on_the_penalised_loss(form, penalties):
    dataset = made_up(dtype=torch.float64)
    model = network(dtype=torch.float64)
    ((*expected,),) = trajectory(model, dataset, penalties, ONE_STEP)
    training.train(model, dataset, weight_decay=(0.3, 0.2), decay_form=form, recipe=ONE_STEP)
    for found, wanted in zip(model.parameters(), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-14)


def test_network_is_the_running_average_of_the_steps():
    dataset = made_up(dtype=torch.float64)
    model = network(dtype=torch.float64)
    recipe = replace(ONE_STEP, epochs=4)
    first, *others = trajectory(model, dataset, (0.3, 0.2), recipe)
    expected = first
    for state in others:
        expected = [0.7 * a + 0.3 * p for a, p in zip(expected, state, strict=True)]
    training.train(model, dataset, weight_decay=(0.3, 0.2), recipe=recipe)
    for found, wanted, last in zip(model.parameters(), expected, others[-1], strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-13)
        assert not torch.allclose(found, last, rtol=1e-3)


def test_training_lowers_the_loss_and_the_error():
    dataset, model = made_up(), network()
    before = cross_entropy(model, dataset).item()
    recipe = replace(QUICK, epochs=60, learning_rate=0.5)
    found = training.train(model, dataset, weight_decay=(0.0, 0.0), recipe=recipe)
    assert found is model
    assert not model.training
    assert cross_entropy(model, dataset).item() < 0.5 * before
    assert (model(dataset.inputs).argmax(1) == dataset.labels).float().mean() > 0.9


def test_every_image_is_used_once_in_each_epoch():
    seen = []

    class Watched(nn.Flatten):
        def forward(self, x):
            seen.append(x[:, 0, 3, 3].detach().clone())
            return super().forward(x)

    dataset = made_up(10)
    model = nn.Sequential(Watched(), nn.Linear(16, 3))
    recipe = replace(QUICK, epochs=3, batch_size=4)
    training.train(model, dataset, weight_decay=(0.0,), recipe=recipe)
    assert [len(batch) for batch in seen] == [4, 4, 2] * 3
    epochs = [torch.cat(seen[i : i + 3]) for i in (0, 3, 6)]
    for epoch in epochs:
        assert torch.equal(epoch.sort().values, dataset.inputs[:, 0, 3, 3].sort().values)
    assert not torch.equal(epochs[0], epochs[1])


def test_training_follows_the_seed_alone():
    def run(seed, global_seed):
        torch.manual_seed(global_seed)
        return training.train(
            network(), made_up(), weight_decay=(1e-3, 1e-3), recipe=QUICK, seed=seed
        )

    with torch.random.fork_rng(devices=[]):
        first, again, other = run(1, 0), run(1, 99), run(2, 0)
    assert same(first, again)
    assert not same(first, other)


def test_weight_decay_shrinks_the_weights_of_its_layer():
    sizes = {}
    for decays in ((0.0, 0.0), (0.1, 0.0), (0.0, 0.1)):
        model = training.train(network(), made_up(), weight_decay=decays, recipe=QUICK)
        sizes[decays] = [layer.weight.norm().item() for layer in weight_layers(model)]
    free = sizes[0.0, 0.0]
    assert sizes[0.1, 0.0][0] < 0.8 * free[0]
    assert sizes[0.0, 0.1][1] < 0.8 * free[1]


@pytest.mark.parametrize(("title", "shown"), [("", ""), ("training tiny", "training tiny")])
def test_progress_is_shown_where_it_has_a_title(capsys, title, shown):
    recipe = replace(QUICK, epochs=1)
    training.train(network(), made_up(), weight_decay=(0, 0), recipe=recipe, progress=title)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert shown in printed.err
    assert bool(printed.err) == bool(title)


# --- the convex problem of the last layer


def features(model, dataset):
    with torch.no_grad():
        return model[:-1](dataset.inputs)


@pytest.mark.parametrize("decay", [1e-1, 1e-3])
@pytest.mark.parametrize("form", FORMS)
def test_readout_is_scikit_learns(decay, form):
    dataset, model = made_up(1100), network()  # more than one block of 1,000
    training.fit_readout(model, dataset, weight_decay=decay, decay_form=form)
    penalty = decay if form == "half" else 2 * decay / 3
    oracle = LogisticRegression(C=1 / (len(dataset) * penalty), tol=1e-10, max_iter=10_000)
    oracle.fit(features(model, dataset).double().numpy(), dataset.labels.numpy())
    bias = model[-1].bias.detach().double().numpy()  # determined up to a constant
    scale = np.abs(oracle.coef_).max()
    np.testing.assert_allclose(model[-1].weight.detach(), oracle.coef_, atol=2e-3 * scale)
    centred = oracle.intercept_ - oracle.intercept_.mean()
    np.testing.assert_allclose(bias - bias.mean(), centred, atol=2e-3 * scale)


def true_gradient(model, dataset, decay):
    """Return the largest entry of the gradient of the objective in the readout itself."""
    exact = copy.deepcopy(model).double()
    exact_data = replace(dataset, inputs=dataset.inputs.double())
    readout = exact[-1]
    loss = cross_entropy(exact, exact_data) + decay * readout.weight.square().sum() / 2
    gradients = torch.autograd.grad(loss, list(readout.parameters()))
    return max(gradient.abs().max().item() for gradient in gradients)


@pytest.mark.parametrize("decay", [1.0, 1e-2, 1e-4])
def test_gradient_of_the_true_objective_is_zero_at_the_readout(decay):
    dataset, model = made_up(60), network()
    training.fit_readout(model, dataset, weight_decay=decay)
    assert not model.training
    assert true_gradient(model, dataset, decay) < 2e-5
    half_as_much = training.fit_readout(network(), dataset, weight_decay=decay / 2)
    assert true_gradient(half_as_much, dataset, decay) > 2e-5  # the bound can fail


def test_readout_on_constant_pixels_is_solved_too():
    dataset = made_up(60, side=6)
    dataset.inputs[..., 4:] = 0  # as the margin of the digits
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    training.fit_readout(model, dataset, weight_decay=1e-2)
    assert true_gradient(model, dataset, 1e-2) < 2e-5
    assert model[-1].weight.view(3, 6, 6)[..., 4:].abs().max() < 1e-4


def test_readout_leaves_the_layers_before_it_and_forgets_its_start():
    dataset, model = made_up(), network()
    before = copy.deepcopy(model[:-1])
    assert training.fit_readout(model, dataset, weight_decay=1e-2) is model
    assert same(model[:-1], before)
    again = network()
    with torch.no_grad():
        again[-1].weight.fill_(100)
    training.fit_readout(again, dataset, weight_decay=1e-2)
    assert same(again, model)


# --- the autoencoder

SPARSE = AutoencoderRecipe(epochs=30, batch_size=20, learning_rate=1e-2, active_share=0.2)


def winners(model, dataset, share):
    """Return the hidden units, zero but for each unit's most activating images."""
    x = dataset.inputs.flatten(1)
    hidden = torch.sigmoid(x @ model[1].weight.T + model[1].bias)
    kept = torch.zeros_like(hidden)
    for unit in range(hidden.shape[1]):
        rows = sorted(range(len(x)), key=lambda row: -hidden[row, unit].item())
        rows = rows[: int(share * len(x))]
        kept[rows, unit] = hidden[rows, unit]
    return x, kept


def reconstruction_error(model, dataset):
    """Mean ‖x' − x‖² / 2 with the best offset a, which is the mean of what is left."""
    x, kept = winners(model, dataset, SPARSE.active_share)
    left = x - kept @ model[1].weight
    return ((left - left.mean(0)).square().sum() / (2 * len(x))).item()


def test_pretraining_lowers_the_reconstruction_error():
    dataset, model = made_up(), network()
    readout = copy.deepcopy(model[-1])
    start = autoencoder.pretrain_autoencoder(network(), dataset, recipe=replace(SPARSE, epochs=0))
    assert autoencoder.pretrain_autoencoder(model, dataset, recipe=SPARSE) is model
    with torch.no_grad():
        before, after = (reconstruction_error(m, dataset) for m in (start, model))
    x = dataset.inputs.flatten(1)
    without_units = ((x - x.mean(0)).square().sum() / (2 * len(x))).item()
    assert after < 0.9 * before
    assert after < 0.9 * without_units
    assert same(model[-1], readout)


def test_pretraining_does_not_look_at_the_labels():
    dataset = made_up()
    expected = autoencoder.pretrain_autoencoder(network(), dataset, recipe=SPARSE)
    wrong = replace(dataset, labels=torch.full_like(dataset.labels, -1))
    assert same(autoencoder.pretrain_autoencoder(network(), wrong, recipe=SPARSE), expected)


def test_pretraining_follows_the_seed_alone():
    dataset = made_up()
    first = autoencoder.pretrain_autoencoder(network(seed=1), dataset, recipe=SPARSE, seed=3)[1]
    again = autoencoder.pretrain_autoencoder(network(seed=2), dataset, recipe=SPARSE, seed=3)[1]
    other = autoencoder.pretrain_autoencoder(network(seed=1), dataset, recipe=SPARSE, seed=4)[1]
    assert same(first, again)
    assert not same(first, other)


def test_first_step_of_the_autoencoder_is_adams():
    dataset = made_up(20, dtype=torch.float64)
    recipe = replace(SPARSE, epochs=1)  # one batch
    model, start = network(dtype=torch.float64), network(dtype=torch.float64)
    autoencoder.pretrain_autoencoder(start, dataset, recipe=replace(recipe, epochs=0))
    x, kept = winners(start, dataset, recipe.active_share)
    error = (kept @ start[1].weight - x).square().sum() / (2 * len(x))
    gradients = torch.autograd.grad(error, list(start[1].parameters()))
    autoencoder.pretrain_autoencoder(model, dataset, recipe=recipe)
    pairs = zip(model[1].parameters(), start[1].parameters(), gradients, strict=True)
    for found, old, gradient in pairs:
        expected = old - recipe.learning_rate * gradient / (gradient.abs() + 1e-8)
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11)


# --- networks from checkpoints


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where new checkpoints go, with nothing shipped and short recipes."""
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setattr(checkpoints, "SHIPPED", tmp_path / "shipped")
    short = replace(QUICK, epochs=1, batch_size=50)
    monkeypatch.setitem(training.RECIPES, "FC100-100-10", short)
    monkeypatch.setitem(training.RECIPES, "Conv", short)
    monkeypatch.setitem(training.RECIPES, "AE400-10", replace(SPARSE, epochs=1))
    return tmp_path / "trained"


@pytest.fixture(scope="module")
def tiny():
    return made_up(30, side=28)


def no_training(monkeypatch):
    def fail(*arguments, **options):
        raise AssertionError("it was trained again")

    for name in ("train", "fit_readout", "pretrain_autoencoder"):
        monkeypatch.setattr(zoo, name, fail)


def kept(folder):
    return sorted(path.name for path in folder.glob("*.safetensors"))


@pytest.mark.parametrize("name", ["FC10(1e-2)", "FC100-100-10", "AE400-10", "Conv"])
def test_second_call_reads_the_checkpoint(folder, tiny, monkeypatch, name, capsys):
    first = training.trained(name, dataset=tiny, seed=3)
    assert not same(first, models.build(name, seed=3))
    no_training(monkeypatch)
    capsys.readouterr()
    again = training.trained(name, dataset=tiny, seed=3)
    assert again is not first
    assert same(first, again)
    assert not first.training
    assert not again.training
    assert capsys.readouterr() == ("", "")
    assert len(kept(folder)) == 1


def test_another_seed_data_decay_form_or_recipe_is_another_network(folder, tiny, monkeypatch):
    pixel = tiny.inputs.clone()
    pixel[0, 0, 0, 0] += 1e-3
    wanted = [
        {"dataset": tiny},
        {"dataset": tiny, "seed": 1},
        {"dataset": tiny, "decay_form": "per unit"},
        {"dataset": tiny[:29]},
        {"dataset": replace(tiny, labels=tiny.labels.flip(0))},
        {"dataset": replace(tiny, inputs=pixel)},
    ]
    networks = [training.trained("FC100-100-10", **options) for options in wanted]
    assert len(kept(folder)) == len(wanted)
    assert not any(same(networks[0], other) for other in networks[1:])
    longer = replace(training.RECIPES["FC100-100-10"], epochs=2)
    monkeypatch.setitem(training.RECIPES, "FC100-100-10", longer)
    assert not same(training.trained("FC100-100-10", dataset=tiny), networks[0])
    assert len(kept(folder)) == len(wanted) + 1


def test_convex_networks_share_one_checkpoint_for_all_seeds(folder, tiny, monkeypatch):
    first = training.trained("FC10(1e-2)", dataset=tiny)
    no_training(monkeypatch)
    assert same(training.trained("FC10(1e-2)", dataset=tiny, seed=7), first)
    assert len(kept(folder)) == 1
    assert ".seed0." in kept(folder)[0]


def test_convex_networks_differ_by_their_decay(folder, tiny):
    networks = [training.trained(f"FC10({decay})", dataset=tiny) for decay in ("1e-2", "1")]
    assert len(kept(folder)) == 2
    assert networks[1][1].weight.norm() < 0.5 * networks[0][1].weight.norm()


def test_trained_is_train_with_the_papers_decay(folder, tiny):
    found = training.trained("FC100-100-10", dataset=tiny, seed=2)
    recipe = training.RECIPES["FC100-100-10"]
    expected = training.train(
        models.build("FC100-100-10", seed=2),
        tiny,
        weight_decay=(1e-5, 1e-5, 1e-6),
        recipe=replace(recipe, epochs=10 * recipe.epochs),
        seed=2,
    )
    assert same(found, expected)


def test_autoencoder_network_is_pretrained_then_read_out(folder, tiny):
    found = training.trained("AE400-10", dataset=tiny, seed=2)
    recipe = training.RECIPES["AE400-10"]
    expected = models.build("AE400-10", seed=2)
    recipe = replace(recipe, epochs=10 * recipe.epochs)
    autoencoder.pretrain_autoencoder(expected, tiny, recipe=recipe, seed=2)
    training.fit_readout(expected, tiny, weight_decay=1e-6)
    assert same(found, expected)


@pytest.mark.parametrize(("limit", "epochs"), [(30, 1), (31, 10)])
def test_few_images_get_ten_times_as_many_epochs(folder, tiny, monkeypatch, limit, epochs):
    used = []
    monkeypatch.setattr(zoo, "SMALL_DATA", limit)
    monkeypatch.setattr(zoo, "train", lambda *_, recipe, **__: used.append(recipe.epochs))
    training.trained("FC100-100-10", dataset=tiny)
    assert used == [epochs]


def test_keep_puts_the_checkpoint_elsewhere(folder, tiny, tmp_path):
    training.trained("FC10(1)", dataset=tiny, keep=tmp_path / "here")
    assert len(kept(tmp_path / "here")) == 1
    assert not folder.exists()


def test_training_is_announced(folder, tiny, capsys):
    training.trained("FC100-100-10", dataset=tiny)
    assert "training FC100-100-10 on made up" in capsys.readouterr().err


def test_unknown_network_and_form_are_refused(folder, tiny):
    with pytest.raises(ValueError, match=r"name must be one of .*; got 'FC7'"):
        training.trained("FC7", dataset=tiny)
    with pytest.raises(ValueError, match="decay_form must be one of"):
        training.trained("FC100-100-10", dataset=tiny, decay_form="all")
    assert kept(folder) == []


def test_cross_training_set_is_table_threes(tiny):
    networks = training.cross_training_set(tiny)
    assert list(networks) == ["FC100-100-10", "FC123-456-10", "FC100-100-10′"]
    architectures, parts, seeds = zip(*networks.values(), strict=True)
    assert architectures == ("FC100-100-10", "FC123-456-10", "FC100-100-10")
    assert [part.name for part in parts] == ["made up P1", "made up P1", "made up P2"]
    assert parts[0] is parts[1]
    pixels = [{x.numpy().tobytes() for x in part.inputs} for part in parts[1:]]
    assert pixels[0].isdisjoint(pixels[1])
    assert seeds[0] != seeds[2]


def test_shipped_are_all_networks_of_the_tables(tiny, monkeypatch):
    asked = []

    def trained(name, *, dataset, seed=0, decay_form="half", keep):
        assert keep == data.SHIPPED
        asked.append((name, dataset.name, seed, decay_form))

    monkeypatch.setattr(zoo, "digits", lambda split: tiny if split == "train" else None)
    monkeypatch.setattr(zoo, "trained", trained)
    zoo.main()
    assert len(set(asked)) == len(asked)
    assert {(name, "made up", 0, "half") for name in models.ARCHITECTURES} <= set(asked)
    softmax = ("FC10(1e-4)", "FC10(1e-2)", "FC10(1)")
    assert {(name, "made up", 0, "per unit") for name in softmax} <= set(asked)
    thirds = {
        (a, part.name, s, "half") for a, part, s in training.cross_training_set(tiny).values()
    }
    assert thirds <= set(asked)
