"""What befalls a class: bad input, no network, no room on the disk, a run that is interrupted.

Each is met with a message that says what was wrong and what it should be, and nothing that was
there is lost. Knocks that concern one module only are in that module's tests.
"""

import contextlib
import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import pytest
import torch
from torch import nn

from helpers import (
    attack,
    badges,
    blind_spots,
    bounds,
    course,
    data,
    evaluation,
    reproduce,
    training,
    units,
)
from helpers.attack import (
    attack_dataset,
    choose_targets,
    closest_adversarial,
    minimal_adversarial,
    penalised_adversarial,
)
from helpers.course import explorers, results
from helpers.course.results_page import page as results_page
from helpers.course.results_page import tables
from helpers.course.session import Scale, Session
from helpers.data import Dataset, checkpoints
from helpers.training import autoencoder

SIDE, CLASSES = 6, 3


def network(classes: int = CLASSES) -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Linear(SIDE**2, 12), nn.Sigmoid(), nn.Dropout(0.5), nn.Linear(12, classes)
    return nn.Sequential(nn.Flatten(), *layers).eval()


def softmax(classes: int = CLASSES) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, classes)).eval()


def certifiable(classes: int = CLASSES) -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Linear(SIDE**2, 12), nn.Sigmoid(), nn.Linear(12, classes)
    return nn.Sequential(nn.Flatten(), *layers).eval()


def images(count: int = 4) -> torch.Tensor:
    return torch.rand(count, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


TARGETS = torch.tensor([1, 2, 0, 1])
LABELS = torch.tensor([0, 1, 2, 0])


def dataset(inputs: torch.Tensor, labels: torch.Tensor = LABELS) -> Dataset:
    return Dataset(inputs, labels, "squares", "made here")


# --- input that cannot be worked with

ATTACKS = {
    "penalised": (network, lambda m, x, t: penalised_adversarial(m, x, t, 1.0)),
    "minimal": (network, minimal_adversarial),
    "closest": (network, closest_adversarial),
    "attacked": (network, lambda m, x, t: attack.attack_dataset("n", m, dataset(x), target=t)),
    "exact": (softmax, bounds.exact_linear),
    "certified": (certifiable, bounds.certified),
    "bounds": (
        certifiable,
        lambda m, x, t: bounds.lower_bounds(m, x, t, torch.full((len(x),), 0.1)),
    ),
}
READERS = {
    "predict": lambda m, x: evaluation.predict(m, x),
    "error": lambda m, x: evaluation.error_rate(m, x, LABELS),
    "transfer": lambda m, x: evaluation.transfer_table([("row", x)], {"n": m}, dataset(x)),
    "count": lambda m, x: blind_spots.count_changes(
        m, x[:1], 0.1, 5, generator=torch.Generator().manual_seed(0)
    ),
}


def with_nan(inputs: torch.Tensor) -> torch.Tensor:
    inputs = inputs.clone()
    inputs[0, 0, 2, 3] = torch.nan
    return inputs


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda m, x, t: (m, with_nan(x), t), r"inputs must be in \[0, 1\]; got values from nan"),
        (lambda m, x, t: (m, x * 255, t), r"inputs must be in \[0, 1\]; got values from .* to 25"),
        (lambda m, x, t: (m, x - 0.5, t), r"inputs must be in \[0, 1\]; got values from -0"),
        (lambda m, x, t: (m.to("meta"), x, t), r"inputs must be on .* model, meta; got cpu"),
        (lambda m, x, t: (m, x.to("meta"), t.to("meta")), r"of model, cpu; got meta: move"),
        (lambda m, x, t: (m, x, t.to("meta")), r"targets must be on .* inputs, cpu; got meta"),
        (lambda m, x, t: (m, x, t + 1), r"targets must be labels from 0 to 2; got .* 1 to 3"),
        (lambda m, x, t: (m, x, t.float()), r"targets must be int64 .* got torch.float32"),
        (lambda m, x, t: (m, x, t[:3]), r"targets? must (be int64 of|have) shape \(4,\).*\(3,\)"),
    ],
    ids=["nan", "0 to 255", "below 0", "model", "inputs", "targets", "label", "type", "count"],
)
def test_attacks_and_bounds_refuse(name, spoil, message):
    make, work = ATTACKS[name]
    with pytest.raises(ValueError, match=message):
        work(*spoil(make(), images(), TARGETS))


