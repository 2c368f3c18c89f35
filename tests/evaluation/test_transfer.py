import re

import numpy as np
import pytest
import torch
from torch import nn

from helpers import evaluation
from helpers.data import Dataset
from helpers.evaluation import distortion

from ..examples import linear, uniform

ONE_HOT = nn.Flatten()  # logits are the pixels


@pytest.fixture
def digits():
    labels = torch.arange(20) % 4
    return Dataset(uniform(20, 1, 2, 2), labels, "noise", "made here")


@pytest.fixture
def networks():
    smallest = linear(-torch.eye(4), torch.zeros(4), torch.float32)
    return {"largest": ONE_HOT, "smallest": smallest}


def test_table_agrees_with_counting_by_hand(digits, networks):
    rows = [(name, uniform(20, 1, 2, 2, seed=seed)) for seed, name in enumerate("abc", 1)]
    targets = (digits.labels + 1) % 4
    table = evaluation.transfer_table(iter(rows), networks, digits)
    assert table.rows == ("a", "b", "c")
    assert table.columns == ("largest", "smallest")
    for i, (_, images) in enumerate(rows):
        torch.testing.assert_close(table.distortion[i], distortion(digits.inputs, images))
        for j, pick in enumerate((np.argmax, np.argmin)):
            answers = np.array([pick(x) for x in images.flatten(1).numpy()])
            before = np.array([pick(x) for x in digits.inputs.flatten(1).numpy()])
            wrong, right = answers != digits.labels.numpy(), before == digits.labels.numpy()
            assert table.error()[i, j] == pytest.approx(wrong.mean())
            assert table.error_where_right()[i, j] == pytest.approx(wrong[right].mean())
            newly = answers[wrong & right] == targets.numpy()[wrong & right]
            assert table.share_of_target(targets)[i, j] == pytest.approx(newly.mean())


class OnAnotherDevice(torch.Tensor):
    """Holds values on the CPU; like those of a GPU, they take part in nothing until `cpu()`."""

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        if function is not torch.Tensor.cpu:
            raise RuntimeError("Expected all tensors to be on the same device")
        return super().__torch_function__(function, types, args, kwargs).as_subclass(torch.Tensor)


def test_targets_may_be_on_the_device_of_the_images(digits, networks):
    table = evaluation.transfer_table([("a", uniform(20, 1, 2, 2, seed=1))], networks, digits)
    targets = (digits.labels + 1) % 4
    expected = table.share_of_target(targets)
    found = table.share_of_target(targets.as_subclass(OnAnotherDevice))
    torch.testing.assert_close(found, expected, equal_nan=True)


def test_where_no_image_was_right_there_is_no_error_to_speak_of(digits, networks):
    digits = Dataset(digits.inputs, ONE_HOT(digits.inputs).argmax(1), "noise", "made here")
    opposite = {"opposite": networks["smallest"]}
    table = evaluation.transfer_table([("same", digits.inputs)], opposite, digits)
    assert table.error().item() == 1
    assert table.error_where_right().isnan().item()
    assert table.share_of_target(digits.labels).isnan().item()


def test_row_of_another_shape_is_refused(digits, networks):
    message = "row 'short' must have the shape of the images, (20, 1, 2, 2), got (19, 1, 2, 2)"
    with pytest.raises(ValueError, match=re.escape(message)):
        evaluation.transfer_table([("short", digits.inputs[1:])], networks, digits)


def test_square_table_has_a_row_for_what_was_done_and_a_column_for_who_answers(digits, networks):
    bright, others = (  # the largest pixel is the label's, or the next one's
        torch.eye(4)[(digits.labels + step) % 4].view(20, 1, 2, 2) for step in (0, 1)
    )
    table = evaluation.transfer_table([("dark", 1 - bright), ("other", others)], networks, digits)
    # the smallest of `others` is the first pixel, which is the label's of every fourth image
    assert table.error().tolist() == [[1, 0], [1, 0.75]]
