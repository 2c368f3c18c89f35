"""A second device for machines that have none: tensors that compute here and say they are there.

A wrong device is an error on a GPU only, and few who change the course have one. Within `pretend`
tensors of the device `THERE` hold real numbers, and fail as those of a GPU do: where two devices
meet, where NumPy is asked to read one, and where it is filled by a generator of another device.

Executed as a script, it runs chapters on this device: ``python tests/pretend_device.py 07``.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
import torch
from nbclient import NotebookClient
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map

THERE = torch.device("meta")  # PyTorch's device without memory, which needs no driver
_ACROSS = ("copy_", "_to_copy")  # read on one device and write on the other
_INDEXED = ("index", "index_put", "index_put_")  # read indices from anywhere
_FILLED = ("fill", "fill_", "masked_fill", "masked_fill_")  # take a single number from the CPU
_MAKERS = (torch.tensor, torch.as_tensor, torch.asarray)  # without values on the device "meta"


class Pretended(Tensor):
    """A tensor on `THERE` whose numbers are the tensor `here`."""

    here: Tensor

    @staticmethod
    def __new__(cls, here: Tensor) -> "Pretended":
        made = Tensor._make_wrapper_subclass(
            cls,
            here.size(),
            strides=here.stride(),
            storage_offset=here.storage_offset(),
            dtype=here.dtype,
            device=THERE,
        )
        made.here = here
        return made

    __torch_function__ = torch._C._disabled_torch_function_impl
    is_meta = False  # it has numbers

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return _run(operation, args, kwargs or {})

    def tolist(self) -> list:
        return self.here.tolist()

    def __repr__(self, *, tensor_contents=None) -> str:
        return f"{self.here!r} there"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if self.dim() == 0 else super().__format__(spec)


class pretend:
    """Within it there is the device `THERE`."""

    def __enter__(self) -> torch.device:
        # PyTorch would change a weight in place, which has its numbers elsewhere
        self.before = torch.__future__.get_overwrite_module_params_on_conversion()
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        self.modes = _Values(), _Operations()
        for mode in self.modes:
            mode.__enter__()
        return THERE

    def __exit__(self, *error) -> None:
        for mode in reversed(self.modes):
            mode.__exit__(*error)
        torch.__future__.set_overwrite_module_params_on_conversion(self.before)


class _Values(TorchFunctionMode):
    """Gives tensors made of numbers their values, which PyTorch leaves out on this device."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if function in _MAKERS and _is_there(kwargs.get("device")):
            del kwargs["device"]
            return (
                function(*args, **kwargs)
                .to(THERE)
                .requires_grad_(kwargs.get("requires_grad", False))
            )
        return function(*args, **kwargs)


class _Operations(TorchDispatchMode):
    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        return _run(operation, args, kwargs or {})


def _run(operation, args: tuple, kwargs: dict):
    """Compute with the numbers, after a look at where they are; put the result where it belongs."""
    leaves = tree_flatten((args, kwargs))[0]
    there = any(isinstance(each, Pretended) for each in leaves)
    asked = kwargs.get("device")
    if not there and not _is_there(asked):
        return operation(*args, **kwargs)
    name = operation._schema.name.removeprefix("aten::")
    if name not in _ACROSS:
        _refuse_generator(name, kwargs)
        if there:
            _refuse_mixed(operation, name, args, kwargs)
    if _is_there(asked):
        kwargs = {**kwargs, "device": torch.device("cpu")}
    found = operation(*_here(args), **_here(kwargs))
    if (asked is not None and not _is_there(asked)) or (
        name == "copy_" and not isinstance(args[0], Pretended)
    ):
        return found
    found = tree_map(lambda each: Pretended(each) if isinstance(each, Tensor) else each, found)
    return return_and_correct_aliasing(operation, args, kwargs, found) if there else found


def _refuse_mixed(operation, name: str, args: tuple, kwargs: dict) -> None:
    """Refuse two devices, with the liberties that PyTorch takes."""
    written = [
        value
        for argument, value in zip(operation._schema.arguments, args, strict=False)
        if argument.alias_info is not None and argument.alias_info.is_write
    ]
    read = args
    if name in _INDEXED and isinstance(args[0], Pretended):
        read = [args[0], *args[2:]]
    elsewhere = [each for each in tree_flatten((read, kwargs))[0] if _is_elsewhere(each)]
    if torch.Tag.pointwise in operation.tags or name in (*_FILLED, *_INDEXED):
        elsewhere = [each for each in elsewhere if each.dim() > 0]
    if elsewhere or any(_is_elsewhere(each) for each in (*written, kwargs.get("out"))):
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two devices, "
            f"{THERE} and cpu! (in {name})"
        )


def _is_elsewhere(value) -> bool:
    return isinstance(value, Tensor) and not isinstance(value, Pretended)


def _refuse_generator(name: str, kwargs: dict) -> None:
    generator = kwargs.get("generator")
    if generator is not None and generator.device != THERE:
        raise RuntimeError(
            f"Expected a {THERE} device type for generator but found {generator.device} (in {name})"
        )


def _here(arguments):
    return tree_map(lambda each: each.here if isinstance(each, Pretended) else each, arguments)


def _is_there(device) -> bool:
    return device is not None and torch.device(device).type == THERE.type


_FIRST_CELL = """
import sys

sys.path[:0] = {folders!r}
import pretend_device

pretend_device.install()
"""


def install() -> None:
    """Make `THERE` the device of this process's session, and keep no results."""
    from helpers.course import ledger, session

    pretend().__enter__()
    results = Path(tempfile.mkdtemp()) / "results.json"
    session._device = lambda: THERE
    ledger.results_file = lambda *names: results


def run_chapter(path: Path, data_folder: Path) -> None:
    """Execute a notebook on the pretended device at the smallest scale, and keep nothing."""
    notebook = nbformat.read(path, as_version=4)
    folders = [str(folder) for folder in Path(__file__).resolve().parents[:2]]
    first = _FIRST_CELL.format(folders=folders)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
    notebook.cells.append(
        nbformat.v4.new_code_cell("assert session.device == pretend_device.THERE")
    )
    environment = {"COURSE_SCALE": "ci", "COURSE_OFFLINE": "1", "COURSE_DATA": str(data_folder)}
    NotebookClient(
        notebook,
        timeout=1200,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    ).execute(env={**os.environ, **environment})


def main(names: list[str]) -> None:
    """Run the chapters whose names begin with one of `names`, or all."""
    folder = Path(__file__).resolve().parents[1] / "notebooks"
    with tempfile.TemporaryDirectory() as data_folder:
        for path in sorted(folder.glob("[0-9]*.ipynb")):
            if not names or path.name.startswith(tuple(names)):
                run_chapter(path, Path(data_folder))
                print(f"{path.stem}: no tensor was on a wrong device", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