@pytest.mark.parametrize("name", ["penalised", "minimal", "closest", "attacked", "certified"])
def test_attacks_refuse_a_model_in_training_mode(name):
    make, work = ATTACKS[name]
    with pytest.raises(ValueError, match=r"model is in training mode: call model.eval\(\) first"):
        work(make().train(), images(), TARGETS)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda m, x: (m, with_nan(x)), "inputs must have logits that are numbers; 1 of "),
        (lambda m, x: (m.to("meta"), x), "inputs must be on the device of model, meta; got cpu"),
        (lambda m, x: (m, x.to("meta")), "inputs must be on the device of model, cpu; got meta"),
        (lambda m, x: (m, x.double()), "inputs must be torch.float32, as model is; got .*float64"),
        (lambda m, x: (m, (255 * x).byte()), "inputs must be torch.float32.* got torch.uint8"),
        (lambda m, x: (m.train(), x), "model is in training mode"),
    ],
    ids=["nan", "model", "inputs", "double", "bytes", "training"],
)
def test_what_reads_answers_refuses(name, spoil, message):
    with pytest.raises(ValueError, match=message):
        READERS[name](*spoil(network(), images()))


def test_activations_refuse_what_a_model_can_not_take():
    assert units.activations(network()[:2], images()).shape == (4, 12)
    with pytest.raises(ValueError, match="inputs must be on the device of model, meta"):
        units.activations(network()[:2].to("meta"), images())
    with pytest.raises(ValueError, match="model is in training mode"):
        units.activations(network().train(), images())


def test_training_mode_matters_only_where_it_changes_the_answers():
    model, x = certifiable(), images()
    expected = evaluation.predict(model, x)
    assert torch.equal(evaluation.predict(model.train(), x), expected)
    normalised = nn.Sequential(nn.BatchNorm2d(1), *model)
    with pytest.raises(ValueError, match="training mode"):
        evaluation.predict(normalised, x)
    evaluation.predict(normalised.eval(), x)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (with_nan, "dataset must have finite pixels; 1 of 4 images do not"),
        (lambda x: x / 0, "dataset must have finite pixels; 4 of 4 images do not"),
        (lambda x: x.to("meta"), "inputs must be on the device of model, cpu; got meta"),
    ],
    ids=["nan", "infinite", "device"],
)
def test_training_refuses_and_leaves_the_model(spoil, message):
    model = certifiable()
    before = checkpoints.digest(model.state_dict())
    images_ = spoil(images())
    recipe = training.Recipe(epochs=1)
    for work in (
        lambda: training.train(model, dataset(images_), weight_decay=(0.0, 0.0), recipe=recipe),
        lambda: training.fit_readout(model, dataset(images_), weight_decay=0.1),
        lambda: autoencoder.pretrain_autoencoder(
            model, dataset(images_), recipe=autoencoder.AutoencoderRecipe(epochs=1)
        ),
    ):
        with pytest.raises(ValueError, match=message):
            work()
    assert checkpoints.digest(model.state_dict()) == before


def test_training_refuses_labels_that_the_model_has_not():
    for labels, found in ((LABELS + 1, 3), (LABELS - 1, -1)):
        with pytest.raises(ValueError, match=f"labels from 0 to 2, as model has; got {found}"):
            training.train(
                certifiable(),
                dataset(images(), labels),
                weight_decay=(0.0, 0.0),
                recipe=training.Recipe(epochs=1),
            )


def test_training_that_diverges_is_not_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))

    def make(model):
        model[1].weight.data.fill_(torch.nan)

    with pytest.raises(FloatingPointError, match="tiny has weights that are not finite"):
        data.load_or_make(softmax(), "tiny", {}, make)
    assert not list(tmp_path.rglob("*.safetensors"))


# --- other classes than ten


