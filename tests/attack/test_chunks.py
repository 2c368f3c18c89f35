import weakref
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from helpers.attack.chunks import CACHE, in_chunks

OUT_OF_MEMORY = torch.cuda.OutOfMemoryError


@dataclass
class Doubled:
    values: Tensor
    rows: Tensor


def worker(inputs, *, fits=10**9, never=None):
    """Return work that doubles its rows where they fit, and the list of the rows it was given."""
    asked = []

    def work(rows):
        chunk = torch.arange(len(inputs))[rows]
        asked.append(chunk.tolist())
        if len(chunk) > fits or never in asked[-1]:
            raise OUT_OF_MEMORY("no room")
        return Doubled(2 * inputs[rows], chunk)

    return work, asked


def numbers(count, *shape):
    return torch.arange(count * max(1, torch.Size(shape).numel())).double().view(count, *shape)


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (100, [7])]
)
def test_rows_are_worked_on_some_at_a_time_and_joined_in_order(batch_size, sizes):
    inputs = numbers(7, 2, 3)
    work, asked = worker(inputs)
    found = in_chunks(work, inputs, batch_size)
    assert [len(rows) for rows in asked] == sizes
    assert torch.equal(found.values, 2 * inputs)
    assert found.rows.tolist() == list(range(7))


@pytest.mark.parametrize(("width", "size"), [(CACHE // 2, 2), (CACHE // 3, 3), (2 * CACHE, 1)])
def test_a_chunk_has_by_default_as_many_numbers_as_a_cache_holds(width, size):
    inputs = torch.zeros(1, 1).expand(4, width)
    work, asked = worker(inputs)
    found = in_chunks(work, inputs)
    assert asked[0] == list(range(size))
    assert found.rows.tolist() == list(range(4))


def test_a_chunk_without_room_is_halved_and_nothing_is_done_twice():
    inputs = numbers(11)
    work, asked = worker(inputs, fits=3)
    found = in_chunks(work, inputs, 8)
    assert [len(rows) for rows in asked] == [8, 4, 2, 2, 2, 2, 2, 1]
    assert torch.equal(found.values, 2 * inputs)
    assert found.rows.tolist() == list(range(11))


def test_rooms_that_come_to_an_end_later_halve_what_is_left():
    inputs = numbers(10)

    def work(rows):
        if rows.start >= 4 and rows.stop - rows.start > 1:
            raise OUT_OF_MEMORY("no room")
        return Doubled(2 * inputs[rows], torch.arange(10)[rows])

    assert in_chunks(work, inputs, 4).rows.tolist() == list(range(10))


def test_what_a_chunk_without_room_held_is_let_go_before_the_next():
    inputs, held = numbers(4), []

    def work(rows):
        assert all(tensor() is None for tensor in held)
        large = inputs[rows].clone()
        held.append(weakref.ref(large))
        if len(large) > 1:
            raise OUT_OF_MEMORY("no room")
        return Doubled(2 * large, torch.arange(4)[rows])

    in_chunks(work, inputs, 4)
    assert len(held) == 2 + 4


def test_a_row_that_never_fits_raises_what_it_raised():
    inputs = numbers(6)
    work, asked = worker(inputs, never=3)
    with pytest.raises(OUT_OF_MEMORY, match="no room"):
        in_chunks(work, inputs, 4)
    assert asked[-1] == [3]


@pytest.mark.parametrize("error", [ValueError, RuntimeError, AttributeError])
def test_any_other_error_is_not_tried_again(error):
    calls = []

    def work(rows):
        calls.append(rows)
        raise error("not about memory")

    with pytest.raises(error, match="not about memory"):
        in_chunks(work, numbers(4), 4)
    assert len(calls) == 1


def test_oldest_pytorch_has_the_error_under_its_old_name_only(monkeypatch):
    monkeypatch.delattr(
        torch, "OutOfMemoryError", raising=False
    )  # of 2.5; the course runs on older ones
    inputs = numbers(4)
    work, asked = worker(inputs, fits=2)
    in_chunks(work, inputs, 4)
    assert asked == [[0, 1, 2, 3], [0, 1], [2, 3]]


def test_no_rows_are_one_empty_chunk():
    inputs = numbers(0, 1, 4, 4)
    work, asked = worker(inputs)
    found = in_chunks(work, inputs)
    assert asked == [[]]
    assert found.values.shape == (0, 1, 4, 4)


@pytest.mark.parametrize("batch_size", [0, -3])
def test_batch_size_must_be_positive(batch_size):
    with pytest.raises(ValueError, match=f"batch_size must be at least 1, got {batch_size}"):
        in_chunks(worker(numbers(2))[0], numbers(2), batch_size)


@pytest.mark.parametrize(("device", "numbers"), [("cpu", 400_000), ("meta", 10**8)])
def test_a_chunk_has_so_many_numbers_on_a_cpu_and_more_on_an_accelerator(device, numbers):
    inputs = torch.zeros(1, 1, device=device).expand(numbers + 1, 1)
    sizes = []

    def work(rows):
        sizes.append(len(inputs[rows]))
        return Doubled(torch.zeros(1), torch.zeros(1))

    in_chunks(work, inputs)
    assert sizes == [numbers, 1]
