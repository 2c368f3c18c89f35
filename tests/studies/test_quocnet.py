"""What chapter 12 detects, and the pictures it has without a download."""

import pytest
import torch

from helpers import data
from helpers.data import lfw
from helpers.studies import quocnet


@pytest.fixture(scope="module")
def splits():
    return {split: data.faces(split) for split in ("train", "test")}


def test_one_image_in_ten_is_a_face(splits):
    for found in splits.values():
        assert found.inputs.shape == (500, 1, 32, 32)
        assert found.labels.bincount().tolist() == [450, 50]
        assert (found.labels[:50] == 1).all()
        assert found.inputs.min() >= 0
        assert found.inputs.max() <= 1


def test_no_image_is_in_both_splits(splits):
    rows = torch.cat([found.inputs.flatten(1) for found in splits.values()])
    apart = torch.cdist(rows[:500], rows[500:])
    # the sample has a few non-faces that are all black
    assert (apart[rows[:500].std(1) > 0.02] < 1e-3).sum() == 0


def test_faces_are_the_same_every_time(splits):
    assert data.faces("train").digest == splits["train"].digest


def test_unknown_split():
    with pytest.raises(ValueError, match="split must be 'train' or 'test', got 'valid'"):
        data.faces("valid")


def test_few_of_the_unlabelled_images_are_faces_and_none_is_a_test_face(splits):
    found = data.unlabelled(200)
    assert found.shape == (200, 1, 32, 32)
    rows = found.flatten(1)
    near = {
        split: (torch.cdist(rows, data.inputs[:50].flatten(1)).amin(1) < 1e-2).sum().item()
        for split, data in splits.items()
    }
    assert near == {"train": 5, "test": 0}


def test_faces_are_the_default_task(monkeypatch):
    monkeypatch.delenv("COURSE_DETECT", raising=False)
    found = quocnet.detection_task()
    assert found.thing == "face"
    assert found.shape == (1, 32, 32)


def test_the_environment_names_another_task(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DETECT", "cars")
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="CIFAR-10 is not in"):
        quocnet.detection_task()


def test_unknown_task():
    with pytest.raises(ValueError, match="name must be one of faces, cars; got 'cats'"):
        quocnet.detection_task("cats")


def test_the_shipped_network_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))  # nothing was trained here
    task = quocnet.detection_task("faces")

    def not_needed():
        raise AssertionError("the shipped checkpoint was not found")

    monkeypatch.setattr(lfw, "unlabelled", lambda count: not_needed())
    phi = task.network()
    assert phi(task.test.inputs[:2]).flatten(1).std() > 0


def test_untrained_network_has_random_filters_and_the_same_shape():
    task = quocnet.detection_task("faces")
    untrained = task.untrained()
    assert (untrained[1].weight == untrained[1].weight[:1]).all()
    trained = task.network()
    assert [p.shape for p in untrained.parameters()] == [p.shape for p in trained.parameters()]