@pytest.mark.parametrize("classes", [2, 3, 12])
def test_any_number_of_classes(classes, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    model = training.train(
        certifiable(classes),
        few := dataset(images(24), torch.arange(24) % classes),
        weight_decay=(0.0, 0.0),
        recipe=training.Recipe(epochs=20, batch_size=4),
    )
    for way in attack.TARGETS:
        found = attack.attack_dataset("n", model, few, target=way)
        assert ((found.targets >= 0) & (found.targets < classes)).all()
        assert (found.targets != few.labels).all()
        assert (evaluation.predict(model, found.adversarial)[found.success]).equal(
            found.targets[found.success]
        )
    random = choose_targets(model, dataset(images(600), torch.arange(600) % classes), "random")
    assert set(random.tolist()) == set(range(classes))


@pytest.mark.parametrize("classes", [2, 12])
def test_explorers_have_a_target_for_each_class(classes):
    model, few = certifiable(classes), dataset(images(), torch.arange(4) % classes)
    for shown in (
        explorers.adversarial_digit(model, few),
        explorers.penalty(model, few),
        explorers.sandwich({"n": model}, few),
    ):
        assert shown.controls["target"].options == tuple(range(classes))
        assert shown.controls["target"].value != few.labels[0]
        assert f"target {classes - 1}" in shown.set(image=3, target=classes - 1)
    adversarial = closest_adversarial(model, few.inputs, (few.labels + 1) % classes).adversarial
    assert "seen as" in explorers.around_an_image(model, few, adversarial).message


def test_labels_that_the_model_has_not_are_refused():
    for way in attack.TARGETS:
        with pytest.raises(ValueError, match=r"dataset must have labels from 0 to 1, .*; got 2"):
            choose_targets(softmax(2), dataset(images()), way)


# --- no network


def test_without_a_network_the_shipped_digits_are_used_at_once(tmp_path, monkeypatch, capsys):
    asked = []

    def unreachable(host, *arguments, **options):
        asked.append(host)
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("COURSE_OFFLINE")
    assert data.digits("test").name == "shipped digits"
    assert len(asked) == len(set(asked)) > 0  # no server is asked twice
    said = capsys.readouterr().err
    assert "was not fetched" in said
    assert "Network is unreachable" in said
    assert not list(tmp_path.rglob("*.part"))


# --- no room, or no right, to write


@pytest.fixture
def full_disk():
    """Let no file of this process grow beyond 64 kB: the system refuses the rest."""
    resource = pytest.importorskip("resource", reason="this system has no limits for a process")

    @contextlib.contextmanager
    def limit():
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64_000, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit


@pytest.fixture
def read_only():
    """Make a folder that can be read but not written to, by the superuser neither."""
    folder = Path(tempfile.mkdtemp())

    @contextlib.contextmanager
    def limit():
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        folder.chmod(0o555)
        if root:
            os.seteuid(65534)  # nobody
        try:
            if os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
                pytest.skip("this system lets everybody write everywhere")
            yield folder
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o755)

    yield limit
    shutil.rmtree(folder)


def big_network() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, 600), nn.Sigmoid(), nn.Linear(600, 3))


def train_and_attack(folder: Path, monkeypatch) -> list[str]:
    """Do what keeps files in the data folder; return how often training and attack ran."""
    monkeypatch.setenv("COURSE_DATA", str(folder))
    monkeypatch.setattr("helpers.attack.dataset.CHUNK", 500)
    done = []

    def make(model):
        done.append("trained")

    def attack(model, inputs, targets):
        done.append(f"attacked {len(inputs)}")
        return closest_adversarial(model, inputs, targets, steps=1)

    model = data.load_or_make(big_network(), "big", {}, make).eval()
    few = dataset(images(1000), torch.arange(1000) % 3)
    found = attack_dataset("big", model, few, attack=attack)
    assert len(found.success) == 1000
    return done


def test_full_disk_loses_no_work_and_says_so(tmp_path, full_disk, monkeypatch, capsys):
    with full_disk():
        done = train_and_attack(tmp_path, monkeypatch)
    assert done == ["trained", "attacked 500", "attacked 500"]
    said = capsys.readouterr().err
    assert said.count("could not be written") == 3
    assert "next time means training this network again" in said
    assert "next time means attacking these images again" in said
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".part", ".safetensors")]
    assert train_and_attack(tmp_path, monkeypatch) == done  # with room again
    assert train_and_attack(tmp_path, monkeypatch) == []


def test_read_only_folder_loses_no_work_and_says_so(read_only, monkeypatch, capsys):
    with read_only() as folder:
        done = train_and_attack(folder, monkeypatch)
    assert done == ["trained", "attacked 500", "attacked 500"]
    assert capsys.readouterr().err.count("could not be written") == 3


def test_read_only_folder_leaves_mnist_where_it_is(read_only, monkeypatch, capsys):
    monkeypatch.delenv("COURSE_OFFLINE")
    with read_only() as folder:
        monkeypatch.setenv("COURSE_DATA", str(folder))
        assert data.digits("test").name == "shipped digits"
    assert "was not fetched" in capsys.readouterr().err


def ledger(folder: Path, monkeypatch) -> course.Ledger:
    monkeypatch.setattr(results, "RESULTS", folder)
    session = Session(torch.device("cpu"), Scale("ci"))
    return course.Ledger("02_framework", session, dataset(images()))


def test_results_are_replaced_whole_or_not_at_all(tmp_path, full_disk, monkeypatch, capsys):
    one = ledger(tmp_path, monkeypatch)
    one.save(number=1)
    with full_disk():
        one.save(numbers=list(range(20_000)))
    assert "could not be written" in capsys.readouterr().err
    assert course.load_results("02_framework", "squares", "ci")["results"] == {"number": 1}
    assert len(list(tmp_path.iterdir())) == 1


def test_results_in_a_read_only_folder_are_said_not_to_be_kept(read_only, monkeypatch, capsys):
    with read_only() as folder:
        ledger(folder, monkeypatch).save(number=1)
    assert "the results are not kept" in capsys.readouterr().err


