"""Every public function that takes tensors gives the same on another device as on the CPU."""

import importlib
import inspect

import pytest
import torch

from ..pretend_device import pretend
from .calls import CALLS
from .things import Things, plain, same

ROOMS = (
    *("data", "models", "training", "units", "blind_spots"),
    *("lbfgsb", "attack", "evaluation", "spectral", "bounds"),
)
TENSORS = ("Tensor", "Dataset", "Module", "Sequential", "Conv2d")  # in the type of an argument
MAKE_THEIR_OWN = {  # networks, from their own images, which are on the CPU
    "training.trained_quocnet",
}
COUNT_ONLY = {"training.recipe_for"}  # they ask a data set for nothing but its length
SHARE_STORAGE = {"training.train_dense"}  # parameters that are views: pretended ones hold copies


def takes_tensors(function) -> bool:
    return inspect.isfunction(function) and any(
        word in str(parameter.annotation)
        for parameter in inspect.signature(function).parameters.values()
        for word in TENSORS
    )


def test_every_function_that_takes_tensors_is_called():
    faces = {room: importlib.import_module(f"helpers.{room}") for room in ROOMS}
    public = {
        f"{room}.{name}"
        for room, face in faces.items()
        for name in face.__all__
        if takes_tensors(getattr(face, name))
    }
    assert len(public) > 80
    assert public - CALLS.keys() == MAKE_THEIR_OWN | SHARE_STORAGE | COUNT_ONLY


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.usefixtures("own_folder")
def test_it_gives_the_same_on_another_device(name, monkeypatch, tmp_path):
    here = plain(CALLS[name](Things(torch.device("cpu"))))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "there"))  # nothing kept here is read
    with pretend() as device:
        there = plain(CALLS[name](Things(device)))
    assert same(here, there)


@pytest.mark.gpu
@pytest.mark.usefixtures("own_folder")
def test_they_all_run_on_the_gpu():
    things = Things(torch.device("cuda"))
    for call in CALLS.values():
        call(things)
