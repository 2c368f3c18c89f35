import io
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from helpers import course
from helpers.course import session


@pytest.fixture(autouse=True)
def shipped_digits(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.delenv("CPU_LIMIT", raising=False)
    monkeypatch.setattr(session, "CPU_MAX", tmp_path / "cpu.max")


@pytest.fixture
def threads(monkeypatch):
    """What PyTorch's threads are set to, on a machine that would use eight."""
    chosen = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setattr(torch, "set_num_threads", chosen.append)
    return chosen


@pytest.fixture
def gpu(monkeypatch):
    """A GPU that PyTorch finds; each test says what computing on it does."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "GTX 1080")
    session._device.cache_clear()
    yield lambda does: monkeypatch.setattr(session, "_compute", does)
    session._device.cache_clear()


@pytest.mark.parametrize(("name", "value"), [("ci", 1), ("class", 2), ("full", 3)])
def test_scale_chooses_its_value(name, value):
    assert session.Scale(name)(ci=1, class_=2, full=3) == value


@pytest.mark.parametrize("name", ["", "CI", "huge"])
def test_unknown_scale_is_refused(name):
    with pytest.raises(
        ValueError, match=f"COURSE_SCALE must be one of ci, class, full; got '{name}'"
    ):
        session.Scale(name)


@pytest.mark.parametrize("scale", ["ci", "class", "full"])
def test_setup_prints_what_it_found_in_one_line(monkeypatch, capsys, scale):
    monkeypatch.setenv("COURSE_SCALE", scale)
    found = course.setup()
    printed = capsys.readouterr().out
    assert found.scale.name == scale
    assert found.device.type == ("cuda" if torch.cuda.is_available() else "cpu")
    assert printed.count("\n") == 1
    assert f"scale: {scale} ·" in printed
    assert session.hardware() in printed
    assert "data: scikit-learn's digits, 510 test images" in printed


def test_scale_is_class_unless_set(monkeypatch):
    monkeypatch.delenv("COURSE_SCALE")
    assert course.setup().scale.name == "class"


def test_setup_refuses_a_wrong_course_scale(monkeypatch):
    monkeypatch.setenv("COURSE_SCALE", "tiny")
    with pytest.raises(ValueError, match="got 'tiny'"):
        course.setup()


@pytest.mark.parametrize(
    ("limit", "number"),
    [("0.5", 1), ("1.0", 1), ("2.0", 2), ("3.7", 3), ("500m", 1), ("2500m", 2), (" 2 ", 2)],
)
def test_cpu_limit_of_a_hub_sets_the_threads(monkeypatch, threads, limit, number):
    monkeypatch.setenv("CPU_LIMIT", limit)
    course.setup()
    assert threads == [number]


@pytest.mark.parametrize(
    "limit", ["inf", "nan", "abc", "m", "-1", "0", "1e400", "2 cores", "2,5", "infm", "1\n2"]
)
def test_cpu_limit_that_is_none_is_said_and_ignored(monkeypatch, threads, capsys, limit):
    monkeypatch.setenv("CPU_LIMIT", limit)
    course.setup()
    assert threads == []
    said = capsys.readouterr().err
    assert f"must be a number of cores above 0, such as 2 or 500m; got {limit!r}" in said


@pytest.mark.parametrize("limit", ["", " ", "8", "64", "1e30"])
def test_cpu_limit_that_does_not_limit_changes_nothing(monkeypatch, threads, capsys, limit):
    monkeypatch.setenv("CPU_LIMIT", limit)
    course.setup()
    assert threads == []
    assert "CPU_LIMIT" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("quota", "number"), [("200000 100000\n", 2), ("50000 100000\n", 1), ("375000 100000\n", 3)]
)
@pytest.mark.parametrize("limit", [None, "", "abc"])
def test_quota_of_a_container_sets_the_threads(monkeypatch, threads, limit, quota, number):
    session.CPU_MAX.write_text(quota)
    if limit is not None:
        monkeypatch.setenv("CPU_LIMIT", limit)
    course.setup()
    assert threads == [number]


@pytest.mark.parametrize(
    "content", [b"", b"max 100000\n", b"max", b"1 0", b"1 2 3", b"\xff 1", b"900000 100000"]
)
def test_quota_that_does_not_limit_changes_nothing(threads, content):
    session.CPU_MAX.write_bytes(content)
    course.setup()
    assert threads == []


def test_cpu_limit_counts_before_the_quota(monkeypatch, threads):
    session.CPU_MAX.write_text("100000 100000")
    monkeypatch.setenv("CPU_LIMIT", "2")
    course.setup()
    assert threads == [2]


def test_threads_stay_as_they_are_without_a_limit(threads):
    course.setup()
    assert threads == []


# --- a GPU that PyTorch no longer serves


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("CUDA error: no kernel image is available\nCompile with"), "no kernel image"),
        (torch.cuda.DeferredCudaCallError("device is too old"), "device is too old"),
        (AssertionError(), "AssertionError()"),
    ],
)
def test_gpu_that_can_not_compute_is_said_and_the_cpu_is_used(gpu, capsys, error, words):
    def fail(device):
        assert device.type == "cuda"
        raise error

    gpu(fail)
    assert course.setup().device.type == "cpu"
    printed = capsys.readouterr()
    assert printed.out.startswith("device: CPU, ")
    (line,) = (line for line in printed.err.splitlines() if "GPU" in line)
    assert "cannot compute on it" in line
    assert words in line
    assert line.endswith("the course uses the CPU instead.")
    course.setup()
    assert "GPU" not in capsys.readouterr().err  # said once


def test_gpu_that_computes_is_used(gpu, capsys):
    asked = []
    gpu(asked.append)
    assert course.setup().device.type == "cuda"
    printed = capsys.readouterr()
    assert printed.out.startswith("device: GTX 1080 · ")
    assert "GPU" not in printed.err
    assert asked == [torch.device("cuda")]


def test_gpu_is_tried_with_a_product_and_a_convolution():
    ran = set()

    class Record(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, arguments=(), options=None):
            ran.add(function.__name__)
            return function(*arguments, **(options or {}))

    with Record():
        session._compute(torch.device("cpu"))
    assert {"matmul", "conv2d", "item"} <= ran


def test_float32_is_not_shortened():
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    course.setup()
    assert not torch.backends.cuda.matmul.allow_tf32
    assert not torch.backends.cudnn.allow_tf32


@pytest.mark.gpu
def test_gpu_convolves_with_the_accuracy_of_float32():
    device = course.setup().device
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(8, 16, 24, 24, generator=generator, dtype=torch.float64)
    kernels = torch.rand(32, 16, 5, 5, generator=generator, dtype=torch.float64)
    exact = torch.nn.functional.conv2d(images, kernels)
    found = torch.nn.functional.conv2d(images.float().to(device), kernels.float().to(device))
    assert ((found.cpu() - exact).abs() / exact).max() < 1e-5  # TF32: 1e-4 and more


# --- terminals and logs that lack characters


SHOWN = [
    ("ascii", r"\u03c6 \u2016"),
    ("cp949", r"φ \u2016"),
    ("cp1252", r"\u03c6 \u2016"),
    ("utf-8", "φ ‖"),
]


@pytest.mark.parametrize(("encoding", "shown"), SHOWN)
def test_setup_makes_print_escape_what_a_log_lacks(log, encoding, shown):
    content = log(encoding)
    course.setup()
    print("φ ‖")
    text = content.getvalue().decode(encoding)
    assert text.startswith("device: ")
    assert text.splitlines()[-1] == shown


def test_setup_prints_on_a_terminal_without_a_locale():
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONUTF8", "PYTHONIOENCODING")}
    done = subprocess.run(
        [sys.executable, "-c", r"from helpers import course; course.setup(); print('\u03c6')"],
        cwd=Path(__file__).resolve().parents[2],
        env=kept | {"LC_ALL": "C", "PYTHONUTF8": "0"},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    text = done.stdout.decode("ascii")
    assert text.startswith("device: ")
    assert text.splitlines()[-1] == r"\u03c6"


def test_streams_that_jupyter_has_put_are_left(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", None)  # as under pythonw
    course.printable()
    print("φ")
    assert sys.stdout.getvalue() == "φ\n"


@pytest.mark.parametrize(("threads", "words"), [(1, "CPU, 1 thread, "), (4, "CPU, 4 threads, ")])
def test_hardware_names_the_processor(monkeypatch, threads, words):
    monkeypatch.setattr(session, "_device", lambda: torch.device("cpu"))
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert session.hardware() == words + platform.machine()


def test_generators_give_the_same_numbers_at_every_call():
    small = session.Session(torch.device("cpu"), session.Scale("ci"))
    first, again = (torch.rand(4, generator=small.generator()) for _ in range(2))
    other = torch.rand(4, generator=small.generator(1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