def test_full_disk_leaves_notebook_and_results_page_as_they_were(tmp_path, full_disk, monkeypatch):
    path = tmp_path / "01_one.ipynb"
    cell = nbformat.v4.new_code_cell("1")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    nbformat.write(notebook, path)
    page = tmp_path / "results.md"
    page.write_text(f"{results_page.BEGIN.format('')}\n{results_page.END.format('')}\n", "utf-8")
    monkeypatch.setattr(results_page, "PARTS", {page: {"": lambda: "x" * 100_000}})
    monkeypatch.setattr(results_page, "write_picture", lambda: None)
    before = path.read_bytes(), page.read_bytes()
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text="x" * 100_000)]
    with full_disk():
        with pytest.raises(OSError, match="File too large"):
            reproduce.store(notebook, path)
        with pytest.raises(OSError, match="File too large"):
            results_page.update()
    assert (path.read_bytes(), page.read_bytes()) == before
    assert len(list(tmp_path.iterdir())) == 2


def test_full_disk_leaves_a_notebook_that_was_to_get_buttons(tmp_path, full_disk, monkeypatch):
    monkeypatch.setattr(badges, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text("# Title\n\ntext\n", "utf-8")
    (tmp_path / "notebooks").mkdir()
    path = tmp_path / "notebooks" / "01_one.ipynb"
    cells = [
        nbformat.v4.new_markdown_cell("# Title\n\n" + "x" * 100_000),
        nbformat.v4.new_code_cell('REPOSITORY = ""'),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    before = path.read_bytes()
    with full_disk(), pytest.raises(OSError, match="File too large"):
        badges.write("ada/course")
    assert path.read_bytes() == before
    assert len(badges.write("ada/course")) == 1  # the README has its line already


# --- interrupted

WAITS = (
    "import os, pathlib, time",
    "pathlib.Path('kernel').write_text(str(os.getpid()))",
    "time.sleep(300)",
)
GOES_ON = ["import pathlib\npathlib.Path('went on').touch()"]
RUN = """
import sys
from pathlib import Path
from helpers import reproduce
from helpers.course import timings
reproduce.NOTEBOOKS = reproduce.RESULTS = timings.RESULTS = Path(sys.argv[1])
reproduce.main(["--scale", "ci", sys.argv[2]])
"""


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
@pytest.mark.parametrize("mode", ["--store", "--warm"])
def test_run_that_is_interrupted_leaves_its_notebook_and_no_kernel(tmp_path, mode):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    paths = [folder / "01_one.ipynb", folder / "02_two.ipynb", folder / "03_three.ipynb"]
    for path, sources in zip(paths, (["6 * 7"], WAITS, GOES_ON), strict=True):
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    before = paths[1].read_bytes()
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder), mode],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    end = time.monotonic() + 120
    while not ((folder / "kernel").exists() and (folder / "kernel").read_text()):
        assert time.monotonic() < end
        assert run.poll() is None, run.communicate()
        time.sleep(0.1)
    kernel = int((folder / "kernel").read_text())
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode != 0
    last = said.decode().strip().splitlines()[-1]
    assert last.startswith("KeyboardInterrupt: 02_two: its kernel was stopped. ")
    assert paths[1].read_bytes() == before
    (first,) = nbformat.read(paths[0], as_version=4).cells
    stored = {"42"} if mode == "--store" else set()
    assert {output.data["text/plain"] for output in first.outputs} == stored
    names = {path.name for path in folder.iterdir()} - {"timings.json"}
    assert names == {"kernel", *(path.name for path in paths)}
    end = time.monotonic() + 10
    while is_running(kernel) and time.monotonic() < end:
        time.sleep(0.1)
    assert not is_running(kernel)


def test_kernel_that_is_killed_leaves_its_notebook(tmp_path):
    path = tmp_path / "01_one.ipynb"
    cells = [nbformat.v4.new_code_cell("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    before = path.read_bytes()
    with pytest.raises(RuntimeError, match=r"01_one: its kernel ended .*out of memory"):
        reproduce.execute(path, "ci")
    assert path.read_bytes() == before


# --- damaged results


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"claims": [', '{"claims": []}'])
def test_damaged_results_are_named_wherever_they_are_read(tmp_path, monkeypatch, content):
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    (tmp_path / "02_framework.MNIST.full.json").write_text(content, "utf-8")
    message = r"02_framework\.MNIST\.full\.json is damaged .*COURSE_SCALE=full .*reproduce 02"
    with pytest.raises(RuntimeError, match=message):
        course.load_results("02_framework", "MNIST")
    with pytest.raises(RuntimeError, match=message):
        tables.comparisons()


def test_damaged_benchmark_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "RESULTS", tmp_path)
    (tmp_path / "attack_benchmark.json").write_text(json.dumps({"rows": []})[:5], "utf-8")
    with pytest.raises(RuntimeError, match=re.escape("attack_benchmark.json is damaged")):
        tables.benchmark()
